"""The table of a sweep."""

from rich.console import Console

from builders import a_run
from gpu_virt_bench.model.run import Run
from gpu_virt_bench.report.sweep import point_name, sweep_sentence, sweep_table, swept


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


def test_a_sweep_ends_with_a_sentence_on_its_two_ends() -> None:
    said = sweep_sentence([at(25, 4e-6), at(50, 3e-6), at(100, 2e-6)])
    assert said == "mps, compute-limit 25 % to compute-limit 100 %: A latency 4.000 to 2.000 us, -50 %."


def test_the_level_of_the_intervals_stands_once() -> None:
    assert drawn([at(25, 4e-6), at(50, 2e-6)]).count("range of 5") == 1


def test_four_points_lose_nothing_at_eighty_columns() -> None:
    console = Console(width=80, record=True)
    console.print(sweep_table([at(percent, 4.321e-6) for percent in (25, 50, 75, 100)]))
    text = console.export_text()
    assert text.count("compute-limit") == 4 and text.count("4.321 .. 4.321") == 4
