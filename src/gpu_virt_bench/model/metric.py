"""A metric: a generator of samples with a definition. It never decides how often it is asked."""

from __future__ import annotations

import inspect
import random
import re
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from itertools import product
from typing import Literal, Protocol, TypeVar

from gpu_virt_bench.model.link import Link
from gpu_virt_bench.model.system import FEATURES
from gpu_virt_bench.model.text import nearest
from gpu_virt_bench.model.workload import Series, Workload

Value = str | int | float
Params = Mapping[str, Value]
Samples = Generator[float, None, None]
Made = TypeVar("Made")

Effort = Literal["latency", "tail", "process", "window", "long"]
"""What one sample costs, so that a suite can say how many: milliseconds, many readings (for a tail), a fresh tenant, a
fraction of a second, seconds."""

UNITS: Mapping[str, str] = {
    "s": "seconds",
    "cycles/s": "cycles per second",
    "B/s": "bytes per second",
    "ratio": "ratio, 1 = 100 %",
    "pass": "share of samples that passed",
}
"""Units of samples, as they stand in a run file."""

SHOWN: Mapping[str, tuple[str, float]] = {
    "s": ("s", 1.0),
    "ms": ("s", 1e3),
    "us": ("s", 1e6),
    "ns": ("s", 1e9),
    "cycles/s": ("cycles/s", 1.0),
    "GB/s": ("B/s", 1e-9),
    "%": ("ratio", 100.0),
    "ratio": ("ratio", 1.0),
    "pass": ("pass", 1.0),
}
"""Unit that reports show -> the samples' unit, and the factor from one to the other."""


class Skip(Exception):
    """Raised by a metric that does not apply here; the message says what was needed and what was found."""


class Implausible(Exception):
    """A value that cannot be: not a number, or beyond a physical limit. The message says the arithmetic."""


@dataclass(frozen=True)
class Share:
    """What one tenant of a party is entitled to, on which GPU, and its role.

    `memory` in bytes and `compute` as a share of the device: None is what the session grants, to each of n tenants at
    most its nth part; a compute share of 1 is the whole device, without a limit. `gpu` counts the session's devices.
    `memory_unless_granted` is the memory of a tenant that must have a limit, where the session grants none.
    """

    memory: int | None = None
    compute: float | None = None
    gpu: int = 0
    role: str = "tenant"
    memory_unless_granted: int | None = None

    def __post_init__(self) -> None:
        for memory in (self.memory, self.memory_unless_granted):
            if memory is not None and (not isinstance(memory, int) or memory < 1):
                raise ValueError(f"a share's memory is {memory!r}, expected bytes: a whole number of 1 or more")
        if self.compute is not None and not 0 < self.compute <= 1:
            raise ValueError(f"a share's compute is {self.compute!r}, expected a part of the device, above 0 to 1")


OPEN = Share()
"""What the session grants."""
Party = tuple[Share, ...]
"""The tenants that an outcome works with, all at a time."""


@dataclass(frozen=True)
class Death:
    """An end that is wanted: a CUDA error that the tenant's context does not survive, or a signal that ends it."""

    code: int = 0
    signal: int = 0

    def __str__(self) -> str:
        return f"CUDA error {self.code}" if self.code else f"signal {self.signal}"


class Tenant(Protocol):
    """What a metric may ask of a process inside the system. Work goes through the bench."""

    @property
    def pid(self) -> int:
        """Its process id, as it sees it itself."""

    @property
    def start_seconds(self) -> float:
        """Seconds from exec by the harness to its first words."""

    @property
    def sm_count(self) -> int:
        """Multiprocessors that it sees: those that it was granted, where the system limits by them."""

    @property
    def memory_asked(self) -> int | None:
        """Bytes of device memory that its share asks for, or the session; None without a limit."""

    @property
    def memory_granted(self) -> int | None:
        """What the system makes of that: the limit that the tenant is told, in bytes; None without one."""

    @property
    def compute_granted(self) -> float | None:
        """The share of the device's compute that it was granted; None without a limit."""

    def release(self) -> None:
        """Frees what the workloads that it ran hold; they are prepared anew when they are asked for again."""

    def cpu_seconds(self) -> float:
        """CPU time used by the threads of the driver and of the layer, those that have ended too."""

    def child(self) -> AbstractContextManager[Tenant]:
        """A second process of the same tenant: same environment, same quota."""

    def kill(self) -> None:
        """Ends it by SIGKILL; wanted only within `sacrifice`."""


