"""Aggressors and victims by name: work that loads one part of the device, and what it achieves.

Work of a launch is about 1 ms of the whole device's nominal rates, the same for every system and quota.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from gpu_virt_bench.metrics.common import GIB, MIB
from gpu_virt_bench.metrics.copying import per_second
from gpu_virt_bench.metrics.copying import rate as copied_per_second
from gpu_virt_bench.model.metric import Bench, DeviceFacts, Skip, Tenant
from gpu_virt_bench.model.workload import NS_PER_SECOND, Series, Value, Workload

PERIOD = 10_000_000
"""An aggressor of intensity i submits in the first i x 10 ms of every 10 ms."""
LEAST_BUSY = 1000
"""Nanoseconds of each 10 ms in which an aggressor works, at least."""
ENDLESS = 600 * 10**9
"""Nanoseconds after which an aggressor would end that nobody stops."""
DEPTH, SHALLOW = 16, 2
"""Launches in flight; fewer where a queue would reach far into the time of rest."""
BLOCK, BLOCKS_PER_SM = 256, 8
CLOCKS_PER_ITERATION = 64
"""Of `fma`: eight blocks of 256 threads with four chains each on 128 lanes."""
LEAST_BEYOND_L2 = 4
"""Arrays of so many times L2 are served by device memory, near enough; 20 times as long as there is room."""
IDLE, COMPUTE, DRAM, L2, L2_BANDWIDTH = "idle", "compute", "dram", "l2", "l2-bandwidth"
KERNELS: Mapping[str, str] = {
    COMPUTE: "fma",
    DRAM: "copy",
    "read": "read",
    "write": "write",
    "copy": "copy",
    L2: "copy",
    L2_BANDWIDTH: "l2_read",
    "atomics": "atomics",
}
"""Aggressors that are a kernel of `rate`. `read`, `write` and `copy` are `dram` by one kind of access."""
COPIES = ("h2d", "d2h")
AGGRESSORS = (IDLE, COMPUTE, DRAM, L2, L2_BANDWIDTH, "atomics", *COPIES, "launch", "alloc")
INTENSITIES = (1.0, 0.5, 0.25)
VICTIM_KERNELS: Mapping[str, str] = {"fma": "fma", DRAM: "triad", L2: "l2_read"}
VICTIMS = (*VICTIM_KERNELS, "launch", "h2d")
VICTIM_LAUNCHES = 500
VICTIM_PIECE, AGGRESSOR_PIECE, COPY_DEPTH = 64 * MIB, 16 * MIB, 4


@dataclass(frozen=True)
class When:
    """When a load works: ns of each 10 ms, ns between launches, ns of settling and of the window."""

    busy: int = PERIOD
    every: int = 0
    settle: int = 0
    duration: int = ENDLESS

    @property
    def timeout(self) -> float:
        """Seconds that a tenant may take for it."""
        return 60 + 20 * (self.settle + self.duration) / NS_PER_SECOND if self.duration < ENDLESS else 900


def in_window(bench: Bench) -> When:
    """The suite's window after its settling."""
    window = bench.window
    return When(settle=round(window.settle * NS_PER_SECOND), duration=round(window.duration * NS_PER_SECOND))


def nominal_bandwidth(device: DeviceFacts) -> float:
    """Bytes per second that the device memory's clock and bus could move: two words of the bus a clock."""
    return 2 * device.memory_clock_hz * device.memory_bus_bits / 8


