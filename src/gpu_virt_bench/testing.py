"""For authors of metrics: a Bench whose tenants answer what the test says."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from gpu_virt_bench.engine.readings import Book, Kept, View
from gpu_virt_bench.model.link import Link
from gpu_virt_bench.model.metric import OPEN, Death, Metric, Params, Share, Value
from gpu_virt_bench.model.workload import Series, Workload

Made = TypeVar("Made")
Reply = Callable[[Workload], Series]


@dataclass(eq=False)
class FakeTenant:
    """A tenant that answers each workload by a function, and remembers what it was asked."""

    reply: Reply
    start_seconds: float = 0.1
    pid: int = 1
    sm_count: int = 100
    memory_asked: int | None = None
    memory_granted: int | None = None
    compute_granted: float | None = None
    asked: list[Workload] = field(default_factory=list)
    cpu: list[float] = field(default_factory=lambda: [0.0])
    killed: bool = False

    def answer(self, workload: Workload) -> Series:
        """The reply to a workload."""
        self.asked.append(workload)
        return self.reply(workload)

    def release(self) -> None:
        """Nothing is held."""

    def cpu_seconds(self) -> float:
        """One reading after the other, the last one for ever."""
        return self.cpu.pop(0) if len(self.cpu) > 1 else self.cpu[0]

    @contextmanager
    def child(self) -> Iterator[FakeTenant]:
        """Another tenant with the same replies."""
        yield FakeTenant(self.reply, memory_asked=self.memory_asked, memory_granted=self.memory_granted)

    def kill(self) -> None:
        """Remembers it."""
        self.killed = True


@dataclass(frozen=True)
class FakeDevice:
    """A device with round numbers."""

    name: str = "A GPU"
    compute_capability: str = "9.0"
    sm_count: int = 100
    memory_bytes: int = 80 << 30
    l2_bytes: int = 50 << 20
    memory_clock_hz: int = 2_000_000_000
    memory_bus_bits: int = 8000


@dataclass(frozen=True)
class FakeWindow:
    """A window of one second."""

    duration: float = 1.0
    settle: float = 0.0


@dataclass
class FakeObserver:
    """A device from outside the layer, with round numbers."""

    used: int = 1 << 30
    pids: list[int] = field(default_factory=list)
    links: list[Link] = field(default_factory=lambda: [Link(5, 16, 5, 16)])

    def memory_used(self) -> int | None:
        """Bytes in use."""
        return self.used

    def processes(self) -> list[int] | None:
        """Processes on the device."""
        return self.pids

    def link(self) -> Link | None:
        """One reading after the other, the last one for ever."""
        return self.links.pop(0) if len(self.links) > 1 else self.links[0]


class FakeBench:
    """The Bench of a test: parameters, replies of the tenants, and what the metric stored."""

    def __init__(
        self,
        reply: Reply | Sequence[Mapping[str, Sequence[int | float]]],
        params: Params | None = None,
        device: FakeDevice | None = None,
        metric: Metric | None = None,
    ) -> None:
        """`reply` is a function of the workload, or the columns (nanoseconds) of one answer after the other; the
        last is repeated. The party is that of `metric` with these parameters, else one tenant."""
        self.params = params or {}
        self.device = device or FakeDevice()
        self.random = random.Random(0)
        self.millisecond = 1000
        self.polling_seconds = 1.0
        self.window = FakeWindow()
        self.observer: FakeObserver | None = FakeObserver()
        self.daemon_cpu: list[float] = []
        shares = metric.party(self.params, self.device) if metric else (OPEN,)
        answers = reply if callable(reply) else in_turn(reply)
        self.party: list[FakeTenant] = [tenant_of(share, answers) for share in shares]
        self.natives: Reply = answers
        """What native tenants answer."""
        self.tenant = self.party[0] if self.party else FakeTenant(answers)
        self.tables: dict[str, list[Mapping[str, Value]]] = {}
        self.conditions: dict[str, Value] = {}
        self._book = Book()

    def run(self, tenant: FakeTenant, workload: Workload) -> Series:
        """The tenant's reply."""
        return tenant.answer(workload)

    def read(self, work: Mapping[FakeTenant, Workload]) -> Mapping[FakeTenant, Series]:
        """Every tenant's reply."""
        return {tenant: tenant.answer(workload) for tenant, workload in work.items()}

    @contextmanager
    def beside(self, work: Mapping[FakeTenant, Workload]) -> Iterator[Mapping[FakeTenant, Series]]:
        """The neighbors' replies, after the block."""
        done: dict[FakeTenant, Series] = {}
        yield done
        done.update(self.read(work))

    @contextmanager
    def fresh(self, share: Share = OPEN) -> Iterator[FakeTenant]:
        """The first tenant again."""
        yield self.tenant

    @contextmanager
    def native(self) -> Iterator[FakeTenant]:
        """A tenant without a limit."""
        yield FakeTenant(self.natives)

    @contextmanager
    def sacrifice(self, victim: Share | FakeTenant, dies: Death) -> Iterator[FakeTenant]:
        """The victim, or the first tenant."""
        yield victim if isinstance(victim, FakeTenant) else self.tenant

    def readings(self, key: object, take: Callable[[int], Made]) -> Sequence[Made]:
        """Readings kept by their key."""
        return View(self._book.shelf(key), lambda shelf, index: Kept(take(index), []), lambda kept: None)

    def once(self, key: object, make: Callable[[], Made]) -> Made:
        """The value made for the key."""
        return self._book.once(key, make)

    def daemon_cpu_seconds(self) -> float | None:
        """One reading after the other; None where the test gives none."""
        return self.daemon_cpu.pop(0) if self.daemon_cpu else None

    def detail(self, name: str, row: Mapping[str, Value]) -> None:
        """Keeps the row."""
        self.tables.setdefault(name, []).append(row)

    def condition(self, name: str, value: Value) -> None:
        """Keeps the condition."""
        self.conditions[name] = value


def tenant_of(share: Share, reply: Reply) -> FakeTenant:
    """A tenant that is granted what its share asks."""
    memory = share.memory if share.memory is not None else share.memory_unless_granted
    compute = share.compute if share.compute is not None and share.compute < 1 else None
    return FakeTenant(reply, memory_asked=memory, memory_granted=memory, compute_granted=compute)


def in_turn(answers: Sequence[Mapping[str, Sequence[int | float]]]) -> Reply:
    """Replies with one answer after the other, the last one for ever."""
    left = list(answers)

    def reply(workload: Workload) -> Series:
        columns = left.pop(0) if len(left) > 1 else left[0]
        return series(columns)

    return reply


def series(
    columns: Mapping[str, Sequence[int | float]], seconds: float = 1.0, notes: Mapping[str, int] | None = None
) -> Series:
    """A Series with these columns of nanoseconds, in a window of so many seconds."""
    return Series({name: tuple(values) for name, values in columns.items()}, 0, round(seconds * 1e9), notes or {})
