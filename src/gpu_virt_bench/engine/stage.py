"""One repetition of one system: its tenants, started, proved, warmed and ended."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar

from gpu_virt_bench.engine.entry import Entry
from gpu_virt_bench.engine.host import node_cpus, share_cpus
from gpu_virt_bench.engine.plan import Suite
from gpu_virt_bench.engine.proving import Member, Prover
from gpu_virt_bench.engine.reference import Reference
from gpu_virt_bench.model.run import Check, ProofRecord
from gpu_virt_bench.model.system import FULL, Quota
from gpu_virt_bench.model.workload import TenantDied, TenantHung, Workload, WorkloadError
from gpu_virt_bench.systems import proof
from gpu_virt_bench.systems.active import Active
from gpu_virt_bench.systems.available import Unavailable
from gpu_virt_bench.systems.environment import clean
from gpu_virt_bench.systems.steps import StepFailed
from gpu_virt_bench.systems.variables import DefinitionError
from gpu_virt_bench.tenant import Process

Reading = TypeVar("Reading")
When = Literal["before", "after"]
PROBE_BYTES = 4 << 20
PROBE_TIMEOUT = 30.0


class Refused(Exception):
    """The run must not exist: the layer is not in force, or the device is not ours alone."""


class ProofLost(Exception):
    """The proof held before the first sample and not after the last."""


class FeatureLost(Exception):
    """A feature that the system lists is not in force for a tenant that asked for it."""


@dataclass(frozen=True)
class Place:
    """What all repetitions of one entry share: how to reach the device, and what was read before the first."""

    entry: Entry
    reference: Reference
    folder: Path
    suite: Suite
    seed: int
    options: Mapping[str, str] = field(default_factory=dict)


class Stage:
    """One repetition of one system: the system set up, its tenants, what outcomes share, what the tenants proved."""

    def __init__(self, place: Place, repetition: int) -> None:
        self.place = place
        self.system = place.entry.system
        self.device = place.reference.device
        self.repetition = repetition
        self.proofs: list[ProofRecord] = []
        self.warnings: list[str] = []
        self.prover = Prover(place.reference, place.suite, first=repetition == 0)
        env, driver = place.reference.target.env, place.reference.driver
        self.active = Active(self.system, self.device, place.folder, place.options, env, driver, tenants=1)
        self._members: dict[tuple[tuple[Quota, ...], bool], list[Member]] = {}
        self._shared: dict[object, Any] = {}
        self._started = 0

    def __enter__(self) -> Stage:
        try:
            self.active.setup()
        except (Unavailable, StepFailed) as error:
            raise Refused(str(error)) from None
        self.prover.before = self.place.reference.processes() or ()
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
        for problem in self.active.teardown():
            self.warn(problem)

    # -- tenants

    def quota(self, asked: Quota, of: int = 1, compute: bool = True) -> Quota:
        """What a metric asks for, and the session's quota for what it leaves open: of several, each gets at most
        its part of the device. With `compute` false, no share means none."""
        session = self.place.entry.quota
        memory, share = asked.memory_bytes, asked.compute_share
        if memory is None and session.memory_bytes is not None:
            memory = min(session.memory_bytes, self.device.memory_bytes // of)
        if share is None and compute and session.compute_share is not None:
            share = min(session.compute_share, math.floor(100 / of) / 100)
        return Quota(memory, share, asked.priority)

    def equal(self, n: int, asked: Quota) -> list[Process]:
        """n tenants with the same quota."""
        return self.group((self.quota(asked, n),) * n)

    def mixed(self, quotas: Sequence[Quota], in_turn: bool) -> list[Process]:
        """Tenants with these quotas; one that names no compute share has none."""
        return self.group(tuple(self.quota(quota, len(quotas), compute=False) for quota in quotas), in_turn)

    def group(self, quotas: tuple[Quota, ...], in_turn: bool = False) -> list[Process]:
        """Tenants with these quotas, ready, proved and warm; the same processes for an equal request."""
        key = (quotas, in_turn)
        if key not in self._members:
            self.close()
            members = self._members[key] = []
            for index, quota in enumerate(quotas):
                member = self.start(index, quota, len(quotas), self.cpus(0 if in_turn else index, len(quotas)))
                members.append(member)
                if self.system.tenant.start == "one-by-one":
                    member.process.facts()
            for member in members:
                member.process.facts()
            time.sleep(self.system.tenant.settle)
            for member in members:
                self.prove(member, "before", len(quotas))
            self.warm(members[0].process)  # one is enough: it is the device that must be warm
        return [member.process for member in self._members[key]]

    @contextmanager
    def fresh(self, quota: Quota) -> Iterator[Process]:
        """A tenant that has not touched CUDA; proved after its samples, since a proof makes a context."""
        self.end_tenants()
        member = self.start(0, self.quota(quota), 1, self.cpus(0, 1))
        try:
            yield member.process
            self.prove(member, "after", 1)
        finally:
            self.end(member)

    def start(self, index: int, quota: Quota, of: int, cpus: tuple[int, ...]) -> Member:
        """Starts a tenant inside the system, on these processors."""
        self._started += 1
        folder = self.place.folder / f"r{self.repetition}-{self._started}"
        while folder.exists():
            self._started += 1
            folder = self.place.folder / f"r{self.repetition}-{self._started}"
        folder.mkdir()
        try:
            seat = self.active.tenant(index, folder, quota, of)
            seat.before()
        except (DefinitionError, StepFailed) as error:
            raise Refused(str(error)) from None
        env = {"CUDA_CACHE_DISABLE": "1", **seat.env}
        name = f"tenant-{self._started}"
        process = Process(name, seat.command, env, folder / "stderr", clean(), cpus, seat.before_kill)
        seat.started(process.pid, process.process_id)
        return Member(process, seat)

    def cpus(self, index: int, of: int) -> tuple[int, ...]:
        """Processors of one tenant (R12); none where there are too few to part."""
        shares = share_cpus(sorted(node_cpus(self.device.numa_node)), of)
        if shares is None:
            self.warn(f"too few processors to give {of} tenant(s) and the harness two each: tenants are not pinned")
            return ()
        return shares[index]

    def timed_cpus(self) -> tuple[int, ...]:
        """Processors of the tenant whose calls are timed; none where tenants are not pinned, or live elsewhere."""
        shares = share_cpus(sorted(node_cpus(self.device.numa_node)), 1)
        return shares[0] if shares is not None and not self.system.tenant.command else ()

    def warn(self, text: str) -> None:
        """Keeps a sentence for the reader of the run, once."""
        if text not in self.warnings:
            self.warnings.append(text)

    def warm(self, tenant: Process) -> None:
        """Works for the suite's warm-up time, so that clocks and link are up (R18)."""
        seconds = self.place.suite.warm_seconds
        if seconds > 0:
            args: dict[str, int | str] = {"duration": round(seconds * 1e9), "sm_count": self.device.sm_count}
            tenant.run(Workload("warm", args, timeout=60 + 10 * seconds))

    # -- proof

    def prove(self, member: Member, when: When, tenants: int) -> None:
        """Asks a tenant for its proof; before the samples a failure refuses the run, after them it loses them."""
        asked = self.prover.ask(member, tenants)
        self.judge(asked.checks, asked.granted, member.seat.index, when)

    def prove_pair(self) -> None:
        """Asks two tenants at once for what their definition says of sharing."""
        if not proof.needs_pair(self.system):
            return
        try:
            self.equal(2, FULL)
            ((first, second),) = self._members.values()
            checks = self.prover.ask_pair(first, second)
        except (TenantDied, TenantHung, WorkloadError) as error:
            raise Refused(f"{self.system.id}: two tenants at once did not show how they share: {error}") from None
        self.judge(checks, {}, first.seat.index, "before")

    def judge(self, checks: list[Check], granted: dict[str, str], tenant: int, when: When) -> None:
        """Keeps a proof; one that fails refuses the run, loses the samples or withdraws a feature."""
        self.proofs.append(ProofRecord(self.repetition, tenant, when, checks, granted))
        if not proof.activated(checks):
            sentence = proof.refusal(self.system, checks)
            raise Refused(sentence) if when == "before" else ProofLost(f"proof lost: {sentence}")
        for feature, sentence in proof.withdrawn(checks).items():
            self.withdraw(feature, sentence, when)

    def withdraw(self, feature: str, sentence: str, when: When) -> None:
        """A feature that is not in force: the run is refused if the user asked for it, else the metric fails."""
        quota = self.place.entry.quota
        session = {"memory-limit": quota.memory_bytes, "compute-limit": quota.compute_share}
        if when == "before" and session.get(feature) is not None:
            raise Refused(f"{self.system.id}: {sentence}")
        raise FeatureLost(sentence)

    def living(self) -> list[Member]:
        """Tenants that run."""
        return [member for group in self._members.values() for member in group if member.process.is_alive()]

    def probe(self) -> None:
        """Asks every tenant's context for verified work (R17)."""
        for member in self.living():
            try:
                args: dict[str, int | str] = {"bytes": PROBE_BYTES, "seed": self.place.seed % (1 << 32)}
                member.process.run(Workload("probe", args, PROBE_TIMEOUT))
                member.process.release()
            except (WorkloadError, TenantDied, TenantHung) as error:
                raise TenantHung(f"context lost: {error}") from None

    def finish(self) -> None:
        """Proves every living tenant again, and ends them all."""
        try:
            for group in self._members.values():
                for member in group:
                    if member.process.is_alive():
                        self.prove(member, "after", len(self.living()))
        finally:
            self.close()

    def close(self) -> None:
        """Ends all tenants, and forgets what was shared, since readings hold tenants."""
        self._shared = {}
        self.end_tenants()

    def end_tenants(self) -> None:
        """Ends all tenants."""
        groups, self._members = self._members, {}
        for group in groups.values():
            for member in group:
                self.end(member)

    def end(self, member: Member) -> None:
        """Ends a tenant, and runs the steps after it."""
        member.process.close(self.system.cleanup.grace)
        for problem in member.seat.after():
            self.warn(problem)

    def recover(self) -> None:
        """After a failure: ends all tenants, and sets the system up again where its definition asks for that."""
        self.close()
        if "restart" in (self.system.recovery.after_fault, self.system.recovery.after_kill):
            try:
                for problem in self.active.restart():
                    self.warn(problem)
            except (Unavailable, StepFailed) as error:
                raise Refused(str(error)) from None

    # -- what outcomes share

    def once(self, key: object, make: Callable[[], Reading]) -> Reading:
        """The value made for a key, made at most once while the tenants live."""
        if key not in self._shared:
            self._shared[key] = make()
        value: Reading = self._shared[key]
        return value
