"""Shares of samples that passed, and their differences.

Wilson's score interval (Journal of the American Statistical Association 22, 1927), and Newcombe's interval of a
difference that is made of two of them (Statistics in Medicine 17, 1998, method 10). Both take samples for independent
trials with one chance each: samples of one repetition share a process, so the intervals are too narrow where a process
passes or fails as a whole.
"""

from __future__ import annotations

import math
from statistics import NormalDist

from gpu_virt_bench.model.comparison import Interval

Passes = tuple[int, int]
"""How many samples passed, of how many."""


def wilson(passes: Passes, z: float) -> tuple[float, float]:
    """Wilson's score interval with `z` standard errors on each side."""
    passed, n = passes
    p = passed / n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    # the score interval of 0 or n passes ends exactly at 0 or 1; rounding may put it a hair inside
    return 0.0 if passed == 0 else centre - half, 1.0 if passed == n else centre + half


def newcombe(baseline: Passes, candidate: Passes, z: float) -> tuple[float, float]:
    """Newcombe's interval of the candidate's share less the baseline's."""
    before, after = baseline[0] / baseline[1], candidate[0] / candidate[1]
    (low_before, high_before), (low_after, high_after) = wilson(baseline, z), wilson(candidate, z)
    change = after - before
    low = change - math.hypot(after - low_after, high_before - before)
    return low, change + math.hypot(high_after - after, before - low_before)


def proportion_difference(baseline: Passes, candidate: Passes, level: float) -> Interval:
    """The candidate's share less the baseline's, with Newcombe's interval."""
    value = candidate[0] / candidate[1] - baseline[0] / baseline[1]
    return Interval(value, *newcombe(baseline, candidate, standard_errors(level)), level)


def standard_errors(level: float) -> float:
    """How many standard errors on each side hold that share of a normal distribution."""
    return NormalDist().inv_cdf((1 + level) / 2)


def proportion_p(baseline: Passes, candidate: Passes, margin: float) -> float:
    """The error rate at which Newcombe's interval just reaches the margin: that test agrees with the interval."""
    if candidate[0] / candidate[1] < baseline[0] / baseline[1]:
        baseline, candidate = candidate, baseline
    near, far = 0.0, 40.0
    for _ in range(60):
        z = (near + far) / 2
        near, far = (z, far) if newcombe(baseline, candidate, z)[0] > margin else (near, z)
    return 2 * NormalDist().cdf(-near)
