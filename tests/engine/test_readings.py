"""Readings: common windows, neighbors, and what outcomes share."""

import pytest

from gpu_virt_bench.engine.readings import Kept, Reading, Shelf, View, common, neighbor_fault, unlike
from gpu_virt_bench.testing import series

SECOND = 10**9


def ran(begin: float, end: float):
    """A series of that window, in seconds."""
    return series({"x": [1]}).__class__({"x": (1,)}, round(begin * SECOND), round(end * SECOND))


def test_the_common_window_is_from_the_latest_begin_to_the_earliest_end() -> None:
    found = common([ran(0.0, 1.0), ran(0.1, 1.2)])
    assert (found.begin, found.end) == (SECOND // 10, SECOND)
    assert found.overlap == pytest.approx(0.9 / 1.1)


def test_tenants_that_overlap_too_little_do_not_count() -> None:
    assert unlike([ran(0.0, 1.0), ran(0.5, 1.5)]) == "overlap of 0.50, less than 0.9"
    assert unlike([ran(0.0, 1.0), ran(0.05, 1.0)]) == ""


def test_windows_that_do_not_meet_have_no_overlap() -> None:
    assert common([ran(0.0, 1.0), ran(2.0, 3.0)]).overlap == 0.0


def test_empty_windows_that_are_apart_do_not_overlap() -> None:
    assert common([ran(0.0, 0.0), ran(8.0, 8.0)]).overlap == 0.0
    assert common([ran(1.0, 1.0), ran(1.0, 1.0)]).overlap == 1.0


def test_one_tenant_overlaps_with_itself() -> None:
    assert unlike([ran(0.0, 1.0)]) == ""


def test_a_neighbor_that_ended_early_is_a_fault() -> None:
    assert neighbor_fault("neighbor 1", ran(0.0, 0.1), 0.5, True, False) == (
        "neighbor 1 ended 0.400 s before it was told to stop"
    )
    assert neighbor_fault("neighbor 1", ran(0.0, 0.6), 0.5, True, False) == ""


def test_a_neighbor_of_another_clock_ended_early_if_it_had_answered_before() -> None:
    assert neighbor_fault("neighbor 1", ran(0.0, 0.1), 9.0, False, False) == ""
    assert (
        neighbor_fault("neighbor 1", ran(0.0, 0.1), 9.0, False, True) == "neighbor 1 ended before it was told to stop"
    )


def test_a_neighbor_that_did_nothing_is_a_fault() -> None:
    idle = ran(0.0, 1.0).__class__({"done": ()}, 0, SECOND)
    assert neighbor_fault("neighbor 1", idle, 0.5, True, False) == "neighbor 1 did no work"


def test_the_first_reason_of_a_reading_stays() -> None:
    reading = Reading(0.0, 1.0)
    reading.reject("")
    reading.reject("throttled")
    reading.reject("overlap")
    assert reading.rejected == "throttled"


def shelf_of(values: list[float], readings: list[Reading]):
    """A shelf, and views of it that note what they use."""
    shelf, taken = Shelf("x"), []

    def take(shelf: Shelf, index: int) -> Kept:
        taken.append(index)
        return Kept(values[index], [readings[index]])

    return shelf, take, taken


def test_a_reading_that_one_outcome_rejects_is_rejected_for_every_other() -> None:
    readings = [Reading(0.0, 1.0, rejected="throttled"), Reading(1.0, 2.0)]
    shelf, take, taken = shelf_of([7.0, 8.0], readings)
    first, second = [], []
    assert View(shelf, take, first.append)[0] == 7.0
    assert View(shelf, take, second.append)[0] == 7.0
    assert taken == [0]
    assert first == second == [Kept(7.0, [readings[0]])]
    assert first[0].readings[0].rejected == "throttled"


def test_whoever_asks_first_takes_the_reading() -> None:
    shelf, take, taken = shelf_of([7.0, 8.0], [Reading(0.0, 1.0), Reading(1.0, 2.0)])
    one, other = View(shelf, take, lambda used: None), View(shelf, take, lambda used: None)
    assert [one[0], other[1], one[1]] == [7.0, 8.0, 8.0]
    assert taken == [0, 1]
