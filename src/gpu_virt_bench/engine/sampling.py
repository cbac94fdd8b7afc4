"""The samples of one outcome in one repetition: warm-up, rejection, plausibility, and when to stop."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Literal

from gpu_virt_bench.engine.readings import Reading
from gpu_virt_bench.model.metric import Implausible, Metric
from gpu_virt_bench.model.run import Rejected, Repetition, now
from gpu_virt_bench.model.text import counted

Stop = Literal["enough", "budget", "rejected", "out-of-time", "interrupted"]
FEWEST_REJECTED = 4
"""So many rejected samples at least end a repetition that has no more accepted ones than that."""


@dataclass(frozen=True)
class Rule:
    """When to stop: at `samples`, or when `seconds` are spent for each entry."""

    samples: int
    warmup: int
    seconds: float
    floor: float = 0.0  # smallest interval that the clock can show, seconds


@dataclass
class Taken:
    """What one entry has taken so far; survives an interruption."""

    index: int
    origin: float
    """When the session began (time.monotonic)."""
    began: str = field(default_factory=now)
    seconds: float = 0.0
    samples: list[float] = field(default_factory=list)
    warmup: list[float] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    rounds: list[int] = field(default_factory=list)
    begins: list[float] = field(default_factory=list)
    paces: list[float] = field(default_factory=list)
    clocks: list[float] = field(default_factory=list)
    stop: Stop = "interrupted"

    def take(self, number: int, value: float, readings: Sequence[Reading], pace: float | None, warm: bool) -> None:
        """One sample of a round, judged by the readings that it was made of."""
        reason = next((reading.rejected for reading in readings if reading.rejected), "")
        if warm:
            self.warmup.append(value)
        elif reason:
            self.rejected.append(Rejected(value, reason, number))
        else:
            self._keep(number, value, readings, pace)

    def _keep(self, number: int, value: float, readings: Sequence[Reading], pace: float | None) -> None:
        self.samples.append(value)
        self.rounds.append(number)
        self.begins.append(round(min(reading.begin for reading in readings) - self.origin, 6))
        if pace is not None:
            self.paces.append(round(pace, 3))
        clocks = [reading.clock_hz for reading in readings if reading.clock_hz is not None]
        if clocks:
            self.clocks.append(round(fmean(clocks)))

    @property
    def tried(self) -> int:
        """Samples that were taken, warm-up aside."""
        return len(self.samples) + len(self.rejected)

    def repetition(self) -> Repetition:
        """The immutable record; a list that is not as long as the samples says nothing of each, and is left out."""
        whole = len(self.samples)
        return Repetition(
            self.index,
            self.began,
            self.seconds,
            self.samples,
            self.stop,
            rejected=self.rejected,
            warmup=self.warmup,
            rounds=self.rounds,
            begins=self.begins,
            paces=self.paces if len(self.paces) == whole else [],
            clocks_hz=self.clocks if len(self.clocks) == whole else [],
        )


def check(metric: Metric, value: float | None, floor: float, taken: Taken) -> float:
    """The value, if it can be a measurement: a number, and of times one that the clock can tell."""
    if value is None:
        count = counted(len(taken.samples), "sample")
        raise Implausible(f"{metric.id} ended after {count}; a metric must go on yielding")
    if not math.isfinite(value):
        raise Implausible(f"{metric.id} yielded {value}, expected a number")
    if metric.sample_unit == "s" and metric.compare == "ratio" and value < 0.95 * floor:
        raise Implausible(
            f"implausible: {value * 1e9:.1f} ns, the clock's own floor is {floor * 1e9:.1f} ns x 0.95"
            f" = {0.95 * floor * 1e9:.1f} ns"
        )
    return value


def reason_to_stop(taken: Sequence[Taken], rule: Rule, began: float) -> Stop | None:
    """Why the rounds of one outcome end, None if they go on; one reason for all its entries."""
    if all(len(one.samples) >= rule.samples for one in taken):
        return "enough"
    spent = time.monotonic() - began > rule.seconds * len(taken)
    if spent and all(one.tried for one in taken):
        return "budget"
    hopeless = [len(one.rejected) >= max(FEWEST_REJECTED, rule.samples) for one in taken]
    return "rejected" if any(hopeless) else None
