"""The bench: what a metric sees of one repetition, and the tenants behind it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from gpu_virt_bench.engine.device import Target
from gpu_virt_bench.engine.host import node_cpus, share_cpus
from gpu_virt_bench.engine.plan import Suite
from gpu_virt_bench.model.metric import Value
from gpu_virt_bench.model.run import Check, Device, ProofRecord
from gpu_virt_bench.model.system import FULL, Quota, System
from gpu_virt_bench.model.workload import TenantDied, TenantHung, Workload, WorkloadError
from gpu_virt_bench.systems import load as systems
from gpu_virt_bench.systems import proof
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


@dataclass
class Stage:
    """One repetition of one system: its tenants, what outcomes share, and what the tenants proved."""

    system: System
    target: Target
    folder: Path
    repetition: int
    suite: Suite
    seed: int
    options: Mapping[str, str] = field(default_factory=dict)
    device: Device | None = None
    millisecond: int = 0
    observer_sees: bool = True  # whether NVML lists processes here
    _before: Sequence[int] = ()
    _started: int = 0
    _tenants: dict[tuple[int, Quota], list[Process]] = field(default_factory=dict)
    _shared: dict[object, Any] = field(default_factory=dict)
    proofs: list[ProofRecord] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Reads who is on the device before any tenant is."""
        self._before = self._processes() or ()

    def known_device(self) -> Device:
        """The device, once the session has read it."""
        assert self.device is not None
        return self.device

    # -- tenants

    def tenants(self, n: int, quota: Quota) -> Sequence[Process]:
        """n tenants that are ready, warm and proved; the same processes for an equal request."""
        key = (n, quota)
        if key not in self._tenants:
            self.close()
            self._tenants[key] = []
            for i in range(n):
                self._tenants[key].append(self.start(i, n))
            for i, tenant in enumerate(self._tenants[key]):
                self.prove(tenant, i, "before", n)
            for tenant in self._tenants[key]:
                self.warm(tenant)
        return self._tenants[key]

    @contextmanager
    def fresh(self) -> Iterator[Process]:
        """A tenant that has not touched CUDA; proved after its samples, since a proof makes a context."""
        self.end_tenants()
        tenant = self.start(0, 1)
        try:
            yield tenant
            self.prove(tenant, 0, "after", 1)
        finally:
            tenant.close()

    def start(self, index: int, of: int) -> Process:
        """Starts a tenant inside the system."""
        self._started += 1
        name = f"tenant-{self._started}"
        folder = self.folder / f"{self.system.id[:12]}-{self.repetition}-{self._started}"
        folder.mkdir(parents=True)
        values = {
            **dict.fromkeys(systems.VARIABLES, ""),
            **self.options,
            "session_dir": str(self.folder),
            "tenant_dir": str(folder),
            "tenant": str(index),
            "tenants": str(of),
            "gpu_uuid": self.target.uuid or "",
            "gpu_index": str(self.target.index),
        }
        env = {"CUDA_CACHE_DISABLE": "1", **self.target.env}
        env |= {key: systems.fill(text, values, self.system.id) for key, text in self.system.tenant.env.items()}
        command = [systems.fill(text, values, self.system.id) for text in self.system.tenant.command]
        return Process(name, command, env, folder / "stderr", systems.clean(), self.cpus(index, of))

    def cpus(self, index: int, of: int) -> tuple[int, ...]:
        """Processors of one tenant (R12); none where there are too few to part."""
        node = self.device.numa_node if self.device is not None else None
        shares = share_cpus(sorted(node_cpus(node)), of)
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
        seconds = self.suite.warm_seconds
        if seconds > 0:
            args: dict[str, int | str] = {"duration": round(seconds * 1e9), "sm_count": self.known_device().sm_count}
            tenant.run(Workload("warm", args, timeout=60 + 10 * seconds))

    # -- proof

    def prove(self, tenant: Process, index: int, when: str, tenants: int) -> None:
        """Asks a tenant for its proof; before the samples a failure refuses the run, after them it loses them."""
        facts = tenant.facts(proof.symbols(self.system), list(self.system.proof.env))
        checks = proof.check_tenant(self.system, facts, self.known_device(), facts["served_by"]["cuInit"])
        if index == 0:
            checks += self.observe(tenants if when == "before" or tenants == 1 else len(self.living()))
        record = ProofRecord(self.repetition, index, "before" if when == "before" else "after", checks)
        self.proofs.append(record)
        if record.passed:
            return
        sentence = proof.refusal(self.system, checks)
        raise Refused(sentence) if when == "before" else ProofLost(f"proof lost: {sentence}")

    def observe(self, own: int) -> list[Check]:
        """What the observer must see."""
        return proof.check_observer(self.system, self._processes(), self._before, own) if self.observer_sees else []

    def _processes(self) -> list[int] | None:
        return self.target.observer.processes() if self.target.observer is not None else None

    def living(self) -> list[Process]:
        """Tenants that run."""
        return [t for group in self._tenants.values() for t in group if t.is_alive()]

    def probe(self) -> None:
        """Asks every tenant's context for verified work (R17)."""
        for tenant in self.living():
            try:
                tenant.run(Workload("probe", {"bytes": PROBE_BYTES, "seed": self.seed % (1 << 32)}, PROBE_TIMEOUT))
                tenant.release()
            except (WorkloadError, TenantDied, TenantHung) as error:
                raise TenantHung(f"context lost: {error}") from None

    def finish(self) -> None:
        """Proves every living tenant again, and ends them all."""
        try:
            for group in self._tenants.values():
                for index, tenant in enumerate(group):
                    if tenant.is_alive():
                        self.prove(tenant, index, "after", len(group))
        finally:
            self.close()

    def close(self) -> None:
        """Ends all tenants, and forgets what was shared, since readings hold tenants."""
        self._shared = {}
        self.end_tenants()

    def end_tenants(self) -> None:
        """Ends all tenants."""
        tenants, self._tenants = self._tenants, {}
        for group in tenants.values():
            for tenant in group:
                tenant.close()

    # -- what outcomes share

    def once(self, key: object, make: Callable[[], Reading]) -> Reading:
        """The value made for a key, made at most once while the tenants live."""
        if key not in self._shared:
            self._shared[key] = make()
        value: Reading = self._shared[key]
        return value


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
        return self._stage.known_device()

    @property
    def millisecond(self) -> int:
        """`fma` iterations of about 1 ms on the whole device."""
        return self._stage.millisecond

    def tenants(self, n: int, quota: Quota = FULL) -> Sequence[Process]:
        """n tenants, ready and warm."""
        return self._stage.tenants(n, quota)

    @contextmanager
    def fresh(self, quota: Quota = FULL) -> Iterator[Process]:
        """A tenant that has not touched CUDA."""
        del quota  # no system of this version limits anything
        with self._stage.fresh() as tenant:
            yield tenant

    def once(self, key: object, make: Callable[[], Reading]) -> Reading:
        """A value shared by the outcomes of this repetition."""
        return self._stage.once(key, make)

    def window(self, quota: Quota = FULL) -> Window:
        """The suite's window."""
        suite = self._stage.suite
        if quota.compute_share is None:
            return Window(suite.window_seconds, suite.settle_seconds)
        return Window(suite.quota_window_seconds, suite.quota_settle_seconds)

    def detail(self, name: str, row: Mapping[str, Value]) -> None:
        """A row for the reader."""
        self.tables.setdefault(name, []).append(dict(row))
