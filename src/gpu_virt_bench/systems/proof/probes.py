"""What a tenant is asked to try for a proof: allocations, and work that a limit of the compute share slows."""

from __future__ import annotations

from gpu_virt_bench.model.run import Device
from gpu_virt_bench.model.workload import Series, Workload
from gpu_virt_bench.systems.proof.evidence import MARGIN, Attempt
from gpu_virt_bench.tenant import Tenant

FP32_LANES = {"7.0": 64, "7.2": 64, "7.5": 64, "8.0": 64}
"""FP32 lanes of an SM by compute capability; 128 in all others since 8.6."""
MANY_BLOCKS, BLOCK, SM_THREADS = 100_000, 256, 2048


def iterations_per_millisecond(device: Device) -> int:
    """`fma` iterations of about 1 ms with 2048 threads on every SM, by the device's nominal lanes and clock.

    By arithmetic and not by timing, so that the work is the same in every session on a device of this model, whatever a
    tenant sees of it: runs of different days can be compared. 4 chains of one FMA per iteration and thread.
    """
    lanes = FP32_LANES.get(device.compute_capability, 128)
    return max(1, round(device.sm_clock_hz * 1e-3 * lanes / (4 * SM_THREADS)))


def many_blocks(device: Device, seconds: float) -> Workload:
    """The probe of `slowed`: launches of 100,000 blocks, about 1 ms each on the whole device, 16 in flight."""
    threads = device.sm_count * SM_THREADS
    args: dict[str, int | str | float] = {
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


def rate(tenant: Tenant, device: Device, seconds: float) -> float:
    """Launches per second of the probe of `slowed` in a tenant."""
    found = launches_per_second(tenant.run(many_blocks(device, seconds)))
    tenant.release()
    return found


def attempt(tenant: Tenant, size: int, way: str = "query", call: str = "cuMemAlloc_v2", keep: bool = False) -> Attempt:
    """One allocation that is tried and freed again, or kept until the tenant releases."""
    args: dict[str, int | str | float] = {"api": call, "resolution": way, "bytes": size, "keep": int(keep)}
    return Attempt(size, int(tenant.run(Workload("try_alloc", args)).columns["code"][0]), way)


def write_margin(tenant: Tenant) -> None:
    """The tenant writes to MARGIN bytes and keeps them, until it releases."""
    tenant.run(Workload("probe", {"bytes": MARGIN, "seed": 1}))
