"""The estimate of an outcome: median of the repetitions' medians, with a bootstrap interval over repetitions.

Samples of one process are not independent (they share its address layout and its luck), so the repetition is the
unit of resampling: a percentile bootstrap of the median of medians (Efron and Tibshirani, An Introduction to the
Bootstrap, 1993, ch. 13). With one repetition there is no interval. Pass/fail outcomes are proportions with Wilson's
score interval (Wilson, JASA 22, 1927).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal

RESAMPLES = 4000
LEVEL = 0.95
Method = Literal["bootstrap", "wilson", "none"]


@dataclass(frozen=True)
class Estimate:
    """A value with its 95 % interval. Without an interval (one repetition) `low` and `high` are None."""

    value: float
    low: float | None
    high: float | None
    repetitions: int
    samples: int
    method: Method

    @property
    def half_width(self) -> float | None:
        """Half of the interval relative to the value, None where there is none."""
        if self.low is None or self.high is None or self.value == 0:
            return None
        return (self.high - self.low) / 2 / abs(self.value)


def estimate(repetitions: Sequence[Sequence[float]], seed: int = 0) -> Estimate:
    """Median of the repetitions' medians with a bootstrap interval; needs at least one sample."""
    medians = [median(samples) for samples in repetitions if samples]
    if not medians:
        raise ValueError("no samples: an estimate needs at least one")
    count = sum(map(len, repetitions))
    value = median(medians)
    if len(medians) == 1:
        return Estimate(value, None, None, 1, count, "none")
    low, high = bootstrap(medians, seed)
    return Estimate(value, low, high, len(medians), count, "bootstrap")


def bootstrap(values: Sequence[float], seed: int) -> tuple[float, float]:
    """Percentile interval of the median under resampling with replacement."""
    import numpy as np

    rng = np.random.default_rng(seed)
    drawn = rng.choice(np.asarray(values, dtype=float), size=(RESAMPLES, len(values)))
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(np.median(drawn, axis=1), [tail, 1 - tail])
    return float(low), float(high)


def proportion(passed: int, samples: int, repetitions: int) -> Estimate:
    """Share of samples that passed, with Wilson's score interval."""
    if samples < 1:
        raise ValueError("no samples: a proportion needs at least one")
    z = 1.959963984540054  # 97.5 % quantile of the normal distribution
    p, n = passed / samples, samples
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    # the score interval of 0 or n passes ends exactly at 0 or 1; rounding may put it a hair inside
    low = 0.0 if passed == 0 else centre - half
    high = 1.0 if passed == n else centre + half
    return Estimate(p, low, high, repetitions, samples, "wilson")


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value with at least that share of the values at or below it (type 1 of Hyndman and Fan, 1996)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
