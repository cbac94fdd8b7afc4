"""PCIe: copies between host and device, alone and beside the other tenants' copies.

Rates are bytes of payload per second. Host memory lies on the device's NUMA node where the kernel can put it there; the
detail says on which node it lies (-1: not said).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from statistics import fmean, median

from gpu_virt_bench.metrics.common import GIB, KIB, MIB
from gpu_virt_bench.metrics.copying import (
    BATCH_SECONDS,
    DEPTH,
    LEAST_BATCH,
    PIECE,
    batch_of,
    copy_work,
    jain,
    rate,
    rate_work,
    rates,
    tell_link,
    with_link,
)
from gpu_virt_bench.metrics.sharing import equal_tenants
from gpu_virt_bench.model.metric import Bench, Params, Samples, Skip, Tenant, Window, metric
from gpu_virt_bench.model.workload import Series, Value, Workload

SIZES = (256 * MIB, 64 * KIB, MIB, 16 * MIB, GIB)
SLOW_LINK = 20e9
"""Bytes per second, one way, at which a window still has LEAST_BATCH copies of each direction."""
PAYLOADS = ("new", "same", "zeros")
INTERVALS = 10
"""Of pinned and of pageable copies each, in a sample."""


def one_payload_for_each_size(params: Params) -> bool:
    """Payloads other than new are for the headline's size alone."""
    return params["payload"] == "new" or (params["bytes"] == SIZES[0] and params.get("direction") != "duplex")


def bandwidth(bench: Bench, workload: Workload, rate_of: Callable[[Series], float]) -> Samples:
    """Bytes of each reading over its time; the link is looked at during the first, which is the warm-up."""
    (tenant,) = bench.party
    tenant.release()  # what other outcomes hold
    series, link = with_link(bench, lambda: bench.run(tenant, workload))
    tell_link(bench, link)
    nominal = link.bytes_per_second if link else None
    while True:
        found = rate_of(series)
        shares = {"of_link": found / nominal} if nominal else {}
        bench.detail("copies", {**series.notes, "bytes_per_second": found, **shares})
        yield found
        series = bench.run(tenant, workload)


def batches(bench: Bench, kind: str) -> Samples:
    """The rate of batches in one direction."""
    size = int(bench.params["bytes"])
    batch = batch_of(bench, size)
    workload = copy_work(kind, size, batch, str(bench.params["payload"]))
    return bandwidth(bench, workload, lambda series: size * batch / series.seconds("batch")[0])


