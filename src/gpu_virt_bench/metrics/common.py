"""What metrics of several categories need: sizes, statistics of readings, parties by a parameter."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from statistics import median

from gpu_virt_bench.model.metric import Bench, DeviceFacts, Effort, Params, Party, Samples, Share, Value
from gpu_virt_bench.stats.estimate import quantile

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30
P99_INTERVALS = 1000
"""A 99th percentile is taken over at least this many intervals."""


def by_compute(params: Params, device: DeviceFacts) -> Party:
    """One tenant with the share that the parameter `compute` names: `quota` is the session's, `full` no limit."""
    del device
    share = params["compute"]
    return (Share(compute=None if share == "quota" else 1.0 if share == "full" else float(share)),)


def tail_by_statistic(params: Params) -> Effort:
    """A tail needs many readings for one sample."""
    return "tail" if params["statistic"] == "p99" else "latency"


def p99(values: list[float]) -> float:
    """The smallest value that at least 99 % of the values do not exceed."""
    return quantile(values, 0.99)


def statistics_of(readings: Iterable[list[float]], statistic: object) -> Samples:
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


def summarise(bench: Bench, table: str, label: Mapping[str, Value], values: list[float]) -> None:
    """Keeps the shape of a reading's intervals beside the sample."""
    ordered = sorted(values)
    at = {f"q{share}": ordered[min(len(ordered) - 1, len(ordered) * share // 100)] for share in (1, 25, 50, 75, 99)}
    bench.detail(table, {**label, "intervals": len(ordered), "min": ordered[0], **at, "max": ordered[-1]})
