"""What metrics of several categories need: sizes, statistics of readings, parties by a parameter."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from statistics import fmean, median

from gpu_virt_bench.model.metric import Bench, DeviceFacts, Effort, Params, Party, Samples, Share, Value
from gpu_virt_bench.stats.estimate import quantile

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30
P99_INTERVALS = 1000
"""A 99th percentile is taken over at least this many intervals."""
STATISTICS = ("median", "mean", "p99", "p99.9", "peak")
"""Of the intervals of a reading; for the mean, of several readings; for the percentiles, of as many as give enough. The
mean and the tail see what comes seldom."""
OF_ONE: Mapping[str, Callable[[list[float]], float]] = {"median": median, "peak": max}
"""Statistics of single readings."""
POOLED = {"p99": (0.99, P99_INTERVALS), "p99.9": (0.999, 10 * P99_INTERVALS)}
"""Percentiles: which, and over how many intervals at least."""
OF_MANY = 8
"""A mean is over all intervals of so many readings: a repetition is judged by the median of its samples, which would
lose what is in one of them alone."""


def by_compute(params: Params, device: DeviceFacts) -> Party:
    """One tenant with the share that the parameter `compute` names: `quota` is the session's, `full` no limit."""
    del device
    share = params["compute"]
    return (Share(compute=None if share == "quota" else 1.0 if share == "full" else float(share)),)


def tail_by_statistic(params: Params) -> Effort:
    """A mean and a tail need many readings for one sample."""
    return "tail" if needs_many(params) else "latency"


def needs_many(params: Params) -> bool:
    """Whether one sample is of several readings."""
    return params.get("statistic") == "mean" or params.get("statistic") in POOLED


def p99(values: list[float]) -> float:
    """The smallest value that at least 99 % of the values do not exceed."""
    return quantile(values, 0.99)


def statistics_of(bench: Bench, readings: Iterable[list[float]], statistic: object) -> Samples:
    """Median or peak of each reading, mean of several, or a percentile over as many consecutive readings as give enough
    intervals."""
    if statistic == "mean":
        yield from means_of(bench, readings)
    of_one = OF_ONE.get(str(statistic))
    share, enough = POOLED.get(str(statistic), (0.0, 0))
    pool: list[float] = []
    for reading in readings:
        if of_one is not None:
            yield of_one(reading)
            continue
        pool += reading
        if len(pool) >= enough:
            yield quantile(pool, share)
            pool = []


def means_of(bench: Bench, readings: Iterable[list[float]]) -> Samples:
    """The mean of all intervals of OF_MANY readings. Beside it stands what moves it alone: how long the longest is, and
    how many are like it."""
    pool: list[float] = []
    for number, reading in enumerate(readings, start=1):
        pool += reading
        if number % OF_MANY == 0:
            bench.detail("longest", longest(pool))
            yield fmean(pool)
            pool = []


def longest(values: list[float]) -> dict[str, Value]:
    """The longest of some intervals, and how many lie nearer to it than to the median."""
    middle, peak = median(values), max(values)
    like_it = sum(value > (middle + peak) / 2 for value in values)
    return {"intervals": len(values), "median": middle, "longest": peak, "like_it": like_it}


def summarise(bench: Bench, table: str, label: Mapping[str, Value], values: list[float]) -> None:
    """Keeps the shape of a reading's intervals beside the sample."""
    ordered = sorted(values)
    at = {f"q{share}": ordered[min(len(ordered) - 1, len(ordered) * share // 100)] for share in (1, 25, 50, 75, 99)}
    bench.detail(table, {**label, "intervals": len(ordered), "min": ordered[0], **at, "max": ordered[-1]})
