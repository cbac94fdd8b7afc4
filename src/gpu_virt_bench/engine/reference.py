"""What a native tenant finds before the first sample, and what it shows beside a layer: the controls."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import median

from gpu_virt_bench import libgvb
from gpu_virt_bench.engine import device as devices
from gpu_virt_bench.engine.quiet import Pace
from gpu_virt_bench.model.run import Device
from gpu_virt_bench.model.system import System
from gpu_virt_bench.model.workload import Series, Workload
from gpu_virt_bench.systems.environment import clean
from gpu_virt_bench.systems.evidence import Attempt, Driver
from gpu_virt_bench.systems.proof import symbols
from gpu_virt_bench.tenant import Process

FP32_LANES = {"7.0": 64, "7.2": 64, "7.5": 64, "8.0": 64}
"""FP32 lanes of an SM by compute capability; 128 in all others since 8.6."""
MANY_BLOCKS, BLOCK, SM_THREADS = 100_000, 256, 2048


def iterations_per_millisecond(device: Device) -> int:
    """`fma` iterations of about 1 ms with 2048 threads on every SM, by the device's nominal lanes and clock.

    By arithmetic and not by timing, so that the work is the same in every session on a device of this model (R20): runs
    of different days can be compared. 4 chains of one FMA per iteration and thread.
    """
    lanes = FP32_LANES.get(device.compute_capability, 128)
    return max(1, round(device.sm_clock_hz * 1e-3 * lanes / (4 * SM_THREADS)))


def many_blocks(device: Device, seconds: float) -> Workload:
    """The probe of `slowed`: launches of 100,000 blocks, about 1 ms each on the whole device, 16 in flight."""
    threads = device.sm_count * SM_THREADS
    args: dict[str, int | str] = {
        "iterations": max(1, round(iterations_per_millisecond(device) * threads / (MANY_BLOCKS * BLOCK))),
        "blocks": MANY_BLOCKS,
        "depth": 16,
        "settle": round(seconds * 0.2e9),
        "duration": round(seconds * 1e9),
        "wait": "spin",
    }
    return Workload("launch_rate", args, timeout=60 + 20 * seconds)


def launches_per_second(series: Series) -> float:
    """Completed launches per second of the window."""
    rows = len(series.columns["done"]) + series.notes["rows_left_out"]
    return rows * series.notes["launches_per_row"] / series.duration


class Reference:
    """The device as it is without any layer, and the controls that a proof needs."""

    def __init__(self, target: devices.Target, folder: Path, systems: Sequence[System]) -> None:
        """Reads the device with a native tenant, and how fast its clock is."""
        self.target = target
        self.pace = Pace()
        self._folder = folder
        self._controls: dict[int, Attempt] = {}
        self._rates: dict[float, float] = {}
        before = self.processes()
        tenant = self.tenant()
        try:
            names = {name for system in systems for name in symbols(system)}
            facts = tenant.facts(sorted({"cuInit", *names}))
            self.lists_processes = self._sees(before)
            self.device = devices.describe(target, facts)
            path = facts["served_by"]["cuInit"]
            self.driver = Driver(path, self.device.driver_version, self.device.emulated)
            self.libraries = [path, str(libgvb.PATH)]
            self.millisecond = iterations_per_millisecond(self.device)
            self.floor = median(tenant.run(Workload("clock_floor", {"count": 10000})).seconds("floor"))
            self.calibration = self._calibrate(tenant)
        finally:
            tenant.close()

    def tenant(self) -> Process:
        """A tenant without any layer."""
        env = {"CUDA_CACHE_DISABLE": "1", **self.target.env, "CUDA_MPS_PIPE_DIRECTORY": str(self._folder / "none")}
        return Process("native tenant", (), env, self._folder / "native.stderr", clean())

    def control(self, size: int) -> Attempt:
        """One allocation in a native tenant, once per session and size: what a limit refuses must be given there."""
        if size not in self._controls:
            tenant = self.tenant()
            try:
                self._controls[size] = attempt(tenant, size)
            finally:
                tenant.close()
        return self._controls[size]

    def rate(self, seconds: float) -> float:
        """Launches per second of `many_blocks` in a native tenant, once per session and length."""
        if seconds not in self._rates:
            tenant = self.tenant()
            try:
                self._rates[seconds] = launches_per_second(tenant.run(many_blocks(self.device, seconds)))
            finally:
                tenant.close()
        return self._rates[seconds]

    def processes(self) -> list[int] | None:
        """Processes on the device, as the observer sees them."""
        return self.target.observer.processes() if self.target.observer is not None else None

    def _sees(self, before: list[int] | None) -> bool:
        """Whether NVML lists a process that surely has a context: in some containers it lists none."""
        after = self.processes()
        return before is not None and after is not None and len(after) > len(before)

    def _calibrate(self, tenant: Process) -> dict[str, str | int | float]:
        """The clock's floor, and how long the work of "1 ms" really takes here."""
        args: dict[str, int | str] = {
            "iterations": self.millisecond,
            "sm_count": self.device.sm_count,
            "count": 500,
        }
        times = tenant.run(Workload("fma", args)).seconds("device_time")
        return {
            "clock_floor_seconds": self.floor,
            "fma_iterations_per_millisecond": self.millisecond,
            "fma_millisecond_seconds": median(times[len(times) // 2 :]),  # clocks rise in the first half
            "observer_lists_processes": str(self.lists_processes).lower(),
        }


def attempt(tenant: Process, size: int) -> Attempt:
    """One allocation that is tried and freed again."""
    args: dict[str, int | str] = {"api": "cuMemAlloc_v2", "bytes": size}
    return Attempt(size, tenant.run(Workload("try_alloc", args)).columns["code"][0])
