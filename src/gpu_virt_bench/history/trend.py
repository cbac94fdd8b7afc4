"""Where a series goes and where it changed: rank methods, which one wild run does not move.

Both take the runs for independent. Runs of one afternoon on a warm machine are not quite that: they look surer than
they are.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import NormalDist, median
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

LEVEL = 0.95
ALPHA = 0.01
SHORTEST = 3
FEWEST_FOR_CHANGE = 16
"""With fewer runs not even a clean step reaches Pettitt's 0.01."""
FEWEST_FOR_TREND = 10
"""With fewer runs the normal approximation of Sen's interval does not hold."""
MOST_FOR_TREND = 2000
"""A slope is the median over all pairs: two million of them."""
DAY = 86400.0


@dataclass(frozen=True)
class Slope:
    """Change of the value per second with its 95 % interval, over the last `runs` runs."""

    value: float
    low: float
    high: float
    runs: int


@dataclass(frozen=True)
class ChangePoint:
    """The series changed with the run at `position`; medians of the stretch before and of the one after."""

    position: int
    before: float
    after: float
    p: float


@dataclass(frozen=True)
class Course:
    """How a series went: its changes, and the slope of the runs from `since` on, which is the last change."""

    changes: Sequence[ChangePoint]
    since: int
    slope: Slope | None


def course(seconds: Sequence[float], values: Sequence[float]) -> Course:
    """Changes first: a slope across a step would describe neither side of it."""
    changes = change_points(values)
    since = changes[-1].position if changes else 0
    return Course(changes, since, slope(seconds[since:], values[since:]))


def slope(seconds: Sequence[float], values: Sequence[float]) -> Slope | None:
    """The median slope of all pairs of runs, with Sen's interval (JASA 63, 1968); None with too few runs."""
    times, numbers = np.array(seconds[-MOST_FOR_TREND:]), np.array(values[-MOST_FOR_TREND:])
    first, second = np.triu_indices(len(times), 1)
    apart = times[second] - times[first]
    slopes = np.sort((numbers[second] - numbers[first])[apart > 0] / apart[apart > 0])
    if len(times) < FEWEST_FOR_TREND or not len(slopes):
        return None
    n = len(times)
    ties = sum(count * (count - 1) * (2 * count + 5) for kind in (times, numbers) for count in multiplicity(kind))
    spread = math.sqrt(max(0.0, (n * (n - 1) * (2 * n + 5) - ties) / 18))
    reach = NormalDist().inv_cdf((1 + LEVEL) / 2) * spread
    low = max(0, round((len(slopes) - reach) / 2) - 1)
    high = min(len(slopes) - 1, round((len(slopes) + reach) / 2))
    return Slope(float(np.median(slopes)), float(slopes[low]), float(slopes[high]), n)


def multiplicity(values: Numbers) -> list[int]:
    """How often each value occurs."""
    return [int(count) for count in np.unique(values, return_counts=True)[1]]


def change_points(values: Sequence[float]) -> list[ChangePoint]:
    """Positions of the first run after each change, in order.

    Pettitt's test (Applied Statistics 28, 1979) on the series, then on each part, down to 3 runs a part. The error rate
    of 0.01 is halved with each division, so that all tests of one depth share it.
    """
    found = sorted(divided(values, 0, ALPHA))
    edges = [0, *(position for position, _ in found), len(values)]
    middles = [median(values[begin:end]) for begin, end in pairwise(edges)]
    return [ChangePoint(position, middles[i], middles[i + 1], p) for i, (position, p) in enumerate(found)]


def divided(values: Sequence[float], begin: int, alpha: float) -> list[tuple[int, float]]:
    """Change points of a part of the series that begins there, each with its p."""
    if len(values) < FEWEST_FOR_CHANGE:
        return []
    position, p = pettitt(values)
    if p > alpha:
        return []
    left = divided(values[:position], begin, alpha / 2)
    right = divided(values[position:], begin + position, alpha / 2)
    return [*left, (begin + position, p), *right]


def pettitt(values: Sequence[float]) -> tuple[int, float]:
    """The likeliest position of a change and Pettitt's approximate p: after it, ranks differ most from before."""
    n = len(values)
    _, places, counts = np.unique(np.array(values), return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[places]
    excess = np.abs(2 * np.cumsum(ranks) - np.arange(1, n + 1) * (n + 1))[SHORTEST - 1 : n - SHORTEST]
    position = SHORTEST + int(np.argmax(excess))
    statistic = float(excess.max())
    return position, min(1.0, 2 * math.exp(-6 * statistic**2 / (n**3 + n**2)))
