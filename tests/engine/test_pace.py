"""The host's pace."""

import os

from gpu_virt_bench.engine.pace import Pace, on_cpu


def pace(*found: int) -> Pace:
    """Processors that take so many nanoseconds, one reading after the other."""
    left = [*found]
    return Pace(lambda cpu: left.pop(0))


def test_a_processor_is_measured_against_its_best() -> None:
    found = pace(100, 150, 100, 200)
    assert [found.of(0) for _ in range(4)] == [1.0, 1.5, 1.0, 2.0]


def test_a_faster_reading_is_the_new_best() -> None:
    found = pace(200, 100, 200)
    assert [found.of(0) for _ in range(3)] == [1.0, 1.0, 2.0]


def test_processors_need_not_be_alike() -> None:
    found = pace(100, 300)
    assert [found.of(0), found.of(1)] == [1.0, 1.0]


def test_a_reading_takes_place_on_the_processor_and_leaves_it() -> None:
    allowed = os.sched_getaffinity(0)
    assert on_cpu(min(allowed)) > 1000
    assert os.sched_getaffinity(0) == allowed
