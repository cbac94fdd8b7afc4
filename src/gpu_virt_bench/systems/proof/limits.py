"""A memory limit through every allocation call, by every way of finding it, in a first and in a second process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gpu_virt_bench.model.claims import CALLS as NAMED
from gpu_virt_bench.model.run import Check
from gpu_virt_bench.model.workload import WorkloadError
from gpu_virt_bench.systems.proof.doors import WAYS
from gpu_virt_bench.systems.proof.evidence import OUT_OF_MEMORY
from gpu_virt_bench.systems.proof.probes import attempt
from gpu_virt_bench.tenant import Tenant

*SINGLE, PARTS = NAMED
"""The last is of the main door, the first."""
CALLS: Mapping[str, str] = dict(zip(("cuMemAlloc_v2", "pitch", "managed", "pool", "vmm", "array"), SINGLE, strict=True))
"""libgvb's words for allocation calls, and the calls; the first is the main door."""
NAMES: Mapping[str, str] = {**CALLS, PARTS: PARTS}
MAIN = (next(iter(CALLS)), PARTS)
BY = {"handle": WAYS["served_by"], "query": WAYS["served_by_query"]}
"""libgvb's words for ways to find a call, and the ways."""
FIRST, SECOND = "first", "second"


@dataclass(frozen=True)
class Try:
    """One request above a limit: by which call, found how, in which process; what it was answered."""

    call: str
    way: str
    process: str
    code: int


def tried(tenant: Tenant, size: int, process: str) -> list[Try]:
    """Requests by every call that the device has, in every way; each is freed again."""
    return [
        Try(call, way, process, code)
        for call in CALLS
        for way in BY
        if (code := answered(tenant, call, way, size)) is not None
    ]


def in_parts(tenant: Tenant, limit: int, above: int, process: str) -> list[Try]:
    """Half of the limit, held, and what is more than the other half: a layer that looks at single requests gives it."""
    return [Try(PARTS, way, process, beside_half(tenant, tenant, limit, above, way)) for way in BY]


def beside_half(holder: Tenant, asker: Tenant, limit: int, above: int, way: str) -> int:
    """The CUresult of a request for the rest and more, while a process holds half of the limit."""
    half = limit // 2
    try:
        held = attempt(holder, half, way, keep=True)
        return held.code or attempt(asker, above - half, way).code
    finally:
        asker.release()
        holder.release()


def answered(tenant: Tenant, call: str, way: str, size: int) -> int | None:
    """The CUresult of one request; None where the device or driver has no such call."""
    try:
        return attempt(tenant, size, way, call).code
    except WorkloadError as error:
        if error.status == "unsupported":
            return None
        raise
    finally:
        tenant.release()


def calls_check(limit: int, size: int, tries: Sequence[Try], control: Sequence[Try]) -> Check:
    """What lies open above a limit. The main door must be shut in every way and process; the rest is told.

    A call that a native tenant is refused too shows nothing, and is left out.
    """
    given = {(one.call, one.way) for one in control if one.code == 0}
    told = [one for one in tries if (one.call, one.way) in given]
    found = [one for one in told if one.code == 0]
    odd = {one.call: one.code for one in told if one.code not in (0, OUT_OF_MEMORY)}
    shut = [call for call in NAMES if any(one.call == call for one in told) and all(one.call != call for one in found)]
    parts = [f"refused by {', '.join(NAMES[call] for call in shut)}, in a second process too"] if shut else []
    parts += [f"{NAMES[call]} answers {code}" for call, code in odd.items()]
    if found:
        calls = [call for call in NAMES if any(one.call == call for one in found)]
        parts.insert(0, f"open: {', '.join(opened(call, found, told) for call in calls)}")
    expected = f"{size} bytes refused above a limit of {limit}, by every call, way and process"
    return Check("calls", expected, "; ".join(parts), all(one.call not in MAIN for one in found))


def opened(call: str, found: Sequence[Try], told: Sequence[Try]) -> str:
    """One call that gave memory above the limit, with the ways and processes in which it did, where not in all."""
    where = {(one.way, one.process) for one in found if one.call == call}
    tried_in = {(one.way, one.process) for one in told if one.call == call}
    ways, processes = ({place[i] for place in where} for i in (0, 1))
    words = [] if ways == {place[0] for place in tried_in} else [f"by {BY[way]}" for way in sorted(ways)]
    if processes != {place[1] for place in tried_in}:
        words += [f"in a {process} process" for process in sorted(processes)]
    return " ".join([NAMES[call], *words])
