"""What else changed where a series did: its circumstances before and after."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median, quantiles

from gpu_virt_bench.history.circumstances import MEASURED, UNITS, Circumstances
from gpu_virt_bench.history.points import Point
from gpu_virt_bench.history.trend import ChangePoint
from gpu_virt_bench.model.run import Value

LEAST = 0.02
"""A clock, a pace or a temperature that moved by a smaller part did not change."""
NEAR = 50
ABSENT = "none"


@dataclass(frozen=True)
class AlsoChanged:
    """A circumstance that was another one after a change than before it.

    `before` is the value of most runs of that side, of `before_with` among `before_runs`; of what is measured, the
    median of the runs that have it. `unit` is an SI unit, or "" for what has none.
    """

    name: str
    unit: str
    before: Value
    after: Value
    before_with: int
    before_runs: int
    after_with: int
    after_runs: int


def also_changed(points: Sequence[Point], changes: Sequence[ChangePoint]) -> list[list[AlsoChanged]]:
    """For each change of a series, what else changed between the stretch of runs before it and the one after: of each,
    the nearest NEAR runs."""
    if not changes:
        return []
    edges = [0, *(change.position for change in changes), len(points)]
    found = []
    for begin, position, end in zip(edges, edges[1:], edges[2:], strict=False):
        before, after = points[begin:position][-NEAR:], points[position:end][:NEAR]
        found.append([*differences([*map(circumstances, before)], [*map(circumstances, after)])])
    return found


def circumstances(point: Point) -> Circumstances:
    """Those of the run and of the outcome."""
    return {**json.loads(point.run), **json.loads(point.own)}


def differences(before: Sequence[Circumstances], after: Sequence[Circumstances]) -> Iterator[AlsoChanged]:
    """The circumstances that are not the same on both sides."""
    for name in dict.fromkeys(name for run in (*after, *before) for name in run):
        sides = [(measured if name in MEASURED else usual)(name, runs) for runs in (before, after)]
        one, other = sides
        if one is not None and other is not None and one.differs(other):
            counts = (one.runs, len(before), other.runs, len(after))
            yield AlsoChanged(name, UNITS.get(name, ""), one.value, other.value, *counts)


@dataclass(frozen=True)
class Side:
    """The value of one side, and of how many runs; `middle`: what the middle half of measured ones lies within."""

    value: Value
    runs: int
    middle: tuple[float, float] | None = None

    def differs(self, other: Side) -> bool:
        """Whether it is another value; of measured ones, one that is far from it."""
        if self.middle is None or other.middle is None:
            return self.value != other.value
        is_apart = self.middle[1] < other.middle[0] or other.middle[1] < self.middle[0]
        return is_apart and abs(float(other.value) - float(self.value)) > LEAST * abs(float(self.value))


def usual(name: str, runs: Sequence[Circumstances]) -> Side | None:
    """The value of more than half of the runs, None if there is none."""
    value, count = Counter(run.get(name, ABSENT) for run in runs).most_common(1)[0]
    return Side(value, count) if 2 * count > len(runs) else None


def measured(name: str, runs: Sequence[Circumstances]) -> Side | None:
    """The median of the runs that have it, None if none has."""
    values = [float(run[name]) for run in runs if name in run]
    if not values:
        return None
    low, _, high = quantiles(values if len(values) > 1 else values * 2, n=4, method="inclusive")
    return Side(median(values), len(values), (low, high))
