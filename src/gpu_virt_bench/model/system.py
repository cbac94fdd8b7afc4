"""A system: a way of sharing one GPU, described by data; and the quota one tenant is entitled to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Enforcement = Literal["hard", "soft", "advisory", "none"]
_STRICT = {"extra": "forbid"}

FEATURES: Mapping[str, str] = {
    "concurrent-tenants": "two or more tenants at a time on one device",
    "separate-processes": "each tenant is a process of its own, with its own CUDA context",
    "memory-limit": "a memory quota per tenant can be asked for",
    "compute-limit": "a compute share per tenant can be asked for",
    "memory-view": "the tenant sees its memory quota as the size of the device",
    "compute-reservation": "the share is reserved: disjoint SMs or a fixed slice, not a cap alone",
    "memory-partition": "L2 and DRAM bandwidth are partitioned in hardware",
    "spatial-sharing": "kernels of two tenants can run at the same instant",
    "priority": "a priority per tenant can be asked for",
    "oversubscription": "the tenants' memory may exceed the device's",
    "live-limit-change": "a running tenant's quota can be changed",
    "peer-access": "P2P and NCCL between GPUs work inside the system",
    "outside-observer": "device use is visible from a process outside the layer (NVML on the host)",
}


@dataclass(frozen=True)
class Quota:
    """What one tenant is entitled to: device memory in bytes, compute as a share of the device; None = not asked."""

    memory_bytes: int | None = None
    compute_share: float | None = None

    @property
    def is_full(self) -> bool:
        """Whether nothing is limited."""
        return self.memory_bytes is None and self.compute_share is None


FULL = Quota()


@dataclass(frozen=True)
class Requires:
    """What must be true before the system can be used; `min_devices` counts visible GPUs."""

    __pydantic_config__ = _STRICT
    root: bool = False
    real_device: bool = False
    min_devices: int = 1


@dataclass(frozen=True)
class Exclusive:
    """Checks made from outside the layer, by NVML on the host."""

    __pydantic_config__ = _STRICT
    alone: bool = False
    listed: bool = False


@dataclass(frozen=True)
class Proof:
    """What shows that the system is really in force; every check must hold before and after the samples."""

    __pydantic_config__ = _STRICT
    served_by: Mapping[str, str] = field(default_factory=dict)
    served_by_query: Mapping[str, str] = field(default_factory=dict)
    mapped: tuple[str, ...] = ()
    not_mapped: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    full_device: bool = False
    observer: Exclusive = field(default_factory=Exclusive)


@dataclass(frozen=True)
class Start:
    """How a tenant is started: an argv prefix that enters the place where the layer holds, and variables."""

    __pydantic_config__ = _STRICT
    command: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Option:
    """A value that the user may give to a system."""

    __pydantic_config__ = _STRICT
    kind: Literal["file", "directory", "text", "integer"] = "text"
    required: bool = False
    default: str | None = None
    help: str = ""


@dataclass(frozen=True)
class System:
    """One way of sharing a GPU, read from TOML. `source` is the file's text as it was used."""

    __pydantic_config__ = _STRICT
    id: str
    title: str
    description: str
    mechanism: Literal["none", "daemon", "hardware", "preload", "in-process", "guest", "external"]
    features: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    enforces: Mapping[str, Enforcement] = field(default_factory=dict)
    fault_domain: str = "process"
    options: Mapping[str, Option] = field(default_factory=dict)
    requires: Requires = field(default_factory=Requires)
    tenant: Start = field(default_factory=Start)
    proof: Proof = field(default_factory=Proof)
    source: str = ""

    def lacking(self, needs: tuple[str, ...]) -> tuple[str, ...]:
        """The needs that this system's features do not meet."""
        return tuple(need for need in needs if need not in self.features)
