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
    """One `cuMemAlloc` that was tried and freed again: its size, and the CUresult it ended with."""

    bytes: int
    code: int


@dataclass(frozen=True)
class Seen:
    """What NVML showed on the host, outside the layer. `own` is how many processes of ours are on the device."""

    processes: Sequence[int]
    before: Sequence[int] = ()
    own: int = 1
    grown_bytes: int | None = None  # use of the device, after the tenant wrote MARGIN bytes


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
    device_sm_count: int = 0
    device_memory_bytes: int = 0


@dataclass(frozen=True)
class Wanted:
    """What the engine must ask or try before a proof can be checked."""

    symbols: Sequence[str]
    env: Sequence[str]
    attempts: Sequence[int] = ()  # sizes for `cuMemAlloc`, in the tenant and in a native one
    observer: bool = False
    observer_memory: bool = False
    stderr: bool = False
    slowed: str = ""
    pair: bool = False  # two tenants' fingerprints, once per session
