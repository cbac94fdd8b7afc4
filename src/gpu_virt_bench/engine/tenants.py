"""The tenants of one entry in one repetition: started through its system, proved, and proved again before they end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from gpu_virt_bench.engine import proving
from gpu_virt_bench.engine.host import cpus_of
from gpu_virt_bench.engine.member import Member
from gpu_virt_bench.engine.place import Place
from gpu_virt_bench.engine.proving import FeatureLost, ProofLost, Refused, When
from gpu_virt_bench.engine.quotas import asked, granted, short_of_memory
from gpu_virt_bench.model.metric import Party
from gpu_virt_bench.model.run import ProofRecord
from gpu_virt_bench.model.workload import TenantDied, TenantHung, Workload, WorkloadError
from gpu_virt_bench.systems.active import Active
from gpu_virt_bench.systems.quota import MIB
from gpu_virt_bench.systems.seat import seat
from gpu_virt_bench.systems.steps import StepFailed
from gpu_virt_bench.systems.variables import DefinitionError

PROBE_BYTES = 4 << 20
PROBE_TIMEOUT = 30.0
UNWELL = (TenantDied, TenantHung, WorkloadError)
LOST = (*UNWELL, Refused, ProofLost, FeatureLost)


class ContextLost(Exception):
    """A tenant's context does no verified work any more: what it gave last does not count."""


class Tenants:
    """One way to start a tenant, and one to end it."""

    def __init__(self, place: Place, active: Active, repetition: int) -> None:
        self.place, self.active, self.repetition = place, active, repetition
        self.living: list[Member] = []
        self.proofs: list[ProofRecord] = []
        self.warnings: list[str] = []
        self.unheard: list[str] = []
        """What was lost while an interruption was on its way: nobody has failed an outcome for it yet."""

    def start(self, shares: Party, in_turn: bool) -> list[Member]:
        """Tenants with these shares, each with a context and on its processors; they are not proved yet.

        Tenants that work in turn are compared with each other, so they change places with every repetition: what a
        layer does to its first or its every second process is no effect of a share.
        """
        members = seats(self, shares, is_reversed=in_turn and self.repetition % 2 == 1)
        for member in sorted(members, key=lambda one: one.index):
            self.launch(member, len(shares), in_turn)
            if self.place.entry.system.tenant.start == "one-by-one":
                member.tenant.facts()
        for member in members:
            member.tenant.facts()
        return members

    def launch(self, member: Member, of: int, in_turn: bool = False) -> None:
        """A process inside the system takes the member's place, one of so many."""
        number = self.place.number()
        folder = self.place.folder / f"r{self.repetition}-{number}"
        try:
            found = seat(self.active, member.index, folder, dict(member.values), of, member.share.gpu)
            tenant = found.start(f"tenant-{number}")
        except (DefinitionError, StepFailed) as error:
            step = f"{self.place.entry.system.id}: start of a tenant: " if isinstance(error, StepFailed) else ""
            raise Refused(f"{step}{error}") from None
        except OSError as error:
            system = self.place.entry.system.id
            raise Refused(f"{system}: a tenant cannot be started: {error.filename}: {error.strerror}") from None
        tenant.origin = f"{self.place.seed} {self.place.entry.key} {number}"
        member.stand(found, tenant, number)
        self._join(member, processors(self, 0 if in_turn else member.index, of))

    def _join(self, member: Member, cpus: tuple[int, ...]) -> None:
        """A process is there: it counts as ours, and works where its calls are timed."""
        self.living.append(member)
        self.place.census.add(member.tenant)
        if cpus and member.tenant.pin(cpus[0], cpus[1:]):
            member.cpus = cpus

    @contextmanager
    def child(self, member: Member) -> Iterator[Member]:
        """A second process of a member, on its processors, proved like the first."""
        number = self.place.number()
        made = Member(member.share, member.index, member.values, self.child, member.memory_asked)
        process = 1 + max(one.process for one in self.living if one.serial == member.serial)
        made.stand(member.seat, member.seat.child(f"tenant-{number}"), member.serial, process)
        self._join(made, member.cpus)
        try:
            made.tenant.facts()
            self.prove(made, "before")
            yield made
        finally:
            raise_lost(self.end([made]))

    # -- proof

    def prove(self, member: Member, when: When) -> None:
        """Asks a tenant for its proof, keeps it, and judges it."""
        found = proving.asked(self.place, member, self.repetition, when)
        self.proofs.append(found)
        member.is_proved = True
        proving.judge(self.place, found.checks, when)

    # -- ending

    def end(self, members: Sequence[Member]) -> list[str]:
        """Proves every tenant once more and ends it; what was lost, in sentences."""
        lost: list[str] = []
        try:
            self.last(members, lost)
        except KeyboardInterrupt:
            self.unheard += lost
            raise
        finally:
            self.close(members)
        return lost

    def last(self, members: Sequence[Member], lost: list[str]) -> None:
        """The proof after the last sample, of all before any of them goes. What was lost is added, in sentences: an
        interruption loses none of them."""
        patiently([partial(self._last, member) for member in members], lost)

    def close(self, members: Sequence[Member]) -> None:
        """Ends tenants, the last one first, whatever becomes of the others."""
        for member in reversed(members):
            self.living = [one for one in self.living if one is not member]
            for problem in member.seat.end(member.tenant, self.place.entry.system.cleanup.grace):
                self.warn(problem)

    def _last(self, member: Member) -> list[str]:
        """The proof after the last sample."""
        if not member.tenant.is_alive() or member.death:
            found = proving.dead(member, self.repetition)
            self.proofs.append(found)
            return [] if found.passed else [f"{member.tenant.name} {found.checks[0].found} before it was asked again"]
        try:
            self.prove(member, "after")
        except (TenantDied, TenantHung, WorkloadError) as error:
            self.proofs.append(proving.unanswered(member, self.repetition, str(error)))
            return [f"proof lost: {error}"]
        except (ProofLost, FeatureLost) as error:
            return [str(error)]
        return []

    def warn(self, text: str) -> None:
        """Keeps a sentence for the reader of the run, once."""
        if text not in self.warnings:
            self.warnings.append(text)


