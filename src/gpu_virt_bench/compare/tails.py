"""A cost that comes seldom: an outcome that is the same in the median and worse in its mean or in its tail."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from statistics import median

from gpu_virt_bench.compare.said import value_text
from gpu_virt_bench.model.comparison import Row
from gpu_virt_bench.model.run import Measured, Run
from gpu_virt_bench.model.workload import Value

WORSE = ("worse", "slightly worse")
UNSEEN = ("same", "inconclusive")
FIELD = "statistic="
MICRO = 1e-6


def tails(rows: Sequence[Row], baseline: Run, candidate: Run) -> dict[str, list[str]]:
    """By outcome: what is worse in another statistic of it, while its median does not; what is slightly so last."""
    by_id = {row.id: row for row in rows}
    found: dict[str, list[str]] = {}
    for row in sorted(rows, key=lambda row: row.verdict == WORSE[1]):
        name, statistic = without_statistic(row.id)
        middle = by_id.get(name)
        if not statistic or middle is None or row.verdict not in WORSE or middle.verdict not in UNSEEN:
            continue
        assert row.change is not None
        size = value_text(row.change, row.shown_unit)
        few = seldom(row.id, baseline, candidate)
        found.setdefault(name, []).append(f"{row.verdict} in the {statistic} ({size}): {few}")
    return found


def with_tails(rows: Sequence[Row], found: dict[str, list[str]]) -> list[Row]:
    """The rows: beside the median's verdict stands what it does not see."""
    return [
        replace(row, reason="; ".join(filter(None, [row.reason, *found[row.id]])), tail="; ".join(found[row.id]))
        if row.id in found
        else row
        for row in rows
    ]


def sentences(found: dict[str, list[str]], rows: Sequence[Row]) -> Iterator[str]:
    """The same for the whole comparison."""
    verdicts = {row.id: row.verdict for row in rows}
    for name, told in found.items():
        yield from (f"{name}: {verdicts[name]} in the median, {one}" for one in told)


def of_headline(rows: Sequence[Row]) -> set[str]:
    """The headline outcomes, and their other statistics: they are judged together."""
    headlines = {row.id for row in rows if row.headline}
    return {row.id for row in rows if without_statistic(row.id)[0] in headlines}


def seldom(name: str, baseline: Run, candidate: Run) -> str:
    """How many calls cost how much, where the runs say it."""
    before, after = (calls_like_the_longest(run, name) for run in (baseline, candidate))
    if not after:
        return "a few calls cost much"
    return f"{after}, in the baseline {before}" if before else after


def calls_like_the_longest(run: Run, name: str) -> str:
    """Of how many calls one is like the longest of its reading, and how long that is; "" where the run does not say."""
    outcome = run.outcomes.get(name)
    if not isinstance(outcome, Measured):
        return ""
    tables = [repetition.detail.get("longest", ()) for repetition in outcome.repetitions]
    rows = [found for table in tables for row in table if (found := numbers(row))]
    like_it = sum(row["like_it"] for row in rows)
    if not like_it:
        return ""
    every = sum(row["intervals"] for row in rows) / like_it
    size = median(row["longest"] - row["median"] for row in rows)
    longer = f"{size / MICRO:,.0f}" if size >= 100 * MICRO else f"{size / MICRO:.3g}"
    return f"one of {every:.0f} takes {longer} us longer"


def numbers(row: Mapping[str, Value]) -> dict[str, float]:
    """The row's numbers, nothing where one is missing: a file may hold anything."""
    found = {name: row.get(name) for name in ("intervals", "median", "longest", "like_it")}
    whole = {name: float(value) for name, value in found.items() if isinstance(value, int | float)}
    return whole if len(whole) == len(found) else {}


def without_statistic(name: str) -> tuple[str, str]:
    """`OH-001[path=start,statistic=mean]` as its outcome in the median, and the statistic; "" where it names none."""
    metric, bracket, rest = name.partition("[")
    words = rest.removesuffix("]").split(",") if bracket else []
    statistic = next((word.removeprefix(FIELD) for word in words if word.startswith(FIELD)), "")
    others = ",".join(word for word in words if not word.startswith(FIELD))
    return (f"{metric}[{others}]" if others else metric), statistic
