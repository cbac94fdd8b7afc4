"""The points of a sweep, compared."""

from pathlib import Path

from builders import a_run
from gpu_virt_bench.compare import Loaded
from gpu_virt_bench.compare.sweeps import Sweep, by_system, sweeps
from gpu_virt_bench.model.run import Run
from gpu_virt_bench.policy import load


def at(percent: int, **changes: object) -> Run:
    return a_run({"OH-001": [1.0] * 5}, system="mps", point={"compute-limit": percent}, **changes)


def loaded(*runs: Run) -> list[Loaded]:
    return [Loaded(Path(f"{index}.json"), run) for index, run in enumerate(runs)]


def swept(*runs: Run) -> Sweep:
    (found,) = sweeps(loaded(*runs), load(None))
    return found


def test_points_stand_in_their_order_and_twins_do_not() -> None:
    runs = loaded(at(100), at(25), at(50, twin=True), a_run({"OH-001": [1.0]}))
    assert [[one.run.point["compute-limit"] for one in group] for group in by_system(runs)] == [[25, 100]]


def test_the_first_point_measured_twice_shows_the_noise_floor() -> None:
    assert swept(at(25), at(50), at(25, twin=True)).changes[0].has_floor
    assert not swept(at(25), at(50)).changes[0].has_floor


def test_points_of_another_session_have_no_baseline_here() -> None:
    assert swept(a_run({"OH-001": [1.0] * 5}, session="other"), at(25), at(50)).against == []


def test_a_baseline_with_nothing_in_common_is_no_line() -> None:
    assert swept(a_run({"OH-002": [1.0] * 5}), at(25), at(50)).against == []


def test_numbers_of_tenants_are_compared_with_each_other() -> None:
    points = [
        a_run({f"OH-006[n={n}]": [seconds] * 5}, system="mps", point={"tenants": n})
        for n, seconds in ((2, 1.0), (4, 2.0))
    ]
    (row,) = swept(*points).changes[0].rows
    assert (row.id, row.verdict) == ("OH-006", "worse")


def quota(text: str, index: float) -> Run:
    name = f"IS-008[n={text.count('/') + 1},weights={text}]"
    return a_run({name: [index] * 5}, system="mps", point={"quota": text})


def test_quotas_are_compared_with_each_other_the_fewest_tenants_first() -> None:
    runs = loaded(quota("70/20/10", 1.0), quota("50/25/25", 1.0), quota("60/40", 1.0))
    assert [[one.run.point["quota"] for one in group] for group in by_system(runs)] == [
        ["60/40", "50/25/25", "70/20/10"]
    ]
    (row,) = swept(quota("70/20/10", 1.0), quota("60/40", 2.0)).changes[0].rows
    assert (row.id, row.change is not None) == ("IS-008", True)


def test_a_sweep_over_a_limit_keeps_numbers_of_tenants_apart() -> None:
    points = [a_run({"OH-006": [1.0] * 5, "OH-006[n=8]": [2.0] * 5}, system="mps", point={"compute-limit": percent})
              for percent in (25, 50)]  # fmt: skip
    assert [row.id for row in swept(*points).changes[0].rows] == ["OH-006", "OH-006[n=8]"]
