"""The table of a sweep."""

from rich.console import Console

from builders import a_run
from gpu_virt_bench.model.run import Run
from gpu_virt_bench.report.sweep import point_name, sweep_table, swept


def at(percent: int, seconds: float, **changes: object) -> Run:
    return a_run({"OH-001": [seconds] * 5}, system="mps", point={"compute-limit": percent}, **changes)


def drawn(runs: list[Run]) -> str:
    console = Console(width=100, record=True)
    console.print(sweep_table(runs))
    return console.export_text()


def test_a_point_says_its_unit() -> None:
    assert point_name({"compute-limit": 25, "memory-limit": 4096}) == "compute-limit 25 %, memory-limit 4096 MiB"


def test_points_stand_in_their_order_and_twins_do_not() -> None:
    runs = [at(100, 1.0), at(25, 1.0), at(50, 1.0, twin=True), a_run({"OH-001": [1.0]})]
    assert [[run.point["compute-limit"] for run in group] for group in swept(runs)] == [[25, 100]]


def test_each_cell_has_the_change_from_the_first_point() -> None:
    text = drawn([at(25, 4e-6), at(50, 2e-6)])
    assert "4.000 .. 4.000" in text
    assert "-50 %" in text
    assert "OH-001 A latency, us ↓" in text


def test_what_was_not_measured_says_why() -> None:
    failed = a_run({"OH-001": "failed: died"}, system="mps", point={"compute-limit": 50})
    assert "failed: died" in drawn([at(25, 1.0), failed])


def test_an_emulated_sweep_is_marked() -> None:
    assert "EMULATED GPU" in drawn([at(25, 1.0, emulated=True), at(50, 1.0, emulated=True)])
