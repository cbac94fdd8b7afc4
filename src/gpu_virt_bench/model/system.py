"""A system: a way of sharing one GPU, described by data; and the quota one tenant is entitled to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Enforcement = Literal["hard", "soft", "advisory", "none"]
Amount = int | str
"""A number, or a variable in braces that becomes one."""
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


FEATURE_QUOTA: Mapping[str, str] = {
    "memory-limit": "memory",
    "memory-view": "memory",
    "compute-limit": "compute",
    "compute-reservation": "compute",
    "priority": "priority",
}
"""Features that mean nothing to a tenant without a quota of that kind: their proof is asked only with it."""


def _regex(default: str = "") -> Any:  # noqa: ANN401  a dataclass field
    """A text that is a regular expression: variables are escaped when they are filled in."""
    return field(default=default, metadata={"regex": True})


@dataclass(frozen=True)
class Quota:
    """What one tenant is entitled to: device memory in bytes, compute as a share of the device, a priority; None = not
    asked for."""

    memory_bytes: int | None = None
    compute_share: float | None = None
    priority: int | None = None


FULL = Quota()


@dataclass(frozen=True)
class Step:
    """One command: argv without a shell, what it reads, and what makes it a success.

    `expect` must be found in its output, and its named groups become variables; `retry_for` repeats the command until
    then. A `background` step stays up until the end.
    """

    __pydantic_config__ = _STRICT
    run: tuple[str, ...]
    name: str = ""
    stdin: str = ""
    env: Mapping[str, str] = field(default_factory=dict)
    timeout: float = 30.0
    expect: str = _regex()
    retry_for: float = 0.0
    background: bool = False
    ok: tuple[int, ...] = (0,)

    @property
    def title(self) -> str:
        """How messages call it."""
        return self.name or " ".join(self.run)


@dataclass(frozen=True)
class Requires:
    """What must be true before the system can be used; `gpus` counts the session's."""

    __pydantic_config__ = _STRICT
    root: bool = False
    driver: str = ""
    compute_capability: str = ""
    gpus: int = 1
    tools: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    real_device: bool = False
    gpu_index: int | None = None
    system_preload: str = ""


@dataclass(frozen=True)
class MemoryQuota:
    """How a memory quota is expressed: rounded down to `step` bytes."""

    __pydantic_config__ = _STRICT
    step: int


@dataclass(frozen=True)
class ComputeQuota:
    """How a compute quota is expressed: multiples of the share `step`."""

    __pydantic_config__ = _STRICT
    step: float
    max_tenants: int | None = None


@dataclass(frozen=True)
class Quotas:
    """The kinds of quota that a system knows."""

    __pydantic_config__ = _STRICT
    memory: MemoryQuota | None = None
    compute: ComputeQuota | None = None


@dataclass(frozen=True)
class Exclusive:
    """Checks made from outside the layer, by NVML on the host."""

    __pydantic_config__ = _STRICT
    alone: bool = False
    listed: bool = False
    memory: bool = False


@dataclass(frozen=True)
class SmCount:
    """The multiprocessors that a tenant may see."""

    __pydantic_config__ = _STRICT
    equals: Amount | None = None
    at_most: Amount | None = None
    slack: int = 0


@dataclass(frozen=True)
class FileField:
    """One binary field of a state file of the layer."""

    __pydantic_config__ = _STRICT
    path: str
    offset: int
    type: Literal["i32", "u32", "i64", "u64"]
    equals: Amount | None = None
    min: Amount | None = None
    max: Amount | None = None


@dataclass(frozen=True)
class Slowed:
    """A probe whose rate under the quota is kept as evidence."""

    __pydantic_config__ = _STRICT
    probe: Literal["many-blocks"]