class Window(Protocol):
    """How long a throughput window lasts after how much settling, in seconds."""

    @property
    def duration(self) -> float: ...

    @property
    def settle(self) -> float: ...


class DeviceFacts(Protocol):
    """What a metric may know of a whole device (never of a limited tenant's view)."""

    @property
    def name(self) -> str: ...

    @property
    def compute_capability(self) -> str: ...

    @property
    def sm_count(self) -> int: ...

    @property
    def memory_bytes(self) -> int: ...

    @property
    def l2_bytes(self) -> int: ...

    @property
    def memory_clock_hz(self) -> int: ...

    @property
    def memory_bus_bits(self) -> int: ...


class Outside(Protocol):
    """A device as it is seen from outside the layer (NVML on the host); None where that is not said."""

    def memory_used(self) -> int | None: ...

    def processes(self) -> list[int] | None: ...

    def link(self) -> Link | None: ...


class Bench(Protocol):
    """All that a metric ever sees."""

    @property
    def params(self) -> Params:
        """The parameter values of this outcome."""

    @property
    def device(self) -> DeviceFacts:
        """The whole device, as read natively; of several, the first."""

    @property
    def random(self) -> random.Random:
        """Seeded by session, metric and repetition: equal in all systems of a session."""

    @property
    def millisecond(self) -> int:
        """`fma` iterations that last about 1 ms on the whole device: the same work for every system and session."""

    @property
    def party(self) -> Sequence[Tenant]:
        """The tenants that the metric declared, in that order: ready, proved and warm."""

    @property
    def observer(self) -> Outside | None:
        """The device from outside the layer; None without NVML."""

    @property
    def window(self) -> Window:
        """The suite's window for throughput: the longer one where a system of the session limits this outcome's
        compute share, so that all have the same."""

    @property
    def polling_seconds(self) -> float:
        """The suite's window for counting CPU time."""

    def run(self, tenant: Tenant, workload: Workload) -> Series:
        """One tenant's work: a reading."""

    def read(self, work: Mapping[Tenant, Workload]) -> Mapping[Tenant, Series]:
        """Work of several tenants from one instant on: a reading. It is rejected when they did not overlap."""

    def beside(self, work: Mapping[Tenant, Workload]) -> AbstractContextManager[Mapping[Tenant, Series]]:
        """Keeps neighbors at workloads without an end of their own while the block lasts; entered when all have begun.
        What they did is in the mapping afterwards; one that ended early or did nothing rejects the sample."""

    def fresh(self, share: Share = OPEN) -> AbstractContextManager[Tenant]:
        """A tenant of its own that has not touched CUDA. For metrics that are `alone`."""

    def native(self) -> AbstractContextManager[Tenant]:
        """A tenant without any layer or limit, for controls: what is refused inside the system must be given here."""

    def sacrifice(self, victim: Share | Tenant, dies: Death) -> AbstractContextManager[Tenant]:
        """A tenant whose death is wanted: one of the party, or one of its own. If it does not die so within the block,
        the outcome fails; afterwards the system recovers as its definition says."""

    def readings(self, key: object, take: Callable[[int], Made]) -> Sequence[Made]:
        """Readings taken on demand by `take(index)` and kept: outcomes of a repetition that ask for the same key share
        them, each judged once."""

    def once(self, key: object, make: Callable[[], Made]) -> Made:
        """The value of `make()`, shared by all outcomes of the party that ask for the key."""

    def daemon_cpu_seconds(self) -> float | None:
        """CPU time used by the processes that the system's set-up started; None if it starts none."""

    def detail(self, name: str, row: Mapping[str, Value]) -> None:
        """Stores a row of a table beside the samples: shown to the reader, never judged. Within `take` of shared
        readings it belongs to the reading."""

    def condition(self, name: str, value: Value) -> None:
        """States something that must be equal for two outcomes to be compared."""


