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
    """The program and its arguments, without a shell."""
    name: str = ""
    """How messages call it; without one, by `run`."""
    stdin: str = ""
    """What it reads."""
    env: Mapping[str, str] = field(default_factory=dict)
    """Variables on top of `[env]`."""
    timeout: float = 30.0
    """Seconds until it counts as failed."""
    expect: str = _regex()
    """A regular expression that its output must match; named groups become variables."""
    retry_for: float = 0.0
    """Seconds for which it is repeated until `expect` matches."""
    background: bool = False
    """It stays up until the end, and is ended then."""
    ok: tuple[int, ...] = (0,)
    """Exit statuses that are a success."""

    @property
    def title(self) -> str:
        """How messages call it."""
        return self.name or " ".join(self.run)


@dataclass(frozen=True)
class Requires:
    """What must be true before the system can be used; `gpus` counts the session's."""

    __pydantic_config__ = _STRICT
    root: bool = False
    """It needs root."""
    driver: str = ""
    """A driver's version, such as `>=550`; not asked of the emulated GPU."""
    compute_capability: str = ""
    """A device's compute capability, such as `>=8.0`."""
    gpus: int = 1
    """So many GPUs in the session."""
    tools: tuple[str, ...] = ()
    """Programs that must be in PATH."""
    files: tuple[str, ...] = ()
    """Files that must exist."""
    real_device: bool = False
    """It cannot run on the emulated GPU."""
    gpu_index: int | None = None
    """It runs on the GPU of this index alone."""
    system_preload: str = ""
    """The library that /etc/ld.so.preload must list; any that it lists besides is refused."""


@dataclass(frozen=True)
class MemoryQuota:
    """How a memory quota is expressed: rounded down to `step` bytes."""

    __pydantic_config__ = _STRICT
    step: int
    """Bytes; a memory limit is rounded down to a multiple."""


@dataclass(frozen=True)
class ComputeQuota:
    """How a compute quota is expressed: multiples of the share `step`."""

    __pydantic_config__ = _STRICT
    step: float
    """A share, such as 0.01; a compute limit is a multiple of it."""
    max_tenants: int | None = None
    """At most so many tenants have one."""


@dataclass(frozen=True)
class Quotas:
    """The kinds of quota that a system knows."""

    __pydantic_config__ = _STRICT
    memory: MemoryQuota | None = None
    """How a memory limit is expressed; needed for the feature `memory-limit`."""
    compute: ComputeQuota | None = None
    """How a compute limit is expressed; needed for the feature `compute-limit`."""


@dataclass(frozen=True)
class Exclusive:
    """Checks made from outside the layer, by NVML on the host."""

    __pydantic_config__ = _STRICT
    alone: bool = False
    """Nobody outside the session is on the device."""
    listed: bool = False
    """The tenant is on the device."""
    memory: bool = False
    """What the tenant allocates shows as used."""


@dataclass(frozen=True)
class SmCount:
    """The multiprocessors that a tenant may see."""

    __pydantic_config__ = _STRICT
    equals: Amount | None = None
    """So many."""
    at_most: Amount | None = None
    """At most so many."""
    slack: int = 0
    """So many more, or fewer than `equals`, do as well."""


@dataclass(frozen=True)
class FileField:
    """One binary field of a state file of the layer."""

    __pydantic_config__ = _STRICT
    path: str
    """The file."""
    offset: int
    """The field's first byte."""
    type: Literal["i32", "u32", "i64", "u64"]
    """Its width in bits, and whether it has a sign."""
    equals: Amount | None = None
    """The value that it must have."""
    min: Amount | None = None
    """The least value."""
    max: Amount | None = None
    """The greatest value."""


@dataclass(frozen=True)
class Slowed:
    """A probe whose rate under the quota is kept as evidence."""

    __pydantic_config__ = _STRICT
    probe: Literal["many-blocks"]
    """100,000 blocks a launch, for some seconds."""


@dataclass(frozen=True)
class Checks:
    """Questions that are asked before the first sample and after the last."""

    __pydantic_config__ = _STRICT
    served_by: Mapping[str, str] = field(default_factory=dict)
    """Driver function = the file that serves it when it is found by `dlsym`: by real path, or by name where it has
    no slash."""
    served_by_query: Mapping[str, str] = field(default_factory=dict)
    """The same for `cuGetProcAddress`."""
    served_by_any: Mapping[str, str] = field(default_factory=dict)
    """The same, by either way."""
    mapped: tuple[str, ...] = ()
    """Files that the tenant's process maps."""
    not_mapped: tuple[str, ...] = ()
    """File names that it does not map."""
    env: Mapping[str, str] = field(default_factory=dict, metadata={"regex": True})
    """Variable = a regular expression for its value, as the tenant sees it."""
    full_device: bool = False
    """The tenant sees all of the device's multiprocessors and memory."""
    memory_total: Amount | None = None
    """Bytes of device memory that the tenant sees, give or take 2 MiB."""
    sm_count: SmCount | None = None
    """The multiprocessors that the tenant sees."""
    device_uuid: str = _regex()
    """A regular expression for the UUID that the tenant sees."""
    device_name: str = _regex()
    """A regular expression for the name that the tenant sees."""
    refused_above: Amount | None = None
    """Bytes: half of them are given, 256 MiB more are refused, and given to a native tenant."""
    file: Mapping[str, FileField] = field(default_factory=dict)
    """A name = one binary field of a state file, read on this machine."""
    command: Step | None = None
    """A step on this machine that must succeed; it may name `{pid}`."""
    stderr: str = _regex()
    """A regular expression for what the tenant's process wrote to standard error; a native run could show it as
    well."""
    observer: Exclusive = field(default_factory=Exclusive)
    """What NVML shows on this machine, outside the layer."""
    overlap: str = ""
    """Whether kernels of two tenants run at the same instant: `always`, `never` or `any`."""
    sm_sets: str = ""
    """Whether two tenants' kernels run on the same multiprocessors: `disjoint` or `any`."""
    slowed: Slowed | None = None
    """A probe's rate under the compute limit against the native one: the limit's effect."""


