"""The estimate of an outcome: median of the repetitions' medians, with an order-statistic interval over repetitions.

Samples of one process are not independent (they share its address layout and its luck), so the repetition counts, and
not the sample. With five repetitions or fewer the interval is the range of their medians, and `level` is what a range
reaches: 0.94 with five, 0.75 with three. With one repetition there is no interval. Pass/fail outcomes are proportions
with Wilson's score interval. A percentile bootstrap of seven repetitions covers 0.87 instead of 0.95.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal

from gpu_virt_bench.model.run import Definition, Measured
from gpu_virt_bench.stats.order import median_interval
from gpu_virt_bench.stats.order import quantile as quantile
from gpu_virt_bench.stats.proportion import standard_errors, wilson

LEVEL = 0.95
Method = Literal["order-statistic", "wilson", "none"]


@dataclass(frozen=True)
class Estimate:
    """A value with an interval that covers the truth with probability `level`; None and None where there is none."""

    value: float
    low: float | None
    high: float | None
    repetitions: int
    samples: int
    method: Method
    level: float

    @property
    def half_width(self) -> float | None:
        """Half of the interval relative to the value, None where there is none."""
        if self.low is None or self.high is None or self.value == 0:
            return None
        return (self.high - self.low) / 2 / abs(self.value)


def estimate(repetitions: Sequence[Sequence[float]], level: float = LEVEL) -> Estimate:
    """Median of the repetitions' medians with its interval; needs at least one sample."""
    medians = [median(samples) for samples in repetitions if samples]
    if not medians:
        raise ValueError("no samples: an estimate needs at least one")
    found = median_interval(medians, level)
    method: Method = "none" if found.low is None else "order-statistic"
    return Estimate(found.value, found.low, found.high, len(medians), sum(map(len, repetitions)), method, found.level)


def proportion(passed: int, samples: int, repetitions: int, level: float = LEVEL) -> Estimate:
    """Share of samples that passed, with Wilson's score interval."""
    if samples < 1:
        raise ValueError("no samples: a proportion needs at least one")
    low, high = wilson((passed, samples), standard_errors(level))
    return Estimate(passed / samples, low, high, repetitions, samples, "wilson", level)


def summarise(outcome: Measured, definition: Definition, level: float = LEVEL) -> Estimate:
    """The estimate that belongs to an outcome's unit."""
    taken = [repetition.samples for repetition in outcome.repetitions if repetition.samples]
    if definition.unit == "pass":
        values = [value for samples in taken for value in samples]
        return proportion(round(sum(values)), len(values), len(taken), level)
    return estimate(taken, level)
