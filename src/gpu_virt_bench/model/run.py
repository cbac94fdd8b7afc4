"""A run: raw samples and everything needed to read them. The file's schema is generated from these types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from gpu_virt_bench.model.text import counted

Value = str | int | float
Table = Mapping[str, list[dict[str, Value]]]

SCHEMA_VERSION = 3
MAX_REJECTED = 0.2
_STRICT = {"extra": "forbid", "strict": True}


def now() -> str:
    """UTC, as it stands in a run file."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


@dataclass(frozen=True)
class Rejected:
    """A sample that was taken and not used, for a reason that does not look at its value."""

    __pydantic_config__ = _STRICT
    value: float
    reason: str
    round: int | None = None
    """Which round it voids. Since version 3."""


@dataclass(frozen=True)
class Repetition:
    """Samples of one set of fresh tenants.

    `stop` says why sampling ended: `enough` samples, the suite's `budget` of seconds, everything `rejected`, the
    session's time budget (`out-of-time`), or `interrupted` (`narrow` in files before version 3). The lists beside
    `samples` are as long as it, or empty in older files.
    """

    __pydantic_config__ = _STRICT
    index: int
    began: str
    seconds: float
    samples: list[float]
    stop: Literal["enough", "narrow", "budget", "rejected", "out-of-time", "interrupted"]
    rejected: list[Rejected] = field(default_factory=list)
    warmup: list[float] = field(default_factory=list)
    detail: Table = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    taken: Literal["rounds", "turns"] = "turns"
    """`rounds`: beside the session's other entries, one sample of each in turn. Since version 3, as all below."""
    why: str = ""
    """Why it was taken in turns."""
    rounds: list[int] = field(default_factory=list)
    """The round of each sample: samples of two runs of a session in one round are a pair."""
    begins: list[float] = field(default_factory=list)
    """When each sample began, seconds since the session did."""
    paces: list[float] = field(default_factory=list)
    """How slow the timed processor was when each sample began, over its fastest in the session: 1 is undisturbed. Empty
    where tenants are not pinned."""
    clocks_hz: list[float] = field(default_factory=list)
    """Mean SM clock over each sample's window; empty where NVML does not say."""
    contexts_beside: int = 0
    """How many tenants of other entries stood idle on the device meanwhile."""
    readings: str = ""
    """The table in the run's `readings` that its shared readings fill."""


CUT_SHORT = ("interrupted", "out-of-time")
"""Ends of a repetition that are none of its own: the samples that it has count, and it is missing all the same."""


def too_many_rejected(repetitions: Sequence[Repetition], of: str = "") -> str | None:
    """Why an outcome of which more than a fifth was rejected is no measurement; None if it may be one."""
    kept = sum(len(repetition.samples) for repetition in repetitions)
    rejected = [entry for repetition in repetitions for entry in repetition.rejected]
    if len(rejected) <= MAX_REJECTED * (kept + len(rejected)):
        return None
    return f"{len(rejected)} of {counted(kept + len(rejected), 'sample')}{of} rejected, the last: {rejected[-1].reason}"


@dataclass(frozen=True)
class Granted:
    """What one tenant of an outcome's party was granted; None: no limit."""

    __pydantic_config__ = _STRICT
    role: str
    gpu: int = 0
    memory_bytes: int | None = None
    compute_share: float | None = None


@dataclass(frozen=True)
class Measured:
    """A metric that has samples."""

    __pydantic_config__ = _STRICT
    metric: str
    params: dict[str, Value]
    repetitions: list[Repetition]
    headline: bool = True
    outcome: Literal["measured"] = "measured"
    party: list[Granted] = field(default_factory=list)
    """The tenants that it worked with. Since version 3."""
    conditions: dict[str, Value] = field(default_factory=dict)
    """What must be equal for two outcomes to be compared: windows, back end, model, ... Since version 3."""
    completion: str = ""
    """The outcome that says what the work of this one's calls costs until it is done, "" for none: where a call is
    cheaper than native, its work may only have been put off. Since version 3."""
    stop: Literal["", "narrow", "repetitions", "seconds", "out-of-time"] = ""
    """Why it got no more repetitions: its changes are as narrow as the suite asks, there are as many as the suite
    allows, the suite's seconds for it are spent, or the session's time budget is. "": interrupted, or an older file."""


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
    baseline: str = ""
    """What a comparison takes where the baseline's system cannot have the outcome: a system, or `zero`. Since
    version 3."""


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

    @property
    def is_virtual(self) -> bool:
        """Whether it lives in virtual time."""
        return self.emulation.get("clock") == "virtual"


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
    serial: int | None = None
    """The tenant's number in the run: every `before` has an `after` of the same number. Since version 3."""
    child: int = 0
    """Which further process of that tenant: 0 is its first. Since version 3."""

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
class Suite:
    """How many and how long; the metrics keep their meaning."""

    __pydantic_config__ = _STRICT
    title: str
    description: str
    metrics: list[str]
    parameters: Literal["headline", "all"]
    repetitions: int
    """At least so many sets of fresh tenants."""
    max_repetitions: int
    rounds: dict[str, int]
    """Samples of an outcome in one repetition, by what a sample costs (model/metric.py: Effort)."""
    warmup: int
    seconds_per_outcome: float
    """Seconds that one outcome of one entry may take, over all repetitions; the planned ones are taken all the same."""
    warm_seconds: float
    window_seconds: float
    settle_seconds: float
    quota_window_seconds: float
    quota_settle_seconds: float
    polling_seconds: float
    resolution: float | None = None
    """More repetitions are taken until the half-width of every change is this part of its margin. None: a file before
    version 3, whose rule looked at each value by itself."""


@dataclass(frozen=True)
class Plan:
    """What was asked for."""

    __pydantic_config__ = _STRICT
    suite: str
    settings: Suite
    outcomes: list[str]
    seed: int
    tenants: int | None = None
    memory_limit_bytes: int | None = None
    compute_limit: float | None = None
    compute_quota: list[float] = field(default_factory=list)
    """Compute shares of so many tenants, in order: `--quota`."""
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
    status: Literal["running", "complete", "interrupted", "out-of-time", "refused"]
    system: SystemRecord
    session: Session
    devices: list[Device]
    """The devices that were measured; `Share.gpu` counts them. One in files before version 3."""
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
    before: list[DeviceState] = field(default_factory=list)
    """Each device's state before the first sample; empty without NVML."""
    after: list[DeviceState] = field(default_factory=list)
    metrics: dict[str, Definition] = field(default_factory=dict)
    libraries: list[Library] = field(default_factory=list)
    scrubbed: dict[str, str] = field(default_factory=dict)
    proof: list[ProofRecord] = field(default_factory=list)
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    readings: dict[str, list[dict[str, Value]]] = field(default_factory=dict)
    """What shared readings showed beside the samples: rows with their repetition and reading. Since version 3."""
    known_gaps: dict[str, str] = field(default_factory=dict)
    """Documented holes of the system, by their ids. Since version 3."""
    warnings: list[str] = field(default_factory=list)

    @property
    def ending(self) -> str:
        """How it ended, as a predicate."""
        if self.status != "out-of-time":
            return f"is {self.status}"
        return f"was ended by its time budget of {self.plan.time_budget_seconds or 0:g} s"

    @property
    def device(self) -> Device:
        """The first device."""
        return self.devices[0]
