"""Arithmetic back to back: its shapes, and the rates that its completions tell."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gpu_virt_bench.model.metric import Bench, Tenant, Value
from gpu_virt_bench.model.workload import NS_PER_SECOND, Series, Workload

USUAL_BLOCKS = 8
"""Blocks of 256 threads on each multiprocessor that `bench.millisecond` is for."""
GRAPH_NODES = 100


@dataclass(frozen=True)
class Shape:
    """Kernels of `milliseconds` on the whole device, in so many blocks, or in so many for each multiprocessor; `depth`
    launches are kept in flight, of graphs of `nodes` kernels where that is not 0."""

    milliseconds: float
    blocks: int = 0
    blocks_per_sm: int = USUAL_BLOCKS
    depth: int = 16
    nodes: int = 0


SHAPES: Mapping[str, Shape] = {
    "many-blocks": Shape(1, blocks=100_000),
    "few-blocks": Shape(1, blocks_per_sm=1),
    "long": Shape(100, blocks_per_sm=1, depth=2),
    "graph": Shape(1, depth=2, nodes=GRAPH_NODES),
}
"""What is launched at full demand. Two launches of 100 ms keep a device as full as sixteen of 1 ms."""


def iterations(bench: Bench, milliseconds: float, blocks: int) -> int:
    """Steps of `fma` that make so many blocks last so long on the whole device: the same for every system."""
    return max(1, round(milliseconds * bench.millisecond * USUAL_BLOCKS * bench.device.sm_count / blocks))


def full_demand(bench: Bench, shape: Shape, duration: float, settle: float) -> Workload:
    """As much as the device, or a limit, lets through."""
    blocks = shape.blocks or shape.blocks_per_sm * bench.device.sm_count
    args: dict[str, Value] = {
        "iterations": iterations(bench, shape.milliseconds, blocks),
        "blocks": blocks,
        "depth": shape.depth,
        "settle": round(settle * NS_PER_SECOND),
        "duration": round(duration * NS_PER_SECOND),
    }
    timeout = 120 + 20 * (duration + settle)
    if shape.nodes:
        return Workload("graph_rate", {**args, "nodes": shape.nodes}, timeout)
    return Workload("launch_rate", {**args, "wait": "spin"}, timeout)


class Progress:
    """How many launches were done by when; between two completions, in proportion."""

    def __init__(self, series: Series) -> None:
        self.times = [series.begin, *(series.begin + int(at) for at in series.columns["done"])]
        self.each = series.notes.get("launches_per_row", 1)

    def done(self, at: float) -> float:
        """Launches that were done at a time; none are before the first one that is known, or after the last."""
        if at <= self.times[0]:
            return 0.0
        index = bisect_left(self.times, at)
        if index == len(self.times):
            return (index - 1) * self.each
        before, after = self.times[index - 1], self.times[index]
        return (index - 1 + (at - before) / (after - before)) * self.each

    def rate(self, begin: float, end: float) -> float:
        """Launches per second between two times (nanoseconds)."""
        return (self.done(end) - self.done(begin)) * NS_PER_SECOND / (end - begin)

    def whole(self) -> float:
        """Launches per second of all that is known."""
        return self.rate(self.times[0], self.times[-1])

    def windows(self, begin: float, end: float, length: float, step: float) -> list[float]:
        """Launches per second of windows that begin `step` apart and lie within two times."""
        count = int((end - begin - length) // step) + 1 if end - begin >= length else 0
        return [self.rate(begin + k * step, begin + k * step + length) for k in range(count)]


def common_window(series: Sequence[Series]) -> tuple[int, int]:
    """The part of their windows that all have in common: latest begin to earliest end."""
    return max(one.begin for one in series), min(one.end for one in series)


def rates(found: Mapping[Tenant, Series]) -> dict[Tenant, float]:
    """Every tenant's launches per second in the window that all have in common."""
    begin, end = common_window(list(found.values()))
    return {tenant: Progress(one).rate(begin, end) for tenant, one in found.items()}
