"""The verdicts on all changes of a comparison."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

from gpu_virt_bench.compare.change import edge, ends, place
from gpu_virt_bench.compare.granted import rate_of
from gpu_virt_bench.compare.quotas import alike
from gpu_virt_bench.compare.said import change_text, size_text, value_text
from gpu_virt_bench.compare.shares import decided_by_count
from gpu_virt_bench.compare.tails import of_headline
from gpu_virt_bench.model.comparison import Change, Interval, Row, Verdict
from gpu_virt_bench.model.text import counted
from gpu_virt_bench.stats.change import holm

FEWEST = 5
"""Fewer repetitions get no verdict: with three of bimodal data, five times as many were false as should be."""
MHZ = 1e6


def needed(confidence: float) -> int:
    """How many repetitions a verdict needs: FEWEST, or more where their range is far from that confidence."""
    enough = next(n for n in itertools.count(2) if 2 ** (1 - n) <= 1.3 * (1 - confidence))
    return max(FEWEST, enough)


def judged(rows: Sequence[Row], confidence: float, identical: bool) -> list[Row]:
    """The rows with their verdicts; of each category the headline outcomes share one error rate, in all their
    statistics, and all others another."""
    found: dict[str, tuple[Row, int]] = {}
    for members in families(rows, confidence):
        tests = sum(row.change is not None and row.change.p is not None for row in members)
        found |= {row.id: (row, tests) for row in adjusted(members)}
    return [row if row.change is None else decided(*found[row.id], confidence, identical) for row in rows]


def families(rows: Sequence[Row], confidence: float) -> Iterator[list[Row]]:
    """The outcomes that are judged together; those that cannot be judged, one by one."""
    found: dict[tuple[str, bool], list[Row]] = {}
    headlines = of_headline(rows)
    for row in rows:
        if row.change is None:
            continue
        if row.better == "none" or row.change.repetitions < needed(confidence):
            yield [row]
        else:
            found.setdefault((row.category, row.id in headlines), []).append(row)
    yield from found.values()


def adjusted(members: Sequence[Row]) -> list[Row]:
    """The rows of a family, both of their tests corrected by Holm's method."""
    changes = [row.change for row in members if row.change is not None]
    beyond, some = (corrected([getattr(change, name) for change in changes]) for name in ("p", "p_any"))
    return [
        replace(row, change=replace(change, adjusted=p, adjusted_any=p_any))
        for row, change, p, p_any in zip(members, changes, beyond, some, strict=True)
    ]


def corrected(tests: Sequence[float | None]) -> list[float | None]:
    """p-values after Holm's correction over those that there are."""
    found = iter(holm([p for p in tests if p is not None]))
    return [None if p is None else next(found) for p in tests]


def decided(row: Row, size: int, confidence: float, identical: bool) -> Row:
    """The row with its verdict; `size` is how many outcomes share its error rate."""
    change = row.change
    assert change is not None
    if row.better == "none":
        return replace(row, verdict="informational")
    if identical:
        return replace(row, verdict="same")
    lacking = few(change.repetitions, needed(confidence))
    if change.passes:
        doubt = inside_floor(row, change) or untested(change.p, change.adjusted, size, confidence)
        return decided_by_count(row, change, lacking, doubt)
    if lacking:
        return replace(row, reason="; ".join(filter(None, [glaring(row, change), lacking])))
    return by_interval(row, change, size, confidence)


def by_interval(row: Row, change: Change, size: int, confidence: float) -> Row:
    """The row with the verdict that its interval, its tests and the noise floor agree in.

    Of a rate under a share either way from it is worse; between two that have the same share nothing says which one
    holds it.
    """
    got = rate_of(change)
    if is_within(change, change.interval):
        return replace(row, verdict="same", reason=got)
    if not is_beyond(change, 0.0):
        return replace(row, reason=got)
    if got and alike(*change.shares):
        return replace(row, reason=f"{got}: who of them holds it, a comparison with native says")
    if reason := inside_floor(row, change) or untested(change.p_any, change.adjusted_any, size, confidence):
        return replace(row, reason=reason)
    if reason := clock(change):
        return replace(row, reason=reason)
    whole = is_beyond(change, change.margin)
    limit = untested(change.p, change.adjusted, size, confidence) if whole else ""
    rises = place(change, change.interval.value) > 0 if not got else row.better == "lower"
    doubt = f"certain, but not that it lies beyond the margin: {limit}" if limit else ""
    return replace(
        row, verdict=named(rises, row.better, whole and not limit), reason="; ".join(filter(None, [got, doubt]))
    )


def named(rises: bool, better: str, whole: bool) -> Verdict:
    """The word for a change that is certain: `slightly` where it is not certainly beyond the margin."""
    if rises == (better == "higher"):
        return "better" if whole else "slightly better"
    return "worse" if whole else "slightly worse"


def is_within(change: Change, interval: Interval) -> bool:
    """Whether an interval lies wholly within the margin."""
    found = ends(replace(change, interval=interval))
    return found is not None and max(map(abs, found)) <= edge(change.kind, change.margin)


def is_beyond(change: Change, margin: float) -> bool:
    """Whether the interval lies wholly beyond that margin, on one side of it."""
    found, limit = ends(change), edge(change.kind, margin)
    return found is not None and (found[0] > limit or found[1] < -limit)


def inside_floor(row: Row, change: Change) -> str:
    """That the baseline shows as large a change against itself; "" if it does not."""
    if change.floor is None or abs(place(change, change.interval.value)) > edge(change.kind, change.floor):
        return ""
    return f"inside the noise floor of {size_text(change.floor, change, row.shown_unit, 2)}"


def untested(p: float | None, adjusted: float | None, size: int, confidence: float) -> str:
    """That a test does not hold, alone or with the other outcomes that share its error rate; "" if it does."""
    if p is None or adjusted is None or p > 1 - confidence:
        return "its test does not hold"
    return f"its test does not hold after Holm's correction over {size} outcomes" if adjusted > 1 - confidence else ""


def clock(change: Change) -> str:
    """That a change is the clock's: per cycle it lies within the margin."""
    if change.cycles is None or not is_within(change, change.cycles):
        return ""
    before, after = (f"{hertz / MHZ:,.0f}" for hertz in change.clocks_hz)
    cycles = change_text(replace(change, interval=change.cycles, shares=[]), "cycles/s")
    return f"the clock's: {cycles} per cycle; SM clock {after} MHz, {before} in the baseline"


def few(repetitions: int, least: int) -> str:
    """That so few repetitions get no verdict; "" if they are enough."""
    if repetitions >= least:
        return ""
    return f"{counted(repetitions, 'repetition')}, a verdict needs {least}"


def glaring(row: Row, change: Change) -> str:
    """A change that must not be overlooked although too few repetitions show it; "" if there is none.

    So few repetitions have their range for an interval.
    """
    if abs(place(change, change.interval.value)) <= edge(change.kind, change.margin):
        return ""
    if change.repetitions == 1:
        return value_text(change, row.shown_unit)
    is_apart = are_apart(row.baseline, row.candidate)
    return f"{value_text(change, row.shown_unit)}, outside both ranges" if is_apart else ""


def are_apart(baseline: Interval | None, candidate: Interval | None) -> bool:
    """Whether two ranges have nothing in common."""
    (low, high), (other_low, other_high) = span(baseline), span(candidate)
    return max(low, other_low) > min(high, other_high)


def span(side: Interval | None) -> tuple[float, float]:
    """From where to where a side lies; one without an interval may lie anywhere."""
    if side is None or side.low is None or side.high is None:
        return -math.inf, math.inf
    return side.low, side.high