def one_tenant(params: Params, device: DeviceFacts) -> Party:
    """The party of a metric that declares none."""
    del params, device
    return (OPEN,)


Measure = Callable[[Bench], Samples]


Values = tuple[Value, ...]
Seconds = float | Callable[[Params, Window, float], float]
"""The length of a sample: a number, or by parameters, throughput window and seconds of polling."""


@dataclass(frozen=True)
class Metric:
    """One thing worth knowing about a system.

    `unit` is the unit that reports show; samples are SI (UNITS, SHOWN). `party` says which tenants an outcome works
    with. `alone` metrics need the device to themselves: all other tenants are ended, and entries take turns.
    `in_turn`: its tenants work one after the other, share their processors, and change places with every repetition.
    """

    id: str
    title: str
    unit: str
    better: Literal["lower", "higher", "none"]
    definition: str
    measure: Measure = field(repr=False)
    needs: tuple[str, ...] = ()
    params: Mapping[str, Values | Callable[[DeviceFacts], Values]] = field(default_factory=dict)
    takes: Mapping[str, Callable[[Value], Value | None]] = field(default_factory=dict, repr=False)
    """Parameters with other values than those listed, which options set: what such a value is to the metric, None if it
    is none."""
    where: Callable[[Params], bool] = field(default=lambda params: True, repr=False)
    party: Callable[[Params, DeviceFacts], Party] = field(default=one_tenant, repr=False)
    tenants: str = ""
    """The parameter that is the number of tenants: `--tenants` sets it."""
    compare: Literal["ratio", "difference"] = "ratio"
    effort: Effort | Callable[[Params], Effort] = "latency"
    seconds: Seconds = 0.1
    """About how long one sample takes, for the estimate before a session; of outcomes that share readings, a part."""
    completion: str | Callable[[Params], str] = ""
    """The outcome that says what the work of its calls costs until it is done; "" where the value is no host's cost of
    a call."""
    ideal: Literal["same", "compute", "bandwidth", "capacity", "copy", "structural", "none"] = "none"
    baseline: str = ""
    """What a comparison takes where the baseline's system cannot have the outcome: a system that can, or `zero` for a
    value that is a difference already; "" for nothing."""
    host_time: Callable[[Params], bool] = field(default=lambda params: False, repr=False)
    """Whether its samples are time of the host alone, which no virtual clock can tell."""
    revision: int = 1
    alone: bool = False
    in_turn: bool = False
    category: str = ""

    @property
    def sample_unit(self) -> str:
        """Unit of the samples."""
        return SHOWN[self.unit][0]

    def values(self, device: DeviceFacts) -> dict[str, Values]:
        """Every parameter's values on that device, the headline first."""
        return {name: found if isinstance(found, tuple) else found(device) for name, found in self.params.items()}

    def headline(self, device: DeviceFacts) -> dict[str, Value]:
        """The parameter values shown in summaries and judged by default: the first of each."""
        return {name: values[0] for name, values in self.values(device).items()}

    def variants(self, device: DeviceFacts, others: Params | None = None) -> list[dict[str, Value]]:
        """Every combination of parameter values that makes sense, the headline first; with `others` beside those that
        are listed."""
        values = {name: (*found, *taken(others, name, found)) for name, found in self.values(device).items()}
        found = [dict(zip(values, chosen, strict=True)) for chosen in product(*values.values())]
        return [params for params in found if self.where(params)]

    def taken(self, name: str, value: Value, device: DeviceFacts) -> Value | None:
        """What a value given by name is to this metric: one of those listed, or another that it takes; None if it is
        neither."""
        listed = next((one for one in self.values(device)[name] if str(one) == str(value)), None)
        return self.takes[name](value) if listed is None and name in self.takes else listed

    @property
    def described(self) -> dict[str, str]:
        """Every parameter's values in words, the headline first; some depend on the device."""
        return {
            name: (", ".join(map(str, found)) if isinstance(found, tuple) else "by the device")
            + (", or others" if name in self.takes else "")
            for name, found in self.params.items()
        }

    def effort_of(self, params: Params) -> Effort:
        """What one sample of this outcome costs."""
        return self.effort(params) if callable(self.effort) else self.effort

    def seconds_of(self, params: Params, window: Window, polling: float) -> float:
        """About how long one sample of this outcome takes with these windows."""
        return self.seconds(params, window, polling) if callable(self.seconds) else self.seconds

    def completion_of(self, params: Params) -> str:
        """The outcome that says what the work of this one's calls costs until it is done, "" if it is no such one."""
        return self.completion(params) if callable(self.completion) else self.completion

    def outcome_id(self, params: Params, device: DeviceFacts) -> str:
        """`OH-001` for the headline, else with what differs from it: `OH-001[path=start]`."""
        return outcome_id(self.id, params, self.headline(device))


