"""The change of one outcome between two runs. The engine asks it too: whether a session resolves its changes yet."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from statistics import median

from gpu_virt_bench.compare.pairs import Place, medians, pairs, values
from gpu_virt_bench.compare.shares import change_of_shares
from gpu_virt_bench.model.comparison import Change
from gpu_virt_bench.model.run import Definition, Measured, Repetition
from gpu_virt_bench.stats.change import as_ratio, paired, paired_p, unpaired, unpaired_p

MOST = 1000
"""More repetitions on a side are not compared unpaired: the number of shifts grows with their square."""
RATES = ("B/s", "cycles/s")
"""Units of samples of windows, which the device's own pace bounds. What the host times, such as a latency, does not
follow the SM clock: in cycles it would show a change that is none, or hide one."""


class Incomparable(Exception):
    """Two outcomes that were measured and have no change all the same; says why."""


def change_between(
    baseline: Measured,
    candidate: Measured,
    definition: Definition,
    margin: float,
    level: float,
    same_session: bool = True,
) -> Change:
    """What changed, with its interval and its tests; raises Incomparable."""
    if definition.unit == "pass":
        return change_of_shares(baseline, candidate, definition, margin, level)
    between = change_of_pairs if same_session else change_of_sides
    found = between(baseline, candidate, definition, margin, level)
    clocks = [clocks_of(side) for side in (baseline, candidate)]
    if definition.compare != "ratio" or definition.unit not in RATES or not all(clocks):
        return found
    cycles = between(per_cycle(baseline), per_cycle(candidate), definition, margin, level).interval
    return replace(found, cycles=cycles, clocks_hz=[median(side) for side in clocks])


def change_of_pairs(
    baseline: Measured, candidate: Measured, definition: Definition, margin: float, level: float
) -> Change:
    """The median over repetitions of the median over their rounds; intervals and tests come from repetitions."""
    found = pairs(baseline, candidate, above_zero=definition.compare == "ratio")
    if not found:
        raise Incomparable("the runs are of one session, and have no repetition of this outcome in common")
    check_sizes(values(found, 0), values(found, 1), definition)
    changes = [pair.change(line(definition)) for pair in found]
    return Change(
        definition.compare,
        "paired",
        paired(changes, level) if definition.compare == "difference" else as_ratio(paired(changes, level)),
        margin,
        p=paired_p(changes, edge(definition.compare, margin)),
        p_any=paired_p(changes, 0.0),
        repetitions=len(changes),
        rounds=sum(pair.rounds for pair in found),
    )


def change_of_sides(
    baseline: Measured, candidate: Measured, definition: Definition, margin: float, level: float
) -> Change:
    """The shift between the repetitions of two sessions, which do not belong together."""
    before, after = medians(baseline), medians(candidate)
    if (most := max(len(before), len(after))) > MOST:
        raise Incomparable(f"{most} repetitions; runs of two sessions are compared with at most {MOST}")
    check_sizes(before, after, definition)
    place = line(definition)
    sides = [place(value) for value in before], [place(value) for value in after]
    shift = unpaired(*sides, level)
    return Change(
        definition.compare,
        "unpaired",
        shift if definition.compare == "difference" else as_ratio(shift),
        margin,
        p=unpaired_p(*sides, edge(definition.compare, margin)),
        p_any=unpaired_p(*sides, 0.0),
        repetitions=min(len(before), len(after)),
    )


def check_sizes(before: Sequence[float], after: Sequence[float], definition: Definition) -> None:
    """Refuses values without a meaningful ratio."""
    for side, found in (("baseline", before), ("candidate", after)):
        if definition.compare == "ratio" and min(found) <= 0:
            raise Incomparable(f"a ratio needs values above 0, the {side} has {min(found):g} {definition.unit}")


def line(definition: Definition) -> Place:
    """Where a value lies: as a logarithm, so that twice is as far as half, or as it is."""
    return math.log if definition.compare == "ratio" else float


def edge(kind: str, size: float) -> float:
    """Where a margin or a floor ends on that line."""
    return size if kind == "difference" else math.log1p(size)


def place(change: Change, value: float) -> float:
    """Where a change lies from no change, at 0."""
    return value if change.kind == "difference" else math.log(value)


def ends(change: Change) -> tuple[float, float] | None:
    """Where both ends of the interval lie on that line; None without an interval."""
    if change.interval.low is None or change.interval.high is None:
        return None
    return place(change, change.interval.low), place(change, change.interval.high)


def half_width(change: Change) -> float | None:
    """Half of the interval, in the margin's unit; None without one."""
    if (found := ends(change)) is None:
        return None
    half = (found[1] - found[0]) / 2
    return half if change.kind == "difference" else math.expm1(half)


def floor(again: Change) -> float | None:
    """The largest change that the baseline shows against itself, in the margin's unit; None for one repetition.

    Of shares that passed it is their difference: the interval of two small shares is wide however equal they are.
    """
    if (found := ends(again)) is None:
        return None
    if again.passes:
        return abs(again.interval.value)
    size = max(map(abs, found))
    return size if again.kind == "difference" else math.expm1(size)


# -- the clock


def clocks_of(outcome: Measured) -> list[float]:
    """The SM clock of every sample; none unless each has one."""
    taken = [repetition for repetition in outcome.repetitions if repetition.samples]
    clocks = [clock for repetition in taken for clock in repetition.clocks_hz]
    whole = all(len(repetition.clocks_hz) == len(repetition.samples) for repetition in taken)
    return clocks if whole and min(clocks, default=0) > 0 else []


def per_cycle(outcome: Measured) -> Measured:
    """The outcome with its rates per cycle of the SM clock."""
    return replace(outcome, repetitions=[over_clock(repetition) for repetition in outcome.repetitions])


def over_clock(repetition: Repetition) -> Repetition:
    """One repetition's rates over its clocks."""
    both = zip(repetition.samples, repetition.clocks_hz, strict=False)
    return replace(repetition, samples=[rate / clock for rate, clock in both])
