"""Two tenants' fingerprints."""

import pytest

from gpu_virt_bench.model.workload import Series
from gpu_virt_bench.systems.proof.fingerprint import (
    Block,
    blocks,
    overlap_check,
    sm_sets_check,
    spans,
    together,
    workload,
)

MS = 1_000_000
SLICED = [(0, 0, 2 * MS), (0, 4 * MS, 6 * MS), (0, 8 * MS, 10 * MS)]
BETWEEN = [(1, 2 * MS, 4 * MS), (1, 6 * MS, 8 * MS)]
BESIDE = [(1, 200_000, 2_200_000), (1, 4_200_000, 6_200_000)]
WHOLE = [(1, 0, 10 * MS)]
LATER = [(1, 90 * MS, 95 * MS)]
HARDLY = [(1, 8 * MS, 18 * MS)]
APART = "the two tenants' kernels were not at work at the same time"


@pytest.mark.parametrize(
    ("second", "expected", "passed", "found"),
    [
        (BETWEEN, "never", True, "never, in slices of 2.00 ms"),
        (BETWEEN, "always", False, "never, in slices of 2.00 ms"),
        (BESIDE, "always", True, "always (94.7% of the less busy one's time), in slices of 2.00 ms"),
        (BESIDE, "never", False, "always (94.7% of the less busy one's time), in slices of 2.00 ms"),
        (BESIDE, "any", True, "always (94.7% of the less busy one's time), in slices of 2.00 ms"),
        (LATER, "never", False, APART),
        (LATER, "any", True, APART),
        (HARDLY, "always", False, APART),
        ([], "never", False, APART),
    ],
)
def test_overlap_is_read_from_the_blocks(second: list[Block], expected: str, passed: bool, found: str) -> None:
    check = overlap_check("overlap", expected, SLICED, second, 0)
    assert (check.passed, check.found) == (passed, found)


@pytest.mark.parametrize(
    ("shared", "turns"),
    [(4, "never"), (5, "neither always nor never"), (50, "neither always nor never"), (51, "always")],
)
@pytest.mark.parametrize("expected", ["never", "always"])
def test_a_little_overlap_counts_as_none_and_most_of_the_time_as_always(expected: str, shared: int, turns: str) -> None:
    first, second = [(0, 0, 100), (0, 999, 1000)], [(1, 0, shared), (1, 900 + shared, 1000)]
    check = overlap_check("overlap", expected, first, second, 1)
    assert check.found == f"{turns} ({shared}.0% of the less busy one's time)"
    assert check.passed is (turns == expected)


def test_an_overlap_that_the_clock_cannot_tell_from_none_does_not_count() -> None:
    first, second = [(0, 0, 10), (0, 20, 30)], [(1, 9, 20)]
    assert not overlap_check("overlap", "never", first, second, 0).passed
    assert overlap_check("overlap", "never", first, second, 1).passed


def test_a_kernel_that_was_never_suspended_shows_no_slices() -> None:
    assert overlap_check("overlap", "always", WHOLE, WHOLE, 0).found == "always (100.0% of the less busy one's time)"


def test_blocks_side_by_side_are_one_span() -> None:
    assert spans([(0, 0, 10), (1, 5, 20), (2, 30, 40)]) == [(0, 20), (30, 40)]


def test_shared_time_is_the_intersection() -> None:
    assert together([(0, 10), (20, 30)], [(5, 25)]) == 10


def test_a_fingerprint_has_a_block_for_each_multiprocessor() -> None:
    assert workload(132).args == {"duration": 50 * MS, "gap": 20_000, "blocks": 132}


def test_a_routines_rows_are_segments_of_blocks() -> None:
    series = Series({"block": (0, 0), "smid": (7, 8), "begin": (10, 30), "end": (20, 40)}, 0, 50)
    assert blocks(series) == [(7, 10, 20), (8, 30, 40)]


@pytest.mark.parametrize(
    ("second", "expected", "passed"),
    [
        ([(1, 0, 1)], "disjoint", True),
        ([(0, 0, 1)], "disjoint", False),
        ([(0, 0, 1)], "any", True),
        ([], "disjoint", False),
    ],
)
def test_sm_sets_are_read_from_the_blocks(second: list[Block], expected: str, passed: bool) -> None:
    assert sm_sets_check("sm_sets", expected, [(0, 0, 1)], second).passed is passed


def test_shared_multiprocessors_are_counted() -> None:
    check = sm_sets_check("sm_sets", "disjoint", [(0, 0, 1), (1, 0, 1)], [(1, 0, 1)])
    assert check.found == "2 and 1 SMs, 1 of them shared"
