"""Which outcomes a selection names, and how many and how long by the suite."""

from __future__ import annotations

import fnmatch
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from gpu_virt_bench.engine.effort import SuiteError, suite_of
from gpu_virt_bench.model import earlier
from gpu_virt_bench.model.metric import DeviceFacts, Metric, Party, Value
from gpu_virt_bench.model.run import Suite
from gpu_virt_bench.model.text import nearest, small_text

SUITES = resources.files("gpu_virt_bench") / "suites"


class PlanError(Exception):
    """A selection that cannot be measured; says what was found and what is expected."""


@dataclass(frozen=True)
class Item:
    """One outcome to measure: a metric with its parameter values, and the tenants that it works with."""

    metric: Metric
    params: Mapping[str, Value]
    id: str
    is_headline: bool
    party: Party
    unknown: str = ""
    """Which value that was asked for the metric does not know."""


def item(metric: Metric, params: Mapping[str, Value], device: DeviceFacts) -> Item:
    """The outcome of a metric with these parameter values on that device."""
    headline = dict(params) == metric.headline(device)
    return Item(metric, params, metric.outcome_id(params, device), headline, metric.party(params, device))


def without(metric: Metric, params: Mapping[str, Value], device: DeviceFacts, unknown: str) -> Item:
    """The outcome that a metric cannot have, for such a value of a parameter: it has nobody to work with."""
    return Item(metric, params, metric.outcome_id(params, device), False, (), unknown)


def suites() -> list[str]:
    """Names of the shipped suites."""
    return sorted(path.name.removesuffix(".toml") for path in SUITES.iterdir() if path.name.endswith(".toml"))


def load_suite(name: str) -> Suite:
    """A shipped suite by its name, or one in a file."""
    if not name.endswith(".toml") and name not in suites():
        raise PlanError(f"no suite {name!r}{nearest(name, suites())}; or give a file, ./mine.toml")
    try:
        return suite_of(small_text(Path(name)) if name.endswith(".toml") else (SUITES / f"{name}.toml").read_text())
    except OSError as error:
        raise PlanError(f"cannot read {name}: {error.strerror}") from None
    except SuiteError as error:
        raise PlanError(f"{name}: {error}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise PlanError(f"{name} is not TOML: {error}") from None


def select(metrics: Mapping[str, Metric], wanted: Sequence[str], parameters: str, device: DeviceFacts) -> list[Item]:
    """The outcomes that ids, categories or globs name, in the order of their ids.

    `OH-001` gives the headline (or, with parameters "all", every combination); `OH-001[path=start,api=*]` chooses
    parameter values, `*` all of a parameter, those not named at their headline.
    """
    items: dict[str, Item] = {}
    for word in wanted:
        name, chosen = parted(word)
        for metric in named(metrics, name):
            for found in outcomes(metric, chosen, parameters, device):
                items.setdefault(found.id, found)
    return sorted(items.values(), key=lambda item: item.metric.id)


def check_selection(metrics: Mapping[str, Metric], wanted: Sequence[str]) -> None:
    """Refuses what no device could make a selection: unknown metrics and parameters."""
    for word in wanted:
        name, chosen = parted(word)
        for metric in named(metrics, name):
            bracket(metric, chosen or "")


def parted(word: str) -> tuple[str, str | None]:
    """The name of a word, and what stands in its bracket."""
    parts = re.fullmatch(r"([^\[\]]+)(?:\[([^\[\]]*)\])?", word.strip())
    if parts is None:
        raise PlanError(f"{word!r} is no selection; write OH-001, overhead, 'OH-*' or 'OH-001[path=start]'")
    return parts.group(1), parts.group(2)


def named(metrics: Mapping[str, Metric], name: str) -> list[Metric]:
    """The metrics of an id, a category or a glob."""
    found = [m for m in metrics.values() if fnmatch.fnmatchcase(m.id, name.upper()) or m.category == name.lower()]
    if not found and (known_before := earlier.metric(name)):
        raise PlanError(f"no metric {name!r}: {known_before}; `gpu-virt-bench list metrics` shows what it measures")
    if not found:
        categories = sorted({m.category for m in metrics.values()})
        raise PlanError(f"no metric {name!r}{nearest(name.upper(), metrics)}; categories: {', '.join(categories)}")
    return found


def outcomes(metric: Metric, chosen: str | None, parameters: str, device: DeviceFacts) -> list[Item]:
    """The outcomes of one metric that a bracket names."""
    headline = metric.headline(device)
    if chosen is None:
        wanted = [headline] if parameters == "headline" else metric.variants(device)
        return [item(metric, params, device) for params in wanted]
    constraints = {**{name: str(value) for name, value in headline.items()}, **bracket(metric, chosen)}
    asked = {name: metric.taken(name, value, device) for name, value in constraints.items() if value != "*"}
    others = {name: value for name, value in asked.items() if value is not None}
    constraints |= {name: str(value) for name, value in others.items()}
    found = [
        item(metric, params, device)
        for params in metric.variants(device, others)
        if all(constraints[name] in ("*", str(value)) for name, value in params.items())
    ]
    if not found:
        known = "; ".join(f"{name} = {', '.join(map(str, v))}" for name, v in metric.values(device).items())
        raise PlanError(f"{metric.id}[{chosen}] names no outcome; there are {known}")
    return found


def bracket(metric: Metric, chosen: str) -> dict[str, str]:
    """Parameter names and values of `path=start,api=*`."""
    pairs = {}
    for part in filter(None, (part.strip() for part in chosen.split(","))):
        if part == "*":
            return dict.fromkeys(metric.params, "*")
        name, equals, value = part.partition("=")
        if not equals or name not in metric.params:
            raise PlanError(f"{metric.id} has no parameter {name!r}{nearest(name, list(metric.params) or ['none'])}")
        values = metric.params[name]
        is_other = name in metric.takes and metric.takes[name](value) is not None
        if value != "*" and isinstance(values, tuple) and value not in map(str, values) and not is_other:
            raise PlanError(f"{metric.id} has no {name} {value!r}{nearest(value, list(map(str, values)))}")
        pairs[name] = value
    return pairs