def beyond_l2(bench: Bench) -> int:
    """Bytes of one tenant's arrays that L2 cannot serve: 1 GiB or 20 x L2, at most half of its part of the device,
    where a native tenant has one too."""
    device, tenants = bench.device, bench.party
    rooms = [device.memory_bytes // (len(tenants) + 1), *(one.memory_granted or device.memory_bytes for one in tenants)]
    size = min(max(GIB, 20 * device.l2_bytes), min(rooms) // 2) // MIB * MIB
    if size < LEAST_BEYOND_L2 * device.l2_bytes:
        need = LEAST_BEYOND_L2 * device.l2_bytes
        raise Skip(f"needs arrays of {need} bytes, {LEAST_BEYOND_L2} x L2, found room for {size} in a tenant")
    bench.condition("array_bytes", size)
    return size


def amount(bench: Bench, kernel: str) -> int:
    """What one launch does in about 1 ms: iterations, additions of a thread, or bytes."""
    if kernel == "fma":
        return bench.millisecond
    if kernel == "atomics":
        return max(1, CLOCKS_PER_ITERATION * bench.millisecond // (BLOCKS_PER_SM * bench.device.sm_count * BLOCK))
    return round(nominal_bandwidth(bench.device) / 1000)


def load(bench: Bench, kernel: str, size: int, when: When) -> Workload:
    """One kernel of `rate` on so many bytes of memory."""
    args: dict[str, Value] = {
        "kernel": kernel,
        "bytes": size,
        "amount": amount(bench, kernel),
        "blocks": BLOCKS_PER_SM * bench.device.sm_count,
        "depth": DEPTH if when.busy == PERIOD else SHALLOW,
        "busy": when.busy,
        "every": when.every,
        "settle": when.settle,
        "duration": when.duration,
    }
    return Workload("rate", args, timeout=when.timeout)


def memory_of(bench: Bench, name: str) -> int:
    """Bytes of memory that an aggressor's kernel goes through."""
    if name == COMPUTE:
        return 0
    if name == "atomics":
        return 128
    if name == L2:
        return bench.device.l2_bytes
    return bench.device.l2_bytes // 4 if name == L2_BANDWIDTH else beyond_l2(bench)


def copies(kind: str, size: int, when: When) -> Workload:
    """Copies of pinned memory back to back, 4 in flight."""
    times: dict[str, Value] = {"busy": when.busy, "settle": when.settle, "duration": when.duration}
    return Workload("copy_rate", {"kind": kind, "bytes": size, "depth": COPY_DEPTH, **times}, timeout=when.timeout)


def part(value: Value) -> float | None:
    """An intensity: any above 0 up to 1, of which a microsecond of each 10 ms is left; None for what is none."""
    try:
        found = float(value)
    except ValueError:
        return None
    return found if LEAST_BUSY / PERIOD <= found <= 1 else None


def endless(intensity: float) -> When:
    """Work without an end of its own."""
    return When(busy=round(intensity * PERIOD))


def aggressor(bench: Bench, name: str, intensity: float = 1.0) -> Workload:
    """An aggressor's work, without an end of its own."""
    return aggression(bench, name, endless(intensity))


def aggression(bench: Bench, name: str, when: When) -> Workload:
    """An aggressor's work, while a window lasts."""
    if name in KERNELS:
        return load(bench, KERNELS[name], memory_of(bench, name), when)
    if name in COPIES:
        return copies(name, AGGRESSOR_PIECE, when)
    times = {"busy": when.busy, "duration": when.settle + when.duration}
    if name == "launch":
        return Workload("launch_storm", {"depth": 1024, **times}, timeout=when.timeout)
    if name == "alloc":
        return Workload("alloc_storm", {"bytes": 2 * MIB, **times}, timeout=when.timeout)
    if name == IDLE:
        return Workload("idle", {"duration": times["duration"]}, timeout=when.timeout)
    raise ValueError(f"no aggressor is called {name!r}; known: {', '.join(AGGRESSORS)}")


def release(bench: Bench) -> None:
    """Tenants of other entries stand on the same device: between samples nothing is held."""
    for tenant in bench.party:
        tenant.release()


def settle_in(bench: Bench, tenant: Tenant, name: str) -> None:
    """What an aggressor is before it works: an idle one holds filled memory, 1 GiB where there is room for it."""
    if name == IDLE:
        bench.run(tenant, Workload("own", {"bytes": beyond_l2(bench), "seed": 1}))


def victim(bench: Bench, name: str) -> Workload:
    """A victim's work in the suite's window; `launch` is 500 launches, each waited for."""
    if name == "launch":
        return Workload("launch_sync", {"api": "cuLaunchKernel", "resolution": "query", "count": VICTIM_LAUNCHES}, 120)
    when = in_window(bench)
    if name == "h2d":
        return copies("h2d", VICTIM_PIECE, when)
    if name not in VICTIM_KERNELS:
        raise ValueError(f"no victim is called {name!r}; known: {', '.join(VICTIMS)}")
    return load(bench, VICTIM_KERNELS[name], victim_memory(bench, name), when)


def victim_memory(bench: Bench, name: str) -> int:
    """Bytes of memory that a victim's kernel goes through."""
    if name == L2:
        return bench.device.l2_bytes * 2 // 5
    return beyond_l2(bench) if name == DRAM else 0


# ---- what was achieved ----


def done_per_second(series: Series, begin: int, end: int) -> float:
    """Work per second of a series of `rate` in a window: FLOP, bytes or additions."""
    done = [series.begin + int(at) for at in series.columns["done"]]
    each = series.notes["launches_per_row"] * series.notes["work_per_launch"]
    return each * per_second(done, begin, end)


def achieved(workload: Workload, series: Series, windows: Sequence[Series]) -> float:
    """Work per second: FLOP, bytes, additions, launches or pairs of calls, 0 of idle ones.

    Meant is the mean over those windows (the victim's), of work that says when it was done; launches and pairs are
    those of its own window.
    """
    if workload.routine == "rate":
        return fmean(done_per_second(series, one.begin, one.end) for one in windows)
    if workload.routine == "copy_rate":
        size = int(workload.args["bytes"])
        return fmean(copied_per_second(series, size, one.begin, one.end) for one in windows)
    column = {"launch_storm": "launches", "alloc_storm": "pairs"}.get(workload.routine)
    return series.columns[column][0] / series.duration if column else 0.0


def together(found: Mapping[Tenant, Series]) -> dict[Tenant, float]:
    """Every tenant's work per second in the window that all have in common."""
    begin, end = common(found)
    return {tenant: done_per_second(one, begin, end) for tenant, one in found.items()}


def common(found: Mapping[Tenant, Series]) -> tuple[int, int]:
    """The window that all have in common."""
    return max(one.begin for one in found.values()), min(one.end for one in found.values())
