"""Differences of shares that passed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpu_virt_bench.stats.proportion import newcombe, proportion_difference, proportion_p

shares = st.integers(1, 50).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def test_newcombes_example_of_56_in_70_against_48_in_80() -> None:
    found = proportion_difference((48, 80), (56, 70), 0.95)
    assert (found.value, found.low, found.high) == pytest.approx((0.2, 0.0524, 0.3339), abs=1e-4)


def test_all_passed_on_both_sides_is_no_difference_with_an_interval() -> None:
    found = proportion_difference((15, 15), (15, 15), 0.95)
    assert (found.value, found.low, found.high) == pytest.approx((0, -0.2039, 0.2039), abs=1e-4)


@given(shares, shares)
def test_swapped_sides_have_the_mirrored_interval(before, after) -> None:
    low, high = newcombe(before, after, 1.96)
    assert newcombe(after, before, 1.96) == pytest.approx((-high, -low))


@given(shares, shares, st.sampled_from([0.0, 0.1]))
def test_the_test_agrees_with_the_interval(before, after, margin) -> None:
    found = proportion_difference(before, after, 0.95)
    is_beyond = found.low > margin or found.high < -margin
    assert (proportion_p(before, after, margin) < 0.05) == is_beyond


def test_equal_shares_have_a_p_of_one() -> None:
    assert proportion_p((3, 10), (3, 10), 0.0) == pytest.approx(1.0)