def processors(tenants: Tenants, index: int, of: int) -> tuple[int, ...]:
    """Processors of one tenant, the timed one first; none where there are too few to part."""
    found = cpus_of(tenants.place.device.numa_node, index, of)
    if not found:
        tenants.warn("too few processors to give every tenant and the harness two each: not all tenants are pinned")
    return found


def seats(tenants: Tenants, shares: Party, is_reversed: bool = False) -> list[Member]:
    """The members of a party, before any process stands in their places; the first may take the last place."""
    values = granted(tenants.place.entry, shares, tenants.place.devices)
    for found in values:
        check_room(tenants.place.entry.system.id, found["memory_bytes"])
    places = [*range(len(shares))][:: -1 if is_reversed else 1]
    wanted = asked(tenants.place.entry, shares, tenants.place.devices)
    return [
        Member(share, place, given, tenants.child, quota.memory_bytes)
        for share, place, given, quota in zip(shares, places, values, wanted, strict=True)
    ]


def check_room(system: str, memory: float | None) -> None:
    """Refuses a memory quota below what the work takes that every outcome ends with, which shows its context well."""
    if memory is not None and memory < PROBE_BYTES:
        raise Refused(
            f"{system}: a tenant's memory quota is {memory / MIB:.10g} MiB, and the work that checks its context after"
            f" each outcome takes {PROBE_BYTES / MIB:.10g} MiB: give --memory-limit more"
        )


def probe(members: Sequence[Member], seed: int) -> None:
    """Asks every tenant's context for verified work."""
    args = {"bytes": PROBE_BYTES, "seed": seed % (1 << 32)}
    for member in members:
        try:
            member.tenant.run(Workload("probe", args, PROBE_TIMEOUT))
            member.tenant.release()
        except UNWELL as error:
            raise ContextLost(f"context lost: {error}{short_of_memory(error, [member])}") from None


def patiently(asks: Sequence[Callable[[], list[str]]], found: list[str]) -> None:
    """Asks all, and only then hears the first Ctrl-C: the proofs are worth the wait. A second one ends them."""
    interrupted: KeyboardInterrupt | None = None
    for ask in asks:
        try:
            found += ask()
        except KeyboardInterrupt as error:
            if interrupted is not None:
                raise
            interrupted = error
            found += ask()
    if interrupted is not None:
        raise interrupted


def raise_lost(lost: Sequence[str]) -> None:
    """What was lost is an error of whoever asked."""
    if lost:
        raise ProofLost("; ".join(dict.fromkeys(lost)))
