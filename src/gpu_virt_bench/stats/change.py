"""What changed between two runs: differences and ratios, paired or not, with intervals and tests.

All functions are of differences; a ratio is a difference of logarithms (`as_ratio`).

- Paired: values are changes, one for each repetition that both runs have. The median of them, with the interval of the
  sign test (`stats.order`).
- Unpaired: values are those of either side, one for each repetition. The median of all differences between the two
  sides (Hodges and Lehmann, Annals of Mathematical Statistics 34, 1963) with the interval that belongs to the
  Mann-Whitney test, at the level nearest to the one asked for (Hollander, Wolfe and Chicken, Nonparametric Statistical
  Methods, 3rd ed., 2014, section 4.3). It takes both sides for shifted copies of one distribution.
- p-values: Student's t for pairs, Welch's otherwise (Biometrika 34, 1947); Holm's correction for many of them
  (Scandinavian Journal of Statistics 6, 1979).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from statistics import NormalDist, fmean, median, variance

from gpu_virt_bench.model.comparison import Interval
from gpu_virt_bench.stats.order import median_interval

Values = Sequence[float]
EXACT = 50
"""With more repetitions than that on a side, the Mann-Whitney distribution is taken for normal."""


def paired(changes: Values, level: float) -> Interval:
    """Median of the repetitions' changes."""
    return median_interval(changes, level)


def unpaired(baseline: Values, candidate: Values, level: float) -> Interval:
    """Shift from baseline to candidate by Hodges and Lehmann, with the Mann-Whitney interval."""
    shifts = sorted(after - before for before in baseline for after in candidate)
    rank, reached = mann_whitney_rank(*sorted((len(baseline), len(candidate))), level)
    if reached <= 0:  # one repetition on each side
        return Interval(median(shifts), None, None, 0.0)
    return Interval(median(shifts), shifts[rank - 1], shifts[-rank], reached)


@cache
def mann_whitney_rank(fewer: int, more: int, level: float) -> tuple[int, float]:
    """Which shift from below and from above ends the interval whose level is nearest, and that level."""
    pairs = fewer * more
    if more > EXACT:
        deviation = math.sqrt(pairs * (fewer + more + 1) / 12)
        rank = max(1, math.floor(pairs / 2 - NormalDist().inv_cdf((1 + level) / 2) * deviation))
        return rank, 1 - 2 * NormalDist().cdf((rank - 0.5 - pairs / 2) / deviation)
    best, below, total = (1, -1.0), 0, math.comb(fewer + more, fewer)
    for rank, count in enumerate(mann_whitney_counts(fewer, more)[: (pairs + 1) // 2], start=1):
        below += count
        reached = 1 - 2 * below / total
        best = min(best, (rank, reached), key=lambda found: abs(found[1] - level))
    return best


def mann_whitney_counts(fewer: int, more: int) -> list[int]:
    """In how many orders of the values the statistic is 0, 1, 2, ...: coefficients of a Gaussian binomial."""
    counts = [1] + [0] * (fewer * more)
    for i in range(1, fewer + 1):
        for u in reversed(range(more + i, len(counts))):
            counts[u] -= counts[u - more - i]
        for u in range(i, len(counts)):
            counts[u] += counts[u - i]
    return counts


def as_ratio(shift: Interval) -> Interval:
    """Candidate over baseline, from a shift of the logarithms."""
    low, high = (None if end is None else math.exp(end) for end in (shift.low, shift.high))
    return Interval(math.exp(shift.value), low, high, shift.level)


def paired_p(changes: Values, margin: float) -> float | None:
    """Student's t: whether the repetitions' mean change lies beyond the margin; None with one repetition."""
    if len(changes) < 2:
        return None
    return beyond(fmean(changes), variance(changes) / len(changes), len(changes) - 1, margin)


def unpaired_p(baseline: Values, candidate: Values, margin: float) -> float | None:
    """Welch's t: whether the difference of means lies beyond the margin; None with one repetition on a side."""
    if min(len(baseline), len(candidate)) < 2:
        return None
    parts = [variance(side) / len(side) for side in (baseline, candidate)]
    weights = [part**2 / (len(side) - 1) for part, side in zip(parts, (baseline, candidate), strict=True)]
    freedom = sum(parts) ** 2 / sum(weights) if sum(weights) else 1.0
    return beyond(fmean(candidate) - fmean(baseline), sum(parts), freedom, margin)


def beyond(mean: float, squared_error: float, freedom: float, margin: float) -> float:
    """Two-sided p of a mean change beyond the margin; without any spread it is beyond or it is not."""
    from scipy.special import stdtr  # type: ignore[import-untyped]

    excess = abs(mean) - margin
    if squared_error == 0:
        return 0.0 if excess > 0 else 1.0
    return min(1.0, 2 * float(stdtr(freedom, -excess / math.sqrt(squared_error))))


def holm(values: Sequence[float]) -> list[float]:
    """p-values that one error rate judges together."""
    adjusted, highest = [0.0] * len(values), 0.0
    for position, index in enumerate(sorted(range(len(values)), key=values.__getitem__)):
        highest = max(highest, min(1.0, (len(values) - position) * values[index]))
        adjusted[index] = highest
    return adjusted
