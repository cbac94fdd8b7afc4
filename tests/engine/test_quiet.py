"""Waiting for quiet processors."""

from gpu_virt_bench.engine.quiet import Pace, Quiet, on_cpu


def pace(*found: int) -> Pace:
    """Processors that take so many nanoseconds, one reading after the other."""
    return Pace(readings([*found]))


def readings(left: list[int]):
    """One reading after the other, the last for ever."""
    return lambda cpu: left.pop(0) if len(left) > 1 else left[0]


def test_a_processor_is_quiet_at_its_best() -> None:
    found = pace(100, 100, 114, 116)
    assert [found.is_quiet([0]) for _ in range(4)] == [True, True, True, False]


def test_all_processors_must_be_quiet() -> None:
    found = pace(100, 300, 100, 400)
    assert [found.is_quiet([0, 1]) for _ in range(2)] == [True, False]


def test_processors_need_not_be_alike() -> None:
    assert pace(100, 300).is_quiet([0, 1])


def test_a_faster_reading_is_the_new_best() -> None:
    found = pace(200, 100, 200)
    assert [found.is_quiet([0]) for _ in range(3)] == [True, True, False]


def test_a_sample_waits_until_the_processors_are_quiet() -> None:
    left = [100, 200, 200, 110, 999]
    quiet = Quiet(Pace(readings(left)), [0], 10.0)
    for _ in range(2):
        quiet.wait()
    assert left == [999]
    assert quiet.notes() == []


def test_the_time_for_waiting_ends_and_is_said() -> None:
    found = pace(100, 200)
    quiet = Quiet(found, [0], 0.0)
    for _ in range(3):
        quiet.wait()
    assert quiet.notes() == ["2 of 3 samples began while others slowed the processors"]


def test_tenants_that_are_not_pinned_do_not_wait() -> None:
    quiet = Quiet(pace(100, 200), [], 10.0)
    quiet.wait()
    assert quiet.notes() == []


def test_a_reading_takes_place_on_the_processor_and_leaves_it() -> None:
    import os

    allowed = os.sched_getaffinity(0)
    assert on_cpu(min(allowed)) > 1000
    assert os.sched_getaffinity(0) == allowed
