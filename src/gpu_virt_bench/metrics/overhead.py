"""Overhead: what the layer costs when nobody else is there.

All values are absolute; only a comparison with native makes them overheads.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median

from gpu_virt_bench.metrics.common import (
    GIB,
    KIB,
    MIB,
    P99_INTERVALS,
    STATISTICS,
    by_compute,
    needs_many,
    p99,
    statistics_of,
    summarise,
    tail_by_statistic,
)
from gpu_virt_bench.model.metric import Bench, Effort, Params, Samples, Share, Skip, Values, metric, outcome_id
from gpu_virt_bench.model.workload import Series, Value, Workload

SIZES = {2 * MIB: 20, 4 * KIB: 200, 64 * MIB: 10, GIB: 5}
"""Bytes, the headline first -> pairs in one reading: few milliseconds, so that the samples of a round are near."""
LAUNCH_APIS = ("cuLaunchKernel", "cuLaunchKernelEx", "cuGraphLaunch")
MEMORY_APIS = ("cuMemAlloc_v2", "pool", "vmm")
WAYS = ("query", "handle")
"""How driver functions are found: by cuGetProcAddress, as the CUDA runtime and so most applications do; by dlsym on the
opened libcuda.so.1."""

PATHS: Mapping[str, tuple[str, dict[str, Value], str]] = {
    "return": ("launch_latency", {"count": 320, "drain": 32}, "call"),
    "start": ("launch_to_start", {"count": 100}, "start"),
    "round-trip": ("launch_sync", {"count": 250}, "round_trip"),
}
LAUNCHES: Mapping[str, Values] = {
    "path": tuple(PATHS),
    "api": LAUNCH_APIS,
    "statistic": STATISTICS,
    "compute": ("quota", "full", 0.25),
    "resolution": WAYS,
}
"""The parameters of OH-001."""


def same_launch_done(params: Params) -> str:
    """The outcome that times the same launches to their end; where the end is timed itself, the one whose work is
    verified: a wait that does not wait is quick. A kernel's start is stamped by the device."""
    if params["path"] != "return":
        return "OH-010" if params["path"] == "round-trip" else ""
    asked = {name: params[name] for name in LAUNCHES} | {"path": "round-trip"}
    return outcome_id("OH-001", asked, {name: values[0] for name, values in LAUNCHES.items()})


@metric(
    "OH-001",
    unit="us",
    better="lower",
    ideal="same",
    params=LAUNCHES,
    party=by_compute,
    effort=tail_by_statistic,
    seconds=0.006,
    completion=same_launch_done,
    revision=4,
)
def launch_latency(bench: Bench) -> Samples:
    """Kernel launch latency.

    sample = median of the intervals of one reading (or their peak; mean of 8 readings; p99 over 1000 or more, p99.9
    over 10 000)

    An empty kernel (one block of 32 threads) is launched on one stream of one context. The path says what is timed:

    - `return`: from before the launch call to its return, 320 intervals a reading; the stream is synchronized after
      each 32 launches, outside the intervals, so that the queue is never full.
    - `start`: from before the launch call to the kernel's first instruction, 100 intervals a reading, the stream idle
      before each. The device stamp (%globaltimer) is mapped to the host clock by the narrowest of 1000 echoes between
      host and device; half of that width is the uncertainty, kept in the detail.
    - `round-trip`: from before the launch call to the return of cuStreamSynchronize, spinning, 250 intervals a
      reading.

    A reading lasts a millisecond or two, so that the samples of one round meet the same host. The kernel counts its
    launches on the device; a count that differs from the launches fails the metric. Compute is the tenant's share:
    `quota` what the session grants (`--compute-limit`), `full` no limit. Resolution is how the calls are found: `query`
    by cuGetProcAddress, as the CUDA runtime does, `handle` by dlsym; a layer may stand in one way only.
    """
    path, api, way = (str(bench.params[name]) for name in ("path", "api", "resolution"))
    routine, args, column = PATHS[path]
    (tenant,) = bench.party
    workload = Workload(routine, {**args, "api": api, "resolution": way})

    def take(index: int) -> list[float]:
        del index
        series = bench.run(tenant, workload)
        values = series.seconds(column)
        summarise(bench, "intervals", series.notes, values)
        return values

    readings = bench.readings(("OH-001", path, api, way, bench.params["compute"]), take)
    yield from statistics_of(bench, readings, bench.params["statistic"])


