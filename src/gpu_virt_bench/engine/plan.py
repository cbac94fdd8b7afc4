"""What is measured, how often and in which order."""

from __future__ import annotations

import fnmatch
import random
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from gpu_virt_bench.model.metric import Metric, Value
from gpu_virt_bench.model.text import nearest, small_text

STRICT = {"extra": "forbid"}
SUITES = resources.files("gpu_virt_bench") / "suites"


class PlanError(Exception):
    """A selection that cannot be measured; says what was found and what is expected."""


@dataclass(frozen=True)
class Suite:
    """How many and how long; the metrics keep their meaning."""

    __pydantic_config__ = STRICT

    title: str
    description: str
    metrics: tuple[str, ...]
    parameters: str
    repetitions: int
    max_repetitions: int
    warmup: int
    target_half_width: float
    warm_seconds: float
    window_seconds: float
    settle_seconds: float
    quota_window_seconds: float
    quota_settle_seconds: float
    polling_seconds: float
    seconds_per_outcome: float
    samples: Mapping[str, int]
    quiet_seconds: float = 2.0


@dataclass(frozen=True)
class Item:
    """One outcome to measure: a metric with its parameter values."""

    metric: Metric
    params: Mapping[str, Value]

    @property
    def id(self) -> str:
        """The outcome's id."""
        return self.metric.outcome_id(self.params)

    @property
    def is_headline(self) -> bool:
        """Whether summaries show it."""
        return dict(self.params) == self.metric.headline


def suites() -> list[str]:
    """Names of the shipped suites."""
    return sorted(path.name.removesuffix(".toml") for path in SUITES.iterdir() if path.name.endswith(".toml"))


def load_suite(name: str) -> Suite:
    """A shipped suite by its name, or one in a file."""
    from pydantic import TypeAdapter, ValidationError

    if not name.endswith(".toml") and name not in suites():
        raise PlanError(f"no suite {name!r}{nearest(name, suites())}; or give a file, ./mine.toml")
    try:
        text = small_text(Path(name)) if name.endswith(".toml") else (SUITES / f"{name}.toml").read_text()
        return TypeAdapter(Suite).validate_python(tomllib.loads(text))
    except OSError as error:
        raise PlanError(f"cannot read {name}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PlanError(f"{name} is not TOML: {error}") from None
    except ValidationError as error:
        first = error.errors()[0]
        raise PlanError(f"{name}: {'.'.join(map(str, first['loc']))}: {first['msg'].lower()}") from None


def select(metrics: Mapping[str, Metric], wanted: Sequence[str], parameters: str) -> list[Item]:
    """The outcomes that ids, categories or globs name, in the order of their ids.

    `OH-001` gives the headline (or, with parameters "all", every combination); `OH-001[path=start,api=*]` chooses
    parameter values, `*` all of a parameter, those not named at their headline.
    """
    items: dict[str, Item] = {}
    for word in wanted:
        for item in matching(metrics, word.strip(), parameters):
            items.setdefault(item.id, item)
    return sorted(items.values(), key=lambda item: item.metric.id)


def matching(metrics: Mapping[str, Metric], word: str, parameters: str) -> list[Item]:
    """The outcomes that one word names."""
    parts = re.fullmatch(r"([^\[\]]+)(?:\[([^\[\]]*)\])?", word)
    if parts is None:
        raise PlanError(f"{word!r} is no selection; write OH-001, overhead, 'OH-*' or 'OH-001[path=start]'")
    name, chosen = parts.group(1), parts.group(2)
    found = [m for m in metrics.values() if fnmatch.fnmatchcase(m.id, name.upper()) or m.category == name.lower()]
    if not found:
        categories = sorted({m.category for m in metrics.values()})
        raise PlanError(f"no metric {name!r}{nearest(name.upper(), metrics)}; categories: {', '.join(categories)}")
    return [item for metric in found for item in outcomes(metric, chosen, parameters)]


def outcomes(metric: Metric, chosen: str | None, parameters: str) -> list[Item]:
    """The outcomes of one metric that a bracket names."""
    if chosen is None:
        wanted = [metric.headline] if parameters == "headline" else metric.variants()
        return [Item(metric, params) for params in wanted]
    constraints = {**{name: str(value) for name, value in metric.headline.items()}, **bracket(metric, chosen)}
    found = [
        Item(metric, params)
        for params in metric.variants()
        if all(constraints[name] in ("*", str(value)) for name, value in params.items())
    ]
    if not found:
        known = "; ".join(f"{name} = {', '.join(map(str, values))}" for name, values in metric.params.items())
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
        pairs[name] = value
    return pairs


def interleave(systems: Sequence[str], repetition: int) -> list[str]:
    """The systems' order in one repetition: A B, then B A."""
    return list(systems) if repetition % 2 == 0 else list(reversed(systems))


def shuffle(items: Sequence[Item], seed: str) -> list[Item]:
    """Seeded order of one repetition's outcomes, those that can share tenants together: one tenant without a limit,
    one with a limit, several, and at the end those that need processes which have not touched CUDA."""
    shuffled = list(items)
    random.Random(seed).shuffle(shuffled)
    return sorted(shuffled, key=company)


def company(item: Item) -> tuple[bool, bool, str]:
    """What kind of tenants an outcome needs."""
    limit = str(item.params.get("compute", "full"))
    return item.metric.fresh, "concurrent-tenants" in item.metric.needs, limit if limit != "full" else ""
