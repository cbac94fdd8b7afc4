"""A run: raw samples and everything needed to read them. The file's schema is generated from these types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

Value = str | int | float
Table = Mapping[str, list[dict[str, Value]]]

SCHEMA_VERSION = 2
MAX_REJECTED = 0.2
SLOWED = "began while others slowed the processors"
"""How a repetition's note ends that tells of samples on a busy host."""
_STRICT = {"extra": "forbid", "strict": True}


@dataclass(frozen=True)
class Rejected:
    """A sample that was taken and not used, for a reason that does not look at its value (R8)."""

    __pydantic_config__ = _STRICT
    value: float
    reason: str


@dataclass(frozen=True)
class Repetition:
    """Samples of one set of fresh tenants. `stop` says why sampling ended: enough, narrow, budget or interrupted."""

    __pydantic_config__ = _STRICT
    index: int
    began: str
    seconds: float
    samples: list[float]
    stop: Literal["enough", "narrow", "budget", "interrupted"]
    rejected: list[Rejected] = field(default_factory=list)
    warmup: list[float] = field(default_factory=list)
    detail: Table = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def too_many_rejected(repetitions: Sequence[Repetition], of: str = "") -> str | None:
    """Why an outcome of which more than a fifth was rejected is no measurement (R8); None if it may be one."""
    kept = sum(len(repetition.samples) for repetition in repetitions)
    rejected = [entry for repetition in repetitions for entry in repetition.rejected]
    if len(rejected) <= MAX_REJECTED * (kept + len(rejected)):
        return None
    return f"{len(rejected)} of {kept + len(rejected)} samples{of} rejected, the last: {rejected[-1].reason}"


@dataclass(frozen=True)
class Measured:
    """A metric that has samples."""

    __pydantic_config__ = _STRICT
    metric: str
    params: dict[str, Value]
    repetitions: list[Repetition]
    headline: bool = True
    outcome: Literal["measured"] = "measured"


@dataclass(frozen=True)
class Skipped:
    """A metric that does not apply here: what it needed and what was found."""

    __pydantic_config__ = _STRICT
    metric: str
    params: dict[str, Value]
    reason: str
    headline: bool = True
    outcome: Literal["skipped"] = "skipped"


@dataclass(frozen=True)
class Failed:
    """A metric that should have worked. What was measured before the failure is kept."""

    __pydantic_config__ = _STRICT
    metric: str
    params: dict[str, Value]
    error: str
    repetitions: list[Repetition] = field(default_factory=list)
    headline: bool = True
    outcome: Literal["failed"] = "failed"


Outcome = Measured | Skipped | Failed


@dataclass(frozen=True)
class Definition:
    """A metric's public definition, embedded so that a file stays readable when the metric changes."""

    __pydantic_config__ = _STRICT
    title: str
    category: str
    unit: str
    shown_unit: str
    better: Literal["lower", "higher", "none"]
    compare: Literal["ratio", "difference"]
    ideal: str
    revision: int
    definition: str


@dataclass(frozen=True)
class Device:
    """The whole device, read natively at the start. `emulated` devices are models, not hardware."""

    __pydantic_config__ = _STRICT
    name: str
    uuid: str
    emulated: bool
    index: int
    pci_bus: str
    numa_node: int | None
    compute_capability: str
    sm_count: int
    threads_per_sm: int
    memory_bytes: int
    l2_bytes: int
    memory_clock_hz: int
    memory_bus_bits: int
    sm_clock_hz: int
    driver_version: str
    cuda_driver_version: int
    profile: str | None = None
    emulation: dict[str, Value] = field(default_factory=dict)