def pair_readings(bench: Bench) -> Sequence[Series]:
    """Readings of alloc and free pairs of the size, API and state that the parameters ask for; shared by OH-002 and
    OH-003."""
    size, api, way = int(bench.params["bytes"]), str(bench.params["api"]), str(bench.params["resolution"])
    if bench.device.memory_bytes < 2 * size:
        raise Skip(f"needs {2 * size} bytes of device memory, found {bench.device.memory_bytes}")
    (tenant,) = bench.party
    pending = bench.params.get("state") == "pending"
    args: dict[str, Value] = {
        "api": api,
        "resolution": way,
        "bytes": size,
        "count": SIZES[size],
        "pending": int(pending),
    }

    def take(index: int) -> Series:
        del index
        series = bench.run(tenant, Workload("alloc_free", args))
        for column in ("alloc", "free"):
            summarise(bench, "intervals", {"call": column}, series.seconds(column))
        return series

    return bench.readings(("alloc_free", api, way, size, "pending" if pending else "idle"), take)


def by_size(params: Params) -> Effort:
    """Large allocations differ from process to process: few samples of each are enough."""
    if needs_many(params):
        return "tail"
    return "latency" if int(params["bytes"]) <= 2 * MIB else "window"


@metric(
    "OH-002",
    unit="us",
    better="lower",
    ideal="same",
    params={"bytes": tuple(SIZES), "api": MEMORY_APIS, "statistic": STATISTICS, "resolution": WAYS},
    effort=by_size,
    seconds=0.006,
    completion="OH-010",
    revision=4,
)
def allocation_latency(bench: Bench) -> Samples:
    """Memory allocation latency.

    sample = median of the intervals of one reading (or their peak; mean of 8 readings; p99 over 1000 or more, p99.9
    over 10 000)

    The interval is one allocation call: `cuMemAlloc_v2`; `pool` = cuMemAllocAsync with cuStreamSynchronize; `vmm` =
    cuMemCreate, cuMemAddressReserve, cuMemMap and cuMemSetAccess. A reading has 200 pairs of allocation and free of 4
    KiB, 20 of 2 MiB, 10 of 64 MiB or 5 of 1 GiB; the context is synchronized before it, and one 4 KiB buffer stays
    allocated, so that small sizes do not map and unmap a block each time. Each size is an outcome of its own, since
    their spreads differ tenfold: where the pages of a large allocation lie differs from process to process. Resolution
    is as in OH-001.
    """
    readings = (series.seconds("alloc") for series in pair_readings(bench))
    yield from statistics_of(bench, readings, bench.params["statistic"])


@metric(
    "OH-003",
    unit="us",
    better="lower",
    ideal="same",
    params={"bytes": tuple(SIZES), "state": ("idle", "pending"), "api": MEMORY_APIS, "resolution": WAYS},
    effort=by_size,
    seconds=lambda params, window, polling: 0.06 if params["state"] == "pending" else 0.0,
    completion="OH-010",
    revision=3,
)
def free_latency(bench: Bench) -> Samples:
    """Memory free latency.

    sample = median of the intervals of one reading

    The interval is one free call, of what OH-002 allocated. `idle`: the context is synchronized before it, since a
    free waits for the device and would otherwise time the previous kernel. `pending`: a kernel of 1 ms is queued on
    the stream just before it, and the wait is what is measured. Resolution is as in OH-001.
    """
    for series in pair_readings(bench):
        yield median(series.seconds("free"))


PHASES = ("load", "init", "context", "allocate", "module", "launch")


