"""The bench: what a metric sees of one outcome in one repetition."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TypeVar, cast

from gpu_virt_bench.engine.deaths import sacrifice
from gpu_virt_bench.engine.member import Member
from gpu_virt_bench.engine.noted import Noted
from gpu_virt_bench.engine.plan import Item
from gpu_virt_bench.engine.readings import Book, Kept, Shelf, View
from gpu_virt_bench.engine.stage import Stage
from gpu_virt_bench.engine.terms import Settings
from gpu_virt_bench.engine.work import Beside, at_once
from gpu_virt_bench.model.metric import OPEN, Death, Outside, Params, Share, Tenant, Value, Window
from gpu_virt_bench.model.run import Device
from gpu_virt_bench.model.workload import Series, Workload
from gpu_virt_bench.systems.processes import cpu_seconds

Made = TypeVar("Made")


class Known:
    """What a bench knows without asking a tenant."""

    def __init__(self, stage: Stage, item: Item, settings: Settings) -> None:
        self.params: Params = item.params
        self.random = random.Random(settings.seed)
        self.noted = Noted(stage.repetition)
        self._stage, self._settings = stage, settings

    @property
    def device(self) -> Device:
        """The whole device."""
        return self._stage.device

    @property
    def millisecond(self) -> int:
        """`fma` iterations of about 1 ms on the whole device."""
        return self._stage.place.reference.millisecond

    @property
    def observer(self) -> Outside | None:
        """The device from outside the layer."""
        return self._stage.place.target.devices[0].observer

    @property
    def window(self) -> Window:
        """The window of all entries."""
        window = self._settings.window
        self.noted.condition("window_seconds", window.duration)
        self.noted.condition("settle_seconds", window.settle)
        return window

    @property
    def polling_seconds(self) -> float:
        """How long CPU time is counted."""
        self.noted.condition("polling_seconds", self._settings.polling_seconds)
        return self._settings.polling_seconds

    def daemon_cpu_seconds(self) -> float | None:
        """CPU time used by the processes that the system's set-up started; None if it starts none."""
        pids = self._stage.active.daemons()
        return sum(map(cpu_seconds, pids)) if pids else None


class OutcomeBench(Known):
    """One outcome's view of its party; this is the Bench that a metric gets."""

    def __init__(self, stage: Stage, item: Item, party: Sequence[Member], book: Book, settings: Settings) -> None:
        super().__init__(stage, item, settings)
        self.party = party
        self._book = book

    def run(self, tenant: Tenant, workload: Workload) -> Series:
        """One tenant's work."""
        return self.read({tenant: workload})[tenant]

    def read(self, work: Mapping[Tenant, Workload]) -> Mapping[Tenant, Series]:
        """Work of several tenants from one instant on."""
        found, reading = at_once(members(work), self._stage.place.throttle)
        self.noted.use(reading, found.values())
        return cast(Mapping[Tenant, Series], found)

    @contextmanager
    def beside(self, work: Mapping[Tenant, Workload]) -> Iterator[Mapping[Tenant, Series]]:
        """Neighbors at work while the block lasts; what was read meanwhile falls with them."""
        since = len(self.noted.used)
        self.noted.neighbors += 1
        try:
            with Beside(members(work)) as neighbors:
                yield cast(Mapping[Tenant, Series], neighbors.series)
        finally:
            self.noted.neighbors -= 1
        for reading in self.noted.used[since:]:
            reading.reject(neighbors.reading.rejected)
        self.noted.use(neighbors.reading, neighbors.series.values())

    @contextmanager
    def fresh(self, share: Share = OPEN) -> Iterator[Tenant]:
        """A tenant that has not touched CUDA."""
        with self._stage.fresh(share) as member:
            yield member

    @contextmanager
    def native(self) -> Iterator[Tenant]:
        """A tenant without any layer, for controls."""
        with self._stage.native() as member:
            yield member

    @contextmanager
    def sacrifice(self, victim: Share | Tenant, dies: Death) -> Iterator[Tenant]:
        """A tenant whose death is wanted."""
        who = victim if isinstance(victim, Share) else member_of(victim)
        with sacrifice(self._stage, who, dies) as member:
            yield member

    def readings(self, key: object, take: Callable[[int], Made]) -> Sequence[Made]:
        """Readings shared by the outcomes of this party."""
        self.noted.shelf = self._book.shelf(key)

        def keep(shelf: Shelf, index: int) -> Kept:
            return self.noted.keep(shelf, index, take)

        return View(self.noted.shelf, keep, self.noted.adopt)

    def once(self, key: object, make: Callable[[], Made]) -> Made:
        """A value shared by the outcomes of this party."""
        return self._book.once(key, make)

    def detail(self, name: str, row: Mapping[str, Value]) -> None:
        """A row for the reader."""
        self.noted.detail(name, row)

    def condition(self, name: str, value: Value) -> None:
        """States something that must be equal for two outcomes to be compared."""
        self.noted.condition(name, value)


def members(work: Mapping[Tenant, Workload]) -> dict[Member, Workload]:
    """Work by our own handles."""
    return {member_of(tenant): workload for tenant, workload in work.items()}


def member_of(tenant: Tenant) -> Member:
    """The handle behind what a metric holds."""
    if not isinstance(tenant, Member):
        raise TypeError(f"{tenant!r} is no tenant of this bench")
    return tenant