@dataclass(frozen=True)
class DeviceState:
    """What NVML said of the device at one moment; a field that it would not say is null."""

    __pydantic_config__ = _STRICT
    at: str
    sm_clock_hz: int | None = None
    memory_clock_hz: int | None = None
    temperature_celsius: int | None = None
    power_watts: float | None = None
    power_limit_watts: float | None = None
    throttle_reasons: list[str] | None = None
    utilization: float | None = None
    memory_used_bytes: int | None = None
    pcie_generation: int | None = None
    pcie_width: int | None = None
    pcie_max_generation: int | None = None
    pcie_max_width: int | None = None
    persistence: str | None = None
    compute_mode: str | None = None
    mig_mode: str | None = None
    ecc: str | None = None
    virtualization: str | None = None
    processes: list[int] | None = None


@dataclass(frozen=True)
class Host:
    """The machine around the device."""

    __pydantic_config__ = _STRICT
    cpu: str
    cpu_count: int
    allowed_cpus: list[int]
    memory_bytes: int
    kernel: str
    distribution: str
    hypervisor: str | None
    python: str
    boot_id: str
    container: bool


@dataclass(frozen=True)
class Check:
    """One question of a proof, with what was expected and what was found."""

    __pydantic_config__ = _STRICT
    name: str
    expected: str
    found: str
    passed: bool


@dataclass(frozen=True)
class ProofRecord:
    """What one tenant showed, before its first sample or after its last."""

    __pydantic_config__ = _STRICT
    repetition: int
    tenant: int
    when: Literal["before", "after"]
    checks: list[Check]
    granted: dict[str, str] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether every check held."""
        return all(check.passed for check in self.checks)


@dataclass(frozen=True)
class Library:
    """A file that took part: the driver, a layer, libgvb."""

    __pydantic_config__ = _STRICT
    path: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class SystemRecord:
    """The system as it was used."""

    __pydantic_config__ = _STRICT
    id: str
    title: str
    mechanism: str
    features: list[str]
    enforces: dict[str, str]
    fault_domain: str
    definition: str
    options: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """What was asked for."""

    __pydantic_config__ = _STRICT
    suite: str
    outcomes: list[str]
    repetitions: int
    max_repetitions: int
    warmup: int
    samples: dict[str, int]
    seconds_per_outcome: float
    target_half_width: float
    warm_seconds: float
    window_seconds: float
    settle_seconds: float
    quota_window_seconds: float
    quota_settle_seconds: float
    seed: int
    quiet_seconds: float = 0.0
    """How long an outcome of one repetition may wait for quiet processors. Since version 2."""
    tenants: int | None = None
    memory_limit_bytes: int | None = None
    compute_limit: float | None = None
    time_budget_seconds: float | None = None


@dataclass(frozen=True)
class Session:
    """The runs that were measured interleaved with this one, and the order of their repetitions."""

    __pydantic_config__ = _STRICT
    id: str
    systems: list[str]
    order: list[str]
    argv: list[str]
    calibration: dict[str, Value] = field(default_factory=dict)


@dataclass(frozen=True)
class Run:
    """One system's share of a session: the file."""

    __pydantic_config__ = _STRICT
    schema_version: int
    kind: Literal["measured", "derived"]
    tool_version: str
    libgvb_abi: int
    began: str
    status: Literal["running", "complete", "interrupted", "refused"]
    system: SystemRecord
    session: Session
    device: Device
    host: Host
    plan: Plan
    label: str = ""
    twin: bool = False
    """The session's baseline measured a second time (A/A): it shows the noise floor. Since version 2."""
    point: dict[str, Value] = field(default_factory=dict)
    """Where in a sweep this run lies: `{"compute-limit": 25}`. Since version 2."""
    recorded: dict[str, str] = field(default_factory=dict)
    """What the definition's `[[record]]` steps printed, by their names. Since version 2."""
    ended: str | None = None
    missing: list[str] = field(default_factory=list)
    before: DeviceState | None = None
    after: DeviceState | None = None
    metrics: dict[str, Definition] = field(default_factory=dict)
    libraries: list[Library] = field(default_factory=list)
    scrubbed: dict[str, str] = field(default_factory=dict)
    proof: list[ProofRecord] = field(default_factory=list)
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
