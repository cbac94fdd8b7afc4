"""Scheduling: what it costs to hand the device from one to the other, and what the device does at the same time."""

from __future__ import annotations

from itertools import count

from gpu_virt_bench.metrics.common import statistics_of, summarise, tail_by_statistic
from gpu_virt_bench.model.metric import (
    Bench,
    DeviceFacts,
    Effort,
    Implausible,
    Params,
    Party,
    Samples,
    Share,
    Skip,
    metric,
)
from gpu_virt_bench.model.workload import Workload

LAUNCHES, NODES, GRAPHS = 100_000, 1000, 100
BRANCHES = (8, 2, 4, 16, 32)
WARP_CLOCKS = 16
"""`fma` of one warp takes a sixteenth of the time of eight blocks of 256 threads: they share 128 lanes."""


@metric(
    "SCHED-002",
    unit="us",
    better="lower",
    ideal="same",
    params={"mode": ("stream", "graph")},
    effort="window",
    seconds=0.3,
    completion="OH-010",
)
def sustained_launch(bench: Bench) -> Samples:
    """Sustained launch cost.

    sample = seconds of all launches, the final synchronization included, / their number

    `stream`: 100 000 launches of an empty kernel by cuLaunchKernel, at most 1024 outstanding. `graph`: 100 launches of
    a graph of 1000 empty kernels in a chain, at most 2 outstanding. There are more of both than a queue holds, so that
    the slower of host and device counts. The kernel counts its launches; a count that differs fails the metric.
    Functions are found by cuGetProcAddress.
    """
    (tenant,) = bench.party
    stream = Workload(
        "launch_sustained", {"api": "cuLaunchKernel", "resolution": "query", "count": LAUNCHES, "depth": 1024}, 300
    )
    graph = Workload("launch_graph", {"resolution": "query", "nodes": NODES, "count": GRAPHS, "depth": 2}, 300)
    work, launches = (stream, LAUNCHES) if bench.params["mode"] == "stream" else (graph, NODES * GRAPHS)
    while True:
        yield bench.run(tenant, work).seconds("total")[0] / launches


@metric(
    "SCHED-003",
    unit="%",
    better="higher",
    ideal="compute",
    params={"k": BRANCHES, "launch": ("graph", "streams")},
    effort="window",
    seconds=lambda params, window, polling: 0.022 * (int(params["k"]) + 1),
)
def stream_concurrency(bench: Bench) -> Samples:
    """Stream concurrency.

    sample = time of k kernels one after the other / (k x time of the same side by side)

    Each kernel is `fma` of about 5 ms in SMs / k blocks of one warp, with more than half of a multiprocessor's shared
    memory each, so that k of them fill the device with one block on each multiprocessor. SMs are those that the tenant
    sees. `graph`: nodes of one graph, in a chain and without edges. `streams`: one stream, and k streams that wait for
    an event and are waited for. Times are the device's, between two events, in the order one after the other, side by
    side, side by side, one after the other. 1 is perfect; what is above 1.05 fails. More streams than hardware queues
    (CUDA_DEVICE_MAX_CONNECTIONS, 8 unless set) wait for each other: that belongs to `streams`.
    """
    (tenant,) = bench.party
    k = int(bench.params["k"])
    if tenant.sm_count < k:
        raise Skip(f"needs {k} multiprocessors, found {tenant.sm_count}")
    work = Workload(
        "branches",
        {
            "way": bench.params["launch"],
            "branches": k,
            "iterations": 5 * WARP_CLOCKS * bench.millisecond,
            "blocks": tenant.sm_count // k,
            "count": 1,
        },
    )
    for _ in count():
        series = bench.run(tenant, work)
        serial, concurrent = sum(series.columns["serial"]), sum(series.columns["concurrent"])
        value = serial / (k * concurrent)
        if value > 1.05:
            raise Implausible(
                f"implausible: {k} kernels took {serial / 2e9:.6f} s one after the other and {concurrent / 2e9:.6f} s "
                f"side by side, which is {value:.3f} of what {k} at once could save; at most 1.05"
            )
        yield value


PROBES, LONGEST_PAUSE = 50, 5_000_000


def probed(params: Params, device: DeviceFacts) -> Party:
    """The tenant that is timed, and a neighbor if that is the load."""
    del device
    timed = (Share(role="timed"),)
    return (*timed, Share(role="neighbor")) if params["load"] == "neighbor" else timed


def by_load(params: Params) -> Effort:
    """A tail takes many readings; beside a neighbor each lasts a tenth of a second."""
    return tail_by_statistic(params) if params["statistic"] != "median" else "window"


@metric(
    "SCHED-004",
    unit="ms",
    better="lower",
    ideal="structural",
    baseline="time-slicing",
    params={"load": ("neighbor", "none", "in-process"), "statistic": ("median", "p99", "peak")},
    party=probed,
    effort=by_load,
    seconds=0.25,
)
def start_under_load(bench: Bench) -> Samples:
    """Start latency under load.

    sample = median of the intervals of one reading (or their peak; p99 over 1000 or more)

    The interval is from before the launch call to the kernel's first instruction, by the device's stamp mapped to the
    host's clock as in OH-001; 50 a reading, each after a random pause of up to 5 ms, so that they meet slices at any
    phase. `none`: the device is idle. `in-process`: the same process keeps every multiprocessor full of blocks of about
    100 us in a stream of ordinary priority, at least 20 waves of them queued, and the timed launch goes to a stream of
    the highest. `neighbor`: another tenant runs `fma` kernels of about 500 ms in 8 x SM blocks of 256, back to back.
    """
    load, statistic = str(bench.params["load"]), bench.params["statistic"]
    timed, *neighbors = bench.party
    waves = {"iterations": bench.millisecond // 10, "blocks": 160 * bench.device.sm_count}
    crowd = waves if load == "in-process" else {"iterations": 0, "blocks": 1}
    long = Workload(
        "launch_rate",
        {
            "iterations": 500 * bench.millisecond,
            "blocks": 8 * bench.device.sm_count,
            "depth": 2,
            "settle": 0,
            "duration": 600 * 10**9,
            "wait": "block",
        },
        timeout=900,
    )

    def take(index: int) -> list[float]:
        seed = 1 + bench.random.randrange(1 << 30)
        args = {"count": PROBES, "pause": LONGEST_PAUSE, "seed": seed, **crowd}
        with bench.beside(dict.fromkeys(neighbors, long)):
            series = bench.run(timed, Workload("start_probe", args, timeout=120))
        timed.release()
        values = series.seconds("start")
        summarise(bench, "intervals", {**series.notes, "reading": index}, values)
        return values

    readings = bench.readings(("SCHED-004", load), take)
    yield from statistics_of(bench, readings, statistic)
