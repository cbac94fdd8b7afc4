"""Takes the samples of one outcome in one repetition: warm-up, stop rule, rejection, plausibility."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field, replace
from statistics import median
from typing import Literal

from gpu_virt_bench.engine.observer import now
from gpu_virt_bench.model.metric import Bench, Metric
from gpu_virt_bench.model.run import Rejected, Repetition


class Implausible(Exception):
    """A value that cannot be: not a number, or beyond a physical limit."""


@dataclass(frozen=True)
class Rule:
    """When to stop: at `samples`, or when `seconds` are spent (with at least one sample)."""

    samples: int
    warmup: int
    seconds: float
    floor: float = 0.0  # smallest interval that the clock can show, seconds


@dataclass
class Taken:
    """What has been taken so far; survives an interruption."""

    index: int
    began: str = field(default_factory=now)
    start: float = field(default_factory=time.monotonic)
    samples: list[float] = field(default_factory=list)
    warmup: list[float] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    stop: Literal["enough", "narrow", "budget", "interrupted"] = "interrupted"

    def repetition(self) -> Repetition:
        """The immutable record."""
        seconds = time.monotonic() - self.start
        return Repetition(
            self.index, self.began, seconds, self.samples, self.stop, rejected=self.rejected, warmup=self.warmup
        )


Slowdown = Callable[[float, float], str | None]


def collect(
    metric: Metric, bench: Bench, rule: Rule, taken: Taken, slowdown: Slowdown, ready: Callable[[], None]
) -> Repetition:
    """Takes samples until the rule says stop. `slowdown(begin, end)` says why a window does not count, `ready` returns
    when the next one may begin."""
    with closing(metric.measure(bench)) as samples:
        while True:
            ready()
            begin = time.monotonic()
            value = next(samples, None)
            if value is None:
                raise Implausible(f"{metric.id} ended after {len(taken.samples)} samples; a metric must go on yielding")
            check(metric, value, rule.floor)
            if len(taken.warmup) < rule.warmup:
                taken.warmup.append(value)
            elif reason := slowdown(begin, time.monotonic()):
                taken.rejected.append(Rejected(value, reason))
            else:
                taken.samples.append(value)
            if stop := reason_to_stop(taken, rule):
                taken.stop = stop
                return taken.repetition()


def check(metric: Metric, value: float, floor: float) -> None:
    """Refuses what cannot be a measurement (R10)."""
    if not math.isfinite(value):
        raise Implausible(f"{metric.id} yielded {value}, expected a number")
    if metric.sample_unit == "s" and metric.compare == "ratio" and value < 0.95 * floor:
        raise Implausible(
            f"implausible: {value * 1e9:.1f} ns, the clock's own floor is {floor * 1e9:.1f} ns x 0.95"
            f" = {0.95 * floor * 1e9:.1f} ns"
        )


def reason_to_stop(taken: Taken, rule: Rule) -> Literal["enough", "budget"] | None:
    """Why sampling ends now, None if it goes on."""
    if len(taken.samples) >= rule.samples:
        return "enough"
    spent = time.monotonic() - taken.start > rule.seconds
    return "budget" if spent and taken.samples else None


def spread(repetitions: list[Repetition]) -> float | None:
    """Relative half-width of the estimate's interval, None with fewer than two repetitions."""
    from gpu_virt_bench.stats.estimate import estimate

    filled = [repetition.samples for repetition in repetitions if repetition.samples]
    return estimate(filled).half_width if len(filled) > 1 and median(filled[0]) else None


def with_detail(repetition: Repetition, detail: dict[str, list[dict[str, str | int | float]]]) -> Repetition:
    """The repetition with the tables that the metric attached."""
    return replace(repetition, detail=detail)
