"""What the tenants of a party are granted: their shares, and the session's quota where a share leaves it open."""

from __future__ import annotations

from collections.abc import Sequence

from gpu_virt_bench.engine.entry import Entry, has_open_shares
from gpu_virt_bench.engine.member import Member
from gpu_virt_bench.engine.plan import Item
from gpu_virt_bench.model.metric import OPEN, Party, Share
from gpu_virt_bench.model.run import Device, Granted
from gpu_virt_bench.model.system import Quota, System
from gpu_virt_bench.model.workload import WorkloadError
from gpu_virt_bench.systems.quota import MIB, Inexpressible, grants, rounded_down
from gpu_virt_bench.systems.variables import DefinitionError

OUT_OF_MEMORY = 2
"""CUDA_ERROR_OUT_OF_MEMORY."""
Values = dict[str, int | float | None]


def granted(entry: Entry, shares: Party, devices: Sequence[Device]) -> list[Values]:
    """The quota of each tenant by variable, as the system grants it; raises Inexpressible."""
    gpus = [share.gpu for share in shares]
    return grants(entry.system, asked(entry, shares, devices), devices, gpus)


def asked(entry: Entry, shares: Party, devices: Sequence[Device]) -> list[Quota]:
    """What each tenant of a party asks for: a party of as many as the session has shares for gets these, in order."""
    of, session = len(shares), entry.quota.compute_share
    mine = has_open_shares(shares, len(entry.shares))
    parts = entry.shares if mine else [compute(entry.system, share, session, of) for share in shares]
    memory = [memory_of(entry, share, of, devices) for share in shares]
    return [Quota(size, part) for size, part in zip(memory, parts, strict=True)]


def memory_of(entry: Entry, share: Share, of: int, devices: Sequence[Device]) -> int | None:
    """The memory that one of `of` tenants asks for."""
    session, memory = entry.quota, share.memory
    if memory is None and session.memory_bytes is not None:
        memory = min(session.memory_bytes, devices[share.gpu].memory_bytes // of)
    return share.memory_unless_granted if memory is None else memory


def too_small(entry: Entry, context_bytes: int) -> str:
    """What a refusal adds where the memory quota is less than a native tenant's context takes, "" elsewhere."""
    wanted = entry.quota.memory_bytes
    if wanted is None or wanted >= context_bytes:
        return ""
    return (
        f"; its memory quota is {wanted / MIB:.10g} MiB, and a context alone takes {context_bytes / MIB:.10g} MiB here"
    )


def impossible(entry: Entry, found: Sequence[Device]) -> str:
    """Why a quota cannot be had of an entry's system, "" if it can."""
    try:
        if entry.shares:
            granted(entry, (OPEN,) * len(entry.shares), found)
        else:
            grants(entry.system, [entry.quota], found, [0])
    except DefinitionError as error:
        return str(error)
    return ""


def short_of_memory(error: Exception, party: Sequence[Member]) -> str:
    """What an error adds where the driver had no memory left for tenants with a quota, "" elsewhere."""
    if not isinstance(error, WorkloadError) or error.code != OUT_OF_MEMORY:
        return ""
    found = sorted({float(memory) for one in party if (memory := one.values.get("memory_bytes")) is not None})
    sizes = ", ".join(f"{memory / MIB:.10g} MiB" for memory in found)
    return f"; a tenant's memory quota is {sizes}, its context included where the layer counts it" if found else ""


def compute(system: System, share: Share, session: float | None, of: int) -> float | None:
    """A compute share: the tenant's own, else its part of the session's; None: no limit."""
    if share.compute is not None:
        return share.compute if share.compute < 1 else None
    if session is None:
        return None
    if session * of <= 1:
        return session
    part = rounded_down(system, 1 / of)
    if part is None:
        raise Inexpressible(f"{system.id} cannot express {of} equal compute shares")
    return part


def record(share: Share, values: Values) -> Granted:
    """What one tenant was granted, for the run file."""
    memory, part = values["memory_bytes"], values["compute_share"]
    return Granted(
        share.role, share.gpu, None if memory is None else int(memory), None if part is None else float(part)
    )


def needs(item: Item) -> tuple[str, ...]:
    """Features that an outcome needs: the metric's own, and what its party says."""
    party = item.party
    found = list(item.metric.needs)
    if len(party) > 1:
        found += ["concurrent-tenants", "separate-processes"]
    if any(share.compute is not None and share.compute < 1 for share in party):
        found.append("compute-limit")
    if any(share.memory is not None or share.memory_unless_granted is not None for share in party):
        found.append("memory-limit")
    return tuple(dict.fromkeys(found))


def unmet(entry: Entry, item: Item, devices: Sequence[Device]) -> str:
    """Why an outcome does not apply to an entry, "" if it does."""
    if item.unknown:
        return item.unknown
    if lacking := entry.system.lacking(needs(item)):
        return f"{entry.system.id} has no {', '.join(lacking)}"
    if item.metric.host_time(item.params) and devices[0].is_virtual:
        return "virtual clock: this is time of the host's processes, which stays real"
    wanted = 1 + max((share.gpu for share in item.party), default=0)
    if wanted > len(devices):
        one = devices[0]
        way_out = f"emulated:{one.profile}x{wanted}" if one.profile else ",".join(map(str, range(wanted)))
        return f"needs {wanted} GPUs, found {len(devices)}: give --device {way_out}"
    try:
        granted(entry, item.party, devices)
    except Inexpressible as error:
        return str(error)
    return ""