@metric(
    "OH-004",
    unit="ms",
    better="lower",
    ideal="same",
    needs=("separate-processes",),
    params={"phase": ("total", "exec", *PHASES), "resolution": WAYS},
    host_time=lambda params: params["phase"] in ("total", "exec"),
    party=lambda params, device: (),
    effort="process",
    seconds=0.4,
    alone=True,
    revision=2,
)
def context_creation(bench: Bench) -> Samples:
    """Context creation time.

    sample = seconds of one phase in a fresh process that has not touched CUDA

    `exec`: from exec by the harness to the tenant's first words; constructors of a preloaded layer hide here.
    `load`: dlopen of the driver and resolution of its symbols; `init`: cuInit; `context`: primary context, made
    current; `allocate`: the first cuMemAlloc of 4 KiB; `module`: load of a module with one empty kernel; `launch`:
    its first launch with synchronization. `total` = the sum of `load` to `launch`. The cache of compiled kernels is
    off (CUDA_CACHE_DISABLE=1). Who else holds the device open changes the figure; it is in the run file. Resolution is
    as in OH-001; finding the functions is part of `load`.
    """
    phase, way = str(bench.params["phase"]), str(bench.params["resolution"])

    def take(index: int) -> dict[str, float]:
        del index
        with bench.fresh() as tenant:
            series = bench.run(tenant, Workload("context_cycle", {"device": 0, "resolution": way}, timeout=120))
            reading = {name: series.seconds(name)[0] for name in PHASES}
            reading["total"] = sum(reading.values())
            reading["exec"] = tenant.start_seconds
        bench.detail("phases", reading)
        return reading

    for reading in bench.readings(("context_cycle", way), take):
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
    params={"function": ("all", *FUNCTIONS), "resolution": ("query", "handle", "default")},
    seconds=0.012,
    completion="OH-010",
    revision=3,
)
def interception(bench: Bench) -> Samples:
    """Driver API call time.

    sample = seconds per call over 1000 calls; `all` = arithmetic mean over the functions

    One driver function is called over and over, and the cost of the empty loop is subtracted. `handle` finds it by
    dlsym on the opened libcuda.so.1, `default` by dlsym(RTLD_DEFAULT) as a linked program does, `query` by
    cuGetProcAddress as the CUDA runtime does; interposers differ in which of the three they catch. The stream is idle,
    the copy is of 4 bytes from pinned memory. A layer that answers by itself can be faster than native, so the value is
    signed.
    """
    (tenant,) = bench.party
    resolution = str(bench.params["resolution"])

    def take(function: str) -> float:
        args: dict[str, Value] = {"function": function, "resolution": resolution, "count": 1, "batch": BATCH}
        batches = bench.run(tenant, Workload("call_latency", args)).seconds("batch")
        return sum(batches) / (len(batches) * BATCH)

    for reading in bench.readings(("OH-005", resolution), lambda _: {name: take(name) for name in FUNCTIONS}):
        wanted = str(bench.params["function"])
        yield sum(reading.values()) / len(reading) if wanted == "all" else reading[wanted]


