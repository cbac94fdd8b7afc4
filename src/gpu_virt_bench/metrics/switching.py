"""Switches between tenants: what lies between one's last instruction and the other's first."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from gpu_virt_bench.metrics.common import KIB, p99
from gpu_virt_bench.model.metric import Bench, DeviceFacts, Implausible, Params, Party, Samples, Share, Skip, metric
from gpu_virt_bench.model.workload import NS_PER_SECOND, Series, Value, Workload, WorkloadError

WINDOW, PIECE, LEAST_GAP = 2_000_000_000, 50_000_000, 20_000
"""Nanoseconds: how long both look, how long a launch does, and what is a gap."""
LEAST_GAPS = 50
COARSE = 4
"""Steps of the timer that a switch must last to be told."""
AT_ONCE = 0.01
"""Part of the window in which both may seem to run: stamps are told no finer than a step."""
STATES: Mapping[str, Mapping[str, int]] = {
    "full": {"threads": 1024, "shared": 100 * KIB},
    "one-block": {"threads": 32, "shared": 0},
}


@dataclass(frozen=True)
class Log:
    """Stretches in which a tenant ran, by time, and which launch each belongs to."""

    launches: Sequence[int]
    begins: Sequence[int]
    ends: Sequence[int]

    @property
    def active(self) -> int:
        """Nanoseconds in all."""
        return sum(self.ends) - sum(self.begins)

    def active_within(self, begin: int, end: int) -> int:
        """Nanoseconds of those between two times."""
        return sum(max(0, min(b, end) - max(a, begin)) for a, b in zip(self.begins, self.ends, strict=True))

    def gaps(self) -> list[tuple[int, int]]:
        """Where it did not run, within its launches."""
        last = range(len(self.begins) - 1)
        return [(self.ends[k], self.begins[k + 1]) for k in last if self.launches[k] == self.launches[k + 1]]

    def within(self, begin: int, end: int) -> list[int]:
        """Stretches that lie between two times."""
        return list(range(bisect_left(self.begins, begin), bisect_right(self.ends, end)))

    def overlap(self, other: Log) -> int:
        """Nanoseconds in which both ran."""
        both, mine, its = 0, 0, 0
        while mine < len(self.begins) and its < len(other.begins):
            both += max(0, min(self.ends[mine], other.ends[its]) - max(self.begins[mine], other.begins[its]))
            mine, its = (mine + 1, its) if self.ends[mine] < other.ends[its] else (mine, its + 1)
        return both


def log(series: Series) -> Log:
    """What a tenant wrote."""
    columns = {name: [int(value) for value in values] for name, values in series.columns.items()}
    return Log(columns["launch"], columns["begin"], columns["end"])


def two_tenants(params: Params, device: DeviceFacts) -> Party:
    """Tenants that want the device at the same time."""
    del params, device
    return (Share(), Share())


@metric(
    "SCHED-001",
    unit="us",
    better="lower",
    compare="difference",
    ideal="structural",
    baseline="time-slicing",
    params={"state": tuple(STATES)},
    party=two_tenants,
    effort="long",
    seconds=2.2,
    category="scheduling",
)
def tenant_switch(bench: Bench) -> Samples:
    """Switch between tenants.

    sample = median of (gap of one tenant - stretch of the other in it) / 2, over all gaps with one such stretch

    Two tenants run for the same 2 s a kernel that does nothing but read %globaltimer, launched anew every 50 ms, and
    log when they did not run for 20 us or more. A gap holds the other one's stretch and two switches. Gaps of both
    count, at least 50; those in which the other one was launched anew, or ran more than once, are left out and counted,
    and the time between two launches is no gap. Where both run at the same instant there is no switch, and the outcome
    is skipped. It fails where the median is less than four steps of the timer, unless it is 0 within one step. A
    difference may be negative, by a step.

    `state` is what must be saved: `full` one block of 1024 threads and 100 KiB of shared memory (or the most that a
    block may have) on each multiprocessor; `one-block` a single block of 32 threads. The detail has the length of
    slices (median and p99), each tenant's share of the window, and the part that neither had.
    """
    state = str(bench.params["state"])
    args: dict[str, Value] = {"piece": PIECE, "gap": LEAST_GAP, "duration": WINDOW, **STATES[state]}
    work = Workload("gaps", {**args, "blocks": bench.device.sm_count if state == "full" else 1}, timeout=120)
    while True:
        found = list(bench.read(dict.fromkeys(bench.party, work)).values())
        step = max(int(one.notes.get("timer_step", 0)) for one in found)
        first, second = (log(one) for one in found)
        check_turns(first, second)
        lengths = [*switches(bench, "first", first, second), *switches(bench, "second", second, first)]
        tell(bench, step, first, second)
        yield told(lengths, step) / NS_PER_SECOND


def check_turns(first: Log, second: Log) -> None:
    """Tenants that run at the same instant do not switch."""
    both, shorter = first.overlap(second), min(first.active, second.active)
    if both > AT_ONCE * shorter:
        raise Skip(f"no switch: kernels overlap, {both / shorter:.0%} of the time that the shorter one ran")


def switches(bench: Bench, name: str, mine: Log, its: Log) -> list[float]:
    """Half of what each gap of one tenant is longer than the other's stretch in it."""
    found, left_out = [], 0
    for begin, end in mine.gaps():
        stretches = its.within(begin, end)
        if len(stretches) != 1 or not is_whole(its, stretches[0]):
            left_out += 1
            continue
        (k,) = stretches
        found.append((end - begin - (its.ends[k] - its.begins[k])) / 2)
    bench.detail("gaps", {"tenant": name, "used": len(found), "left_out": left_out})
    return found


def is_whole(its: Log, k: int) -> bool:
    """Whether a stretch is cut by gaps on both sides, and not by a launch that begins or ends."""
    before = k > 0 and its.launches[k - 1] == its.launches[k]
    return before and k + 1 < len(its.launches) and its.launches[k + 1] == its.launches[k]


def told(lengths: Sequence[float], step: int) -> float:
    """The median in nanoseconds, if there are enough gaps and the timer is fine enough."""
    if len(lengths) < LEAST_GAPS:
        raise WorkloadError(
            "too-few", f"{len(lengths)} gaps hold one stretch of the other tenant, expected {LEAST_GAPS}"
        )
    found = median(lengths)
    if step < abs(found) < COARSE * step:
        raise Implausible(f"timer too coarse: a switch of {found / 1e3:.3f} us, and a step of {step / 1e3:.3f} us")
    return found


def tell(bench: Bench, step: int, first: Log, second: Log) -> None:
    """How the two shared the time in which both were there."""
    slices = [float(end - begin) for one in (first, second) for begin, end in zip(one.begins, one.ends, strict=True)]
    begin, end = max(first.begins[0], second.begins[0]), min(first.ends[-1], second.ends[-1])
    shares = {f"share_{i}": one.active_within(begin, end) / (end - begin) for i, one in enumerate((first, second))}
    slice_row = {"median": median(slices) / NS_PER_SECOND, "p99": p99(slices) / NS_PER_SECOND}
    bench.detail("slices", {"timer_step": step, **slice_row, **shares, "lost": 1 - sum(shares.values())})