@dataclass(frozen=True)
class Checks:
    """Questions that are asked before the first sample and after the last."""

    __pydantic_config__ = _STRICT
    served_by: Mapping[str, str] = field(default_factory=dict)
    served_by_query: Mapping[str, str] = field(default_factory=dict)
    served_by_any: Mapping[str, str] = field(default_factory=dict)
    mapped: tuple[str, ...] = ()
    not_mapped: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict, metadata={"regex": True})
    full_device: bool = False
    memory_total: Amount | None = None
    sm_count: SmCount | None = None
    device_uuid: str = _regex()
    device_name: str = _regex()
    refused_above: Amount | None = None
    file: Mapping[str, FileField] = field(default_factory=dict)
    command: Step | None = None
    stderr: str = _regex()
    observer: Exclusive = field(default_factory=Exclusive)
    overlap: str = ""
    sm_sets: str = ""
    slowed: Slowed | None = None


@dataclass(frozen=True)
class Proof(Checks):
    """What shows that the system is really in force. Its own checks are the activation: failure refuses the run.
    Those of a feature withdraw that feature; in the file they stand under its name, `[proof.memory-limit]`."""

    __pydantic_config__ = _STRICT
    features: Mapping[str, Checks] = field(default_factory=dict)


@dataclass(frozen=True)
class Start:
    """How a tenant is started: an argv prefix that enters the place where the layer holds, and variables.

    `python` is that place's interpreter, with this package installed; "" is the harness's own. `shell`: the command
    splits what follows into words again, as ssh does.
    """

    __pydantic_config__ = _STRICT
    command: tuple[str, ...] = ()
    python: str = ""
    shell: bool = False
    env: Mapping[str, str] = field(default_factory=dict)
    start: Literal["together", "one-by-one"] = "together"
    settle: float = 0.0
    settle_for: Literal["", "memory", "compute"] = ""
    """Settling is for tenants with a quota of that kind alone; "": for all."""
    before: tuple[Step, ...] = ()
    after: tuple[Step, ...] = ()
    before_kill: Step | None = None


@dataclass(frozen=True)
class Option:
    """A value that the user may give to a system.

    Four kinds shape the system itself: `environment` takes any number of NAME.VARIABLE=VALUE for its tenants,
    `features` a comma-separated list of what it claims to have, `command` the words that enter the place where it
    holds, `shell-command` such words where a shell splits what follows them again.
    """

    __pydantic_config__ = _STRICT
    kind: Literal["file", "directory", "text", "integer", "environment", "features", "command", "shell-command"] = (
        "text"
    )
    required: bool = False
    default: Amount | None = None
    help: str = ""


@dataclass(frozen=True)
class Recovery:
    """What must be done after a fault or a kill."""

    __pydantic_config__ = _STRICT
    after_fault: Literal["nothing", "restart"] = "nothing"
    after_kill: Literal["nothing", "restart"] = "nothing"


@dataclass(frozen=True)
class Cleanup:
    """Paths under the session directory that go once all tenants are dead; seconds from SIGTERM to SIGKILL."""

    __pydantic_config__ = _STRICT
    remove: tuple[str, ...] = ()
    grace: float = 5.0


@dataclass(frozen=True)
class Gap:
    """A documented hole of the layer: a name for it, and the sentence that says what it is."""

    __pydantic_config__ = _STRICT
    id: str
    note: str


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
    enforces: Mapping[Literal["memory", "compute", "bandwidth"], Enforcement] = field(default_factory=dict)
    fault_domain: Literal["process", "server", "instance", "guest"] = "process"
    beside: bool = True
    """Whether its tenants can stand on the device beside those of a session's other systems."""
    known_gaps: tuple[Gap, ...] = ()
    options: Mapping[str, Option] = field(default_factory=dict)
    requires: Requires = field(default_factory=Requires)
    quota: Quotas = field(default_factory=Quotas)
    env: Mapping[str, str] = field(default_factory=dict)
    setup: tuple[Step, ...] = ()
    teardown: tuple[Step, ...] = ()
    record: tuple[Step, ...] = ()
    tenant: Start = field(default_factory=Start)
    proof: Proof = field(default_factory=Proof)
    recovery: Recovery = field(default_factory=Recovery)
    cleanup: Cleanup = field(default_factory=Cleanup)
    source: str = ""

    def lacking(self, needs: tuple[str, ...]) -> tuple[str, ...]:
        """The needs that this system's features do not meet."""
        return tuple(need for need in needs if need not in self.features)
