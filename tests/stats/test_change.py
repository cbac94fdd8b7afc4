"""Differences and ratios between repetitions."""

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gpu_virt_bench.model.comparison import Interval
from gpu_virt_bench.stats.change import (
    as_ratio,
    holm,
    mann_whitney_counts,
    mann_whitney_rank,
    paired,
    paired_p,
    unpaired,
    unpaired_p,
)

values = st.floats(1e-6, 1e6)
pairs = st.lists(st.tuples(values, values), min_size=2, max_size=12)


def in_pairs(before, after, level):
    """The paired shift of two lists of values."""
    return paired([theirs - ours for ours, theirs in zip(before, after, strict=True)], level)


shifts = st.sampled_from([in_pairs, unpaired])


def ratio(shift, before, after, level) -> Interval:
    """The ratio of two lists of values."""
    return as_ratio(shift([math.log(value) for value in before], [math.log(value) for value in after], level))


def p_of(test, before, after, margin) -> float | None:
    """What a test says of two lists of values."""
    if test is unpaired_p:
        return unpaired_p(before, after, margin)
    return paired_p([theirs - ours for ours, theirs in zip(before, after, strict=True)], margin)


def test_a_paired_change_is_the_median_of_the_repetitions() -> None:
    assert paired([1, 2, 3, 4, 5], 0.95) == Interval(3, 1, 5, 0.9375)


def test_an_unpaired_difference_is_the_median_of_all_differences() -> None:
    # the nine differences are 9 10 11, 10 11 12, 11 12 13; with three against three the widest reach 1 - 2/20
    assert unpaired([1, 2, 3], [12, 13, 14], 0.95) == Interval(11, 9, 13, 0.9)


def test_two_runs_of_one_repetition_have_no_interval() -> None:
    assert unpaired([1.0], [3.0], 0.95) == Interval(2.0, None, None, 0.0)


def test_mann_whitney_counts_of_two_and_three() -> None:
    assert mann_whitney_counts(2, 3) == [1, 1, 2, 2, 2, 1, 1]


@given(st.integers(1, 12), st.integers(1, 12))
def test_mann_whitney_counts_all_orders(fewer, more) -> None:
    assert sum(mann_whitney_counts(fewer, more)) == math.comb(fewer + more, fewer)


def test_five_against_five_leaves_out_three_differences_at_each_end() -> None:
    # 1 + 1 + 2 + 3 of 252 orders have a statistic up to 3
    assert mann_whitney_rank(5, 5, 0.95) == (4, pytest.approx(1 - 14 / 252))


def test_the_normal_approximation_continues_the_exact_ranks() -> None:
    (exact, _), (normal, reached) = mann_whitney_rank(50, 50, 0.95), mann_whitney_rank(50, 51, 0.95)
    assert exact < normal < exact + 25
    assert reached == pytest.approx(0.95, abs=0.001)


def test_equal_sides_have_a_ratio_of_exactly_one() -> None:
    assert ratio(in_pairs, [0.1, 0.2, 0.3], [0.1, 0.2, 0.3], 0.95) == Interval(1.0, 1.0, 1.0, 0.75)


@given(pairs, shifts)
def test_swapped_sides_have_the_inverse_ratio(found, shift) -> None:
    before, after = zip(*found, strict=True)
    there, back = ratio(shift, before, after, 0.95), ratio(shift, after, before, 0.95)
    assert (back.value, back.low, back.high) == pytest.approx((1 / there.value, 1 / there.high, 1 / there.low))


@given(pairs, shifts, st.sampled_from([1e-9, 3.0, 1e9]))
def test_a_common_factor_changes_no_ratio(found, shift, factor) -> None:
    before, after = zip(*found, strict=True)
    plain = ratio(shift, before, after, 0.95)
    scaled = ratio(shift, [factor * value for value in before], [factor * value for value in after], 0.95)
    assert (scaled.value, scaled.low, scaled.high) == pytest.approx((plain.value, plain.low, plain.high))


@given(values, values, st.integers(5, 40), shifts)
def test_more_repetitions_of_the_same_values_change_nothing(before, after, n, shift) -> None:
    found = shift([before] * n, [after] * n, 0.95)
    assert (found.low, found.value, found.high) == (after - before,) * 3


def test_the_t_test_of_pairs() -> None:
    # differences 1, 2, 3: t = 2 / (1 / sqrt 3) = 3.464 with 2 degrees of freedom
    assert paired_p([1, 2, 3], 0.0) == pytest.approx(0.0742, abs=1e-4)


def test_welchs_test_of_two_sessions() -> None:
    # variances 1 and 4: t = 4 / sqrt(5 / 3) = 3.098 with 2.94 degrees of freedom
    assert unpaired_p([1, 2, 3], [4, 6, 8], 0.0) == pytest.approx(0.0548, abs=1e-4)


@pytest.mark.parametrize("test", [paired_p, unpaired_p])
@pytest.mark.parametrize(("margin", "p"), [(0.5, 0.0), (1.0, 1.0), (2.0, 1.0)])
def test_without_spread_a_change_is_beyond_the_margin_or_it_is_not(test, margin: float, p: float) -> None:
    assert p_of(test, [1.0] * 5, [2.0] * 5, margin) == p


@pytest.mark.parametrize("test", [paired_p, unpaired_p])
def test_one_repetition_has_no_test(test) -> None:
    assert p_of(test, [1.0], [2.0], 0.0) is None


@given(pairs, st.floats(0, 10))
def test_a_wider_margin_is_never_more_significant(found, margin) -> None:
    before, after = zip(*found, strict=True)
    assume(before != after)
    assert p_of(paired_p, before, after, margin) >= p_of(paired_p, before, after, 0.0)


def test_holm_multiplies_the_smallest_by_all_and_never_falls() -> None:
    assert holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])


def test_holm_ends_at_one() -> None:
    assert holm([0.9, 0.6]) == [1.0, 1.0]
    assert holm([]) == []