def both_ways(bench: Bench) -> Samples:
    """The rate of both directions together, over a window in which both are full."""
    size = int(bench.params["bytes"])
    depth = max(DEPTH, 16 * MIB // size)
    workload = rate_work("duplex", size, depth, max(BATCH_SECONDS, LEAST_BATCH * size / SLOW_LINK), 0.0)
    return bandwidth(bench, workload, lambda series: rate(series, size, series.begin, series.end))


@metric(
    "PCIE-001",
    unit="GB/s",
    better="higher",
    ideal="copy",
    params={"bytes": SIZES, "payload": PAYLOADS},
    where=one_payload_for_each_size,
    effort="window",
    seconds=0.2,
)
def host_to_device(bench: Bench) -> Samples:
    """Host-to-device bandwidth.

    sample = bytes of a batch of copies / time between the events around it

    A batch of `cuMemcpyHtoDAsync_v2` from pinned memory (`cuMemHostAlloc`) on one stream: as many as last 100 ms on the
    link at its best, and at least 4. `payload` is what is copied: `new`, incompressible and another content each time;
    `same`, incompressible and always the same; `zeros`. A layer that leaves copies out or compresses them is faster
    with the last two. What the last copies brought is compared word by word on the device after the batch, whatever the
    payload. Generation and width of the link are read by NVML while copies run; below the best of card and slot the run
    remarks a *downgraded link*. The detail has the share of that link's rate, headers not taken off.
    """
    yield from batches(bench, "h2d")


@metric(
    "PCIE-002",
    unit="GB/s",
    better="higher",
    ideal="copy",
    params={"bytes": SIZES, "direction": ("d2h", "duplex"), "payload": PAYLOADS},
    where=one_payload_for_each_size,
    effort="window",
    seconds=0.2,
)
def device_to_host(bench: Bench) -> Samples:
    """Device-to-host bandwidth.

    sample = bytes of a batch of copies / time between the events around it

    As PCIE-001, with `cuMemcpyDtoHAsync_v2`; the host's memory is cleared before, and the host compares it after the
    batch. `duplex`: both directions at once on two streams, at least 4 copies (16 MiB) in flight each way, for 100 ms
    or longer; the sum of the two directions' rates in that window.
    """
    yield from both_ways(bench) if bench.params["direction"] == "duplex" else batches(bench, "d2h")


def alone_and_together(params: Params, window: Window, polling: float) -> float:
    """Seconds of a sample: a window for each tenant, and one for all."""
    del polling
    return (int(params["n"]) + 1) * (window.duration + window.settle + 0.05)


def tell_contention(bench: Bench, alone: Mapping[Tenant, float], shared: Mapping[Tenant, float]) -> None:
    """What the tenants got, beside what would be fair."""
    n, ways = len(alone), 2 if bench.params["direction"] == "both" else 1
    each: dict[str, Value] = {f"tenant_{i}": shared[tenant] for i, tenant in enumerate(bench.party)}
    total = sum(shared.values())
    whole = {"alone": fmean(alone.values()), "together": total, "aggregate": total / fmean(alone.values())}
    bench.detail("rates", {**whole, "jain": jain(list(shared.values())), "fair": 1 - ways / n, **each})


def read_together(bench: Bench, work: Mapping[Tenant, Workload], is_first: bool) -> dict[Tenant, float]:
    """Every tenant's rate beside the others; the link is looked at the first time."""
    if not is_first:
        return rates(bench.read(work))
    found, link = with_link(bench, lambda: bench.read(work))
    tell_link(bench, link)
    return rates(found)


@metric(
    "PCIE-003",
    unit="%",
    better="lower",
    compare="difference",
    ideal="copy",
    baseline="time-slicing",
    params={"n": (2, 4), "direction": ("h2d", "d2h", "both")},
    party=equal_tenants,
    tenants="n",
    effort="window",
    seconds=alone_and_together,
)
def contention(bench: Bench) -> Samples:
    """PCIe contention impact.

    sample = 1 - mean over the tenants of bytes per second together / bytes per second alone

    Every tenant copies pieces of 64 MiB of pinned memory back to back, 4 in flight: each alone in turn, then all
    together; in the next sample all together first. Rates together are those of the window that all have in common.
    `both`: every second tenant copies to the host, the others to the device. The detail has each tenant's rate, all of
    them over the mean alone, Jain's index of them, and what a link that is shared evenly gives: 1 - 1/n, or 1 - 2/n for
    both directions of a duplex one. It may be negative. What arrived last is compared after each window.
    """
    tenants, window, direction = bench.party, bench.window, str(bench.params["direction"])
    if len(tenants) < 2:
        raise Skip(f"needs 2 tenants or more, asked for {len(tenants)}")
    kinds = ("h2d", "d2h") if direction == "both" else (direction,)
    work = {
        tenant: rate_work(kinds[i % len(kinds)], PIECE, DEPTH, window.duration, window.settle)
        for i, tenant in enumerate(tenants)
    }
    for tenant in tenants:
        tenant.release()
    alone: dict[Tenant, float] = {}
    shared: dict[Tenant, float] = {}
    for number in range(1 << 62):
        for is_together in (False, True) if number % 2 == 0 else (True, False):
            if is_together:
                shared = read_together(bench, work, number == 0)
            else:
                for tenant, one in work.items():
                    alone |= rates({tenant: bench.run(tenant, one)})
        tell_contention(bench, alone, shared)
        yield 1 - fmean(shared[tenant] / alone[tenant] for tenant in tenants)


@metric(
    "PCIE-004",
    unit="ratio",
    better="higher",
    ideal="same",
    params={"bytes": (64 * MIB, MIB, 256 * MIB), "direction": ("h2d", "d2h")},
    effort="window",
    seconds=0.6,
)
def pinned(bench: Bench) -> Samples:
    """Pinned memory performance.

    sample = median time of a copy of pageable memory / median time of one of pinned memory, 10 of each

    One synchronous call each (`cuMemcpyHtoD_v2`, or `cuMemcpyDtoH_v2`), from before it to its return, pinned and
    pageable memory in turn. Pinned memory is `cuMemHostAlloc`'s; pageable memory is mapped and touched, without huge
    pages. Every copy brings another content and is compared word by word after its call. 1 means that pinning gains
    nothing.
    """
    (tenant,) = bench.party
    tenant.release()
    size, kind = int(bench.params["bytes"]), str(bench.params["direction"])
    what: dict[str, Value] = {"kind": kind, "api": "call", "payload": "new", "bytes": size, "batch": 1, "count": 1}
    work = {host: Workload("copy", {"host": host, **what}, timeout=120) for host in ("pinned", "pageable")}

    def take() -> dict[str, float]:
        took: dict[str, list[float]] = {"pinned": [], "pageable": []}
        for _ in range(INTERVALS):
            for host, one in work.items():
                took[host] += bench.run(tenant, one).seconds("batch")
        return {host: median(times) for host, times in took.items()}

    medians, link = with_link(bench, take)
    tell_link(bench, link)
    while True:
        bench.detail("medians", {"bytes": size, **medians})
        yield medians["pageable"] / medians["pinned"]
        medians = take()