@dataclass(frozen=True)
class Proof(Checks):
    """What shows that the system is really in force. Its own checks are the activation: failure refuses the run.
    Those of a feature withdraw that feature; in the file they stand under its name, `[proof.memory-limit]`."""

    __pydantic_config__ = _STRICT
    features: Mapping[str, Checks] = field(default_factory=dict)
    """Checks of a feature, under its name: `[proof.memory-limit]`."""


@dataclass(frozen=True)
class Start:
    """How a tenant is started: an argv prefix that enters the place where the layer holds, and variables.

    `python` is that place's interpreter, with this package installed; "" is the harness's own. `shell`: the command
    splits what follows into words again, as ssh does.
    """

    __pydantic_config__ = _STRICT
    command: tuple[str, ...] = ()
    """What enters the place where the layer holds, such as `docker exec -i c1`; empty for here."""
    python: str = ""
    """That place's Python, with this package installed; empty for the one that runs this."""
    shell: bool = False
    """The command splits what follows it into words again, as ssh does."""
    env: Mapping[str, str] = field(default_factory=dict)
    """The tenant's variables."""
    start: Literal["together", "one-by-one"] = "together"
    """Whether a party's tenants start together or one after the other."""
    settle: float = 0.0
    """Seconds from a tenant's start to its first sample."""
    settle_for: Literal["", "memory", "compute"] = ""
    """Settling is for tenants with a quota of that kind alone; "": for all."""
    before: tuple[Step, ...] = ()
    """Steps before a tenant starts."""
    after: tuple[Step, ...] = ()
    """Steps after it has ended; they may name `{pid}`."""
    before_kill: Step | None = None
    """A step before it is killed; it may name `{pid}`."""


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
    """What it is; a file or directory is made absolute and must exist."""
    required: bool = False
    """The user must give it."""
    default: Amount | None = None
    """Its value where none is given."""
    help: str = ""
    """What it is for, in a sentence."""


@dataclass(frozen=True)
class Recovery:
    """What must be done after a fault or a kill."""

    __pydantic_config__ = _STRICT
    after_fault: Literal["nothing", "restart"] = "nothing"
    """What follows a fault that a metric wanted."""
    after_kill: Literal["nothing", "restart"] = "nothing"
    """What follows a kill that a metric wanted."""


@dataclass(frozen=True)
class Cleanup:
    """Paths under the session directory that go once all tenants are dead; seconds from SIGTERM to SIGKILL."""

    __pydantic_config__ = _STRICT
    remove: tuple[str, ...] = ()
    """Paths under `{session_dir}` or `{tenant_dir}` that go once the tenants have ended."""
    grace: float = 5.0
    """Seconds from SIGTERM to SIGKILL."""


@dataclass(frozen=True)
class Gap:
    """A documented hole of the layer: a name for it, and the sentence that says what it is."""

    __pydantic_config__ = _STRICT
    id: str
    """A name for it."""
    note: str
    """The sentence that says what it is."""


@dataclass(frozen=True)
class System:
    """One way of sharing a GPU, read from TOML. `source` is the file's text as it was used."""

    __pydantic_config__ = _STRICT
    id: str
    title: str
    """How reports call it."""
    description: str
    """One line on what it is."""
    mechanism: Literal["none", "daemon", "hardware", "preload", "in-process", "guest", "external"]
    """How it works, in a word for reports."""
    features: tuple[str, ...] = ()
    """What a metric may ask of it."""
    aliases: tuple[str, ...] = ()
    """Further names, for the command line."""
    enforces: Mapping[Literal["memory", "compute", "bandwidth"], Enforcement] = field(default_factory=dict)
    """Of `memory`, `compute` and `bandwidth`, what it claims to enforce: for reports."""
    fault_domain: Literal["process", "server", "instance", "guest"] = "process"
    """What a tenant's fatal fault takes with it, by its own claim."""
    beside: bool = True
    """Whether its tenants can stand on the device beside those of a session's other systems."""
    known_gaps: tuple[Gap, ...] = ()
    """Its documented holes."""
    options: Mapping[str, Option] = field(default_factory=dict)
    """Values that the user gives with `--option NAME=VALUE`; each is a variable."""
    requires: Requires = field(default_factory=Requires)
    """What must be true before it can be used."""
    quota: Quotas = field(default_factory=Quotas)
    """The limits that it knows."""
    env: Mapping[str, str] = field(default_factory=dict)
    """Variables of its steps; never of tenants."""
    setup: tuple[Step, ...] = ()
    """Steps before anything is measured, once a session."""
    teardown: tuple[Step, ...] = ()
    """Steps at the end, once a session."""
    record: tuple[Step, ...] = ()
    """Steps whose output goes into the run file, by their names."""
    tenant: Start = field(default_factory=Start)
    """How a tenant is started."""
    proof: Proof = field(default_factory=Proof)
    """What shows that it is in force."""
    recovery: Recovery = field(default_factory=Recovery)
    """What must be done after a fault or a kill."""
    cleanup: Cleanup = field(default_factory=Cleanup)
    """What is removed, and how processes are ended."""
    source: str = ""

    def lacking(self, needs: tuple[str, ...]) -> tuple[str, ...]:
        """The needs that this system's features do not meet."""
        return tuple(need for need in needs if need not in self.features)
