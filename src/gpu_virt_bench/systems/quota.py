"""Quotas: what a system can express, and the values that its variables get."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from gpu_virt_bench.model.run import Device
from gpu_virt_bench.model.system import Quota, System
from gpu_virt_bench.model.text import counted
from gpu_virt_bench.systems.variables import QUOTA, DefinitionError

MIB = 1 << 20
TINY = 1e-9
"""Shares are decimal fractions in binary: what differs by less is the same."""

Granted = dict[str, int | float | None]
"""A quota by variable; None where it was not asked for."""
NOTHING: Mapping[str, int | float | None] = dict.fromkeys(QUOTA)
"""What a tenant without a quota is granted."""


class Inexpressible(DefinitionError):
    """A quota that the system cannot express, or the device cannot give."""


def grants(system: System, asked: Sequence[Quota], devices: Sequence[Device], gpus: Sequence[int]) -> list[Granted]:
    """The quotas of all tenants of a party as the system grants them, tenant i on device `gpus[i]`.

    Memory is rounded down to the system's step. A share of 1 is the whole device: no limit. Raises Inexpressible about
    what the system cannot express or a device cannot give.
    """
    check_tenants(system, len(asked))
    found = [granted(system, quota, devices[gpu]) for quota, gpu in zip(asked, gpus, strict=True)]
    for gpu, device in enumerate(devices):
        mine = [values for values, place in zip(found, gpus, strict=True) if place == gpu]
        check_memory(system, [values["memory_bytes"] for values in mine], device)
        check_shares([values["compute_share"] for values in mine], device)
    return found


def granted(system: System, quota: Quota, device: Device) -> Granted:
    """One tenant's quota as the system expresses it."""
    found: Granted = dict(NOTHING)
    if quota.memory_bytes is not None:
        memory = memory_quota(system, quota.memory_bytes)
        found |= {"memory_bytes": memory, "memory_mib": memory // MIB}
    if quota.compute_share is not None and quota.compute_share != 1:
        found |= share_values(compute_quota(system, quota.compute_share), device.sm_count)
    if quota.priority is not None:
        if "priority" not in system.features:
            raise Inexpressible(f"{system.id} has no priority: leave it out, or take a system that lists it")
        found["priority"] = quota.priority
    return found


def share_values(share: float, sm_count: int) -> Granted:
    """The variables of a compute share."""
    multiprocessors = max(1, math.floor(share * sm_count + TINY))
    return {"compute_share": share, "compute_percent": tidy(share * 100), "compute_sms": multiprocessors}


def check_tenants(system: System, tenants: int) -> None:
    """So many tenants must be possible at a time."""
    if tenants > 1 and "concurrent-tenants" not in system.features:
        raise Inexpressible(f"{system.id} has one tenant at a time, not {tenants}: it has no concurrent-tenants")
    most = system.quota.compute.max_tenants if system.quota.compute is not None else None
    if most is not None and tenants > most:
        raise Inexpressible(f"{system.id} has at most {counted(most, 'tenant')}, not {tenants}")


def memory_quota(system: System, asked: int) -> int:
    """The memory quota, rounded down to the system's step."""
    rule = system.quota.memory
    if "memory-limit" not in system.features or rule is None:
        raise Inexpressible(f"{system.id} cannot express a memory quota: it has no memory-limit")
    found = asked // rule.step * rule.step
    if found <= 0:
        raise Inexpressible(f"{system.id} cannot express a memory quota of {asked} bytes: its step is {rule.step}")
    return found


def check_memory(system: System, quotas: Iterable[int | float | None], device: Device) -> None:
    """What the tenants of one device are granted must fit into its memory, unless the system can do with less."""
    limited = [quota for quota in quotas if quota is not None]
    if sum(limited) <= device.memory_bytes or "oversubscription" in system.features:
        return
    listed = " + ".join(f"{quota / MIB:.10g}" for quota in limited)
    raise Inexpressible(
        f"memory quotas of {listed} MiB are more than the {device.memory_bytes / MIB:.10g} MiB of {device.name} "
        f"{device.index}, and {system.id} has no oversubscription: ask for less, or for fewer tenants"
    )


def compute_quota(system: System, asked: float) -> float:
    """The compute share, if the system knows it."""
    rule = system.quota.compute
    if "compute-limit" not in system.features or rule is None:
        raise Inexpressible(f"{system.id} cannot express a compute quota: it has no compute-limit")
    if not 0 < asked <= 1:
        raise Inexpressible(f"a compute share of {asked:g} is not possible: expected more than 0, at most 1")
    steps = round(asked / rule.step)
    if abs(steps * rule.step - asked) > TINY or steps == 0:
        raise Inexpressible(f"{system.id} cannot express a compute share of {asked:g}: its step is {rule.step:g}")
    return tidy(asked)


def check_shares(shares: Iterable[int | float | None], device: Device) -> None:
    """The limited shares of one device's tenants must not be more than all of it."""
    limited = [share for share in shares if share is not None]
    if sum(limited) > 1 + TINY:
        listed = " + ".join(f"{share:g}" for share in limited)
        raise Inexpressible(
            f"shares of {listed} are more than all of {device.name} {device.index}: ask for less, or for fewer tenants"
        )


def rounded_down(system: System, share: float) -> float | None:
    """The largest share that the system can express and that is not above this one; None if there is none."""
    rule = system.quota.compute
    if "compute-limit" not in system.features or rule is None:
        return None
    found = math.floor(min(share, 1) / rule.step + TINY) * rule.step
    return tidy(found) if found > TINY else None


def tidy(value: float) -> float:
    """The number without binary dust: a whole one as an integer."""
    rounded = round(value, 9)
    return int(rounded) if rounded == int(rounded) else rounded


def as_variables(values: Mapping[str, int | float | None]) -> dict[str, str | None]:
    """The values as they are filled in."""
    return {name: None if value is None else f"{value}" for name, value in values.items()}
