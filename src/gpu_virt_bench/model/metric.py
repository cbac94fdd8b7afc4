"""A metric: a generator of samples with a definition. It never decides how often it is asked."""

from __future__ import annotations

import inspect
import random
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from itertools import product
from typing import Literal, Protocol, TypeVar

from gpu_virt_bench.model.system import FULL, Quota
from gpu_virt_bench.model.workload import Series, Workload

Value = str | int | float
Samples = Generator[float, None, None]
Reading = TypeVar("Reading")

Effort = Literal["latency", "tail", "process", "window"]

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


class Tenant(Protocol):
    """What a metric may ask of a process inside the system."""

    def run(self, workload: Workload) -> Series:
        """Runs a workload once and waits for its samples."""

    def release(self) -> None:
        """Frees what the workloads that it ran hold; they are prepared anew when they are asked for again."""

    def busy(self, workload: Workload) -> AbstractContextManager[object]:
        """Keeps the tenant at a workload without an end of its own while the block lasts."""

    def cpu_seconds(self) -> float:
        """CPU time used by the threads of the driver and of the layer."""

    @property
    def start_seconds(self) -> float:
        """Seconds from exec by the harness to the tenant's first words."""


class Window(Protocol):
    """How long a throughput window lasts after how much settling, in seconds."""

    @property
    def duration(self) -> float: ...

    @property
    def settle(self) -> float: ...


class DeviceFacts(Protocol):
    """What a metric may know of the whole device (never of a limited tenant's view)."""

    @property
    def sm_count(self) -> int: ...

    @property
    def memory_bytes(self) -> int: ...

    @property
    def l2_bytes(self) -> int: ...


class Bench(Protocol):
    """All that a metric ever sees."""

    @property
    def params(self) -> Mapping[str, Value]:
        """The parameter values of this outcome."""

    @property
    def device(self) -> DeviceFacts:
        """The whole device, as read natively."""

    @property
    def random(self) -> random.Random:
        """Seeded by session, system, metric and repetition."""

    @property
    def millisecond(self) -> int:
        """`fma` iterations that last about 1 ms on the whole device: the same work for every system and session."""

    def tenants(self, n: int, quota: Quota = FULL) -> Sequence[Tenant]:
        """n tenants, ready and warm; equal requests of one repetition get the same processes."""

    def mixed(self, quotas: Sequence[Quota], in_turn: bool = False) -> Sequence[Tenant]:
        """One tenant for each quota, ready and warm, all at a time. Tenants that work in turn share their processors,
        so that the host is the same for them."""

    def fresh(self, quota: Quota = FULL) -> AbstractContextManager[Tenant]:
        """A tenant of its own that has not touched CUDA; all others of the repetition are ended first."""

    def once(self, key: object, make: Callable[[], Reading]) -> Reading:
        """The value of `make()`, shared by all outcomes of the repetition that ask for the key."""

    def window(self, quota: Quota = FULL) -> Window:
        """The suite's window for throughput under that quota."""

    @property
    def polling_seconds(self) -> float:
        """The suite's window for counting CPU time."""

    def daemon_cpu_seconds(self) -> float | None:
        """CPU time used by the processes that the system's set-up started; None if it starts none."""

    def detail(self, name: str, row: Mapping[str, Value]) -> None:
        """Stores a row of a table beside the samples: shown to the reader, never judged."""


class Readings(Sequence[Reading]):
    """Readings taken on demand and kept, so that outcomes of one repetition share them by index."""

    def __init__(self, take: Callable[[int], Reading]) -> None:
        self._take = take
        self._taken: list[Reading] = []

    def __len__(self) -> int:
        return len(self._taken)

    def __getitem__(self, index: int) -> Reading:  # type: ignore[override]
        while len(self._taken) <= index:
            self._taken.append(self._take(len(self._taken)))
        return self._taken[index]

    def __iter__(self) -> Iterator[Reading]:
        index = 0
        while True:
            yield self[index]
            index += 1


Measure = Callable[[Bench], Samples]


@dataclass(frozen=True)
class Metric:
    """One thing worth knowing about a system.

    `unit` is the unit that reports show; samples are SI (UNITS, SHOWN). `effort` says what one sample costs, so that
    a suite can say how many: "latency" (a fraction of a second), "tail" (many readings, for a 99th percentile),
    "process" (a fresh tenant), "window" (seconds).
    `fresh` metrics start tenants of their own, for which all others must end.
    """

    id: str
    title: str
    unit: str
    better: Literal["lower", "higher", "none"]
    definition: str
    measure: Measure = field(repr=False)
    needs: tuple[str, ...] = ()
    needs_for: Mapping[tuple[str, Value], tuple[str, ...]] = field(default_factory=dict)
    params: Mapping[str, tuple[Value, ...]] = field(default_factory=dict)
    compare: Literal["ratio", "difference"] = "ratio"
    effort: Effort = "latency"
    ideal: Literal["same", "compute", "bandwidth", "capacity", "copy", "structural", "none"] = "none"
    revision: int = 1
    fresh: bool = False
    category: str = ""

    @property
    def sample_unit(self) -> str:
        """Unit of the samples."""
        return SHOWN[self.unit][0]

    @property
    def headline(self) -> dict[str, Value]:
        """The parameter values shown in summaries and judged by default: the first of each."""
        return {name: values[0] for name, values in self.params.items()}

    def variants(self) -> list[dict[str, Value]]:
        """Every combination of parameter values, the headline first."""
        return [dict(zip(self.params, values, strict=True)) for values in product(*self.params.values())]

    def effort_of(self, params: Mapping[str, Value]) -> Effort:
        """What one sample of this outcome costs."""
        return "tail" if params.get("statistic") == "p99" else self.effort

    def needed(self, params: Mapping[str, Value]) -> tuple[str, ...]:
        """Features that this outcome needs."""
        more = [need for key, needs in self.needs_for.items() if params.get(key[0]) == key[1] for need in needs]
        return tuple(dict.fromkeys((*self.needs, *more)))

    def outcome_id(self, params: Mapping[str, Value]) -> str:
        """`OH-001` for the headline, else with what differs from it: `OH-001[path=start]`."""
        headline = self.headline
        different = [f"{name}={value}" for name, value in params.items() if headline[name] != value]
        return self.id + (f"[{','.join(different)}]" if different else "")


def metric(
    id: str,
    *,
    unit: str,
    better: Literal["lower", "higher", "none"],
    needs: tuple[str, ...] = (),
    needs_for: Mapping[tuple[str, Value], tuple[str, ...]] | None = None,
    params: Mapping[str, tuple[Value, ...]] | None = None,
    compare: Literal["ratio", "difference"] = "ratio",
    effort: Effort = "latency",
    ideal: Literal["same", "compute", "bandwidth", "capacity", "copy", "structural", "none"] = "none",
    revision: int = 1,
    fresh: bool = False,
) -> Callable[[Measure], Metric]:
    """Makes a Metric of a generator function; its docstring is the public definition, its first line the title.

    The first value of each parameter is the headline.
    """
    if unit not in SHOWN:
        raise ValueError(f"metric {id} has the unit {unit!r}; known units are {', '.join(SHOWN)}")

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
            needs_for=needs_for or {},
            params=params or {},
            compare=compare,
            effort=effort,
            ideal=ideal,
            revision=revision,
            fresh=fresh,
            category=measure.__module__.rpartition(".")[2],
        )

    return make
