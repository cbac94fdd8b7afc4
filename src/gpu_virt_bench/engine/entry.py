"""The runs of a session: every system at every point of a sweep, and the baseline a second time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product

from gpu_virt_bench.engine.plan import Item, PlanError, item, without
from gpu_virt_bench.model.metric import DeviceFacts, Party, Value
from gpu_virt_bench.model.system import Quota, System

MIB = 1 << 20
SWEPT: Mapping[str, str] = {
    "compute-limit": "compute-limit",
    "memory-limit": "memory-limit",
    "tenants": "concurrent-tenants",
    "quota": "compute-limit",
}
"""What a sweep can vary (percent, MiB, a number, percents) -> the feature that a system must have to follow it."""
WEIGHTS = "weights"
"""The parameter that is the tenants' compute shares: `50/25/25`."""
Point = int | tuple[int, ...]
"""Where a sweep stops: a number, or percents of so many tenants."""


def as_text(percents: Sequence[int]) -> str:
    """A quota as outcomes and points call it: `50/25/25`."""
    return "/".join(map(str, percents))


@dataclass(frozen=True)
class Entry:
    """One run of a session. A system that cannot follow a sweep has one entry, without a point."""

    system: System
    memory_limit: int | None = None
    compute_limit: float | None = None
    tenants: int | None = None
    percents: tuple[int, ...] = ()
    """Compute shares of so many tenants; none: they are alike."""
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
    def shares(self) -> tuple[float, ...]:
        """The compute shares of so many tenants, as far as the system can limit."""
        return tuple(part / 100 for part in self.percents) if "compute-limit" in self.system.features else ()

    @property
    def lacking(self) -> list[str]:
        """What was asked for and this system cannot limit."""
        asked = {"memory-limit": self.memory_limit, "compute-limit": self.compute_limit or self.percents or None}
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
    systems: Sequence[System], whole: Entry, sweep: Mapping[str, Sequence[Point]], again: bool
) -> dict[str, Entry]:
    """All entries by their keys; `whole` has what holds for all. With `again` the first system gets a twin."""
    found = [replace(whole, system=system, **change) for system in systems for change in points(system, sweep)]  # type: ignore[arg-type]
    if again:
        found.append(replace(found[0], twin=True))
    return {entry.key: entry for entry in found}


def points(system: System, sweep: Mapping[str, Sequence[Point]]) -> Iterator[dict[str, object]]:
    """What each point of the sweep changes for one system."""
    followed = {name: values for name, values in sweep.items() if SWEPT[name] in system.features}
    for values in product(*followed.values()):
        found = dict(zip(followed, values, strict=True))
        change: dict[str, object] = {}
        for name, value in found.items():
            change |= at(name, value)
        if found:
            change["point"] = {name: as_text(one) if isinstance(one, tuple) else one for name, one in found.items()}
        yield change


def at(name: str, value: Point) -> dict[str, object]:
    """What one swept quantity changes."""
    if isinstance(value, tuple):
        return {"percents": value, "tenants": len(value)}
    if name == "compute-limit":
        return {"compute_limit": value / 100}
    return {"memory_limit": value * MIB} if name == "memory-limit" else {"tenants": value}


def items_of(entry: Entry, items: Sequence[Item], device: DeviceFacts) -> list[Item]:
    """The outcomes of one entry: with its number of tenants in every metric that declares one, and their shares.

    In a sweep over them, other metrics would say the same at each point and are left out.
    """
    if entry.tenants is None:
        return list(items)
    swept = {"tenants", "quota"} & entry.point.keys()
    changed = [with_tenants(one, entry, device) for one in items]
    found = [one for one in changed if is_set(one, entry) or not swept]
    if not any(is_set(one, entry) for one in changed) and (swept or entry.percents):
        names = ", ".join(dict.fromkeys(one.metric.id for one in items))
        raise PlanError(idle_option(entry, names))
    return list({one.id: one for one in found}.values())


def idle_option(entry: Entry, names: str) -> str:
    """What an option varies that nothing selected has."""
    if not entry.percents:
        return f"--sweep tenants varies metrics with a number of tenants; {names} has none: try OH-006"
    option, count = "--sweep quota" if "quota" in entry.point else "--quota", len(entry.percents)
    return f"{option} gives {count} tenants their shares; {names} has no {count} that share: try IS-008"


def is_set(one: Item, entry: Entry) -> bool:
    """Whether an outcome has the entry's number of tenants, or just as many that it gives shares to."""
    number = one.params.get(one.metric.tenants)
    return number == entry.tenants or has_open_shares(one.party, len(entry.percents))


def has_open_shares(party: Party, count: int) -> bool:
    """Whether so many tenants, and no others, have the compute that the session grants."""
    return len(party) == count > 0 and all(share.compute is None for share in party)


def with_tenants(one: Item, entry: Entry, device: DeviceFacts) -> Item:
    """An outcome with the entry's number of tenants, and with their shares where it takes those; as it is, where that
    number makes no sense."""
    metric = one.metric
    if not metric.tenants or entry.tenants is None:
        return one
    params: dict[str, Value] = {**one.params, metric.tenants: entry.tenants}
    if entry.percents and WEIGHTS in metric.params:
        params[WEIGHTS] = metric.taken(WEIGHTS, as_text(entry.percents), device) or params[WEIGHTS]
    if one.unknown:
        return without(metric, params, device, one.unknown)
    return item(metric, params, device) if metric.where(params) else one
