"""Figures of a category, from what its outcomes have: a curve over a parameter of numbers, a map over words, a curve in
a detail. A metric that comes later is drawn by the same rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from gpu_virt_bench.compare.said import moved
from gpu_virt_bench.model.metric import SHOWN
from gpu_virt_bench.model.run import Definition, Measured, Value
from gpu_virt_bench.report.blocks import Axis, Curves, Figure, HeatMap, Intervals, Point, Series
from gpu_virt_bench.report.comparison import TONES
from gpu_virt_bench.report.page.groups import Entry, Group
from gpu_virt_bench.report.page.opened import axis
from gpu_virt_bench.report.sentence import shown
from gpu_virt_bench.report.text import estimates_level, number, usual_level

FEWEST = 3
"""Points of a curve, and rows of a map."""
LOG = 50.0
"""From this ratio of the largest x to the smallest one on an axis is logarithmic."""
NAMES: Mapping[str, str] = {"bytes": "bytes", "compute": "share asked for", "n": "tenants", "intensity": "intensity"}


@dataclass(frozen=True)
class InDetail:
    """A curve in a metric's detail: columns of x and y, and their axes; `asked` draws what was asked for. `over` is the
    parameter that x follows; of all others the headline's values are drawn, and no others."""

    table: str
    x: str
    y: str
    names: tuple[Axis, Axis]
    over: str = ""
    asked: bool = False


SWEPT = ("blocks", "sms", "streams", "tenants")
"""What BW-003 can vary; an outcome has one of them."""
GRANTED, GOT, RATE = Axis("share granted, %", 100), Axis("share got, %", 100), Axis("GB/s", 1e-9)
IN_DETAIL: Mapping[str, Sequence[InDetail]] = {
    "BW-003": [InDetail("curve", name, "bytes_per_second", (Axis(name), RATE), "sweep") for name in SWEPT],
    "IS-003": [InDetail("shares", "share", "got", (GRANTED, GOT), "compute", True)],
}


def pictures(group: Group, names: Sequence[str]) -> Iterator[Figure]:
    """The figures of some outcomes, metric by metric; first what changed, since the reader asks that first."""
    yield from changes(group, names)
    found: dict[str, list[str]] = {}
    for name in names:
        if any(name in one.estimates for one in group.entries):
            found.setdefault(group.outcomes[name].metric, []).append(name)
    for metric, outcomes in found.items():
        yield from of_metric(group, metric, outcomes)


def changes(group: Group, names: Sequence[str]) -> Iterator[Intervals]:
    """The changes of the headline outcomes that compare by ratio, in per cent, all systems beside each other."""
    others = [one for one in group.entries if one.comparison is not None and not one.comparison.is_empty]
    found = {name: [change(one, name) for one in others] for name in names}
    rows = [name for name in names if any(found[name])]
    if rows:
        series = [(one.name, [found[name][k] for name in rows]) for k, one in enumerate(others)]
        reached = [
            (row.change.interval.level, row.change.repetitions)
            for one in others
            for row in (one.rows.get(name) for name in rows)
            if row is not None and row.change is not None and row.change.interval.low is not None
        ]
        title = f"Change against {group.baseline.name}, with the {usual_level(reached)[1]}"
        yield Intervals(title, Axis("%", 100), rows, series, 0.0, group.marks)


def change(entry: Entry, name: str) -> Point | None:
    """A change as part of the baseline, 0 for none; None where there is none, or where it is a difference."""
    row = entry.rows.get(name)
    if row is None or not row.headline or row.change is None or row.change.kind != "ratio" or row.change.shares:
        return None
    found = moved(row.change.interval, 1.0, 1.0)
    return Point(found.value, found.low, found.high, text=shown(row), tone=TONES.get(row.verdict, ""))


def of_metric(group: Group, metric: str, names: Sequence[str]) -> Iterator[Figure]:
    """The figures of one metric."""
    of = next(one.run.metrics[metric] for one in group.entries if metric in one.run.metrics)
    for wanted in IN_DETAIL.get(metric, ()):
        yield from in_detail(group, names, of, wanted)
    for parameter in varied(group, names):
        values = values_of(group, names, parameter)
        if len(values) < FEWEST:
            continue
        if all(isinstance(value, int | float) for value in values):
            yield from curve(group, names, of, parameter)
        else:
            yield from heat(group, names, of, parameter)


# ---- over parameters


def params(group: Group, name: str) -> Mapping[str, Value]:
    """The parameters of an outcome."""
    return group.outcomes[name].params


def varied(group: Group, names: Sequence[str]) -> list[str]:
    """The parameters of which these outcomes have several values."""
    every = dict.fromkeys(key for name in names for key in params(group, name))
    return [key for key in every if len(values_of(group, names, key)) > 1]


def values_of(group: Group, names: Sequence[str], parameter: str) -> list[Value]:
    """The values of a parameter, each once."""
    return list(dict.fromkeys(params(group, name)[parameter] for name in names if parameter in params(group, name)))


def along(group: Group, names: Sequence[str], parameter: str) -> list[str]:
    """The outcomes that differ from the headline in this parameter alone."""
    base = next((name for name in names if group.outcomes[name].headline), names[0])
    usual = {key: value for key, value in params(group, base).items() if key != parameter}
    return [name for name in names if {**params(group, name), parameter: None} == {**usual, parameter: None}]


