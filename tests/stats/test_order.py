"""Intervals from order statistics."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpu_virt_bench.model.comparison import Interval
from gpu_virt_bench.stats.order import coverage, median_interval

numbers = st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=30)


@pytest.mark.parametrize(("n", "level"), [(2, 0.5), (3, 0.75), (4, 0.875), (5, 0.9375)])
def test_up_to_five_values_have_their_range(n: int, level: float) -> None:
    values = [float(i) for i in range(1, n + 1)]
    assert median_interval(values, 0.95) == Interval((n + 1) / 2, 1.0, float(n), level)


def test_one_value_has_no_interval() -> None:
    assert median_interval([7.0], 0.95) == Interval(7.0, None, None, 0.0)


def test_six_values_are_interpolated_between_the_first_and_the_second() -> None:
    # coverage 31/32 at depth 1 and 25/32 at depth 2: share 0.1 of the way, weight 5 x 0.1 / (1 + 4 x 0.1) = 5/14
    found = median_interval([1, 2, 3, 4, 5, 6], 0.95)
    assert (found.low, found.high) == pytest.approx((1 + 5 / 14, 6 - 5 / 14))


def test_a_level_that_is_reached_exactly_is_not_interpolated() -> None:
    found = median_interval([1, 2, 3, 4, 5, 6], 0.96875)
    assert (found.low, found.high) == (1, 6)


@given(numbers, st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_the_interval_lies_within_the_values_and_holds_the_median(values, level) -> None:
    found = median_interval(values, level)
    assert min(values) <= found.low <= found.value <= found.high <= max(values)


@given(numbers)
def test_the_mirrored_values_have_the_mirrored_interval(values) -> None:
    found, mirrored = median_interval(values, 0.95), median_interval([-value for value in values], 0.95)
    assert (mirrored.low, mirrored.high) == (-found.high, -found.low)


@given(st.integers(2, 30))
def test_equal_values_have_an_interval_without_width(n) -> None:
    found = median_interval([0.1] * n, 0.95)
    assert (found.low, found.value, found.high) == (0.1, 0.1, 0.1)


def test_few_values_and_many_have_the_same_coverage() -> None:
    from scipy.special import bdtr

    assert all(
        abs(coverage(n, d) - (1 - 2 * bdtr(d - 1, n, 0.5))) < 1e-12 for n in range(2, 65) for d in range(1, n // 2)
    )
