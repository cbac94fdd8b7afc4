"""The estimate."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpu_virt_bench.stats.estimate import estimate, proportion, quantile

times = st.lists(st.floats(1e-6, 1e3), min_size=1, max_size=20)
repetitions = st.lists(times, min_size=2, max_size=8)


def test_value_is_the_median_of_the_repetitions_medians() -> None:
    assert estimate([[1, 2, 9], [4, 4, 4], [3, 3, 100]]).value == 3


def test_a_repetition_counts_once_however_many_samples_it_has() -> None:
    assert estimate([[1.0] * 1000, [2.0], [2.0]]).value == 2


def test_one_repetition_has_no_interval() -> None:
    found = estimate([[1.0, 2.0, 3.0]])
    assert (found.low, found.high, found.method) == (None, None, "none")


def test_equal_repetitions_have_an_interval_without_width() -> None:
    assert estimate([[5.0], [5.0], [5.0]]).half_width == 0


def test_three_repetitions_have_their_range_and_its_level() -> None:
    found = estimate([[1.0], [2.0], [4.0]])
    assert (found.low, found.high, found.level, found.method) == (1.0, 4.0, 0.75, "order-statistic")


def test_six_repetitions_reach_the_level_asked_for() -> None:
    assert estimate([[float(n)] for n in range(6)]).level == 0.95


def test_no_samples_is_an_error_not_a_zero() -> None:
    with pytest.raises(ValueError, match="no samples"):
        estimate([[], []])


@given(repetitions)
def test_the_interval_holds_the_value(samples) -> None:
    found = estimate(samples)
    assert found.low <= found.value <= found.high


@given(repetitions, st.sampled_from([0.5, 2.0, 1024.0]))
def test_scaling_the_samples_scales_the_estimate(samples, factor) -> None:
    scaled = estimate([[value * factor for value in part] for part in samples])
    plain = estimate(samples)
    assert (scaled.value, scaled.low, scaled.high) == pytest.approx(
        (plain.value * factor, plain.low * factor, plain.high * factor)
    )


@given(repetitions)
def test_the_order_of_samples_does_not_matter(samples) -> None:
    assert estimate([sorted(part) for part in samples]) == estimate(samples)


def test_proportion_of_8_in_10_has_wilsons_interval() -> None:
    found = proportion(8, 10, 5)
    assert found.value == 0.8
    assert (found.low, found.high) == pytest.approx((0.4902, 0.9433), abs=1e-4)


@given(st.integers(1, 200), st.data())
def test_a_proportions_interval_stays_between_0_and_1(samples, data) -> None:
    passed = data.draw(st.integers(0, samples))
    found = proportion(passed, samples, 1)
    assert 0 <= found.low <= found.value <= found.high <= 1


def test_quantile_is_a_value_that_was_seen() -> None:
    assert quantile(list(range(1, 101)), 0.99) == 99
    assert quantile([7.0], 0.5) == 7
