"""Asks tenants, a native tenant and the observer for what a system's proof needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gpu_virt_bench.engine.plan import Suite
from gpu_virt_bench.engine.reference import Reference, attempt, launches_per_second, many_blocks
from gpu_virt_bench.model.run import Check
from gpu_virt_bench.model.workload import Workload
from gpu_virt_bench.systems.evidence import MARGIN, Seen, Wanted
from gpu_virt_bench.systems.fingerprint import blocks, workload
from gpu_virt_bench.systems.seat import Seat
from gpu_virt_bench.tenant import Process, together

SLOWED_SECONDS = 5.0
"""Window of the probe of `slowed`, or the suite's window under a quota if that is shorter."""


@dataclass
class Member:
    """A running tenant and its place in the system."""

    process: Process
    seat: Seat


@dataclass(frozen=True)
class Asked:
    """What one tenant showed, and what it was granted."""

    checks: list[Check]
    granted: dict[str, str]


class Prover:
    """Gathers the evidence of one repetition's tenants. `before` is who was on the device before they came."""

    def __init__(self, reference: Reference, suite: Suite, first: bool) -> None:
        """`first`: whether this is the first repetition, in which the costly evidence is taken."""
        self.reference = reference
        self.suite = suite
        self.before: Sequence[int] = ()
        self._costly = first

    def ask(self, member: Member, tenants: int) -> Asked:
        """The checks of one tenant, of so many that are on the device."""
        wanted = member.seat.wanted()
        facts = member.process.facts(wanted.symbols, wanted.env)
        checks = member.seat.prove(
            facts,
            [attempt(member.process, size) for size in wanted.attempts],
            [self.reference.control(size) for size in wanted.attempts],
            member.process.stderr(),
            self._seen(member.process, tenants, wanted),
            self._rate(member.process, wanted),
        )
        return Asked(checks, member.seat.granted(facts))

    def ask_pair(self, first: Member, second: Member) -> list[Check]:
        """The checks that need two tenants at work at the same time."""
        work = workload(self.reference.device.sm_count)
        one, other = together([first.process, second.process], work)
        return first.seat.prove_pair(blocks(one), blocks(other), one.notes["timer_step"])

    def _seen(self, tenant: Process, own: int, wanted: Wanted) -> Seen | None:
        """What the observer sees now; None where it lists no processes."""
        processes = self.reference.processes()
        if not self.reference.lists_processes or processes is None:
            return None
        return Seen(processes, self.before, own, self._grown(tenant) if wanted.observer_memory else None)

    def _grown(self, tenant: Process) -> int | None:
        """By how many bytes the device's use grows when the tenant writes to MARGIN bytes."""
        observer = self.reference.target.observer
        before = observer.memory_used() if observer is not None else None
        args: dict[str, int | str] = {"bytes": MARGIN, "seed": 1}
        tenant.run(Workload("probe", args))
        after = observer.memory_used() if observer is not None else None
        tenant.release()
        return None if before is None or after is None else after - before

    def _rate(self, tenant: Process, wanted: Wanted) -> float | None:
        """The rate of `slowed`'s probe over its native rate, once: evidence that never decides."""
        if not wanted.slowed or not self._costly:
            return None
        self._costly = False
        seconds = min(SLOWED_SECONDS, self.suite.quota_window_seconds)
        limited = launches_per_second(tenant.run(many_blocks(self.reference.device, seconds)))
        tenant.release()
        return limited / self.reference.rate(seconds)
