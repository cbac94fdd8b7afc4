"""The bench: what a metric sees of one repetition."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from gpu_virt_bench.engine.stage import Stage
from gpu_virt_bench.model.metric import Value
from gpu_virt_bench.model.run import Device
from gpu_virt_bench.model.system import FULL, Quota
from gpu_virt_bench.systems.processes import cpu_seconds
from gpu_virt_bench.tenant import Process

Reading = TypeVar("Reading")


@dataclass(frozen=True)
class Window:
    """Seconds of throughput after seconds of settling."""

    duration: float
    settle: float


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
        return self._stage.device

    @property
    def millisecond(self) -> int:
        """`fma` iterations of about 1 ms on the whole device."""
        return self._stage.place.reference.millisecond

    def tenants(self, n: int, quota: Quota = FULL) -> Sequence[Process]:
        """n tenants, ready and warm."""
        return self._stage.equal(n, quota)

    def mixed(self, quotas: Sequence[Quota], in_turn: bool = False) -> Sequence[Process]:
        """Tenants with different quotas, ready and warm."""
        return self._stage.mixed(quotas, in_turn)

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

    def daemon_cpu_seconds(self) -> float | None:
        """CPU time used by the processes that the system's set-up started; None if it starts none."""
        pids = self._stage.active.daemons()
        return sum(map(cpu_seconds, pids)) if pids else None

    def detail(self, name: str, row: Mapping[str, Value]) -> None:
        """A row for the reader."""
        self.tables.setdefault(name, []).append(dict(row))
