"""What a chase tells: hits and misses by the clocks of each step, and how long a step takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median

from gpu_virt_bench.model.metric import Bench, Tenant
from gpu_virt_bench.model.workload import NS_PER_SECOND, Series, Value, Workload, WorkloadError

STRIDE, GROUP = 128, 64
LEAST_STEPS = 100_000
LEAST_RATIO = 1.3
IN_L2, IN_DRAM = 0.1, 8
"""Of L2: sets that are in it, and in DRAM."""
DESCHEDULED_NS = 10_000
SEED = 1


@dataclass(frozen=True)
class Steps:
    """Steps by their clocks: middle of each bin and how many, and those that are in none."""

    clocks: Sequence[float]
    counts: Sequence[int]
    descheduled: int

    @property
    def count(self) -> int:
        """All steps."""
        return sum(self.counts) + self.descheduled


@dataclass(frozen=True)
class Groups:
    """A chase timed by groups of steps."""

    step: float
    """Mean, seconds, without groups in which the tenant was descheduled."""
    descheduled: int
    count: int


@dataclass(frozen=True)
class Limits:
    """Clocks of a step that L2 serves, and of one that DRAM serves."""

    l2: float
    dram: float

    @property
    def tau(self) -> float:
        """Half way."""
        return (self.l2 + self.dram) / 2

    @property
    def row(self) -> dict[str, Value]:
        """For the detail."""
        return {"l2_clocks": self.l2, "dram_clocks": self.dram}


def chase_args(size: int, warm: int, whole: bool = False) -> dict[str, Value]:
    """A cycle through so many bytes: 100 000 steps and at least all of it, or just all of it."""
    lines = size // STRIDE
    steps = max(lines, GROUP) if whole else max(lines, LEAST_STEPS)
    return {"bytes": size, "warm": warm, "steps": steps, "seed": SEED}


def steps_of(series: Series) -> Steps:
    """The last bin holds what took longer than any."""
    begins, counts = series.columns["clocks"], [int(count) for count in series.columns["steps"]]
    middle = (begins[1] - begins[0]) / 2
    return Steps([begin + middle for begin in begins[:-1]], counts[:-1], counts[-1])


def hit_rate(steps: Steps, tau: float) -> float:
    """Hits of hits and misses."""
    hits = sum(count for clocks, count in zip(steps.clocks, steps.counts, strict=True) if clocks < tau)
    return hits / counted(steps)


def counted(steps: Steps) -> int:
    """Hits and misses."""
    found = sum(steps.counts)
    if found == 0:
        raise WorkloadError("no-steps", f"all {steps.descheduled} steps took more than 10 us")
    return found


def mean_step(steps: Steps) -> float:
    """Clocks."""
    return sum(clocks * count for clocks, count in zip(steps.clocks, steps.counts, strict=True)) / counted(steps)


def median_step(steps: Steps) -> float:
    """Clocks: the middle of the bin in which the middle step lies."""
    below, half = 0, counted(steps) / 2
    for clocks, count in zip(steps.clocks, steps.counts, strict=True):
        below += count
        if below >= half:
            return clocks
    raise AssertionError("half of the steps lie in no bin")


def thresholds(bench: Bench, tenant: Tenant) -> Limits:
    """What a hit and a miss take, alone; once for all outcomes of a party."""

    def measure() -> Limits:
        found = []
        for part, warm in ((IN_L2, 2), (IN_DRAM, 0)):
            size = int(part * bench.device.l2_bytes) // STRIDE * STRIDE
            args = chase_args(size, warm) | ({"steps": LEAST_STEPS} if warm == 0 else {})
            found.append(median_step(steps_of(bench.run(tenant, Workload("chase_steps", args, timeout=120)))))
            tenant.release()
        return Limits(*found)

    limits = bench.once("chase limits", measure)
    if limits.dram < LEAST_RATIO * limits.l2:
        raise WorkloadError("no-contrast", f"cannot tell L2 from DRAM: {limits.l2:g} clocks, {limits.dram:g} clocks")
    return limits


def groups_of(series: Series) -> Groups:
    """Groups that took 10 us longer than the median one are left out."""
    times = series.columns["group"]
    longest = median(times) + DESCHEDULED_NS
    kept = [time for time in times if time <= longest]
    return Groups(fmean(kept) / GROUP / NS_PER_SECOND, len(times) - len(kept), len(times))
