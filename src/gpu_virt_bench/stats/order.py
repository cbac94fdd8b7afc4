"""The median and its interval from order statistics, which assume of the data only that it is continuous.

The interval of a median is that of the sign test, between two order statistics, interpolated to the level asked for
(Hettmansperger and Sheather, Statistics & Probability Letters 4, 1986; Nyblom, same journal 14, 1992). With few values
no interval reaches the level; then it is their range, with the level that the range has: 1 - 2^(1 - n).
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from functools import cache
from statistics import median

from gpu_virt_bench.model.comparison import Interval

FEW = 64
"""Of so few values the binomial distribution is summed: importing scipy takes longer than most reports."""


def median_interval(values: Sequence[float], level: float) -> Interval:
    """The median with its interval; of one value, without."""
    ordered, n = sorted(values), len(values)
    value = median(ordered)
    if n == 1:
        return Interval(value, None, None, 0.0)
    if coverage(n, 1) < level:
        return Interval(value, ordered[0], ordered[-1], coverage(n, 1))
    depth = bisect_right(range(1, n // 2 + 1), -level, key=lambda d: -coverage(n, d))
    weight = inward(n, depth, level)
    low = between(ordered[depth - 1], ordered[depth], weight)
    high = between(ordered[n - depth], ordered[n - depth - 1], weight)
    return Interval(value, low, high, level)


@cache
def coverage(n: int, depth: int) -> float:
    """Probability that the median lies between the values of that depth from below and from above."""
    if n <= FEW:
        return 1 - 2 * sum(math.comb(n, k) for k in range(depth)) / (1 << n)
    from scipy.special import bdtr  # type: ignore[import-untyped]

    return 1 - 2 * float(bdtr(depth - 1, n, 0.5))


def inward(n: int, depth: int, level: float) -> float:
    """How far the interval goes from one order statistic to the next one inside (Hettmansperger and Sheather)."""
    outer, inner = coverage(n, depth), coverage(n, depth + 1)
    share = (outer - level) / (outer - inner)
    return (n - depth) * share / (depth + (n - 2 * depth) * share)


def between(outer: float, inner: float, weight: float) -> float:
    """A value between two, exactly theirs where they are equal."""
    return outer + weight * (inner - outer)


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value with at least that share of the values at or below it (type 1 of Hyndman and Fan, 1996)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
