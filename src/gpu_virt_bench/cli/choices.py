"""What several outcomes or points of a session have unlike: `--aggressor`, `--quota`, `--sweep`, and their values."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from gpu_virt_bench.cli.numbers import meant, numbers_of
from gpu_virt_bench.cli.settings import pairs, split
from gpu_virt_bench.model.text import nearest

if TYPE_CHECKING:
    from gpu_virt_bench.engine.entry import Point
    from gpu_virt_bench.model.metric import Metric, Value

MOST_MIB = 1 << 40
"""More MiB than anybody has."""
MOST_TENANTS = 48
BOUNDS: Mapping[str, tuple[int, str]] = {
    "compute-limit": (100, "per cent"),
    "memory-limit": (MOST_MIB, "MiB"),
    "tenants": (MOST_TENANTS, ""),
}
"""The most that a whole number of a sweep may be, and its unit."""


def sweeps(words: Sequence[str]) -> tuple[dict[str, list[Point]], dict[str, str]]:
    """The points of each `--sweep NAME=N,N,...`; and what is no point but gives one outcome for each value."""
    from gpu_virt_bench.engine.chosen import CHOOSABLE
    from gpu_virt_bench.engine.entry import SWEPT

    found: dict[str, list[Point]] = {}
    choices: dict[str, str] = {}
    for name, text in pairs(words, "--sweep").items():
        if name not in (*SWEPT, *CHOOSABLE):
            raise click.UsageError(f"--sweep is {name!r}, expected {', '.join((*SWEPT, *CHOOSABLE))}")
        if name in CHOOSABLE:
            choices[name] = text
        elif name == "quota":
            quotas = {shares(one.split("/"), f"--sweep quota is {text!r}", "/") for one in text.split(",")}
            found[name] = sorted(quotas, key=lambda one: (len(one), one))  # type: ignore[arg-type]
        else:
            found[name] = [*numbers(name, text)]
    return found, choices


def numbers(name: str, text: str) -> list[int]:
    """The whole numbers of one sweep, the least first."""
    values = [value.strip() for value in text.split(",")]
    most, unit = BOUNDS[name]
    wrong = [one for one in values if not (one.isdecimal() and 1 <= int(one) <= most)]
    if wrong:
        raise click.UsageError(
            f"--sweep {name} is {text!r}, expected whole numbers{numbers_of(unit)} from 1 to {most}: {name}=1,2"
            f"{meant(wrong[0], unit)}"
        )
    return sorted({int(value) for value in values})


# -- unequal compute quotas


def shares(words: Sequence[str], said: str, between: str = ",") -> tuple[int, ...]:
    """Percents of the compute, of several tenants."""
    parts = [word.strip() for word in words]
    wrong = next((part for part in parts if not re.fullmatch(r"0*[1-9]\d?", part)), "")
    found = () if wrong else tuple(map(int, parts))
    if wrong or not 2 <= len(found) <= MOST_TENANTS or sum(found) > 100:
        why = "" if wrong or sum(found) <= 100 else f", not {sum(found)}"
        raise click.UsageError(
            f"{said}, expected whole numbers of per cent for 2 to {MOST_TENANTS} tenants, 100 together at most{why}:"
            f" {between.join(('50', '25', '25'))}{meant(wrong, 'per cent')}"
        )
    return found


def quota_of(options: Mapping[str, Any], swept: Mapping[str, Sequence[Point]]) -> tuple[int, ...]:
    """The percents of `--quota`, none without it; refuses what would ask for the same twice."""
    given = options["quota"]
    asked = [name for name, there in (("--quota", given), ("--sweep quota", "quota" in swept)) if there]
    if not asked:
        return ()
    others = [name for name, there in (("--compute-limit", options["compute_limit"] is not None),
                                       ("--sweep compute-limit", "compute-limit" in swept),
                                       ("--sweep tenants", "tenants" in swept)) if there]  # fmt: skip
    if clash := [*asked, *others][1:]:
        raise click.UsageError(f"{asked[0]} and {clash[0]} cannot be together: {asked[0]} says the compute shares and"
                               " the number of tenants, so leave one of them out")  # fmt: skip
    words = ",".join(given)
    found = shares(words.split(","), f"--quota is {words!r}") if given else ()
    check_count(options["tenants"], [found] if given else swept["quota"], asked[0])
    return found


def check_count(tenants: int | None, quotas: Sequence[Point], option: str) -> None:
    """Refuses another number of tenants than there are shares."""
    counts = sorted({len(one) for one in quotas if isinstance(one, tuple)})
    if tenants is not None and counts != [tenants]:
        several = " or ".join(map(str, counts))
        raise click.UsageError(f"{option} has shares of {several} tenants, and --tenants is {tenants}: leave it out")


def common_count(swept: Mapping[str, Sequence[Point]]) -> int | None:
    """How many tenants all quotas of a sweep are for: a system that cannot follow it has as many."""
    counts = {len(one) for one in swept.get("quota", ()) if isinstance(one, tuple)}
    return counts.pop() if len(counts) == 1 else None


# -- parameters by their names


def chosen_of(
    registry: Mapping[str, Metric], options: Mapping[str, Any], swept: Mapping[str, str]
) -> dict[str, list[Value]]:
    """The values of each parameter that has an option, as `--NAME` or `--sweep NAME` gives them."""
    from gpu_virt_bench.engine.chosen import CHOOSABLE

    found: dict[str, list[Value]] = {}
    for name in CHOOSABLE:
        if options[name] and name in swept:
            raise click.UsageError(f"--{name} and --sweep {name} say the same: leave one of them out")
        words = split(options[name] or [swept[name]] if options[name] or name in swept else [])
        if words:
            found[name] = fractions(words) if name == "intensity" else known(registry, name, words)
        elif name in swept:
            raise click.UsageError(f"--sweep {name} is {swept[name]!r}, expected values: {name}=A,B")
    return found


def known(registry: Mapping[str, Metric], name: str, words: Sequence[str]) -> list[Value]:
    """Names that some metric knows, those that stand for several in full."""
    from gpu_virt_bench.engine.chosen import STANDS_FOR, knows, names

    found: list[Value] = []
    for word in words:
        meanings = STANDS_FOR.get((name, word), (word,))
        for one in meanings:
            if not any(knows(metric, name, one) for metric in registry.values()):
                near = nearest(one, names(registry, name))
                own = "" if near.endswith("?") else "; or give work of your own, module:callable"
                raise click.UsageError(f"no {name} {one!r}{near}{own}")
        found += [one for one in meanings if one not in found]
    return found


def fractions(words: Sequence[str]) -> list[Value]:
    """Numbers above 0 up to 1."""
    from gpu_virt_bench.metrics.neighbors import LEAST_BUSY, PERIOD, part

    found = [part(word) for word in words]
    if None in found:
        wrong = words[found.index(None)]
        raise click.UsageError(
            f"--intensity is {wrong!r}, expected a number above 0 (from {LEAST_BUSY / PERIOD:g}) up to 1"
            f"{percent(wrong)}"
        )
    return [*dict.fromkeys(one for one in found if one is not None)]


def percent(text: str) -> str:
    """`; did you mean 0.25?` of `25` and `25%`, "" of what is no percentage."""
    number = re.fullmatch(r"(\d{1,3}(\.\d{1,9})?)\s*%?", text)
    return f"; did you mean {float(number[1]) / 100:g}?" if number and 2 <= float(number[1]) <= 100 else ""
