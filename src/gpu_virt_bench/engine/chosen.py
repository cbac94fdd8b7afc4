"""Parameter values that the user chooses by name, for every metric that has the parameter: `--aggressor dram,l2`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import product

from gpu_virt_bench.engine.plan import Item, PlanError, item, named, parted, without
from gpu_virt_bench.metrics import own_work
from gpu_virt_bench.metrics.neighbors import COPIES
from gpu_virt_bench.model.metric import DeviceFacts, Metric, Value

CHOOSABLE = ("victim", "aggressor", "intensity")
"""Parameters that have an option."""
HOW_MUCH = "intensity"
"""What an aggressor that does nothing has none of: there it keeps its headline."""
STANDS_FOR: Mapping[tuple[str, str], tuple[str, ...]] = {("aggressor", "pcie"): COPIES}
"""Words for several values of a parameter."""
ROUTINES: Mapping[str, Collection[str]] = {
    "victim": {*own_work.ROUTINES, *own_work.SAME_VICTIM},
    "aggressor": {*own_work.ROUTINES, *own_work.SAME_AGGRESSOR},
}
"""Routines of libgvb that are values too."""
Chosen = Mapping[str, Sequence[Value]]


def check_chosen(registry: Mapping[str, Metric], wanted: Sequence[str], chosen: Chosen) -> None:
    """Refuses a parameter that no metric of the selection has."""
    selected = {metric.id: metric for word in wanted for metric in named(registry, parted(word)[0])}
    for name, values in chosen.items():
        if not any(name in metric.params for metric in selected.values()):
            given = f"--{name} {','.join(map(str, values))}"
            raise PlanError(f"{given}: no metric of the selection has that parameter{have(registry, name)}")


def knows(metric: Metric, name: str, value: Value) -> bool:
    """Whether a metric has a parameter of that name with such a value, on some device at least."""
    listed = metric.params.get(name, ())
    if callable(listed) or str(value) in map(str, listed):
        return True
    return name in metric.takes and metric.takes[name](value) is not None


def names(registry: Mapping[str, Metric], name: str) -> list[str]:
    """All values of a parameter that have a name."""
    listed = [metric.params.get(name, ()) for metric in registry.values()]
    found = [str(value) for values in listed if not callable(values) for value in values]
    words = [word for parameter, word in STANDS_FOR if parameter == name]
    return [*dict.fromkeys([*found, *words, *sorted(ROUTINES.get(name, ()))])]


def have(registry: Mapping[str, Metric], name: str) -> str:
    """Which metrics have a parameter, and how to select them."""
    found = [metric.id for metric in registry.values() if name in metric.params]
    return f"; {', '.join(found)} {'has' if len(found) == 1 else 'have'}: --metrics {found[0]}" if found else ""


def with_chosen(items: Sequence[Item], chosen: Chosen, device: DeviceFacts) -> list[Item]:
    """The outcomes with those values, one for each combination that makes sense; others stay as they are."""
    if not chosen:
        return list(items)
    found = {changed.id: changed for one in items for changed in combinations(one, chosen, device)}
    for one in items:
        if not any(changed.metric.id == one.metric.id for changed in found.values()):
            raise PlanError(f"{one.id} cannot be with {told(chosen, one.metric)}")
    return list(found.values())


def combinations(one: Item, chosen: Chosen, device: DeviceFacts) -> Iterator[Item]:
    """An outcome with every combination of values; one whose metric does not know a value says so."""
    names = [name for name in chosen if name in one.metric.params]
    for values in product(*(chosen[name] for name in names)):
        asked = dict(zip(names, values, strict=True))
        taken = {name: one.metric.taken(name, value, device) for name, value in asked.items()}
        known = {name: value for name, value in taken.items() if value is not None}
        if len(known) < len(asked):
            unknown = told({name: [value] for name, value in asked.items() if name not in known})
            yield without(one.metric, {**one.params, **asked}, device, f"{one.metric.id} has no {unknown}")
        else:
            yield from sensible(one, known, device)


def sensible(one: Item, values: Mapping[str, Value], device: DeviceFacts) -> Iterator[Item]:
    """An outcome with these values, or with all but how much; none where neither makes sense."""
    least = {name: value for name, value in one.metric.headline(device).items() if name == HOW_MUCH}
    for params in ({**one.params, **values}, {**one.params, **values, **least}):
        if one.metric.where(params):
            yield item(one.metric, params, device)
            return


def told(chosen: Chosen, metric: Metric | None = None) -> str:
    """`victim fma, aggressor l2 or dram`; of a metric those that it has."""
    names = [name for name in chosen if metric is None or name in metric.params]
    return ", ".join(f"{name} {' or '.join(map(str, chosen[name]))}" for name in names)
