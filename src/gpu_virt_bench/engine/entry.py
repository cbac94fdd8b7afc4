"""The runs of a session: every system at every point of a sweep, and the baseline a second time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product

from gpu_virt_bench.engine.plan import Item, PlanError, item
from gpu_virt_bench.model.metric import DeviceFacts, Value
from gpu_virt_bench.model.system import Quota, System

MIB = 1 << 20
SWEPT: Mapping[str, str] = {
    "compute-limit": "compute-limit",
    "memory-limit": "memory-limit",
    "tenants": "concurrent-tenants",
}
"""What a sweep can vary (percent, MiB, a number) -> the feature that a system must have to follow it."""


@dataclass(frozen=True)
class Entry:
    """One run of a session. A system that cannot follow a sweep has one entry, without a point."""

    system: System
    memory_limit: int | None = None
    compute_limit: float | None = None
    tenants: int | None = None
    point: Mapping[str, Value] = field(default_factory=dict)
    twin: bool = False

    @property
    def key(self) -> str:
        """How the session's order and its progress call it: `mps`, `mps compute-limit=25`, `native again`."""
        marks = [f"{name}={value}" for name, value in self.point.items()]
        return " ".join([self.system.id, *marks, *(["again"] if self.twin else [])])

    @property
    def quota(self) -> Quota:
        """What every tenant is entitled to, as far as the system can limit."""
        return Quota(
            self.memory_limit if "memory-limit" in self.system.features else None,
            self.compute_limit if "compute-limit" in self.system.features else None,
        )

    @property
    def lacking(self) -> list[str]:
        """What was asked for and this system cannot limit."""
        asked = {"memory-limit": self.memory_limit, "compute-limit": self.compute_limit}
        return [
            f"{self.system.id} has no {feature}"
            for feature, value in asked.items()
            if value is not None and feature not in self.system.features
        ]

    @property
    def unlimited(self) -> list[str]:
        """The same for a run, in sentences."""
        return [f"{lack}: measured without" for lack in self.lacking]


def entries(
    systems: Sequence[System], whole: Entry, sweep: Mapping[str, Sequence[int]], again: bool
) -> dict[str, Entry]:
    """All entries by their keys; `whole` has what holds for all. With `again` the first system gets a twin."""
    found = [replace(whole, system=system, **change) for system in systems for change in points(system, sweep)]  # type: ignore[arg-type]
    if again:
        found.append(replace(found[0], twin=True))
    return {entry.key: entry for entry in found}


def points(system: System, sweep: Mapping[str, Sequence[int]]) -> Iterator[dict[str, object]]:
    """What each point of the sweep changes for one system."""
    followed = {name: values for name, values in sweep.items() if SWEPT[name] in system.features}
    for values in product(*followed.values()):
        point = dict(zip(followed, values, strict=True))
        change: dict[str, object] = {"point": point} if point else {}
        if "compute-limit" in point:
            change["compute_limit"] = point["compute-limit"] / 100
        if "memory-limit" in point:
            change["memory_limit"] = point["memory-limit"] * MIB
        if "tenants" in point:
            change["tenants"] = point["tenants"]
        yield change


def items_of(entry: Entry, items: Sequence[Item], device: DeviceFacts) -> list[Item]:
    """The outcomes of one entry: with its number of tenants in every metric that declares one.

    In a sweep over it, other metrics would say the same at each point and are left out.
    """
    if entry.tenants is None:
        return list(items)
    swept = "tenants" in entry.point
    found: list[Item] = []
    for one in items:
        if one.metric.tenants:
            found.append(item(one.metric, {**one.params, one.metric.tenants: entry.tenants}, device))
        elif not swept:
            found.append(one)
    if not found:
        names = ", ".join(dict.fromkeys(one.metric.id for one in items))
        raise PlanError(f"--sweep tenants varies metrics with a number of tenants; {names} has none: try OH-006")
    return list({one.id: one for one in found}.values())