@metric(
    "OH-006",
    unit="us",
    better="lower",
    compare="difference",
    ideal="copy",
    baseline="time-slicing",
    params={"n": (4, 2, 8), "bytes": (2 * MIB, 64 * KIB), "statistic": ("median", "p99"), "resolution": WAYS},
    party=lambda params, device: (Share(role="timed"), *[Share(role="neighbor")] * (int(params["n"]) - 1)),
    tenants="n",
    effort="window",
    seconds=0.1,
    revision=2,
)
def lock_contention(bench: Bench) -> Samples:
    """Shared region lock contention.

    sample = median of 200 (alloc + free) with n - 1 tenants doing the same, less the same alone before and after

    Every tenant is a process of its own. The kernel driver has locks too, so the layer's own contention is what is left
    when the same difference, measured under time-slicing in the same session, is subtracted: that is what a comparison
    by difference with `time-slicing` does. Resolution is as in OH-001; the others' calls are found by query.
    """
    n, size, statistic = int(bench.params["n"]), int(bench.params["bytes"]), bench.params["statistic"]
    way = str(bench.params["resolution"])
    if n < 2:
        raise Skip(f"needs 2 tenants or more, asked for {n}")
    first, *others = bench.party
    call: dict[str, Value] = {"api": "cuMemAlloc_v2", "resolution": way, "bytes": size}
    pairs = Workload("alloc_free", {**call, "count": 200, "pending": 0})
    storm = Workload("alloc_storm", {"bytes": size, "busy": 10**7, "duration": 60 * 10**9}, timeout=90)

    def take() -> list[float]:
        series = bench.run(first, pairs)
        return [a + b for a, b in zip(series.seconds("alloc"), series.seconds("free"), strict=True)]

    def reading(index: int) -> tuple[list[float], list[float]]:
        del index
        before = take()
        with bench.beside(dict.fromkeys(others, storm)) as neighbors:
            contended = take()
        alone = before + take()
        done = sum(series.columns["pairs"][0] for series in neighbors.values())
        summarise(bench, "intervals", {"tenants": 1}, alone)
        summarise(bench, "intervals", {"tenants": n, "neighbors_pairs": done}, contended)
        return alone, contended

    readings = bench.readings(("OH-006", n, size, way), reading)
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
    params={"op": ("alloc", "free"), "resolution": WAYS},
    effort="window",
    seconds=0.06,
    revision=3,
)
def tracking(bench: Bench) -> Samples:
    """Allocation time per live allocation.

    sample = slope of a least-squares line through the medians at k = 0, 100, 1000 and 10 000 live allocations, seconds
    per live allocation

    k allocations of 4 KiB are held while 50 allocations of 2 MiB are timed, after 10 of warm-up at each k; the k come
    in seeded order. A layer that keeps a list grows with k. Intercept and medians are in the detail. Resolution is as
    in OH-001.
    """
    op, way = str(bench.params["op"]), str(bench.params["resolution"])
    (tenant,) = bench.party

    def take(index: int) -> dict[str, dict[int, float]]:
        del index
        medians: dict[str, dict[int, float]] = {"alloc": {}, "free": {}}
        for live in bench.random.sample(LIVE, len(LIVE)):
            tenant.release()  # what the last k held
            args: dict[str, Value] = {"resolution": way, "live": live, "bytes": 2 * MIB, "count": 50}
            series = bench.run(tenant, Workload("alloc_live", args))
            for column, found in medians.items():
                found[live] = median(series.seconds(column))
        for column, found in medians.items():
            rise, intercept = slope(found)
            points = {f"at_{live}": found[live] for live in LIVE}
            bench.detail("lines", {"op": column, "slope": rise, "intercept": intercept, **points})
        return medians

    for medians in bench.readings(("OH-007", way), take):
        yield slope(medians[op])[0]


LIMITED, FREE = Share(compute=0.5, role="limited"), Share(compute=1.0, role="free")


@metric(
    "OH-008",
    unit="ns",
    better="lower",
    compare="difference",
    ideal="structural",
    baseline="zero",
    params={"demand": ("low", "paced-out"), "blocks": (1, 100_000), "resolution": WAYS},
    party=lambda params, device: (LIMITED, FREE, FREE, LIMITED),
    in_turn=True,
    effort="long",
    seconds=lambda params, window, polling: 2.1 if params["demand"] == "low" else 3.5,
    revision=5,
)
def rate_limiter(bench: Bench) -> Samples:
    """Rate limiter overhead.

    sample = launch interval of tenants at half of the device less that of tenants without a compute quota

    The tenants differ in their quota alone: two with it and two without stand on the same processors in the order A B B
    A, every second repetition B A A B, and work in turn, never at once, in a seeded order that alternates. What a layer
    does to its first process, or to every second one, is not taken for the quota's price.
    `low`: median of 1000 launches, one each millisecond, in ten turns of 100 by the pairs by turns, since a shared
    host changes its pace: demand is far below the quota, so this is the price of asking, not of waiting. `paced-out`:
    p99 of the launch interval at full demand, 1000 kernels of about 1 ms, 16 in flight, in two turns. Blocks is the
    size of the launched grid: a limiter that counts blocks is free at 1 block. Resolution is as in OH-001.
    """
    tenants = bench.party
    low = bench.params["demand"] == "low"
    workload, turns, statistic = (paced(bench), TURNS, median) if low else (full_demand(bench), 2, p99)
    pairs = (tenants[0], tenants[1]), (tenants[3], tenants[2])
    start = bench.random.randrange(2)
    for reading in range(1 << 62):
        found: list[list[float]] = [[], []]
        for turn in range(turns):
            for which in (0, 1) if (start + reading + turn) % 2 else (1, 0):
                found[which] += bench.run(pairs[turn % 2][which], workload).seconds("call")
        for which, values in enumerate(found):
            summarise(bench, "intervals", {"reading": reading, "limited": 1 - which}, values)
        yield statistic(found[0]) - statistic(found[1])


