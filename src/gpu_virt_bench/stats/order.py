"""Intervals from order statistics: they assume nothing about the shape of the data but that it is continuous.

The interval of a median is that of the sign test, between two order statistics, interpolated to the level asked for
(Hettmansperger and Sheather, Statistics & Probability Letters 4, 1986; Nyblom, same journal 14, 1992). With few values
no interval reaches the level; then it is their range, with the level that the range has: 1 - 2^(1 - n). The interval
of another quantile is not interpolated (Hahn and Meeker, Statistical Intervals, 1991, ch. 5).
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import cache
from statistics import median

from gpu_virt_bench.model.comparison import Interval


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


def minimum_values(share: float, level: float) -> int:
    """How many values the interval of a quantile needs: with fewer, the quantile may lie beyond all of them."""
    tail = (1 - level) / 2
    return max(2, math.ceil(math.log(tail) / math.log(max(share, 1 - share))))


def quantile_interval(values: Sequence[float], share: float, level: float) -> Interval:
    """A quantile with its interval; an error below `minimum_values`. Values must be independent."""
    from scipy.special import bdtr

    n, least, tail = len(values), minimum_values(share, level), (1 - level) / 2
    if n < least:
        raise ValueError(f"{n} values; the {level:.0%} interval of the quantile {share} needs {least}")
    ordered, ranks = sorted(values), range(n)
    # the quantile lies below the value of index i if at most i values do; the innermost indices with a tail beyond each
    low = bisect_right(ranks, tail, key=lambda i: float(bdtr(i, n, share))) - 1
    high = bisect_left(ranks, -tail, key=lambda i: float(bdtr(i, n, share)) - 1)
    return Interval(quantile(ordered, share), ordered[max(low, 0)], ordered[min(high, n - 1)], level)
