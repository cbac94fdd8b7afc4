"""What IS-001 and IS-002 know of a memory limit: how a tenant is filled up to it, and the controls beside."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from gpu_virt_bench.metrics.common import GIB, MIB
from gpu_virt_bench.model.metric import Bench, Death, DeviceFacts, Params, Party, Share, Skip, Tenant, Value
from gpu_virt_bench.model.workload import Series, Workload, WorkloadError

MEMORY_APIS = ("cuMemAlloc_v2", "pool", "vmm", "pitch", "managed", "array")
"""Ways to allocate, the main door first."""
PARTS = ("quota", 0.5, 0.25, 0.75)
"""Memory limits: what the session grants, and parts of the device."""
LARGEST, SMALLEST = GIB, 2 * MIB
"""Chunks of a fill: the first size that is asked for, and the last."""
KEPT_FREE = 2 * GIB
"""Physical memory that no fill takes: on a device without a byte left, other things fail than a limit."""
MARGIN = 256 * MIB
"""A native tenant must be given so much more than the limit."""


def by_memory(params: Params, device: DeviceFacts) -> Party:
    """One tenant with the memory that the parameter names: `quota` is the session's, or half of the device."""
    part = params["memory"]
    if part == "quota":
        return (Share(memory_unless_granted=device.memory_bytes // 2),)
    return (Share(memory=int(device.memory_bytes * float(part))),)


@dataclass(frozen=True)
class Limit:
    """A tenant's memory limit, the way in which memory is asked for, and what is physically there for it."""

    asked: int
    granted: int
    api: str
    ceiling: int
    used: int | None
    """Bytes in use on the device before, by anybody; None without an observer."""


def limit_of(bench: Bench, tenant: Tenant, api: str) -> Limit:
    """The limit that an idle tenant has now."""
    asked, granted = tenant.memory_asked, tenant.memory_granted
    if asked is None or granted is None:
        raise Skip("needs a memory limit, found none: give --memory-limit")
    return Limit(asked, granted, api, free_memory(bench) - KEPT_FREE, memory_used(bench))


def memory_used(bench: Bench) -> int | None:
    """Bytes in use on the device, by the observer."""
    return bench.observer.memory_used() if bench.observer is not None else None


def free_memory(bench: Bench) -> int:
    """Physically free bytes: by the observer, else as a native tenant is told."""
    used = memory_used(bench)
    if used is not None:
        return bench.device.memory_bytes - used
    with bench.native() as native:
        return int(fill(bench, native, "cuMemAlloc_v2", 0).notes["claimed_free"])


def fill(bench: Bench, tenant: Tenant, api: str, ceiling: int) -> Series:
    """A tenant takes what it is given, writes to it, and holds it until it releases."""
    sizes: dict[str, Value] = {"chunk_max": LARGEST, "chunk_min": SMALLEST, "ceiling": max(0, ceiling)}
    return bench.run(tenant, Workload("fill_to_limit", {"api": api, **sizes, "touch": 1, "keep": 1}, timeout=300))


def given(series: Series) -> int:
    """Bytes that a fill was given."""
    return int(series.columns["bytes"][0])


def code(series: Series) -> int:
    """The CUresult of a fill's last attempt; 0: what was physically there ended it, and no refusal."""
    return int(series.columns["code"][0])


@contextmanager
def released(*tenants: Tenant) -> Iterator[None]:
    """What tenants hold is freed with the block."""
    try:
        yield
    finally:
        for tenant in reversed(tenants):
            tenant.release()


@dataclass(frozen=True)
class Enforced:
    """What a tenant was given in all, how that ended, and what the device's use grew by meanwhile."""

    bytes: int
    last: Series
    physical: int | None


def grown(bench: Bench, limit: Limit) -> int | None:
    """By how much the device's use has grown."""
    used = memory_used(bench)
    return None if used is None or limit.used is None else used - limit.used


def in_first(bench: Bench, tenant: Tenant, limit: Limit) -> Enforced:
    """Its first process takes all that it is given."""
    with released(tenant):
        last = told(bench, "first", limit, fill(bench, tenant, limit.api, limit.ceiling))
        return Enforced(given(last), last, grown(bench, limit))


def in_second(bench: Bench, tenant: Tenant, limit: Limit) -> Enforced:
    """The first process holds half, and a second one takes the rest: the limit is the tenant's, not the process's."""
    with tenant.child() as second, released(tenant, second):
        half = told(bench, "first", limit, fill(bench, tenant, limit.api, limit.granted // 2))
        last = told(bench, "second", limit, fill(bench, second, limit.api, limit.ceiling - given(half)))
        return Enforced(given(half) + given(last), last, grown(bench, limit))


def in_survivor(bench: Bench, tenant: Tenant, limit: Limit) -> Enforced:
    """The first process is killed while it holds a quarter; a second one, which stood beside it, takes what it is
    given then. A quarter: the survivor's proof must still be given half."""
    with bench.sacrifice(tenant, Death(signal=9)) as first, first.child() as second:
        told(bench, "first", limit, fill(bench, first, limit.api, limit.granted // 4))
        first.kill()
        with released(second):
            last = told(bench, "second", limit, fill(bench, second, limit.api, limit.ceiling))
            return Enforced(given(last), last, grown(bench, limit))


PROCESSES: Mapping[str, Callable[[Bench, Tenant, Limit], Enforced]] = {
    "first": in_first,
    "second": in_second,
    "after": in_survivor,
}
"""In which processes of a tenant its limit is tried."""


def told(bench: Bench, process: str, limit: Limit, series: Series) -> Series:
    """One process's part, for the reader: what it was given, and what it is told of its memory (its claim)."""
    notes = {name: int(value) for name, value in series.notes.items()}
    total = notes["claimed_total"]
    row: dict[str, Value] = {"process": process, "api": limit.api, "bytes": given(series), "last_code": code(series)}
    claim = {"claimed_total": total, "claimed_before": total - notes["claimed_free"]}
    held = {"claimed_held": total - notes["claimed_free_held"], "words_written": notes["words"]}
    bench.detail("fills", {**row, "calls": int(series.columns["calls"][0]), **claim, **held})
    return series


def conclude(bench: Bench, limit: Limit, found: Enforced) -> float:
    """1 - |E - L| / L, and beside it in words how the fill ended: without a refusal it is at most that."""
    off = found.bytes - limit.granted
    row: dict[str, Value] = {"api": limit.api, "asked": limit.asked, "granted": limit.granted, "enforced": found.bytes}
    row |= {
        "sign": "+" if off > 0 else "-" if off < 0 else "0",
        "last_code": code(found.last),
        "ended_by": ended(found),
    }
    if found.physical is not None:
        row["physical"] = found.physical
    bench.detail("limit", row)
    return 1 - abs(off) / limit.granted


def ended(found: Enforced) -> str:
    """How a fill ended."""
    return "refusal" if code(found.last) else "no refusal: all that is physically there was given, an upper bound"


def control(bench: Bench, api: str, size: int) -> None:
    """Fails unless a native tenant is given as much, once a repetition: else a refusal may be the device's own."""

    def take() -> int:
        with bench.native() as native:
            return given(fill(bench, native, api, size))

    if (found := bench.once(("memory control", api, size), take)) < size - SMALLEST:
        raise WorkloadError("control", f"control failed: a native tenant is given {found} of {size} bytes by {api}")


def check_refused(series: Series, api: str, used: int, ask: int) -> None:
    """Fails if any of the requests was granted."""
    codes, warm = series.columns["code"], int(series.notes["granted_warm_ups"])
    granted = sum(answer == 0 for answer in codes) + warm
    if granted:
        tried = f"{granted} of {len(codes) + WARM_UPS} requests by {api}"
        raise WorkloadError("not-refused", f"{tried} for {ask} bytes were granted, with {used} held")


WARM_UPS = 10
"""Refusals before those that count, in each reading."""
