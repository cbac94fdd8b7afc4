"""A tenant of a party, as a metric has it: its share, and the process that stands there now."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager

from gpu_virt_bench.model.metric import Share
from gpu_virt_bench.systems.seat import Seat
from gpu_virt_bench.tenant import Tenant


class Member:
    """One tenant. After a wanted death another process stands in its place, and the handle stays the metric's."""

    def __init__(
        self,
        share: Share,
        index: int,
        values: Mapping[str, int | float | None],
        child: Callable[[Member], AbstractContextManager[Member]],
        memory_asked: int | None = None,
    ) -> None:
        """`values` is its quota by variable, as the system grants it."""
        self.share = share
        self.memory_asked = memory_asked
        self.index = index
        self.values = values
        self.cpus: tuple[int, ...] = ()
        """Its processors, the one where its calls are timed first; none where it is not pinned."""
        self.seat: Seat
        self.tenant: Tenant
        self.serial = 0
        self.process = 0
        """Which process of its tenant: 0 is the first."""
        self.is_proved = False
        """Whether it was asked for its proof before its samples."""
        self.death = ""
        """How it died, where that was wanted."""
        self._child = child

    def stand(self, seat: Seat, tenant: Tenant, serial: int, process: int = 0) -> None:
        """A process takes the place."""
        self.seat, self.tenant, self.serial, self.process = seat, tenant, serial, process
        self.is_proved, self.death = False, ""

    @property
    def pid(self) -> int:
        """Its process id, as it sees it itself."""
        return self.tenant.pid

    @property
    def start_seconds(self) -> float:
        """Seconds from exec by the harness to its first words."""
        return self.tenant.start_seconds

    @property
    def sm_count(self) -> int:
        """Multiprocessors that it sees."""
        return int(self.tenant.facts()["device"]["sm_count"])

    @property
    def memory_granted(self) -> int | None:
        """Its memory limit in bytes; None without one."""
        found = self.values.get("memory_bytes")
        return None if found is None else int(found)

    @property
    def compute_granted(self) -> float | None:
        """Its share of the device's compute; None without a limit."""
        return self.values.get("compute_share")

    def release(self) -> None:
        """Frees what its workloads hold."""
        self.tenant.release()

    def cpu_seconds(self) -> float:
        """CPU time of the driver's and the layer's threads."""
        return self.tenant.cpu_seconds()

    def child(self) -> AbstractContextManager[Member]:
        """A second process of the same tenant."""
        return self._child(self)

    def kill(self) -> None:
        """Ends it by SIGKILL."""
        self.tenant.kill()