TURNS = 10


def paced(bench: Bench) -> Workload:
    """The launches of one turn, one each millisecond."""
    way, blocks = bench.params["resolution"], int(bench.params["blocks"])
    args: dict[str, Value] = {"resolution": way, "count": 1000 // TURNS, "period": 10**6, "blocks": blocks}
    return Workload("launch_paced", args)


def full_demand(bench: Bench) -> Workload:
    """500 launches with 16 in flight; a quota of half makes them last a second."""
    args: dict[str, Value] = {
        "resolution": bench.params["resolution"],
        "count": 500,
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
    params={"load": ("idle", "busy"), "where": ("tenant", "daemon"), "n": (1, 4)},
    host_time=lambda params: True,
    party=lambda params, device: (Share(),) * int(params["n"]),
    tenants="n",
    effort="long",
    seconds=lambda params, window, polling: polling,
    revision=3,
)
def polling(bench: Bench) -> Samples:
    """Background processor time.

    sample = CPU seconds of the counted threads / seconds of the window; 1 is one core

    `tenant`: all threads of the n tenants but libgvb's and Python's own, those that have ended too; each tenant is
    asked and answers in nanoseconds. What is left is the driver's and the layer's; processes that a layer starts are
    not counted. The driver's own threads exist natively too, hence the comparison by difference.
    `daemon`: all threads of the processes that the system's set-up started. `busy` keeps the device at work, from
    threads that sleep while they wait; of n tenants each has its share of the device.
    """
    first, *others = bench.party
    span = round(bench.polling_seconds * 1e9)
    idle = Workload("idle", {"duration": span}, timeout=120)
    busy = bench.params["load"] == "busy"
    beside = working(bench, 4 * span) if busy else Workload("idle", {"duration": 4 * span}, timeout=120)

    def used() -> float:
        if bench.params["where"] == "tenant":
            return sum(tenant.cpu_seconds() for tenant in bench.party)
        seconds = bench.daemon_cpu_seconds()
        if seconds is None:
            raise Skip("needs a process that the system's set-up starts, found none")
        return seconds

    while True:
        with bench.beside(dict.fromkeys(others, beside)):
            before = used()
            series = bench.run(first, working(bench, span) if busy else idle)
            after = used()
        yield (after - before) / series.duration


def working(bench: Bench, span: int) -> Workload:
    """Kernels of about 1 ms, two in flight, waited for asleep."""
    args: dict[str, Value] = {
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
    params={"compute": ("quota", "full", 0.5, 0.25)},
    party=by_compute,
    effort="window",
    # settling and window end with their last cycles, which take 12 to 20 ms each
    seconds=lambda params, window, polling: window.duration + window.settle + 0.04,
    revision=4,
)
def total_throughput(bench: Bench) -> Samples:
    """Total throughput.

    sample = cycles completed in the window / length of the window

    A cycle is what an application does: allocate 64 MiB; copy 16 MiB in from pinned memory; 200 launches of an empty
    kernel; 20 of `fma` (about 0.5 ms each on the whole device, the same work for every system); 20 of `stream triad`
    over arrays of 64 MiB; a sum on the device; copy 16 MiB out; synchronize; compare the sums with the host's; free.
    Every word that was copied out is compared while the device works on the next cycle, or after the window: a bit that
    flips fails the metric, and costs the cycle no time. Functions are found by cuGetProcAddress, as the CUDA runtime
    finds them. Compute is the tenant's share: `quota` what the session grants (`--compute-limit`),
    `full` no limit.
    """
    (tenant,) = bench.party
    window = bench.window
    while True:
        args: dict[str, Value] = {
            "duration": round(window.duration * 1e9),
            "settle": round(window.settle * 1e9),
            "fma_iterations": bench.millisecond // 2,
            "sm_count": bench.device.sm_count,
        }
        timeout = 60 + 20 * (window.duration + window.settle)
        series = bench.run(tenant, Workload("throughput_cycle", args, timeout))
        cycles = series.seconds("cycle")
        summarise(bench, "cycles", series.notes, cycles)
        yield len(cycles) / series.duration
