"""The change of an outcome, and the verdicts on all changes of a comparison."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from statistics import median

from gpu_virt_bench.model.comparison import Change, Pairing, Row
from gpu_virt_bench.model.metric import SHOWN
from gpu_virt_bench.model.run import Definition, Measured
from gpu_virt_bench.stats.change import holm, logarithms, paired, paired_p, ratio, unpaired, unpaired_p
from gpu_virt_bench.stats.proportion import Passes, proportion_difference, proportion_p

FEWEST = 5
"""Fewer repetitions get no verdict: with three of bimodal data, five times as many were false as should be."""
MOST = 1000
"""More repetitions on a side are not compared unpaired: the number of shifts grows with their square."""


class Incomparable(Exception):
    """Two outcomes that were measured and have no change all the same; says why."""


def medians(baseline: Measured, candidate: Measured, pairing: Pairing) -> tuple[list[float], list[float]]:
    """The repetitions' medians of both sides; of pairs, those repetitions that both have."""
    before, after = (
        {repetition.index: median(repetition.samples) for repetition in side.repetitions if repetition.samples}
        for side in (baseline, candidate)
    )
    if pairing == "unpaired":
        return list(before.values()), list(after.values())
    common = sorted(before.keys() & after.keys())
    return [before[index] for index in common], [after[index] for index in common]


def change(
    baseline: Measured, candidate: Measured, definition: Definition, pairing: Pairing, margin: float, level: float
) -> Change:
    """What changed, with its interval and its test; raises Incomparable."""
    before, after = medians(baseline, candidate, pairing)
    check(before, after, definition, pairing)
    fewer = min(len(before), len(after))
    if definition.unit == "pass":
        shares = passes(baseline), passes(candidate)
        interval = proportion_difference(*shares, level)
        return Change("difference", "unpaired", interval, margin, proportion_p(*shares, margin), repetitions=fewer)
    shift, test = (paired, paired_p) if pairing == "paired" else (unpaired, unpaired_p)
    if definition.compare == "difference":
        interval, p = shift(before, after, level), test(before, after, margin)
    else:
        interval = ratio(shift, before, after, level)
        p = test(logarithms(before), logarithms(after), math.log1p(margin))
    return Change(definition.compare, pairing, interval, margin, p, repetitions=fewer)


def passes(outcome: Measured) -> Passes:
    """How many samples passed, of how many, over all repetitions."""
    values = [value for repetition in outcome.repetitions for value in repetition.samples]
    return round(sum(values)), len(values)


def check(before: Sequence[float], after: Sequence[float], definition: Definition, pairing: Pairing) -> None:
    """Refuses values without a meaningful change."""
    if not before:
        raise Incomparable("the runs are of one session, and have no repetition of this outcome in common")
    most = max(len(before), len(after))
    if pairing == "unpaired" and most > MOST:
        raise Incomparable(f"{most} repetitions; runs of two sessions are compared with at most {MOST}")
    for side, values in (("baseline", before), ("candidate", after)):
        if definition.compare == "ratio" and definition.unit != "pass" and min(values) <= 0:
            raise Incomparable(f"a ratio needs values above 0, the {side} has {min(values):g} {definition.unit}")


def floor(again: Change) -> float | None:
    """The largest change that the baseline shows against itself, in the margin's unit; None for one repetition."""
    if again.interval.low is None or again.interval.high is None:
        return None
    size = max(abs(place(again, end)) for end in (again.interval.low, again.interval.high))
    return size if again.kind == "difference" else math.expm1(size)


def needed(confidence: float) -> int:
    """How many repetitions a verdict needs: FEWEST, or more where their range is far from that confidence."""
    enough = next(n for n in itertools.count(2) if 2 ** (1 - n) <= 1.3 * (1 - confidence))
    return max(FEWEST, enough)


def judged(rows: Sequence[Row], confidence: float, identical: bool) -> list[Row]:
    """The rows with their verdicts; headline outcomes share one error rate, all others another."""
    corrected = {row.id: row for headline in (True, False) for row in family(rows, confidence, headline)}
    sizes = Counter(row.headline for row in corrected.values())
    return [
        row if row.change is None else decided(corrected.get(row.id, row), sizes[row.headline], confidence, identical)
        for row in rows
    ]


def family(rows: Sequence[Row], confidence: float, headline: bool) -> list[Row]:
    """The outcomes that are judged together, their tests corrected by Holm's method."""
    members = [
        (row, row.change, row.change.p)
        for row in rows
        if row.change is not None and row.change.p is not None
        if row.headline is headline and row.better != "none" and row.change.repetitions >= needed(confidence)
    ]
    adjusted = holm([p for _, _, p in members])
    return [
        replace(row, change=replace(found, adjusted=p)) for (row, found, _), p in zip(members, adjusted, strict=True)
    ]


def decided(row: Row, size: int, confidence: float, identical: bool) -> Row:
    """The row with its verdict."""
    assert row.change is not None
    if row.better == "none":
        return replace(row, verdict="informational")
    if identical:
        return replace(row, verdict="same")
    if (found := row.change.repetitions) < (least := needed(confidence)):
        return replace(row, reason=f"{found} repetition{'s' * (found != 1)}; a verdict needs {least}")
    if is_same(row.change):
        return replace(row, verdict="same")
    if not is_beyond(row.change):
        return row
    if reason := doubt(row, row.change, size, confidence):
        return replace(row, reason=reason)
    rises = place(row.change, row.change.interval.value) > 0
    return replace(row, verdict="better" if rises == (row.better == "higher") else "worse")


def place(change: Change, value: float) -> float:
    """Where a value lies from no change, at 0: as a logarithm, so that twice is as far as half, or as a difference."""
    return value if change.kind == "difference" else math.log(value)


def edge(change: Change, size: float) -> float:
    """Where a margin or a floor ends on that line."""
    return size if change.kind == "difference" else math.log1p(size)


def ends(change: Change) -> tuple[float, float]:
    """Where both ends of the interval lie on that line."""
    assert change.interval.low is not None and change.interval.high is not None
    return place(change, change.interval.low), place(change, change.interval.high)


def is_same(change: Change) -> bool:
    """Whether the interval lies wholly within the margin."""
    return max(map(abs, ends(change))) <= edge(change, change.margin)


def is_beyond(change: Change) -> bool:
    """Whether the interval lies wholly beyond the margin, on one side of it."""
    low, high = ends(change)
    return low > edge(change, change.margin) or high < -edge(change, change.margin)


def doubt(row: Row, change: Change, size: int, confidence: float) -> str:
    """What speaks against a change that lies beyond the margin."""
    if change.floor is not None and abs(place(change, change.interval.value)) <= edge(change, change.floor):
        return f"inside the noise floor of {amount(change.floor, change, row.unit)}"
    if change.adjusted is None or change.adjusted > 1 - confidence:
        return f"not after Holm's correction over {size} outcomes"
    return ""


def amount(value: float, change: Change, unit: str) -> str:
    """A floor as people read it."""
    return f"{100 * value:.2g} %" if change.kind == "ratio" else f"{value * SHOWN[unit][1]:.2g} {unit}"
