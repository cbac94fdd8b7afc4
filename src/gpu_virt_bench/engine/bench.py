"""The bench: what a metric sees of one repetition, and the tenants behind it."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar

from gpu_virt_bench.engine.device import Target
from gpu_virt_bench.engine.host import node_cpus, share_cpus
from gpu_virt_bench.engine.plan import Suite
from gpu_virt_bench.model.metric import Value
from gpu_virt_bench.model.run import Device, ProofRecord
from gpu_virt_bench.model.system import FULL, Quota, System
from gpu_virt_bench.model.workload import TenantDied, TenantHung, Workload, WorkloadError
from gpu_virt_bench.systems import proof
from gpu_virt_bench.systems.active import Active
from gpu_virt_bench.systems.available import Unavailable
from gpu_virt_bench.systems.environment import clean
from gpu_virt_bench.systems.evidence import Attempt, Driver, Seen
from gpu_virt_bench.systems.seat import Seat
from gpu_virt_bench.systems.steps import StepFailed
from gpu_virt_bench.systems.variables import DefinitionError
from gpu_virt_bench.tenant import Process

Reading = TypeVar("Reading")
PROBE_BYTES = 4 << 20
PROBE_TIMEOUT = 30.0


class Refused(Exception):
    """The run must not exist: the layer is not in force, or the device is not ours alone."""


class ProofLost(Exception):
    """The proof held before the first sample and not after the last."""


@dataclass(frozen=True)
class Window:
    """Seconds of throughput after seconds of settling."""

    duration: float
    settle: float


class FeatureLost(Exception):
    """A feature that the system lists is not in force for a tenant that asked for it."""


@dataclass(frozen=True)
class Place:
    """What all repetitions of one system share: how to reach the device, and what was read before the first."""

    system: System
    target: Target
    folder: Path
    suite: Suite
    seed: int
    device: Device
    driver: Driver
    millisecond: int
    observer_sees: bool  # whether NVML lists processes here
    options: Mapping[str, str] = field(default_factory=dict)
    quota: Quota = FULL  # of every tenant, as far as the system can limit
    control: Callable[[int], Attempt] | None = None  # one allocation in a native tenant, the positive control


@dataclass
class Member:
    """A running tenant and its place in the system."""

    process: Process
    seat: Seat


class Stage:
    """One repetition of one system: the system set up, its tenants, what outcomes share, what the tenants proved."""

    def __init__(self, place: Place, repetition: int) -> None:
        self.place = place
        self.system = place.system
        self.repetition = repetition
        self.proofs: list[ProofRecord] = []
        self.warnings: list[str] = []
        self.active = Active(
            place.system, place.device, place.folder, place.options, place.target.env, place.driver, tenants=1
        )
        self._members: dict[tuple[Quota, ...], list[Member]] = {}
        self._shared: dict[object, Any] = {}
        self._started = 0
        self._before: Sequence[int] = ()

    def __enter__(self) -> Stage:
        try:
            self.active.setup()
        except (Unavailable, StepFailed) as error:
            raise Refused(str(error)) from None
        self._before = self._processes() or ()
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
        for problem in self.active.teardown():
            self.warn(problem)

    # -- tenants

    def quota(self, asked: Quota, of: int = 1, compute: bool = True) -> Quota:
        """What a metric asks for, and the session's quota for what it leaves open: of several, each gets at most
        its part of the device. With `compute` false, no share means none."""
        session = self.place.quota
        memory, share = asked.memory_bytes, asked.compute_share
        if memory is None and session.memory_bytes is not None:
            memory = min(session.memory_bytes, self.place.device.memory_bytes // of)
        if share is None and compute and session.compute_share is not None:
            share = min(session.compute_share, math.floor(100 / of) / 100)
        return Quota(memory, share, asked.priority)

    def equal(self, n: int, asked: Quota) -> list[Process]:
        """n tenants with the same quota."""
        return self.group((self.quota(asked, n),) * n)

    def mixed(self, quotas: Sequence[Quota]) -> list[Process]:
        """Tenants with these quotas; one that names no compute share has none."""
        return self.group(tuple(self.quota(quota, len(quotas), compute=False) for quota in quotas))

    def group(self, quotas: tuple[Quota, ...]) -> list[Process]:
        """Tenants with these quotas, ready, proved and warm; the same processes for an equal request."""
        if quotas not in self._members:
            self.close()
            members = self._members[quotas] = []
            for index, quota in enumerate(quotas):
                member = self.start(index, quota, len(quotas))
                members.append(member)
                if self.system.tenant.start == "one-by-one":
                    member.process.facts()
            for member in members:
                member.process.facts()
            time.sleep(self.system.tenant.settle)
            for member in members:
                self.prove(member, "before", len(quotas))
            self.warm(members[0].process)  # one is enough: it is the device that must be warm
        return [member.process for member in self._members[quotas]]

    @contextmanager
    def fresh(self, quota: Quota) -> Iterator[Process]:
        """A tenant that has not touched CUDA; proved after its samples, since a proof makes a context."""
        self.end_tenants()
        member = self.start(0, self.quota(quota), 1)
        try:
            yield member.process
            self.prove(member, "after", 1)
        finally:
            self.end(member)

    def start(self, index: int, quota: Quota, of: int) -> Member:
        """Starts a tenant inside the system."""
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
        process = Process(name, seat.command, env, folder / "stderr", clean(), self.cpus(index, of), seat.before_kill)
        seat.started(process.pid, process.process_id)
        return Member(process, seat)

    def cpus(self, index: int, of: int) -> tuple[int, ...]:
        """Processors of one tenant (R12); none where there are too few to part."""
        shares = share_cpus(sorted(node_cpus(self.place.device.numa_node)), of)
        if shares is None:
            self.warn(f"too few processors to give {of} tenant(s) and the harness two each: tenants are not pinned")
            return ()
        return shares[index]

    def warn(self, text: str) -> None:
        """Keeps a sentence for the reader of the run, once."""
        if text not in self.warnings:
            self.warnings.append(text)

    def warm(self, tenant: Process) -> None:
        """Works for the suite's warm-up time, so that clocks and link are up (R18)."""
        seconds = self.place.suite.warm_seconds
        if seconds > 0:
            args: dict[str, int | str] = {"duration": round(seconds * 1e9), "sm_count": self.place.device.sm_count}
            tenant.run(Workload("warm", args, timeout=60 + 10 * seconds))

    # -- proof

    def prove(self, member: Member, when: Literal["before", "after"], tenants: int) -> None:
        """Asks a tenant for its proof; before the samples a failure refuses the run, after them it loses them."""
        wanted = member.seat.wanted()
        facts = member.process.facts(wanted.symbols, wanted.env)
        attempts = [attempt(member.process, size) for size in wanted.attempts]
        control = [self.place.control(size) for size in wanted.attempts] if self.place.control else []
        checks = member.seat.prove(facts, attempts, control, member.process.stderr(), self.seen(tenants))
        granted = member.seat.granted(facts)
        self.proofs.append(ProofRecord(self.repetition, member.seat.index, when, checks, granted))
        if not proof.activated(checks):
            sentence = proof.refusal(self.system, checks)
            raise Refused(sentence) if when == "before" else ProofLost(f"proof lost: {sentence}")
        for feature, sentence in proof.withdrawn(checks).items():
            self.withdraw(feature, sentence, when)

    def withdraw(self, feature: str, sentence: str, when: str) -> None:
        """A feature that is not in force: the run is refused if the user asked for it, else the metric fails."""
        session = {"memory-limit": self.place.quota.memory_bytes, "compute-limit": self.place.quota.compute_share}
        if when == "before" and session.get(feature) is not None:
            raise Refused(f"{self.system.id}: {sentence}")
        raise FeatureLost(sentence)

    def seen(self, own: int) -> Seen | None:
        """What the observer sees now; None where it lists no processes."""
        processes = self._processes()
        return Seen(processes, self._before, own) if self.place.observer_sees and processes is not None else None

    def _processes(self) -> list[int] | None:
        return self.place.target.observer.processes() if self.place.target.observer is not None else None

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


