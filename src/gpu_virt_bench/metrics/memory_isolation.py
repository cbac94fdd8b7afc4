"""What IS-005 knows of other tenants' memory: its probes, each with a control, and how a tenant ends before."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from gpu_virt_bench.metrics.common import GIB, MIB
from gpu_virt_bench.metrics.memory_limit import KEPT_FREE, free_memory, released
from gpu_virt_bench.model.metric import Bench, Death, Share, Tenant, Value
from gpu_virt_bench.model.workload import Series, Workload, WorkloadError

INTRUDER = Share(role="intruder")
KILLED = Death(signal=9)
REFUSALS = {1: "invalid value", 700: "illegal address", 717: "invalid address space", 719: "launch failure"}
"""CUresults with which a driver or device turns a stranger away."""
SHARE_OF_LIMIT = 4
"""What a tenant owns or plants is at most this part of its limit: its last proof must still be given half."""


@dataclass(frozen=True)
class Seen:
    """What a probe came to: whether isolation held, and what the reader is told."""

    held: bool
    row: Mapping[str, Value]


@contextmanager
def intruder(bench: Bench) -> Iterator[Tenant]:
    """A new tenant for one probe. Its context may be dead after it, so that it is killed whatever came of it."""
    with bench.sacrifice(INTRUDER, KILLED) as victim:
        yield victim
        victim.kill()


def owned_bytes(tenant: Tenant) -> int:
    """1 GiB, or the quarter of a smaller limit."""
    limit = tenant.memory_granted
    return GIB if limit is None else min(GIB, limit // SHARE_OF_LIMIT // MIB * MIB)


def seed_of(bench: Bench) -> int:
    """Another pattern in each sample: what an earlier one left cannot pass."""
    return bench.random.getrandbits(31) | 1


def own(bench: Bench, owner: Tenant, size: int, seed: int) -> Series:
    """Memory that a tenant has filled, and what it finds of it now."""
    return bench.run(owner, Workload("own", {"bytes": size, "seed": seed}))


def wrong(series: Series) -> int:
    """Words that are not as their owner left them."""
    return int(series.columns["wrong"][0])


def intrude(bench: Bench, who: Tenant, address: int, first: int, seed: int, writes: bool) -> dict[str, int]:
    """One try by a copy and by a kernel: their codes, and the owner's words that they reached."""
    args: dict[str, Value] = {"writes": int(writes), "address": address, "first": first, "seed": seed}
    columns = bench.run(who, Workload("intrude", args)).columns
    return {name: int(values[0]) for name, values in columns.items()}


def foreign(bench: Bench, owner: Tenant, writes: bool) -> Seen:
    """Another tenant reads, or writes, in the middle of the owner's memory. Control: it reads its own first."""
    size, seed = owned_bytes(owner), seed_of(bench)
    with released(owner):
        mine = own(bench, owner, size, seed)
        if wrong(mine):
            raise WorkloadError("control", f"control failed: the owner finds {wrong(mine)} of its own words wrong")
        middle = size // 2
        address, first = int(mine.notes["address"]) + middle, middle // 8
        check_own(intrude(bench, owner, address, first, seed, writes=False))
        with intruder(bench) as stranger:
            tried = intrude(bench, stranger, address, first, seed, writes)
        changed = wrong(own(bench, owner, size, seed))
    check_answers(tried, writes, changed)
    reached = changed if writes else max(tried["copied"], tried["reached"])
    return Seen(not reached, {**tried, "words_changed": changed})


def check_own(found: Mapping[str, int]) -> None:
    """A probe that does not reach its own memory proves nothing."""
    if found["copy"] or found["kernel"] or not found["copied"] or not found["reached"]:
        raise WorkloadError("control", f"control failed: the probe does not reach its own tenant's memory: {found}")


def check_answers(tried: Mapping[str, int], writes: bool, changed: int) -> None:
    """Fails on an answer that says neither that a stranger was turned away nor that it was let in."""
    for code, reached in (("copy", "copied"), ("kernel", "reached")):
        let_in = changed if writes else tried[reached]
        if tried[code] not in REFUSALS and not (tried[code] == 0 and let_in):
            found = f"CUresult {tried[code]}" if tried[code] else "success, and reached nothing of the owner's"
            raise WorkloadError(
                "control", f"the {code} of another tenant's memory answered {found}: neither can be told"
            )


def residual(bench: Bench, owner: Tenant) -> Seen:
    """A process plants markers and ends; a new tenant takes all that it is given, and looks for them. Control: its scan
    finds markers that it has itself freed into a memory pool."""
    marker, size = seed_of(bench), owned_bytes(owner)
    with ENDS[str(bench.params["end"])](bench, owner) as planter:
        planted = bench.run(planter, Workload("plant", {"bytes": size, "marker": marker})).columns["planted"][0]
    with intruder(bench) as stranger:
        args: dict[str, Value] = {"ceiling": max(0, free_memory(bench) - KEPT_FREE), "marker": marker}
        columns = bench.run(stranger, Workload("scan", args, timeout=300)).columns
    found = int(columns["markers"][0])
    return Seen(not found, {"planted": int(planted), "bytes_scanned": int(columns["bytes"][0]), "markers": found})


@contextmanager
def exiting(bench: Bench, owner: Tenant) -> Iterator[Tenant]:
    """A process of the tenant that ends by itself, and frees nothing before."""
    del bench
    with owner.child() as child:
        yield child


@contextmanager
def killed(bench: Bench, owner: Tenant) -> Iterator[Tenant]:
    """A tenant that is killed."""
    del owner
    with intruder(bench) as tenant:
        yield tenant


ENDS = {"exit": exiting, "kill": killed}
"""How a tenant ends that leaves something in memory."""
PROBES: Mapping[str, Callable[[Bench, Tenant], Seen]] = {
    "foreign-read": lambda bench, owner: foreign(bench, owner, writes=False),
    "foreign-write": lambda bench, owner: foreign(bench, owner, writes=True),
    "residual": residual,
}
