"""For authors of metrics: a Bench whose tenants answer what the test says."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from gpu_virt_bench.model.metric import Value
from gpu_virt_bench.model.system import FULL, Quota
from gpu_virt_bench.model.workload import Series, Workload

Reading = TypeVar("Reading")
Reply = Callable[[Workload], Series]


@dataclass
class FakeTenant:
    """A tenant that answers each workload by a function, and remembers what it was asked."""

    reply: Reply
    start_seconds: float = 0.1
    asked: list[Workload] = field(default_factory=list)
    cpu: list[float] = field(default_factory=lambda: [0.0])

    def run(self, workload: Workload) -> Series:
        """The reply to a workload."""
        self.asked.append(workload)
        return self.reply(workload)

    def release(self) -> None:
        """Nothing is held."""

    @contextmanager
    def busy(self, workload: Workload) -> Iterator[None]:
        """Remembers that it was kept busy."""
        self.asked.append(workload)
        yield

    def cpu_seconds(self) -> float:
        """One reading after the other, the last one for ever."""
        return self.cpu.pop(0) if len(self.cpu) > 1 else self.cpu[0]


@dataclass(frozen=True)
class FakeDevice:
    """A device with round numbers."""

    sm_count: int = 100
    memory_bytes: int = 80 << 30
    l2_bytes: int = 50 << 20


@dataclass(frozen=True)
class FakeWindow:
    """A window of one second."""

    duration: float = 1.0
    settle: float = 0.0


class FakeBench:
    """The Bench of a test: parameters, replies of the tenants, and what the metric stored."""

    def __init__(
        self,
        reply: Reply | Sequence[Mapping[str, Sequence[int]]],
        params: Mapping[str, Value] | None = None,
        device: FakeDevice | None = None,
    ) -> None:
        """`reply` is a function of the workload, or the columns (nanoseconds) of one answer after the other; the
        last is repeated."""
        self.params = params or {}
        self.device = device or FakeDevice()
        self.random = random.Random(0)
        self.millisecond = 1000
        self.polling_seconds = 1.0
        self.daemon_cpu: list[float] = []
        self.tenant = FakeTenant(reply if callable(reply) else in_turn(reply))
        self.tables: dict[str, list[Mapping[str, Value]]] = {}
        self._shared: dict[object, object] = {}

    def tenants(self, n: int, quota: Quota = FULL) -> Sequence[FakeTenant]:
        """The same tenant n times."""
        return [self.tenant] * n

    def mixed(self, quotas: Sequence[Quota], in_turn: bool = False) -> Sequence[FakeTenant]:
        """A tenant of its own for each quota; `tenant` is the first."""
        return [self.tenant, *(FakeTenant(self.tenant.reply) for _ in quotas[1:])]

    @contextmanager
    def fresh(self, quota: Quota = FULL) -> Iterator[FakeTenant]:
        """The same tenant again."""
        yield self.tenant

    def once(self, key: object, make: Callable[[], Reading]) -> Reading:
        """The value made for the key."""
        if key not in self._shared:
            self._shared[key] = make()
        return self._shared[key]  # type: ignore[return-value]

    def window(self, quota: Quota = FULL) -> FakeWindow:
        """One second."""
        return FakeWindow()

    def daemon_cpu_seconds(self) -> float | None:
        """One reading after the other; None where the test gives none."""
        return self.daemon_cpu.pop(0) if self.daemon_cpu else None

    def detail(self, name: str, row: Mapping[str, Value]) -> None:
        """Keeps the row."""
        self.tables.setdefault(name, []).append(row)


def in_turn(answers: Sequence[Mapping[str, Sequence[int]]]) -> Reply:
    """Replies with one answer after the other, the last one for ever."""
    left = list(answers)

    def reply(workload: Workload) -> Series:
        columns = left.pop(0) if len(left) > 1 else left[0]
        return series(columns)

    return reply


def series(
    columns: Mapping[str, Sequence[int]], seconds: float = 1.0, notes: Mapping[str, int] | None = None
) -> Series:
    """A Series with these columns of nanoseconds, in a window of so many seconds."""
    return Series({name: tuple(values) for name, values in columns.items()}, 0, round(seconds * 1e9), notes or {})
