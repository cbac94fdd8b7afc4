"""What a device shows from outside the layer: who is on it, and whether a tenant's memory is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from gpu_virt_bench.model.run import Check
from gpu_virt_bench.model.system import Exclusive
from gpu_virt_bench.systems.processes import owner
from gpu_virt_bench.systems.proof.evidence import MARGIN, Seen


class Outside(Protocol):
    """One device as NVML on the host shows it, and the processes of the session that are on it."""

    @property
    def lists_processes(self) -> bool:
        """Whether NVML lists a process that surely has a context: in some containers it lists none."""

    def processes(self) -> list[int] | None:
        """Processes with a context on the device; None where NVML does not say."""

    def memory_used(self) -> int | None:
        """Bytes of its memory in use, by anybody; None where NVML does not say."""

    def ours(self) -> list[int]:
        """The process ids of the session's living tenants with a context there, whatever their entry, and of its
        daemons."""

    def daemons(self) -> list[int]:
        """Those of them that set-ups started: they may have a context, or none."""


def seen(outside: Outside, tenant: int, grown_bytes: int | None) -> Seen | None:
    """Who is on the device now; None where NVML does not say."""
    processes = outside.processes()
    if processes is None:
        return None
    daemons = outside.daemons()
    tenants = [pid for pid in outside.ours() if pid not in daemons]
    there = [owner(pid, [*tenants, *daemons]) for pid in processes]
    return Seen(there, tenants, daemons, tenant, grown_bytes)


def observer_checks(rules: Exclusive, seen: Seen | None) -> list[Check]:
    """What NVML on the host answers; nothing where it lists no processes."""
    if seen is None:
        return []
    asked = ((rules.alone, alone), (rules.listed, listed), (rules.memory, memory))
    return [check(seen) for wanted, check in asked if wanted]


def alone(seen: Seen) -> Check:
    """Whether nobody but the session's processes is on the device.

    Where pids match, a process that is not ours may only be a tenant of ours that stands there under another pid, as
    one in a container does. Where none match - the harness itself is in a container - only numbers can be compared.
    """
    strangers = [pid for pid in seen.processes if pid not in (*seen.tenants, *seen.daemons)]
    missing = [pid for pid in seen.tenants if pid not in seen.processes]
    if matches(seen):
        passed, of = len(strangers) <= len(missing), f"{len(missing)} of our tenants under another pid"
    else:
        passed, of = len(strangers) <= len(seen.tenants) + len(seen.daemons), "pids are those of another namespace"
    return Check("observer.alone", "no process of others", f"{told(seen)}, {told_strangers(strangers)}; {of}", passed)


def listed(seen: Seen) -> Check:
    """Whether the tenant is on the device; by numbers where pids do not match."""
    here = seen.tenant in seen.processes
    counted = not matches(seen) and len(seen.processes) >= max(1, len(seen.tenants))
    found = f"{told(seen)}, {'this one among them' if here else f'none of them {seen.tenant}'}"
    return Check("observer.listed", "this tenant on the device", found, here or counted)


def memory(seen: Seen) -> Check:
    """Whether what the tenant writes to is memory of the device."""
    grown = seen.grown_bytes
    said = "not read" if grown is None else f"{grown} bytes more in use"
    return Check("observer.memory", f"{MARGIN} bytes more in use", said, grown is not None and grown >= MARGIN)


def matches(seen: Seen) -> bool:
    """Whether any process of ours is listed under the number that we know it by."""
    return any(pid in (*seen.tenants, *seen.daemons) for pid in seen.processes)


def told(seen: Seen) -> str:
    """How many are there, in words."""
    return f"{len(seen.processes)} on the device, {len(seen.tenants)} of this session's tenants should be"


def told_strangers(pids: Sequence[int]) -> str:
    """Who of them is not known to be ours, in words."""
    return f"not known as ours: {', '.join(map(str, pids)) or 'none'}"
