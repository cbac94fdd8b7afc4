"""Faults of one tenant, and what they do to a bystander."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass

from gpu_virt_bench.metrics.common import MIB
from gpu_virt_bench.metrics.throughput import USUAL_BLOCKS, Progress
from gpu_virt_bench.model.metric import Bench, Death, Implausible, Samples, Share, Tenant, Window, metric
from gpu_virt_bench.model.workload import (
    NS_PER_SECOND,
    Series,
    TenantDied,
    TenantHung,
    Value,
    Workload,
    WorkloadError,
)

AGGRESSOR = Share(role="aggressor")
HURT = (WorkloadError, TenantDied, TenantHung)
"""How a bystander's trouble shows."""
BEFORE, AFTER, WITHIN = 5, 10, 5
"""Pieces of time: before the fault, after it, and those in which the bystander must be as fast as before."""
LONGEST_PIECE, SHORTEST_PIECE = 1.0, 0.2
"""Seconds of a piece: a suite with short windows has short ones."""
AS_BEFORE = 0.95
MEMORY = 4 * MIB
ENDLESS = 600 * 10**9
PATIENCE = 10 * 10**9


def idle(seconds: float) -> Workload:
    """The time that something takes."""
    return Workload("idle", {"duration": round(seconds * NS_PER_SECOND)})


PROBE = Workload("probe", {"bytes": MEMORY, "seed": 1})
"""Work that a living context does."""
Inflict = Callable[[], None]
"""Brings a fault about; it returns when it has happened."""


class NotRaised(Implausible):
    """A fault that could not be brought about: nothing is known of the bystander."""


@contextmanager
def at_fault(bench: Bench, fault: str) -> Iterator[Inflict]:
    """A tenant whose kernel is at fault; its context must have died of that, as other work then finds."""
    code = CODES[fault]
    with bench.sacrifice(AGGRESSOR, Death(code=code)) as aggressor:
        answers: list[int] = []

        def inflict() -> None:
            try:
                found = bench.run(aggressor, Workload("detect_error", {"fault": fault, "limit": PATIENCE})).columns
            except HURT as error:
                raise NotRaised(f"fault not raised: {error}") from None
            answers.append(int(found["code"][0]))
            bench.detail("detected", {"fault": fault, "code": answers[0], "seconds": found["seen"][0] / NS_PER_SECOND})

        yield inflict
        if answers and answers != [code]:
            raise NotRaised(f"CUDA error {code} not raised: its tenant was answered {answers[0]}")
        bench.run(aggressor, PROBE)


@contextmanager
def killed(bench: Bench, work: Workload, clock: Tenant, seconds: float) -> Iterator[Inflict]:
    """A tenant that is killed at work."""
    with bench.sacrifice(AGGRESSOR, Death(signal=9)) as aggressor:

        def inflict() -> None:
            try:
                with bench.beside({aggressor: work}):
                    bench.run(clock, idle(seconds))
                    aggressor.kill()
            except TenantDied:
                return

        yield inflict


@contextmanager
def leaving(bench: Bench, parent: Tenant) -> Iterator[Inflict]:
    """A process of a tenant that ends by itself with memory in hand, and frees nothing."""

    def inflict() -> None:
        with parent.child() as child:
            bench.run(child, Workload("plant", {"bytes": MEMORY, "marker": 1}))

    yield inflict


CODES: Mapping[str, int] = {"illegal-address": 700, "misaligned": 716, "trap": 719, "assert": 710}
"""CUresults of kernels at fault."""
AT_WORK: Mapping[str, Workload] = {
    "endless-kill": Workload("detect_error", {"fault": "endless", "limit": 0}, timeout=900),
    "storm-kill": Workload("alloc_storm", {"bytes": 2 * MIB, "busy": 10_000_000, "duration": ENDLESS}, timeout=900),
}
"""What a tenant does that is killed."""
FAULTS = (*CODES, *AT_WORK, "exit")


def way(bench: Bench, fault: str, clock: Tenant, piece: float) -> AbstractContextManager[Inflict]:
    """How a fault comes about."""
    if fault in CODES:
        return at_fault(bench, fault)
    return killed(bench, AT_WORK[fault], clock, piece) if fault in AT_WORK else leaving(bench, clock)


@dataclass(frozen=True)
class Seen:
    """What a bystander did: its trouble, its rate before, and the best after the fault (pieces of work per second)."""

    trouble: str = ""
    before: float = 0.0
    after: float = 0.0

    @property
    def survived(self) -> bool:
        """Whether it made no error, and was soon as fast as before."""
        return not self.trouble and self.after >= AS_BEFORE * self.before > 0


