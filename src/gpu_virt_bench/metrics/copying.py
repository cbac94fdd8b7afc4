"""Copies between host and device: their work, their rates, and the link they go over."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from math import ceil
from typing import TypeVar

from gpu_virt_bench.metrics.common import MIB
from gpu_virt_bench.model.link import Link
from gpu_virt_bench.model.metric import Bench, Tenant
from gpu_virt_bench.model.workload import NS_PER_SECOND, Series, Value, Workload

Made = TypeVar("Made")
BATCH_SECONDS = 0.1
"""A batch is what the link at its best carries in this time, so that the work is the same for every system."""
LEAST_BATCH = 4
USUAL_LINK = Link(5, 16, 5, 16)
"""Without NVML, or with a generation that is not known."""
PIECE, DEPTH = 64 * MIB, 4
ALWAYS = 10_000_000
"""The busy part of each 10 ms: all of it."""
POLL_SECONDS = 0.02


def batch_of(bench: Bench, size: int) -> int:
    """Copies in a batch: what lasts BATCH_SECONDS on the link at its best, and not fewer than LEAST_BATCH."""
    link = bench.observer.link() if bench.observer else None
    rate = (link or USUAL_LINK).max_bytes_per_second or USUAL_LINK.max_bytes_per_second or 0.0
    return max(LEAST_BATCH, ceil(BATCH_SECONDS * rate / size))


def with_link(bench: Bench, take: Callable[[], Made]) -> tuple[Made, Link | None]:
    """What was read, and the best that the link was seen at meanwhile: an idle one shows a low generation."""
    seen: list[Link] = []
    done = threading.Event()

    def look() -> None:
        while bench.observer and (link := bench.observer.link()) is not None:
            seen.append(link)
            if done.wait(POLL_SECONDS):
                return

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        made = take()
    finally:
        done.set()
        thread.join()
    return made, max(seen, key=lambda link: (link.generation, link.width), default=None)


def tell_link(bench: Bench, link: Link | None) -> None:
    """The link's row in the detail, which a downgraded one puts into the remarks."""
    if link is not None:
        now = {"generation": link.generation, "width": link.width}
        best = {"max_generation": link.max_generation, "max_width": link.max_width}
        bench.detail("link", {**now, **best, "downgraded": int(link.is_downgraded)})


def copy_work(kind: str, size: int, batch: int, payload: str) -> Workload:
    """Batches of asynchronous copies of pinned memory."""
    what: dict[str, Value] = {"kind": kind, "host": "pinned", "api": "batch", "payload": payload}
    return Workload("copy", {**what, "bytes": size, "batch": batch, "count": 1}, timeout=120)


def rate_work(kind: str, size: int, depth: int, duration: float, settle: float) -> Workload:
    """Copies of pinned memory back to back."""
    times = {"settle": round(settle * NS_PER_SECOND), "duration": round(duration * NS_PER_SECOND)}
    args: dict[str, Value] = {"kind": kind, "bytes": size, "depth": depth, "busy": ALWAYS, **times}
    return Workload("copy_rate", args, timeout=60 + 20 * (duration + settle))


def completions(series: Series) -> dict[int, list[int]]:
    """When each copy was done, by its direction."""
    found: dict[int, list[int]] = {}
    for at, kind in zip(series.columns["done"], series.columns["kind"], strict=True):
        found.setdefault(int(kind), []).append(series.begin + int(at))
    return found


def per_second(done: Sequence[int], begin: int, end: int) -> float:
    """Copies, or launches, per second between the first and the last that were done within a window."""
    within = [at for at in done if begin <= at <= end]
    if len(within) < 2:
        raise ValueError(f"{len(within)} copies or launches of one kind were done in the window, expected 2 at least")
    return (len(within) - 1) * NS_PER_SECOND / (within[-1] - within[0])


def rate(series: Series, size: int, begin: int, end: int) -> float:
    """Bytes per second of copies of one size in a window, both directions."""
    return sum(size * per_second(done, begin, end) for done in completions(series).values())


def rates(found: Mapping[Tenant, Series]) -> dict[Tenant, float]:
    """Every tenant's bytes per second in the window that all have in common."""
    begin, end = max(one.begin for one in found.values()), min(one.end for one in found.values())
    return {tenant: rate(one, PIECE, begin, end) for tenant, one in found.items()}


def jain(values: Sequence[float]) -> float:
    """Jain's fairness index: 1 = equal, 1/n = one has everything."""
    squares = sum(value * value for value in values)
    return sum(values) ** 2 / (len(values) * squares) if squares else 0.0
