"""Quotas: what a system can express, and the values that its variables get."""

from __future__ import annotations

import math

from gpu_virt_bench.model.system import Quota, System
from gpu_virt_bench.systems.variables import QUOTA, DefinitionError

MIB = 1 << 20
TINY = 1e-9
"""Shares are decimal fractions in binary: what differs by less is the same."""

Granted = dict[str, int | float | None]


def quota_values(
    system: System,
    quota: Quota,
    device_memory: int,
    sm_count: int,
    tenants: int = 1,
    memory_free: int | None = None,
) -> Granted:
    """The quota as the system grants it to each of `tenants`, by variable; None where it was not asked for.

    Raises a DefinitionError about what the system cannot express or the device cannot give.
    """
    granted: Granted = dict.fromkeys(QUOTA)
    check_tenants(system, tenants)
    if quota.memory_bytes is not None:
        memory = memory_quota(system, quota.memory_bytes, device_memory, tenants, memory_free)
        granted |= {"memory_bytes": memory, "memory_mib": memory // MIB}
    if quota.compute_share is not None:
        share = compute_quota(system, quota.compute_share, tenants)
        granted |= {
            "compute_share": share,
            "compute_percent": tidy(share * 100),
            "compute_sms": max(1, math.floor(share * sm_count + TINY)),
        }
    if quota.priority is not None:
        if "priority" not in system.features:
            raise DefinitionError(f"{system.id} has no priority: leave it out, or take a system that lists it")
        granted["priority"] = quota.priority
    return granted


def check_tenants(system: System, tenants: int) -> None:
    """So many tenants must be possible at a time."""
    if tenants > 1 and "concurrent-tenants" not in system.features:
        raise DefinitionError(f"{system.id} has one tenant at a time, not {tenants}: it has no concurrent-tenants")
    most = system.quota.compute.max_tenants if system.quota.compute is not None else None
    if most is not None and tenants > most:
        raise DefinitionError(f"{system.id} has at most {most} tenants, not {tenants}")


def memory_quota(system: System, asked: int, device_memory: int, tenants: int, memory_free: int | None) -> int:
    """The memory quota, rounded down to the system's step."""
    rule = system.quota.memory
    if "memory-limit" not in system.features or rule is None:
        raise DefinitionError(f"{system.id} cannot express a memory quota: it has no memory-limit")
    granted = asked // rule.step * rule.step
    if granted <= 0:
        raise DefinitionError(f"{system.id} cannot express a memory quota of {asked} bytes: its step is {rule.step}")
    if "oversubscription" in system.features:
        return granted
    if granted > device_memory:
        raise DefinitionError(f"a memory quota of {granted} bytes is more than the device's {device_memory}")
    if memory_free is not None and tenants * granted > memory_free:
        raise DefinitionError(
            f"{tenants} x {granted} bytes are more than the {memory_free} that the device has free, and "
            f"{system.id} has no oversubscription: ask for less, or for fewer tenants"
        )
    return granted


def compute_quota(system: System, asked: float, tenants: int) -> float:
    """The compute share, if the system knows it."""
    rule = system.quota.compute
    if "compute-limit" not in system.features or rule is None:
        raise DefinitionError(f"{system.id} cannot express a compute quota: it has no compute-limit")
    if not 0 < asked <= 1:
        raise DefinitionError(f"a compute share of {asked:g} is not possible: expected more than 0, at most 1")
    if asked * tenants > 1 + TINY:
        raise DefinitionError(f"{tenants} shares of {asked:g} add up to more than 1: ask for at most {1 / tenants:.4g}")
    steps = round(asked / rule.step)
    if abs(steps * rule.step - asked) > TINY or steps == 0:
        raise DefinitionError(f"{system.id} cannot express a compute share of {asked:g}: its step is {rule.step:g}")
    return tidy(asked)


def tidy(value: float) -> float:
    """The number without binary dust: a whole one as an integer."""
    rounded = round(value, 9)
    return int(rounded) if rounded == int(rounded) else rounded


def as_variables(granted: Granted) -> dict[str, str | None]:
    """The values as they are filled in."""
    return {name: None if value is None else f"{value}" for name, value in granted.items()}
