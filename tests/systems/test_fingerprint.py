"""Two tenants' fingerprints."""

import pytest

from gpu_virt_bench.systems.fingerprint import Block, overlap_check, sm_sets_check, spans, together

SLICED = [(0, 0, 100), (0, 200, 300), (0, 400, 500)]
BETWEEN = [(1, 100, 200), (1, 300, 400)]
BESIDE = [(1, 10, 110), (1, 210, 310)]
LATER = [(1, 900, 950)]


@pytest.mark.parametrize(
    ("second", "expected", "passed", "found"),
    [
        (BETWEEN, "never", True, "never"),
        (BETWEEN, "always", False, "never"),
        (BESIDE, "always", True, "for 90% of the shorter one's time"),
        (BESIDE, "never", False, "for 90% of the shorter one's time"),
        (BESIDE, "any", True, "for 90% of the shorter one's time"),
        ([(1, 90, 190)], "always", False, "for 10% of the shorter one's time"),
        (LATER, "never", False, "the two tenants' kernels were not busy at the same time"),
        (LATER, "any", True, "the two tenants' kernels were not busy at the same time"),
        ([], "never", False, "the two tenants' kernels were not busy at the same time"),
    ],
)
def test_overlap_is_read_from_the_blocks(second: list[Block], expected: str, passed: bool, found: str) -> None:
    check = overlap_check("overlap", expected, SLICED, second, 0)
    assert (check.passed, check.found) == (passed, found)


def test_an_overlap_that_the_clock_cannot_tell_from_none_does_not_count() -> None:
    second = [(1, 99, 200), (1, 300, 401)]
    assert not overlap_check("overlap", "never", SLICED, second, 0).passed
    assert overlap_check("overlap", "never", SLICED, second, 1).passed


def test_blocks_side_by_side_are_one_span() -> None:
    assert spans([(0, 0, 10), (1, 5, 20), (2, 30, 40)]) == [(0, 20), (30, 40)]


def test_shared_time_is_the_intersection() -> None:
    assert together([(0, 10), (20, 30)], [(5, 25)]) == 10


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
