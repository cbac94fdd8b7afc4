"""Draws of parities by round numbers."""

import numpy as np
import pytest

from gpu_virt_bench.stats import parity
from gpu_virt_bench.stats.parity import changes, interval, middles, weighted


def test_the_value_comes_before_its_draws() -> None:
    found = changes({0: 1.0, 1: 2.0, 2: 4.0}, {0: 2.0, 1: 6.0, 2: 4.0}, "ratio", np.median, True, 1)
    assert (found[0], len(found), set(found[1:])) == (2.0, 2001, {1.0, 2.0, 3.0})


def test_unpaired_sides_are_resampled_apart() -> None:
    found = changes({0: 1.0, 1: 2.0, 2: 4.0}, {0: 1.0, 1: 2.0, 2: 4.0}, "ratio", np.median, False, 1)
    assert set(found[1:]) == {0.25, 0.5, 1.0, 2.0, 4.0}


def test_pairs_are_those_repetitions_that_both_have() -> None:
    assert changes({0: 1.0, 2: 5.0}, {1: 9.0, 2: 7.0}, "difference", np.median, True, 1)[0] == 2.0


def test_outcomes_with_equally_many_repetitions_are_drawn_alike() -> None:
    first, tenfold = (middles(np.array(values), np.median, (7, 0)) for values in ([1.0, 2.0, 3.0], [10.0, 20.0, 30.0]))
    assert list(tenfold) == list(10 * first)


def test_many_repetitions_are_drawn_in_blocks(monkeypatch) -> None:
    monkeypatch.setattr(parity, "BLOCK", 30)
    assert len(middles(np.arange(20.0), np.median, (1, 0))) == 2001


def test_a_mean_of_draws_is_taken_draw_by_draw() -> None:
    assert list(weighted([np.array([1.0, 0.0]), np.array([5.0, 4.0])], [3.0, 1.0])) == [2.0, 1.0]


def test_the_interval_leaves_out_the_value_and_both_tails() -> None:
    assert interval(np.array([999.0, *range(101)]), 0.9) == pytest.approx((5, 95))


@pytest.mark.parametrize(("repetitions", "most"), [(3, 0.75), (5, 0.9375)])
def test_few_repetitions_cover_the_truth_no_more_often_than_the_docstring_says(repetitions: int, most: float) -> None:
    rng = np.random.default_rng(1)
    covered = 0
    for _ in range(400):
        low, high = interval(middles(rng.normal(size=repetitions), np.median, (1, 0)), 0.95)
        covered += low <= 0 <= high
    assert covered / 400 == pytest.approx(most, abs=0.05)
