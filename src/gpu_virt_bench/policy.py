"""A policy: what counts as a difference and what a score is made of. One TOML file, merged over the default."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import resources
from math import isfinite
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from gpu_virt_bench.model.metric import UNITS
from gpu_virt_bench.model.run import Definition
from gpu_virt_bench.model.text import nearest, small_text

STRICT = {"extra": "forbid", "strict": True, "allow_inf_nan": False}
POLICIES = resources.files("gpu_virt_bench") / "policies"

Amount = Annotated[float, Field(ge=0)]
Positive = Annotated[float, Field(gt=0)]
Points = Annotated[float, Field(ge=0, le=100)]


class PolicyError(Exception):
    """A policy that cannot be used; says what was found and what is expected."""


@dataclass(frozen=True)
class Margin:
    """Changes that do not matter: relative for metrics that compare by ratio, in SI units for the others."""

    __pydantic_config__ = STRICT
    ratio: Amount
    difference: dict[str, Amount]
    category: dict[str, Amount]
    metric: dict[str, Amount]


@dataclass(frozen=True)
class Score:
    """What parity costs, and how much a metric and a category weigh; a weight that is not named is 1."""

    __pydantic_config__ = STRICT
    ceiling: Positive
    scale: dict[str, Positive]
    category: dict[str, Amount]
    metric: dict[str, Amount]


@dataclass(frozen=True)
class Gate:
    """What a gate lets pass."""

    __pydantic_config__ = STRICT
    regressions: Annotated[int, Field(ge=0)]
    failures: Literal["new", "all", "none"]
    outcomes: Literal["headline", "all"]


@dataclass(frozen=True)
class Use:
    """What a use of a shared GPU must have, and what it gains by: outcomes, or the limits `memory-limit` and
    `compute-limit`."""

    __pydantic_config__ = STRICT
    title: str
    must: list[str]
    gains: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Policy:
    """What counts as a difference, and what a score is made of."""

    __pydantic_config__ = STRICT
    title: str
    confidence: Annotated[float, Field(ge=0.5, lt=1)]
    margin: Margin
    score: Score
    grades: dict[str, Points]
    gate: Gate
    use: list[Use] = field(default_factory=list)

    def margin_of(self, definition: Definition, metric: str) -> float:
        """The most specific margin: the metric's, its category's (by ratio only), that of its way to compare.

        A category's margin is relative: its metrics may differ in seconds and in shares. A unit without a margin has
        0: every change that is shown counts.
        """
        if metric in self.margin.metric:
            return self.margin.metric[metric]
        if definition.compare == "difference" or definition.unit == "pass":
            return self.margin.difference.get(definition.unit, 0.0)
        return self.margin.category.get(definition.category, self.margin.ratio)


def policies() -> list[str]:
    """Names of the shipped policies."""
    return sorted(path.name.removesuffix(".toml") for path in POLICIES.iterdir() if path.name.endswith(".toml"))


def load(path: Path | None = None) -> Policy:
    """The default policy, with what a file, or a shipped policy of that name, says instead."""
    default = tomllib.loads((POLICIES / "default.toml").read_text())
    given = {} if path is None else named(str(path)) if path.suffix != ".toml" else read(path)
    # as JSON text, since pydantic's strict dataclasses take no dict
    text = json.dumps(merged(default, given), default=str)
    try:
        policy = TypeAdapter(Policy).validate_json(text)
    except ValidationError as error:
        raise PolicyError(f"{path}: {explained(error.errors()[0], default)}") from None
    for unit in policy.margin.difference:
        if unit not in UNITS:
            raise PolicyError(f"{path}: margin.difference has the unit {unit!r}{nearest(unit, UNITS)}")
    return policy


def named(name: str) -> dict[str, Any]:
    """A shipped policy."""
    if name not in policies():
        raise PolicyError(f"no policy {name!r}{nearest(name, policies())}; or give a file, ./mine.toml")
    return tomllib.loads((POLICIES / f"{name}.toml").read_text())


def read(path: Path) -> dict[str, Any]:
    """A TOML file."""
    try:
        return tomllib.loads(small_text(path))
    except OSError as error:
        raise PolicyError(f"cannot read {path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise PolicyError(f"{path} is not TOML: {error}") from None


def merged(default: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The default with every value that is given instead, table by table."""
    both = dict(given)
    for key, value in given.items():
        if isinstance(value, Mapping) and isinstance(default.get(key), Mapping):
            both[key] = merged(default[key], value)
    return {**default, **both}


def explained(error: ErrorDetails, default: Mapping[str, Any]) -> str:
    """A validation error in one sentence."""
    *tables, key = error["loc"]
    if error["type"] != "unexpected_keyword_argument":
        return f"{'.'.join(map(str, error['loc']))} is {error['input']!r}: {error['msg'].lower()}"
    for table in tables:
        default = default[str(table)]
    return f"unknown key {'.'.join(map(str, error['loc']))}{nearest(str(key), default)}"


def with_margins(policy: Policy, words: Sequence[str]) -> Policy:
    """The policy with margins as `0.03` (of all ratios), `OH-006=5e-6` or `bandwidth=0.01`."""
    margin = policy.margin
    for word in words:
        name, equals, value = word.rpartition("=")
        amount = parsed(value, word)
        if not equals:
            margin = replace(margin, ratio=amount)
        else:  # ids and categories share no names: whichever this is finds it
            category, metric = {**margin.category, name: amount}, {**margin.metric, name: amount}
            margin = replace(margin, category=category, metric=metric)
    return replace(policy, margin=margin)


def parsed(text: str, word: str) -> float:
    """A margin's number."""
    try:
        amount = float(text)
    except ValueError:
        amount = -1.0
    if not (isfinite(amount) and amount >= 0):
        raise PolicyError(
            f"margin {word!r} has no number of 0 or more; write 0.03, OH-006=5e-6 or bandwidth=0.01: of a ratio a part "
            "of 1, of a difference in its SI unit, such as seconds"
        )
    return amount