def taken(others: Params | None, name: str, listed: Values) -> Values:
    """A parameter's value beside those that are listed, if there is one."""
    return (others[name],) if others and name in others and others[name] not in listed else ()


def outcome_id(metric: str, params: Params, headline: Params) -> str:
    """A metric's id, and the parameters that are not the headline's."""
    different = [f"{name}={value}" for name, value in params.items() if headline[name] != value]
    return metric + (f"[{','.join(different)}]" if different else "")


def metric(
    id: str,
    *,
    unit: str,
    better: Literal["lower", "higher", "none"],
    needs: tuple[str, ...] = (),
    params: Mapping[str, Values | Callable[[DeviceFacts], Values]] | None = None,
    takes: Mapping[str, Callable[[Value], Value | None]] | None = None,
    where: Callable[[Params], bool] = lambda params: True,
    party: Callable[[Params, DeviceFacts], Party] = one_tenant,
    tenants: str = "",
    compare: Literal["ratio", "difference"] = "ratio",
    effort: Effort | Callable[[Params], Effort] = "latency",
    seconds: Seconds = 0.1,
    completion: str | Callable[[Params], str] = "",
    ideal: Literal["same", "compute", "bandwidth", "capacity", "copy", "structural", "none"] = "none",
    baseline: str = "",
    host_time: Callable[[Params], bool] = lambda params: False,
    revision: int = 1,
    alone: bool = False,
    in_turn: bool = False,
    category: str = "",
) -> Callable[[Measure], Metric]:
    """Makes a Metric of a generator function; its docstring is the public definition, its first line the title.

    The first value of each parameter is the headline. Parameters may be functions of the device's facts. The category
    is the name of the function's module, unless another is given.
    """
    if not re.fullmatch(r"[A-Z][A-Z0-9]*-\d{3}", id):
        raise ValueError(f"metric {id!r} has no id that can be chosen, expected letters and three digits: XX-001")
    if lacking := [feature for feature in needs if feature not in FEATURES]:
        raise ValueError(f"metric {id} needs {lacking[0]!r}, which is no feature{nearest(lacking[0], FEATURES)}")
    if unit not in SHOWN:
        raise ValueError(f"metric {id} has the unit {unit!r}; known units are {', '.join(SHOWN)}")
    if not callable(party):
        raise ValueError(
            f"metric {id} has the party {party!r}, expected a function: lambda params, device: (Share(), ...)"
        )
    if unknown := [name for name in takes or {} if name not in (params or {})]:
        raise ValueError(f"metric {id} has no parameter {unknown[0]!r}, of which `takes` speaks")
    if tenants and tenants not in (params or {}):
        raise ValueError(f"metric {id} has no parameter {tenants!r}, which `tenants` names")

    def make(measure: Measure) -> Metric:
        definition = inspect.cleandoc(measure.__doc__ or "")
        if "sample = " not in definition:
            raise ValueError(f"metric {id} has no `sample = ...` line in the docstring of {measure.__name__}")
        return Metric(
            id=id,
            title=definition.splitlines()[0].rstrip("."),
            unit=unit,
            better=better,
            definition=definition,
            measure=measure,
            needs=needs,
            params=params or {},
            takes=takes or {},
            where=where,
            party=party,
            tenants=tenants,
            compare=compare,
            effort=effort,
            seconds=seconds,
            completion=completion,
            ideal=ideal,
            baseline=baseline,
            host_time=host_time,
            revision=revision,
            alone=alone,
            in_turn=in_turn,
            category=category or measure.__module__.rpartition(".")[2],
        )

    return make