def attempt(tenant: Process, size: int) -> Attempt:
    """One allocation that is tried and freed again."""
    args: dict[str, int | str] = {"api": "cuMemAlloc_v2", "bytes": size}
    return Attempt(size, tenant.run(Workload("try_alloc", args)).columns["code"][0])


class OutcomeBench:
    """One outcome's view of the stage; this is the Bench that a metric gets."""

    def __init__(self, stage: Stage, params: Mapping[str, Value], seed: str) -> None:
        self._stage = stage
        self.params = params
        self.random = random.Random(seed)
        self.tables: dict[str, list[dict[str, Value]]] = {}

    @property
    def device(self) -> Device:
        """The whole device."""
        return self._stage.place.device

    @property
    def millisecond(self) -> int:
        """`fma` iterations of about 1 ms on the whole device."""
        return self._stage.place.millisecond

    def tenants(self, n: int, quota: Quota = FULL) -> Sequence[Process]:
        """n tenants, ready and warm."""
        return self._stage.equal(n, quota)

    def mixed(self, quotas: Sequence[Quota]) -> Sequence[Process]:
        """Tenants with different quotas, ready and warm."""
        return self._stage.mixed(quotas)

    @contextmanager
    def fresh(self, quota: Quota = FULL) -> Iterator[Process]:
        """A tenant that has not touched CUDA."""
        with self._stage.fresh(quota) as tenant:
            yield tenant

    def once(self, key: object, make: Callable[[], Reading]) -> Reading:
        """A value shared by the outcomes of this repetition."""
        return self._stage.once(key, make)

    def window(self, quota: Quota = FULL) -> Window:
        """The suite's window."""
        suite = self._stage.place.suite
        if self._stage.quota(quota).compute_share is None:
            return Window(suite.window_seconds, suite.settle_seconds)
        return Window(suite.quota_window_seconds, suite.quota_settle_seconds)

    @property
    def polling_seconds(self) -> float:
        """How long a thread's CPU time is counted."""
        return self._stage.place.suite.polling_seconds

    def detail(self, name: str, row: Mapping[str, Value]) -> None:
        """A row for the reader."""
        self.tables.setdefault(name, []).append(dict(row))
