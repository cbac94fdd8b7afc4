"""A suite's file: its keys, and the bounds of how many and how long."""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any, get_args

from gpu_virt_bench.model.metric import Effort
from gpu_virt_bench.model.run import Suite
from gpu_virt_bench.model.text import nearest

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

MOST = 1_000_000
"""The most of anything that is counted, and seconds of anything that lasts."""
LEAST = {
    "repetitions": 1,
    "max_repetitions": 1,
    "warmup": 0,
    "seconds_per_outcome": 0.001,
    "warm_seconds": 0,
    "window_seconds": 0.001,
    "settle_seconds": 0,
    "quota_window_seconds": 0.001,
    "quota_settle_seconds": 0,
    "polling_seconds": 0.001,
    "resolution": 0.001,
}
"""The least of each number."""


class SuiteError(ValueError):
    """What is wrong with a suite's text; says what was found and what is expected."""


def suite_of(text: str) -> Suite:
    """The suite that a TOML text describes; every key and every number is checked."""
    from pydantic import TypeAdapter, ValidationError

    values = tomllib.loads(text)
    wrong = [*numbers(values)]
    bounded = {fault.partition(" is ")[0] for fault in wrong}
    try:
        # as JSON text, since pydantic's strict dataclasses take no dict
        found = TypeAdapter(Suite).validate_json(json.dumps(values, default=str))
    except ValidationError as error:
        wrong += [explained(one) for one in error.errors() if ".".join(map(str, one["loc"])) not in bounded]
        raise SuiteError("; ".join(wrong)) from None
    if wrong := [*wrong, *misfits(found)]:
        raise SuiteError("; ".join(wrong))
    return found


def numbers(values: Mapping[str, Any]) -> Iterator[str]:
    """Numbers out of their bounds; a comparison with what is no number is false."""
    for name, least in LEAST.items():
        value = values.get(name)
        if not isinstance(value, int | float) or isinstance(value, bool):
            continue
        if not (math.isfinite(value) and least <= value <= MOST):
            yield f"{name} is {value}, expected {least} to {MOST}"


def misfits(suite: Suite) -> Iterator[str]:
    """What the types do not say."""
    if suite.max_repetitions < suite.repetitions:
        yield f"max_repetitions is {suite.max_repetitions}, expected at least repetitions, {suite.repetitions}"
    if not suite.metrics:
        yield "metrics is empty, expected at least one: ['OH-001'], or ['*'] for all"
    kinds = get_args(Effort)
    for name, count in suite.rounds.items():
        if name not in kinds:
            yield f"unknown key 'rounds.{name}'{nearest(name, kinds)}"
        elif not 1 <= count <= MOST:
            yield f"rounds.{name} is {count}, expected 1 to {MOST}"
    if lacking := [name for name in kinds if name not in suite.rounds]:
        yield f"rounds lacks {', '.join(lacking)}: how many samples of such outcomes a repetition has"


def explained(error: ErrorDetails) -> str:
    """A validation error in one sentence."""
    place = ".".join(map(str, error["loc"]))
    if error["type"] == "unexpected_keyword_argument":
        return f"unknown key {place!r}{nearest(place, [one.name for one in fields(Suite)])}"
    if error["type"] == "missing":
        return f"the key {place!r} is missing"
    return f"{place} is {error['input']!r}: {error['msg'][0].lower()}{error['msg'][1:]}"