def curve(group: Group, names: Sequence[str], of: Definition, parameter: str) -> Iterator[Curves]:
    """Values over a parameter of numbers."""
    chosen = along(group, names, parameter)
    series = [Series(one.name, over(one, chosen, parameter)) for one in group.entries]
    kept = [one for one in series if len(one.points) >= FEWEST]
    if kept:
        at = [entry.x for one in kept for entry in one.points]
        is_log = min(at) > 0 and max(at) / min(at) >= LOG
        name = NAMES.get(parameter, parameter)
        title = f"{of.title} over {name}, with the {estimates_level(group.estimates(chosen))[1]}"
        yield Curves(title, Axis(name, log=is_log), axis(of), kept, marks=group.marks)


def over(entry: Entry, names: Sequence[str], parameter: str) -> list[Point]:
    """One system's points, by x."""
    measured = [(name, entry.estimates[name]) for name in names if name in entry.estimates]
    at = [
        Point(one.value, one.low, one.high, x=float(entry.run.outcomes[name].params[parameter]))
        for name, one in measured
    ]
    return sorted(at, key=lambda one: one.x)


def heat(group: Group, names: Sequence[str], of: Definition, parameter: str) -> Iterator[HeatMap]:
    """A map: the parameter's values against another parameter of words, or against the systems."""
    second = [
        key for key in varied(group, names)
        if key != parameter and not all(isinstance(one, int | float) for one in values_of(group, names, key))
    ]  # fmt: skip
    if second and parameter > second[0]:
        return  # the same two the other way round
    if not second:
        yield by_system(group, along(group, names, parameter), of, parameter)
        return
    for entry in group.entries:
        yield from by_two(group, entry, names, of, (parameter, second[0]))


def by_system(group: Group, names: Sequence[str], of: Definition, parameter: str) -> HeatMap:
    """A row for each value, a column for each system."""
    rows = [str(params(group, name)[parameter]) for name in names]
    cells = [[cell(one, name, of) for one in group.entries] for name in names]
    columns = [one.name for one in group.entries]
    return shaded(f"{of.title} by {parameter}", (parameter, "system"), (rows, columns), cells, of, group.marks)


def by_two(
    group: Group, entry: Entry, names: Sequence[str], of: Definition, keys: tuple[str, str]
) -> Iterator[HeatMap]:
    """One system's map over two parameters."""
    ids = {(str(params(group, name)[keys[0]]), str(params(group, name)[keys[1]])): name for name in reversed(names)}
    rows, columns = (list(dict.fromkeys(key[k] for key in ids)) for k in (0, 1))
    cells = [
        [cell(entry, ids[row, column], of) if (row, column) in ids else None for column in columns] for row in rows
    ]
    if any(one for line in cells for one in line):
        yield shaded(f"{entry.name}: {of.title}", keys, (rows, columns), cells, of, group.marks)


def cell(entry: Entry, name: str, of: Definition) -> Point | None:
    """One cell of a map."""
    found = entry.estimates.get(name)
    if found is None:
        return None
    return Point(found.value, found.low, found.high, text=number(found.value * SHOWN[of.shown_unit][1]))


def shaded(
    title: str,
    keys: tuple[str, str],
    names: tuple[list[str], list[str]],
    cells: Sequence[Sequence[Point | None]],
    of: Definition,
    marked: Sequence[str],
) -> HeatMap:
    """The map with its scale: 0 and 1 for shares, else from the best cell to the worst."""
    values = [one.value for line in cells for one in line if one is not None] or [0.0]
    low, high = min(values), max(values)
    if of.unit in ("ratio", "pass"):
        low, high = min(low, 0.0), max(high, 1.0 if of.better == "higher" else min(high, 1.0), 0.05)
    best, worst = (high, low) if of.better == "higher" else (low, high)
    return HeatMap(f"{title}, {of.shown_unit}", *keys, *names, cells, best, worst, marked)


# ---- in details


def in_detail(group: Group, names: Sequence[str], of: Definition, wanted: InDetail) -> Iterator[Curves]:
    """The medians of y at each x of a detail, with the range of the rows; a curve for each system."""
    chosen = along(group, names, wanted.over)
    series = [Series(one.name, detail_points(one, chosen, wanted)) for one in group.entries]
    kept = [one for one in series if len(one.points) >= (1 if wanted.asked else FEWEST)]
    if kept:
        x, y = wanted.names
        title = f"{of.title}: {y.name.partition(',')[0]} over {x.name.partition(',')[0]}, range of all rows"
        yield Curves(title, x, y, kept, diagonal=wanted.asked, marks=group.marks)


def detail_points(entry: Entry, names: Sequence[str], wanted: InDetail) -> list[Point]:
    """One system's points of those outcomes that were measured."""
    found: dict[float, list[float]] = {}
    for outcome in (entry.run.outcomes.get(name) for name in names):
        for repetition in outcome.repetitions if isinstance(outcome, Measured) else ():
            for row in repetition.detail.get(wanted.table, ()):
                x, y = row.get(wanted.x), row.get(wanted.y)
                if isinstance(x, int | float) and isinstance(y, int | float):
                    found.setdefault(float(x), []).append(float(y))
    return [Point(median(values), min(values), max(values), x=x) for x, values in sorted(found.items())]
