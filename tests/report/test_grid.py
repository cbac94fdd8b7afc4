"""Tables on narrow terminals, and with encodings that lack our signs."""

import io

import pytest
from rich.console import Console
from rich.text import Text

from builders import a_run
from gpu_virt_bench.report.grid import Grid, Out
from gpu_virt_bench.report.outcomes import of_run
from gpu_virt_bench.report.render.text import print_blocks
from gpu_virt_bench.report.signs import writable


def shown(width: int, encoding: str = "utf-8") -> list[str]:
    """A run as a terminal shows it."""
    below = io.BytesIO()
    file = io.TextIOWrapper(below, encoding=encoding, errors="strict")
    run = a_run({"OH-001": [1.0, 2.0, 3.0], "OH-002": [4.0] * 3})
    print_blocks(of_run(run), Out(file=file, width=width, no_color=True))
    file.flush()
    return below.getvalue().decode(encoding).splitlines()


@pytest.mark.parametrize("width", [30, 40, 60, 80, 120])
def test_nothing_of_a_table_is_lost_however_narrow(width: int) -> None:
    lines = shown(width)
    assert max(map(len, lines)) <= width
    assert "".join(lines).count("3 x 1") == 2 and "…" not in "".join(lines)


def test_a_table_that_does_not_fit_has_a_line_for_each_cell() -> None:
    lines = [line.rstrip() for line in shown(30)]
    assert lines[lines.index("OH-002 A latency") + 1] == "  value: 4,000,000"
    assert "  n: 3 x 1" in lines


def test_signs_are_replaced_before_their_letters_are_counted() -> None:
    table = Grid(box=None, pad_edge=False, padding=0)
    table.add_column("±" * 10, no_wrap=True)
    table.add_row(Text("± 1"))
    out = Out(file=io.TextIOWrapper(io.BytesIO(), encoding="ascii"), width=20)
    with out.capture() as text:
        out.print(table)
        out.print(Text("±" * 11))
    assert text.get().splitlines() == ["+-" * 10, "+- 1", "+-" * 10, "+-"]


def test_an_encoding_keeps_what_it_has() -> None:
    assert writable("± ↓ …", "latin-1") == "± v ..."


def test_the_lines_keep_the_style_of_their_cells() -> None:
    table = Grid()
    for name in ("a" * 30, "b" * 30):
        table.add_column(name)
    table.add_row(Text("one"), Text("worse", style="red"))
    out = Console(file=io.StringIO(), width=40, force_terminal=True, color_system="standard")
    out.print(table)
    assert "\x1b[31m" in out.file.getvalue()  # type: ignore[attr-defined]


def test_a_table_without_rows_is_its_title_alone() -> None:
    made = Grid(title="checks")
    made.add_column("outcome")
    out = Console(file=io.StringIO(), width=80)
    out.print(made)
    assert out.file.getvalue() == "checks\n"
