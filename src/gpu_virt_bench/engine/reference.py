"""What native tenants find before the first sample, and whether the devices still work after a fault."""

from __future__ import annotations

import time
from pathlib import Path
from statistics import median

from gpu_virt_bench import libgvb
from gpu_virt_bench.engine import device as devices
from gpu_virt_bench.model.run import Device
from gpu_virt_bench.model.workload import TenantDied, TenantHung, Workload, WorkloadError
from gpu_virt_bench.systems.native import Native
from gpu_virt_bench.systems.proof.evidence import Driver
from gpu_virt_bench.systems.proof.probes import iterations_per_millisecond
from gpu_virt_bench.tenant import Tenant

CONTEXT_BYTES = 512 << 20
"""What an idle tenant takes of a device where NVML does not say."""
HEALTH = Workload("probe", {"bytes": 4 << 20, "seed": 1}, timeout=30.0)


class Unhealthy(Exception):
    """A device that does not do verified work natively."""


class Reference:
    """The devices as they are without any layer."""

    def __init__(self, target: devices.Target, folder: Path) -> None:
        """Reads every device with a native tenant, and of the first how fast its clock is."""
        self.target = target
        self.native = Native(target.envs, folder)
        try:
            self.devices = [self._read(gpu) for gpu in range(len(target.devices))]
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Undoes what native tenants needed."""
        self.native.close()

    def _read(self, gpu: int) -> Device:
        """One device's record; the first one's tenant also calibrates."""
        observer = self.target.devices[gpu].observer
        began, before = time.monotonic(), observer.processes() if observer is not None else None
        used = observer.memory_used() if observer is not None else None
        with self.native.tenant(gpu) as tenant:
            facts = tenant.facts(["cuInit"])
            found = devices.describe(self.target, self.target.devices[gpu], facts)
            if gpu == 0:
                self.start_seconds = time.monotonic() - began
                after = observer.processes() if observer is not None else None
                self.lists_processes = before is not None and after is not None and len(after) > len(before)
                self.context_bytes = grown(used, observer.memory_used() if observer is not None else None)
                self._calibrate(tenant, found, facts["served_by"]["cuInit"])
        return found

    def _calibrate(self, tenant: Tenant, device: Device, path: str) -> None:
        """The driver, the clock's floor, and how long the work of "1 ms" really takes here."""
        self.driver = Driver(path, device.driver_version, device.emulated)
        self.libraries = [path, str(libgvb.PATH)]
        self.millisecond = iterations_per_millisecond(device)
        self.floor = median(tenant.run(Workload("clock_floor", {"count": 10000})).seconds("floor"))
        args = {"iterations": self.millisecond, "sm_count": device.sm_count, "count": 500}
        times = tenant.run(Workload("fma", args)).seconds("device_time")
        self.calibration: dict[str, str | int | float] = {
            "clock_floor_seconds": self.floor,
            "fma_iterations_per_millisecond": self.millisecond,
            "fma_millisecond_seconds": median(times[len(times) // 2 :]),  # clocks rise in the first half
            "observer_lists_processes": str(self.lists_processes).lower(),
            "context_bytes": self.context_bytes,
        }

    def run(self, work: Workload) -> None:
        """Work of a native tenant that ends with it."""
        with self.native.tenant() as tenant:
            tenant.run(work)

    def check_health(self) -> None:
        """Refuses to go on with a device that is no longer well."""
        for gpu in range(len(self.devices)):
            try:
                with self.native.tenant(gpu) as tenant:
                    tenant.run(HEALTH)
            except (TenantDied, TenantHung, WorkloadError) as error:
                raise Unhealthy(f"GPU {self.devices[gpu].index} does not work natively any more: {error}") from None


def grown(before: int | None, after: int | None) -> int:
    """By how many bytes a device's use has grown, or what a context usually takes."""
    return CONTEXT_BYTES if before is None or after is None or after <= before else after - before
