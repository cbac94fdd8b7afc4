"""What all repetitions of one entry share: how to reach the devices, and who else of the session is on them."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gpu_virt_bench.engine.device import Target
from gpu_virt_bench.engine.entry import Entry
from gpu_virt_bench.engine.observer import Observer
from gpu_virt_bench.engine.pace import Pace
from gpu_virt_bench.engine.reference import Reference
from gpu_virt_bench.engine.throttle import Throttle
from gpu_virt_bench.model.run import Device, Suite
from gpu_virt_bench.systems.proof.prover import Prover
from gpu_virt_bench.tenant import Tenant


@dataclass
class Census:
    """All of the session's processes that may be on a device, whatever their entry."""

    tenants: list[Tenant] = field(default_factory=list)
    daemons: dict[str, list[int]] = field(default_factory=dict)
    """By entry: what its system's set-up started."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, tenant: Tenant) -> None:
        """A tenant was started; those that have ended are forgotten."""
        with self._lock:
            self.tenants = [*(one for one in self.tenants if one.is_alive()), tenant]

    def alive(self) -> list[int]:
        """Process ids of the tenants that run, as the harness started them."""
        return [one.process_id for one in self.tenants if one.is_alive()]

    def serving(self) -> list[int]:
        """Process ids of all daemons."""
        return [pid for pids in self.daemons.values() for pid in pids]


@dataclass(frozen=True)
class Seen:
    """A device from outside the layers, and which of the processes there are ours."""

    observer: Observer | None
    census: Census
    lists_processes: bool

    def processes(self) -> list[int] | None:
        """Process ids on the device."""
        return self.observer.processes() if self.observer is not None else None

    def memory_used(self) -> int | None:
        """Bytes in use."""
        return self.observer.memory_used() if self.observer is not None else None

    def ours(self) -> list[int]:
        """The session's living tenants."""
        return self.census.alive()

    def daemons(self) -> list[int]:
        """The processes that its set-ups started."""
        return self.census.serving()


@dataclass(frozen=True)
class Place:
    """One entry's place in the session."""

    entry: Entry
    reference: Reference
    target: Target
    folder: Path
    suite: Suite
    census: Census
    prover: Prover
    throttle: Mapping[int, Throttle]
    pace: Pace
    seed: int
    options: Mapping[str, str] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def devices(self) -> list[Device]:
        """The session's devices."""
        return self.reference.devices

    @property
    def device(self) -> Device:
        """The first device."""
        return self.devices[0]

    def number(self) -> int:
        """The next tenant's number in the run."""
        return next(self.numbers)

    def outside(self, gpu: int) -> Seen:
        """A device from outside."""
        return Seen(self.target.devices[gpu].observer, self.census, self.reference.lists_processes)
