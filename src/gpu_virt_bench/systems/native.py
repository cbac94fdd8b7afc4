"""Native tenants: what the device is without a layer, for what is read before the first sample and for controls."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from gpu_virt_bench.systems.active import Active
from gpu_virt_bench.systems.available import Here
from gpu_virt_bench.systems.load import load
from gpu_virt_bench.systems.quota import NOTHING
from gpu_virt_bench.systems.seat import seat
from gpu_virt_bench.tenant import Tenant

# what the loader puts into every process is in a native tenant too; the session's systems say whether they announce it
ANYWHERE = Here(system_preload=Path("/dev/null"))


class Native:
    """Starts native tenants through the definition of `native`, before the devices' records exist too."""

    def __init__(self, envs: Sequence[Mapping[str, str]], folder: Path) -> None:
        """`envs[i]` leads a process to the session's device i."""
        self.problems: list[str] = []
        """What did not end as it should, in sentences."""
        self._active = Active(load("native"), (), folder, envs=envs, here=ANYWHERE)
        self._active.setup()
        self._started = 0

    @contextmanager
    def tenant(self, gpu: int = 0, name: str = "native tenant") -> Iterator[Tenant]:
        """A native tenant on one of the devices, ended with the block."""
        self._started += 1
        place = seat(self._active, 0, self._active.folder / f"native-{self._started}", NOTHING, 1, gpu)
        tenant = place.start(name)
        try:
            yield tenant
        finally:
            self.problems += place.end(tenant)

    def close(self) -> None:
        """Undoes its set-up."""
        self.problems += self._active.teardown()
