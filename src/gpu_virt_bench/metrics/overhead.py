"""Overhead: what the layer costs when nobody else is there.

All values are absolute; only a comparison with native makes them overheads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from math import exp, log
from statistics import median

from gpu_virt_bench.model.metric import Bench, Readings, Samples, Skip, metric
from gpu_virt_bench.model.system import FULL, Quota
from gpu_virt_bench.model.workload import Series, Workload
from gpu_virt_bench.stats.estimate import quantile

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30
SIZES = (4 * KIB, 2 * MIB, 64 * MIB, GIB)
LAUNCH_APIS = ("cuLaunchKernel", "cuLaunchKernelEx", "cuGraphLaunch")
MEMORY_APIS = ("cuMemAlloc_v2", "pool", "vmm")
P99_INTERVALS = 1000
"""A 99th percentile is taken over at least this many intervals."""

PATHS: Mapping[str, tuple[str, dict[str, int | str], str]] = {
    "return": ("launch_latency", {"count": 1000, "drain": 32}, "call"),
    "start": ("launch_to_start", {"count": 200}, "start"),
    "round-trip": ("launch_sync", {"count": 500}, "round_trip"),
}


def quota(bench: Bench) -> Quota:
    """The quota that the parameter `compute` asks for."""
    share = bench.params["compute"]
    return FULL if share == "full" else Quota(compute_share=float(share))


def p99(values: list[float]) -> float:
    """The smallest value that at least 99 % of the values do not exceed."""
    return quantile(values, 0.99)


def statistics_of(readings: Readings[list[float]], statistic: object) -> Samples:
    """Median of each reading, or p99 over as many consecutive readings as give 1000 intervals."""
    pool: list[float] = []
    for reading in readings:
        if statistic == "median":
            yield median(reading)
            continue
        pool += reading
        if len(pool) >= P99_INTERVALS:
            yield p99(pool)
            pool = []


def summarise(bench: Bench, table: str, label: Mapping[str, str | int], values: list[float]) -> None:
    """Keeps the shape of a reading's intervals beside the sample."""
    ordered = sorted(values)
    at = {f"q{share}": ordered[min(len(ordered) - 1, len(ordered) * share // 100)] for share in (1, 25, 50, 75, 99)}
    bench.detail(table, {**label, "intervals": len(ordered), "min": ordered[0], **at, "max": ordered[-1]})


@metric(
    "OH-001",
    unit="us",
    better="lower",
    ideal="same",
    params={
        "path": ("return", "start", "round-trip"),
        "api": LAUNCH_APIS,
        "statistic": ("median", "p99"),
        "compute": ("full", 0.25),
    },
    needs_for={("compute", 0.25): ("compute-limit",)},
)
def launch_latency(bench: Bench) -> Samples:
    """Kernel launch latency.

    sample = median of the intervals of one reading (or their p99 over at least 1000)

    An empty kernel (one block of 32 threads) is launched on one stream of one context. The path says what is timed:

    - `return`: from before the launch call to its return, 1000 intervals a reading; the stream is synchronized after
      each 32 launches, outside the intervals, so that the queue is never full.
    - `start`: from before the launch call to the kernel's first instruction, 200 intervals a reading, the stream idle
      before each. The device stamp (%globaltimer) is mapped to the host clock by the narrowest of 1000 echoes between
      host and device; half of that width is the uncertainty, kept in the detail.
    - `round-trip`: from before the launch call to the return of cuStreamSynchronize, spinning, 500 intervals a
      reading.

    The kernel counts its launches on the device; a count that differs from the launches fails the metric.
    """
    path, api = str(bench.params["path"]), str(bench.params["api"])
    routine, args, column = PATHS[path]
    (tenant,) = bench.tenants(1, quota(bench))
    workload = Workload(routine, {**args, "api": api})

    def take(index: int) -> list[float]:
        series = tenant.run(workload)
        values = series.seconds(column)
        summarise(bench, "intervals", {"reading": index, **series.notes}, values)
        return values

    readings = bench.once(("OH-001", path, api, bench.params["compute"]), lambda: Readings(take))
    yield from statistics_of(readings, bench.params["statistic"])


Pairs = dict[int, Series]


def pair_readings(bench: Bench, api: str, pending: bool) -> Readings[Pairs]:
    """Readings of 50 alloc and free pairs of each size, sizes in seeded order; shared by OH-002 and OH-003."""
    (tenant,) = bench.tenants(1)

    def take(index: int) -> Pairs:
        order = bench.random.sample(SIZES, len(SIZES))
        pairs = {}
        for size in order:
            args: dict[str, int | str] = {"api": api, "bytes": size, "count": 50, "pending": int(pending)}
            pairs[size] = tenant.run(Workload("alloc_free", args))
            for column in ("alloc", "free"):
                label: dict[str, str | int] = {"reading": index, "bytes": size, "call": column}
                summarise(bench, "intervals", label, pairs[size].seconds(column))
        return pairs

    return bench.once(("alloc_free", api, pending), lambda: Readings(take))


def geometric_mean(values: list[float]) -> float:
    """The n-th root of the product."""
    return exp(sum(map(log, values)) / len(values))


def over_sizes(wanted: object, value_of: Callable[[int], float]) -> float:
    """The value of one size, or the geometric mean over all sizes."""
    return geometric_mean([value_of(size) for size in SIZES]) if wanted == "all" else value_of(int(str(wanted)))


def memory_api(bench: Bench) -> str:
    """The API that the parameter asks for, if the device can hold the largest size twice."""
    if bench.device.memory_bytes < 2 * max(SIZES):
        raise Skip(f"needs {2 * max(SIZES)} bytes of device memory, found {bench.device.memory_bytes}")
    return str(bench.params["api"])


@metric(
    "OH-002",
    unit="us",
    better="lower",
    ideal="same",
    params={"bytes": ("all", *SIZES), "api": MEMORY_APIS, "statistic": ("median", "p99")},
)
def allocation_latency(bench: Bench) -> Samples:
    """Memory allocation latency.

    sample = median of 50 intervals of one size (or p99 over 1000); `all` = geometric mean over the four sizes

    The interval is one allocation call: `cuMemAlloc_v2`; `pool` = cuMemAllocAsync with cuStreamSynchronize; `vmm` =
    cuMemCreate, cuMemAddressReserve, cuMemMap and cuMemSetAccess. Sizes come in a seeded order, the context is
    synchronized before each size, and one 4 KiB buffer stays allocated, so that small sizes do not map and unmap a
    block each time. One median over a mixture of sizes would jump between its modes, hence the geometric mean.
    """
    wanted, statistic = bench.params["bytes"], bench.params["statistic"]
    readings = pair_readings(bench, memory_api(bench), pending=False)
    if statistic == "median":
        for pairs in readings:
            yield over_sizes(wanted, lambda size, pairs=pairs: median(pairs[size].seconds("alloc")))  # type: ignore[misc]
    group = P99_INTERVALS // 50
    for first in range(0, 1 << 62, group):
        block = [readings[first + i] for i in range(group)]
        yield over_sizes(wanted, lambda size, block=block: p99([v for p in block for v in p[size].seconds("alloc")]))  # type: ignore[misc]


@metric(
    "OH-003",
    unit="us",
    better="lower",
    ideal="same",
    params={"bytes": ("all", *SIZES), "state": ("idle", "pending"), "api": MEMORY_APIS},
)
def free_latency(bench: Bench) -> Samples:
    """Memory free latency.

    sample = median of 50 intervals of one size; `all` = geometric mean over the four sizes

    The interval is one free call, of what OH-002 allocated. `idle`: the context is synchronized before it, since a
    free waits for the device and would otherwise time the previous kernel. `pending`: a kernel of 1 ms is queued on
    the stream just before it, and the wait is what is measured.
    """
    wanted = bench.params["bytes"]
    for pairs in pair_readings(bench, memory_api(bench), pending=bench.params["state"] == "pending"):
        yield over_sizes(wanted, lambda size, pairs=pairs: median(pairs[size].seconds("free")))  # type: ignore[misc]


PHASES = ("load", "init", "context", "allocate", "module", "launch")


@metric(
    "OH-004",
    unit="ms",
    better="lower",
    ideal="same",
    needs=("separate-processes",),
    params={"phase": ("total", "exec", *PHASES)},
    effort="process",
    fresh=True,
)
def context_creation(bench: Bench) -> Samples:
    """Context creation overhead.

    sample = seconds of one phase in a fresh process that has not touched CUDA

    `exec`: from exec by the harness to the tenant's first words; constructors of a preloaded layer hide here.
    `load`: dlopen of the driver and resolution of its symbols; `init`: cuInit; `context`: primary context, made
    current; `allocate`: the first cuMemAlloc of 4 KiB; `module`: load of a module with one empty kernel; `launch`:
    its first launch with synchronization. `total` = the sum of `load` to `launch`. The cache of compiled kernels is
    off (CUDA_CACHE_DISABLE=1). Who else holds the device open changes the figure; it is in the run file.
    """
    phase = str(bench.params["phase"])

    def take(index: int) -> dict[str, float]:
        with bench.fresh() as tenant:
            series = tenant.run(Workload("context_cycle", {"device": 0}, timeout=120))
            reading = {name: series.seconds(name)[0] for name in PHASES}
            reading["total"] = sum(reading.values())
            reading["exec"] = tenant.start_seconds
        bench.detail("phases", {"reading": index, **reading})
        return reading

    for reading in bench.once("context_cycle", lambda: Readings(take)):
        yield reading[phase]


FUNCTIONS = (
    "cuCtxGetDevice",
    "cuMemGetInfo_v2",
    "cuPointerGetAttribute",
    "cuStreamQuery",
    "cuMemcpyHtoDAsync_v2",
)
BATCH = 1000


@metric(
    "OH-005",
    unit="ns",
    better="lower",
    compare="difference",
    ideal="same",
    params={"function": ("all", *FUNCTIONS), "resolution": ("handle", "default", "query")},
)
def interception(bench: Bench) -> Samples:
    """API interception overhead.

    sample = seconds per call over 100 batches of 1000 calls; `all` = arithmetic mean over the functions

    One driver function is called over and over, and the cost of the empty loop is subtracted. `handle` finds it by
    dlsym on the opened libcuda.so.1, `default` by dlsym(RTLD_DEFAULT) as a linked program does, `query` by
    cuGetProcAddress as the CUDA runtime does; interposers differ in which of the three they catch. The stream is idle,
    the copy is of 4 bytes from pinned memory. A layer that answers by itself can be faster than native, so the value is
    signed.
    """
    (tenant,) = bench.tenants(1)
    resolution = str(bench.params["resolution"])

    def take(function: str) -> float:
        args: dict[str, int | str] = {"function": function, "resolution": resolution, "count": 100, "batch": BATCH}
        batches = tenant.run(Workload("call_latency", args)).seconds("batch")
        return sum(batches) / (len(batches) * BATCH)

    readings = bench.once(("OH-005", resolution), lambda: Readings(lambda _: {name: take(name) for name in FUNCTIONS}))
    for reading in readings:
        wanted = str(bench.params["function"])
        yield sum(reading.values()) / len(reading) if wanted == "all" else reading[wanted]


@metric(
    "OH-006",
    unit="us",
    better="lower",
    compare="difference",
    ideal="copy",
    needs=("concurrent-tenants", "separate-processes"),
    params={"n": (4, 2, 8), "bytes": (2 * MIB, 64 * KIB), "statistic": ("median", "p99")},
)
def lock_contention(bench: Bench) -> Samples:
    """Shared region lock contention.

    sample = median of 200 (alloc + free) with n - 1 tenants doing the same, less the same alone before and after

    Every tenant is a process of its own. The kernel driver has locks too, so the layer's own contention is what is left
    when the same difference, measured under time-slicing in the same session, is subtracted: that is what a comparison
    by difference with `time-slicing` does.
    """
    n, size, statistic = int(bench.params["n"]), int(bench.params["bytes"]), bench.params["statistic"]
    if n < 2:
        raise Skip(f"needs 2 tenants or more, asked for {n}")
    first, *others = bench.tenants(n)
    pairs = Workload("alloc_free", {"api": "cuMemAlloc_v2", "bytes": size, "count": 200, "pending": 0})
    storm = Workload("alloc_storm", {"bytes": size, "duration": 60 * 10**9}, timeout=90)

    def take() -> list[float]:
        series = first.run(pairs)
        return [a + b for a, b in zip(series.seconds("alloc"), series.seconds("free"), strict=True)]

    def reading(index: int) -> tuple[list[float], list[float]]:
        before = take()
        with ExitStack() as stack:
            for other in others:
                stack.enter_context(other.busy(storm))
            contended = take()
        alone = before + take()
        summarise(bench, "intervals", {"reading": index, "tenants": 1}, alone)
        summarise(bench, "intervals", {"reading": index, "tenants": n}, contended)
        return alone, contended

    readings = bench.once(("OH-006", n, size), lambda: Readings(reading))
    if statistic == "median":
        for alone, contended in readings:
            yield median(contended) - median(alone)
    group = P99_INTERVALS // 200
    for start in range(0, 1 << 62, group):
        block = [readings[start + i] for i in range(group)]
        yield p99([v for _, c in block for v in c]) - p99([v for a, _ in block for v in a])


LIVE = (0, 100, 1000, 10000)


def slope(points: Mapping[int, float]) -> tuple[float, float]:
    """Slope and intercept of the least-squares line through (x, y)."""
    mean_x, mean_y = sum(points) / len(points), sum(points.values()) / len(points)
    spread = sum((x - mean_x) ** 2 for x in points)
    rise = sum((x - mean_x) * (y - mean_y) for x, y in points.items()) / spread
    return rise, mean_y - rise * mean_x


@metric(
    "OH-007",
    unit="ns",
    better="lower",
    compare="difference",
    ideal="same",
    params={"op": ("alloc", "free")},
    revision=2,
)
def tracking(bench: Bench) -> Samples:
    """Memory tracking overhead.

    sample = slope of a least-squares line through the medians at k = 0, 100, 1000 and 10 000 live allocations, seconds
    per live allocation

    k allocations of 4 KiB are held while 50 allocations of 2 MiB are timed, after 10 of warm-up at each k; the k come
    in seeded order. A layer that keeps a list grows with k. Intercept and medians are in the detail.
    """
    op = str(bench.params["op"])
    (tenant,) = bench.tenants(1)

    def take(index: int) -> dict[str, dict[int, float]]:
        medians: dict[str, dict[int, float]] = {"alloc": {}, "free": {}}
        for live in bench.random.sample(LIVE, len(LIVE)):
            tenant.release()  # what the last k held
            series = tenant.run(Workload("alloc_live", {"live": live, "bytes": 2 * MIB, "count": 50}))
            for column, found in medians.items():
                found[live] = median(series.seconds(column))
        for column, found in medians.items():
            rise, intercept = slope(found)
            points = {f"at_{live}": found[live] for live in LIVE}
            bench.detail("lines", {"reading": index, "op": column, "slope": rise, "intercept": intercept, **points})
        return medians

    for medians in bench.once("OH-007", lambda: Readings(take)):
        yield slope(medians[op])[0]


@metric(
    "OH-008",
    unit="ns",
    better="lower",
    compare="difference",
    ideal="structural",
    needs=("compute-limit", "concurrent-tenants"),
    effort="window",
    params={"demand": ("low", "paced-out"), "blocks": (1, 100_000)},
    revision=2,
)
def rate_limiter(bench: Bench) -> Samples:
    """Rate limiter overhead.

    sample = launch interval of a tenant at half of the device less that of a tenant without a compute quota

    Both tenants exist on the same processors, and work in turn, never at once, in a seeded order that alternates.
    `low`: median of 1000 launches, one each millisecond, in ten turns of 100, since a shared host changes its pace:
    demand is far below the quota, so this is the price of asking, not of waiting. `paced-out`: p99 of the launch
    interval at full demand, 1000 kernels of about 1 ms, 16 in flight, in one turn. Blocks is the size of the launched
    grid: a limiter that counts blocks is free at 1 block.
    """
    tenants = bench.mixed((Quota(compute_share=0.5), FULL), in_turn=True)
    low = bench.params["demand"] == "low"
    workload, turns, statistic = (paced(bench), TURNS, median) if low else (full_demand(bench), 1, p99)
    start = bench.random.randrange(2)
    for reading in range(1 << 62):
        found: list[list[float]] = [[], []]
        for turn in range(turns):
            for which in (0, 1) if (start + reading + turn) % 2 else (1, 0):
                found[which] += tenants[which].run(workload).seconds("call")
        for which, values in enumerate(found):
            summarise(bench, "intervals", {"reading": reading, "limited": 1 - which}, values)
        yield statistic(found[0]) - statistic(found[1])


TURNS = 10


def paced(bench: Bench) -> Workload:
    """The launches of one turn, one each millisecond."""
    args: dict[str, int | str] = {"count": 1000 // TURNS, "period": 10**6, "blocks": int(bench.params["blocks"])}
    return Workload("launch_paced", args)


def full_demand(bench: Bench) -> Workload:
    """1000 launches with 16 in flight; a quota of half makes them last two seconds."""
    args: dict[str, int | str] = {
        "count": 1000,
        "depth": 16,
        "iterations": bench.millisecond,
        "sm_count": bench.device.sm_count,
    }
    return Workload("launch_full", args, timeout=300)


@metric(
    "OH-009",
    unit="%",
    better="lower",
    compare="difference",
    ideal="same",
    effort="window",
    params={"load": ("idle", "busy"), "where": ("tenant", "daemon"), "n": (1, 4)},
    needs_for={("n", 4): ("concurrent-tenants", "separate-processes")},
)
def polling(bench: Bench) -> Samples:
    """NVML polling overhead.

    sample = CPU seconds of the counted threads / seconds of the window; 1 is one core

    `tenant`: all threads of the n tenants but their own two, in nanoseconds of the kernel's schedstat; what is left is
    the driver's and the layer's. The driver's own threads exist natively too, hence the comparison by difference.
    `daemon`: all threads of the processes that the system's set-up started. `busy` keeps the device at work, from
    threads that sleep while they wait; of n tenants each has its share of the device.
    """
    tenants = bench.tenants(int(bench.params["n"]))
    span = round(bench.polling_seconds * 1e9)
    idle = Workload("idle", {"duration": span}, timeout=120)
    work = working(bench, span) if bench.params["load"] == "busy" else idle

    def used() -> float:
        if bench.params["where"] == "tenant":
            return sum(tenant.cpu_seconds() for tenant in tenants)
        seconds = bench.daemon_cpu_seconds()
        if seconds is None:
            raise Skip("needs a process that the system's set-up starts, found none")
        return seconds

    while True:
        with ExitStack() as stack:
            for other in tenants[1:]:
                stack.enter_context(other.busy(working(bench, 4 * span) if work is not idle else idle))
            before = used()
            series = tenants[0].run(work)
            after = used()
        yield (after - before) / series.duration


def working(bench: Bench, span: int) -> Workload:
    """Kernels of about 1 ms, two in flight, waited for asleep."""
    args: dict[str, int | str] = {
        "iterations": bench.millisecond,
        "blocks": 8 * bench.device.sm_count,
        "depth": 2,
        "settle": 0,
        "duration": span,
        "wait": "block",
    }
    return Workload("launch_rate", args, timeout=120)


@metric(
    "OH-010",
    unit="cycles/s",
    better="higher",
    ideal="compute",
    params={"compute": ("full", 0.5, 0.25)},
    needs_for={("compute", 0.5): ("compute-limit",), ("compute", 0.25): ("compute-limit",)},
    effort="window",
)
def total_throughput(bench: Bench) -> Samples:
    """Total throughput degradation.

    sample = cycles completed in the window / length of the window

    A cycle is what an application does: allocate 64 MiB; copy 16 MiB in from pinned memory; 200 launches of an empty
    kernel; 20 of `fma` (about 0.5 ms each on the whole device, the same work for every system); 20 of `stream triad`
    over arrays of 64 MiB; a sum on the device; copy 16 MiB out; synchronize; compare one word of each 4 KiB page and
    the sum with the host's; free. The comparison with native prints 1 - ratio as the degradation.
    """
    asked = quota(bench)
    (tenant,) = bench.tenants(1, asked)
    window = bench.window(asked)
    while True:
        args: dict[str, int | str] = {
            "duration": round(window.duration * 1e9),
            "settle": round(window.settle * 1e9),
            "fma_iterations": bench.millisecond // 2,
            "sm_count": bench.device.sm_count,
        }
        timeout = 60 + 20 * (window.duration + window.settle)
        series = tenant.run(Workload("throughput_cycle", args, timeout))
        cycles = series.seconds("cycle")
        summarise(bench, "cycles", dict(series.notes), cycles)
        yield len(cycles) / series.duration
