"""Blocks as text."""

import io

import pytest
from rich.console import Console

from documents import BLOCKS, DOCUMENT, FIGURES, HOSTILE, INTERVALS, TABLE, empty, hostile, matrix
from gpu_virt_bench.report.blocks import Block, Cell, Code, Column, Curves, Document, Row, Table
from gpu_virt_bench.report.grid import Out
from gpu_virt_bench.report.render.text import document, print_blocks


def text(*blocks: Block, width: int = 80) -> str:
    """Blocks as a file has them, below an empty title."""
    return document(Document("", blocks), width).lstrip("\n")


@pytest.mark.parametrize("width", [40, 60, 80, 120])
@pytest.mark.parametrize("found", [DOCUMENT, hostile("wörd " * 30, "x"), Document("", [matrix(7)])])
def test_no_line_is_wider_than_the_terminal(found: Document, width: int) -> None:
    assert max(map(len, document(found, width).splitlines())) <= width


def test_words_stay_whole_on_80_columns() -> None:
    words = "A reason of several words that is longer than its column, and tells why nothing was measured at all here"
    shown = text(Table([Column("outcome"), Column("why")], [Row([Cell("OH-001 " + words), Cell(words)])]))
    assert set(words.split()) <= set(shown.split())


def test_values_stand_over_their_intervals_at_the_right() -> None:
    assert text(TABLE).splitlines()[1:4] == [
        "outcome             value  verdict",
        "OH-001 Launch    2.000 us  worse",
        "               1.9 .. 2.1",
    ]


def test_a_document_has_its_title_what_it_is_made_from_and_underlined_headings() -> None:
    lines = document(DOCUMENT).splitlines()
    assert lines[:5] == ["A report", "========", "2026-11-27", "", "  results/a_b.json"]
    assert lines[lines.index("First") + 1] == "-----"


def test_a_matrix_repeats_its_first_columns_where_it_does_not_fit() -> None:
    narrow, wide = text(matrix(4)), text(matrix(4), width=140)
    assert (narrow.count("2.000 us"), wide.count("2.000 us")) == (2, 1)
    assert all(f"system-{i}" in narrow for i in range(4)) and narrow.count("+200.0 ±3.5 %") == 4
    assert narrow.count("Matrix") == 1


def test_an_interval_is_drawn_between_its_ends_with_the_reference() -> None:
    lines = text(INTERVALS).splitlines()
    assert lines[0] == "Launch [EMULATED]"
    assert lines[2] == "OH-001  native  |------o------|...............  2.000 (1.000 .. 3.000)"
    assert lines[3] == "        mps     .......:......|-------o------|  4.000 (3.000 .. 5.000)"
    assert lines[4] == "OH-002  native  .......:......................  -"


def test_a_curve_of_many_points_is_bars_and_some_of_its_points() -> None:
    (curves,) = [one for one in FIGURES if isinstance(one, Curves) and one.steps]
    shown = text(curves)
    assert "▁▁▁▁▁" in shown and "Latencies (16 of 200 points)" in shown


def test_every_mark_of_a_figure_is_beside_its_title() -> None:
    assert {"Launch [EMULATED]", "Limits [EMULATED, UNPROVEN]: got, %", "Neighbors [DERIVED]"} <= set(
        text(*FIGURES).splitlines()
    )


def test_a_command_is_never_broken() -> None:
    command = "gpu-virt-bench run " + "--metric OH-001 " * 20
    assert command.rstrip() in text(Code(command))


def test_tones_are_colours_where_there_are_colours() -> None:
    out = Console(file=io.StringIO(), width=80, force_terminal=True, color_system="standard")
    print_blocks(BLOCKS, out)
    shown = out.file.getvalue()  # type: ignore[attr-defined]
    assert "\x1b[31mworse" in shown and "\x1b[2mskipped" in shown and "\x1b[33mthe clock fell" in shown


def test_an_encoding_gets_only_what_it_has() -> None:
    below = io.BytesIO()
    out = Out(file=io.TextIOWrapper(below, encoding="ascii", errors="strict"), width=80, no_color=True)
    print_blocks([*BLOCKS, *hostile().blocks], out)
    out.file.flush()
    assert "____." in below.getvalue().decode("ascii")


def test_hostile_words_steer_no_terminal_and_begin_no_line() -> None:
    shown = document(hostile("x" + HOSTILE))
    assert all(letter.isprintable() or letter == "\n" for letter in shown)
    assert "␛[31m" in shown
    assert not any(line.lstrip().startswith("::") for line in shown.splitlines())


def test_markup_is_text() -> None:
    assert "[/red] [bold" in text(Table([Column("[/red] [bold")], [Row([Cell("[/red]")])]))


def test_nothing_is_no_error() -> None:
    assert "victim" not in document(empty())
