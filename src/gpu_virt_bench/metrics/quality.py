"""Quality of service: how alike the answers to requests are that come at fixed times."""

from __future__ import annotations

from statistics import fmean, median, stdev

from gpu_virt_bench.metrics.common import p99, summarise
from gpu_virt_bench.metrics.neighbors import aggressor, release
from gpu_virt_bench.metrics.throughput import iterations
from gpu_virt_bench.model.metric import Bench, DeviceFacts, Params, Party, Samples, Share, Skip, Value, metric
from gpu_virt_bench.model.workload import NS_PER_SECOND, Series, Workload

CHAIN, KERNEL = 20, 0.02
"""Kernels of a request, and milliseconds of one on the whole device."""
SPACING = {"chain": 0.005, "quality": 0.02}
"""Seconds between two requests: of the victim `chain`, and of IS-007."""
TURN = 1.0
"""Seconds for which a neighbor keeps to one kind of load."""
LOADS, INTENSITY = ("compute", "dram", "launch", "h2d"), 0.5
LEAST_SECONDS, MOST_SECONDS = 5, 60


def chain(bench: Bench, spacing: float, duration: float) -> Workload:
    """Requests in an open loop: 20 kernels one after the other, each of one block for each multiprocessor."""
    blocks = bench.device.sm_count
    args: dict[str, Value] = {
        "chain": CHAIN,
        "iterations": iterations(bench, KERNEL, blocks),
        "blocks": blocks,
        "period": round(spacing * NS_PER_SECOND),
        "duration": round(duration * NS_PER_SECOND),
    }
    return Workload("requests", args, timeout=120 + 20 * duration)


def latencies(series: Series) -> list[float]:
    """Seconds from the due time to the end of each request, however late it began."""
    dues, ends = series.columns["due"], series.columns["end"]
    return [(end - due) / NS_PER_SECOND for due, end in zip(dues, ends, strict=True)]


def seconds_of(polling: float) -> int:
    """How many seconds of requests make a sample: as a suite's window for polling, from 5 s to 60 s."""
    return min(max(round(LEAST_SECONDS * polling), LEAST_SECONDS), MOST_SECONDS)


def victim_and_neighbors(params: Params, device: DeviceFacts) -> Party:
    """A victim, and n - 1 neighbors where there are some at work."""
    del device
    others = int(params["n"]) - 1 if params["load"] == "neighbors" else 0
    return (Share(role="victim"), *(Share(role="neighbor"),) * others)


@metric(
    "IS-007",
    unit="ratio",
    better="lower",
    compare="difference",
    ideal="none",
    baseline="time-slicing",
    params={"load": ("neighbors", "alone"), "n": (2, 4), "statistic": ("cv", "p99/p50")},
    where=lambda params: params["load"] == "neighbors" or params["n"] == 2,
    party=victim_and_neighbors,
    tenants="n",
    effort="long",
    seconds=lambda params, window, polling: 1.1 * seconds_of(polling) + 1,
    category="isolation",
)
def consistency(bench: Bench) -> Samples:
    """QoS consistency.

    sample = standard deviation of the requests' latencies / their mean (or their 99th percentile / their median)

    A tenant gets a request each 20 ms: a chain of 20 kernels of `fma`, each about 20 us in one block for each
    multiprocessor, and a synchronization. The latency is from the due time to the end; a request that begins late keeps
    its due time, so that a stall is not hidden. Before the first request that counts the device works for a second of
    them, so that clocks are up. A sample is 5 s of requests, 60 s with a suite that polls for 12 s or longer.

    `neighbors`: n - 1 tenants work meanwhile, each for a second at a time with one of `compute`, `dram`, `launch` and
    `h2d` at half intensity (in the first 5 ms of each 10 ms), in seeded order, the neighbors with different loads where
    they can. `alone`: nobody else. The detail has the shape of each second's latencies, in order.
    """
    victim, *neighbors = bench.party
    if bench.params["load"] == "neighbors" and not neighbors:
        raise Skip("needs 2 tenants or more, asked for 1")
    statistic = bench.params["statistic"]

    def take(index: int) -> list[float]:
        one_second, found = chain(bench, SPACING["quality"], TURN), []
        bench.run(victim, one_second)
        for turn in range(seconds_of(bench.polling_seconds)):
            if turn % len(LOADS) == 0:
                order = bench.random.sample(LOADS, len(LOADS))
            loads = {one: order[(turn + k) % len(LOADS)] for k, one in enumerate(neighbors)}
            with bench.beside({one: aggressor(bench, name, INTENSITY) for one, name in loads.items()}):
                values = latencies(bench.run(victim, one_second))
            label: dict[str, Value] = {"reading": index, "second": turn, "loads": "+".join(loads.values()) or "none"}
            summarise(bench, "latencies", label, values)
            found += values
        release(bench)
        return found

    for values in bench.readings(("IS-007", str(bench.params["load"])), take):
        yield stdev(values) / fmean(values) if statistic == "cv" else p99(values) / median(values)
