"""By simulation: 95 % intervals cover 95 %, and families without any change show one in at most 5 %."""

import numpy as np
import pytest

from gpu_virt_bench.stats.change import as_ratio, holm, paired, paired_p, unpaired, unpaired_p
from gpu_virt_bench.stats.order import median_interval

TRIALS = 4000
SHAPES = {
    "lognormal": lambda rng, size: rng.lognormal(0, 0.3, size),
    "exponential": lambda rng, size: 0.1 + rng.exponential(1, size),
    "bimodal": lambda rng, size: np.where(rng.random(size) < 0.3, 1.5, 1.0) * rng.lognormal(0, 0.02, size),
    "heavy-tailed": lambda rng, size: np.exp(0.05 * rng.standard_t(2, size)),
}


def drawn(shape: str, *size: int) -> list[list[float]]:
    """Repetitions of many runs, always the same."""
    return SHAPES[shape](np.random.default_rng(size), size).tolist()


def share(found, truth: float) -> float:
    """How often an interval holds the truth."""
    return float(np.mean([interval.low <= truth <= interval.high for interval in found]))


def in_pairs(before, after, level):
    """The paired shift of two lists of values."""
    return paired([theirs - ours for ours, theirs in zip(before, after, strict=True)], level)


def p_of_pairs(before, after, margin):
    """The test of the pairs of two lists of values."""
    return paired_p([theirs - ours for ours, theirs in zip(before, after, strict=True)], margin)


# a range of five covers 0.9375, less what 4000 trials may miss
LEAST = {5: 0.928, 7: 0.93, 10: 0.93}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("n", LEAST)
def test_the_interval_of_an_estimate_covers_the_median(shape: str, n: int) -> None:
    truth = float(np.median(drawn(shape, 1_000_001)))
    assert LEAST[n] <= share([median_interval(run, 0.95) for run in drawn(shape, TRIALS, n)], truth) <= 0.97


@pytest.mark.parametrize("shape", SHAPES)
def test_a_bootstrap_of_seven_repetitions_covers_too_little(shape: str) -> None:
    """Why the estimate does not use one: 0.87, as 4000 trials show; 0.93 to 0.95 with six, nine and ten."""
    truth, rng = float(np.median(drawn(shape, 1_000_001))), np.random.default_rng(7)
    medians = [np.median(np.array(run)[rng.integers(7, size=(2000, 7))], axis=1) for run in drawn(shape, 1000, 7)]
    ends = [np.quantile(found, [0.025, 0.975]) for found in medians]
    assert np.mean([low <= truth <= high for low, high in ends]) < 0.9


@pytest.mark.parametrize("shift", [in_pairs, unpaired])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("n", LEAST)
def test_the_interval_of_a_ratio_covers_a_doubling(shape: str, n: int, shift) -> None:
    sides = zip(drawn(shape, TRIALS, n), drawn(shape, TRIALS + 1, n), strict=False)
    found = [as_ratio(shift(np.log(before), np.log(after) + np.log(2), 0.95)) for before, after in sides]
    assert LEAST[n] <= share(found, 2.0) <= 0.97


@pytest.mark.parametrize(("shift", "test"), [(in_pairs, p_of_pairs), (unpaired, unpaired_p)])
@pytest.mark.parametrize(("families", "outcomes"), [(600, 10), (200, 56)])
@pytest.mark.parametrize("n", [5, 10])
def test_a_against_a_shows_a_change_in_at_most_a_twentieth_of_families(
    shift, test, families: int, outcomes: int, n: int
) -> None:
    rng, false = np.random.default_rng((families, outcomes, n)), 0
    for _ in range(families):
        sides = [np.log(shape(rng, (2, n))).tolist() for shape in (14 * [*SHAPES.values()])[:outcomes]]
        beyond = [found.low > 0 or found.high < 0 for found in (shift(*side, 0.95) for side in sides)]
        adjusted = holm([test(*side, 0.0) for side in sides])
        false += any(one and p <= 0.05 for one, p in zip(beyond, adjusted, strict=True))
    assert false <= 0.05 * families
