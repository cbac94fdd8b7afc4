"""Weighted means with intervals."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpu_virt_bench.model.comparison import Interval
from gpu_virt_bench.stats.mean import weighted

parts = st.tuples(st.floats(-10, 10), st.floats(0, 5), st.floats(0, 5))
some = st.lists(parts, min_size=1, max_size=6)


def made(found) -> list[Interval]:
    """Intervals from values and the distances of their ends."""
    return [Interval(value, value - below, value + above, 0.95) for value, below, above in found]


def test_the_ends_of_a_mean_are_recovered_from_the_ends_of_its_parts() -> None:
    # half of 3 and of 4 below is 2.5 in square sum, half of 6 and of 8 above is 5
    found = weighted([Interval(10, 7, 16, 0.95), Interval(20, 16, 28, 0.9375)], [1.0, 1.0])
    assert found == Interval(15, 12.5, 20, 0.9375)


def test_weights_are_shares_of_their_sum() -> None:
    assert weighted(made([(1, 1, 1), (5, 0, 0)]), [3.0, 1.0]) == Interval(2, 1.25, 2.75, 0.95)


def test_a_part_without_an_interval_leaves_the_mean_without_one() -> None:
    assert weighted([Interval(1, None, None, 0.0), Interval(3, 2, 4, 0.95)], [1.0, 1.0]) == Interval(2, None, None, 0.0)


@given(parts, st.floats(0.1, 10))
def test_the_mean_of_one_is_that_one(part, weight) -> None:
    (one,) = made([part])
    found = weighted([one], [weight])
    assert (found.value, found.low, found.high) == pytest.approx((one.value, one.low, one.high), abs=1e-9)


@given(some)
def test_the_interval_of_a_mean_holds_it_and_is_no_wider_than_its_widest_part(found) -> None:
    intervals = made(found)
    mean = weighted(intervals, [1.0] * len(intervals))
    assert mean.low <= mean.value <= mean.high
    assert mean.value - mean.low <= max(below for _, below, _ in found) + 1e-9


def test_means_of_means_are_means_of_all() -> None:
    intervals = made([(1, 1, 2), (2, 2, 1), (5, 1, 1), (9, 3, 1)])
    halves = [weighted(intervals[:2], [1, 1]), weighted(intervals[2:], [1, 1])]
    whole, nested = weighted(intervals, [1] * 4), weighted(halves, [1, 1])
    assert (nested.value, nested.low, nested.high) == pytest.approx((whole.value, whole.low, whole.high))


def test_by_simulation_the_interval_covers_the_mean() -> None:
    draw, reach, covered = random.Random(1), 1.959964, 0
    for _ in range(4000):
        values = [draw.gauss(0, spread) for spread in (1.0, 2.0, 0.5)]
        ends = [Interval(v, v - reach * s, v + reach * s, 0.95) for v, s in zip(values, (1.0, 2.0, 0.5), strict=True)]
        found = weighted(ends, [1.0, 2.0, 3.0])
        covered += found.low <= 0 <= found.high
    assert covered / 4000 == pytest.approx(0.95, abs=0.011)
