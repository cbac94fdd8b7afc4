"""What a proof is made of: what a tenant, a native tenant and the observer showed. Plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

OUT_OF_MEMORY = 2
"""CUDA_ERROR_OUT_OF_MEMORY"""
MARGIN = 256 << 20
"""How far above a quota a request must be to count as above it, and how much the observer must see."""


@dataclass(frozen=True)
class Attempt:
    """One `cuMemAlloc` that was tried and freed again: its size, the CUresult it ended with, and how it was found."""

    bytes: int
    code: int
    way: str = "query"


@dataclass(frozen=True)
class Seen:
    """What NVML showed on the host, outside the layer, and who of ours should be there.

    A process that a tenant or daemon of ours has started stands under the number of the one that was started.
    """

    processes: Sequence[int]
    tenants: Sequence[int] = ()
    daemons: Sequence[int] = ()
    tenant: int = 0
    """The tenant that is asked."""
    grown_bytes: int | None = None
    """By how much the device's use grew when the tenant wrote MARGIN bytes; None: not read."""


@dataclass(frozen=True)
class Driver:
    """The driver as a native tenant found it: its file, NVML's version of it, and whether it is the emulated GPU's."""

    path: str
    version: str = "unknown"
    emulated: bool = False


@dataclass(frozen=True)
class Evidence:
    """All that the checks of one tenant may ask. What was not tried is empty or None, and fails the check that asks."""

    facts: Mapping[str, Any]
    driver: Driver
    attempts: Sequence[Attempt] = ()  # in this tenant: half of the quota, the quota and MARGIN
    control: Sequence[Attempt] = ()  # the same in a native tenant of this session
    stderr: str = ""
    seen: Seen | None = None  # None: NVML lists no processes here, its checks cannot be made
    rate: float | None = None  # of the probe of `slowed`, over its native rate
    compute_share: float | None = None  # granted to this tenant
    device_sm_count: int = 0
    device_memory_bytes: int = 0