def watched(bench: Bench, fault: str) -> Seen:
    """A fault while the bystander works; the other tenant of the party tells the time."""
    bystander, clock = bench.party
    piece = length_of(bench.window)
    with way(bench, fault, clock, piece) as inflict:
        try:
            with bench.beside({bystander: verified(bench)}) as done:
                before = bench.run(clock, idle(BEFORE * piece))
                inflict()
                after = bench.run(clock, idle(AFTER * piece))
            seen = judged(done[bystander], before.end, after.begin, piece * NS_PER_SECOND)
        except HURT as error:
            seen = Seen(trouble=str(error))
    if seen.trouble:
        bury(bench, bystander)
        bury(bench, clock)
    return seen


def bury(bench: Bench, tenant: Tenant) -> None:
    """Says of a tenant whose context the fault has ended that its death is what was to be seen, and no lost proof."""
    with suppress(*HURT):
        try:
            bench.run(tenant, PROBE)
        except HURT as error:
            code = error.code if isinstance(error, WorkloadError) else 0
            with bench.sacrifice(tenant, Death(code=code) if code else Death(signal=9)):
                raise


def length_of(window: Window) -> float:
    """Seconds of a piece of time."""
    return min(max(window.duration, SHORTEST_PIECE), LONGEST_PIECE)


def judged(series: Series, fault: float, after: float, piece: float) -> Seen:
    """The bystander's rate up to the fault, and the best of a piece soon after it."""
    progress = Progress(series)
    rates = progress.windows(after, after + (WITHIN + 1) * piece, piece, piece / 10)
    return Seen("", progress.rate(progress.times[0], fault), max(rates))


def verified(bench: Bench) -> Workload:
    """The bystander's work: pieces of 10 ms, every one verified."""
    args: dict[str, Value] = {
        "bytes": MEMORY,
        "seed": bench.random.getrandbits(31) | 1,
        "iterations": bench.millisecond,
        "blocks": USUAL_BLOCKS * bench.device.sm_count,
        "duration": ENDLESS,
    }
    return Workload("bystander", args, timeout=900)


@metric(
    "IS-010",
    unit="pass",
    better="higher",
    compare="difference",
    ideal="structural",
    baseline="time-slicing",
    params={"fault": ("all", *FAULTS)},
    party=lambda params, device: (Share(role="bystander"), Share(role="neighbor")),
    effort="process",
    seconds=lambda params, window, polling: (
        (len(FAULTS) if params["fault"] == "all" else 1) * ((BEFORE + AFTER + 1) * length_of(window) + 2)
    ),
    category="isolation",
)
def fault_isolation(bench: Bench) -> Samples:
    """Fault isolation.

    sample = 1 if a tenant's work goes on right and as fast as before when another one makes a fault, else 0

    The bystander fills 4 MiB with a new pattern, computes for about 10 ms, counts wrong words and copies a page back,
    again and again; a wrong word or an error is a 0. After 5 s a tenant of its own makes the fault; the bystander goes
    on for 10 s, and within 5 s after the fault must reach 0.95 of its rate before in one second. (These seconds are as
    long as the suite's window, from 0.2 to 1 s.)

    - `illegal-address`, `misaligned`, `trap`, `assert`: a kernel is at fault. Control: its tenant is answered 700, 716,
      719, 710, and its context does nothing any more; else the outcome fails, "not raised".
    - `endless-kill`: a kernel that never ends, and SIGKILL. `storm-kill`: SIGKILL while it allocates and frees 2 MiB
      back to back. Control: it was at work, and ended by that signal.
    - `exit`: a process ends with memory in hand, and frees nothing.
    - `all`: each of them in turn, in a seeded order, up to the first that the bystander does not survive.

    After a fault the system recovers as its definition says, and the next sample has fresh tenants.
    """
    wanted = str(bench.params["fault"])
    while True:
        faults = list(FAULTS) if wanted == "all" else [wanted]
        bench.random.shuffle(faults)
        survived = True
        for fault in faults:
            seen = watched(bench, fault)
            row: dict[str, Value] = {"fault": fault, "survived": int(seen.survived), "trouble": seen.trouble or "none"}
            bench.detail("bystander", {**row, "before": seen.before, "after": seen.after})
            survived = seen.survived
            if not survived:
                break
        yield float(survived)
