"""Systems in use without a GPU: a device's record, small definitions, and folders short enough for a socket."""

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gpu_virt_bench.model.run import Device
from gpu_virt_bench.model.system import FULL, Quota, System
from gpu_virt_bench.systems.active import Active
from gpu_virt_bench.systems.available import Here
from gpu_virt_bench.systems.load import parse
from gpu_virt_bench.systems.quota import grants
from gpu_virt_bench.systems.seat import Seat, seat

GIB = 1 << 30
DEVICE = Device(
    "GPU", "GPU-1", False, 0, "0000:01:00.0", None, "9.0", 132, 2048, 80 * GIB, 50 << 20, 1, 1, 1, "580.65", 13000
)
BASE: dict[str, Any] = {"title": "T", "description": "D", "mechanism": "daemon"}
LIMITS: dict[str, Any] = {
    "features": ["concurrent-tenants", "memory-limit", "compute-limit"],
    "quota": {"memory": {"step": 1048576}, "compute": {"step": 0.01}},
}


def short_folder() -> Iterator[Path]:
    """A directory on a path short enough for a socket in it."""
    path = Path(tempfile.mkdtemp(prefix="gvb-t-"))
    yield path
    shutil.rmtree(path)


def definition(**keys: Any) -> System:
    """A small system with these keys."""
    return parse("mine", {**BASE, **keys})


def active(
    folder: Path,
    system: System,
    devices: Sequence[Device] = (DEVICE,),
    envs: Sequence[Mapping[str, str]] = (),
    options: Mapping[str, str] | None = None,
) -> Active:
    """The system, not set up, on these devices."""
    here = Here(path=os.environ["PATH"], system_preload=folder / "none")
    return Active(system, devices, folder, options, envs, here=here)


@contextmanager
def in_use(folder: Path, system: System, **more: Any) -> Iterator[Active]:
    """The system, set up for the block; nothing may be left undone."""
    found = active(folder, system, **more)
    found.setup()
    try:
        yield found
    finally:
        assert found.teardown() == []


def place(system: Active, folder: Path, quota: Quota = FULL, of: int = 1, gpu: int = 0) -> Seat:
    """The seat of one tenant, with what the system grants it."""
    (granted,) = grants(system.system, [quota], system.devices, [gpu])
    return seat(system, 0, folder, granted, of, gpu)
