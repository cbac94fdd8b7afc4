"""Figures as tables, for formats that draw nothing: every point exact, or as many as a reader takes in."""

from __future__ import annotations

import math
from collections.abc import Sequence

from gpu_virt_bench.report.blocks import (
    Axis,
    Cell,
    Column,
    Curves,
    Figure,
    HeatMap,
    Intervals,
    Point,
    Row,
    Strips,
    Table,
)
from gpu_virt_bench.report.signs import LEVELS
from gpu_virt_bench.report.text import number

MOST_ROWS = 16
"""Rows of a table of curves that a reader takes in; of more, as many evenly spaced ones."""
FEWEST_ROWS = 5
"""Of each curve, however many there are."""
PLAIN = Axis("")
"""Of values that are shown as they are."""
NONE = Cell("-", tone="muted")


def title_of(figure: Figure) -> str:
    """The title, with the marks that a picture of the figure carries."""
    return figure.title + (f" [{', '.join(figure.marks)}]" if figure.marks else "")


def read(figure: Figure) -> Table:
    """The figure as a table for readers; marks stand in its title."""
    match figure:
        case Intervals():
            return intervals(figure)
        case Curves():
            return curves(figure)
        case Strips():
            return strips(figure)
        case HeatMap():
            return heat_map(figure)


def told(point: Point | None, axis: Axis = PLAIN) -> str:
    """A point in words: its own text, or its value."""
    return "-" if point is None else point.text or number(point.value * axis.factor)


def span(point: Point, axis: Axis) -> list[str]:
    """Its interval, if it has one and the text does not say it already."""
    if point.text or point.low is None or point.high is None:
        return []
    return [f"{number(point.low * axis.factor)} .. {number(point.high * axis.factor)}"]


def cell(point: Point | None, axis: Axis = PLAIN) -> Cell:
    """A point as a cell."""
    if point is None:
        return NONE
    return Cell(told(point, axis), point.value, point.tone, span(point, axis))


def intervals(figure: Intervals) -> Table:
    """A row for each row, a column for each series."""
    columns = [Column(figure.axis.name), *(Column(name, numeric=True) for name, _ in figure.series)]
    rows = [
        Row([Cell(name), *(cell(points[index], figure.axis) for _, points in figure.series)])
        for index, name in enumerate(figure.rows)
    ]
    return Table(columns, rows, title_of(figure))


def curves(figure: Curves) -> Table:
    """A row for each x, a column for each series; where there are many, a row for some points of each series."""
    points = [{point.x: point for point in series.points} for series in figure.series]
    found = sorted({x for by_x in points for x in by_x})
    if len(found) > MOST_ROWS:
        return some(figure)
    columns = [Column(figure.x.name, numeric=True), *(Column(series.name, numeric=True) for series in figure.series)]
    rows = [Row([at(x, figure.x), *(cell(by_x.get(x), figure.y) for by_x in points)]) for x in found]
    return Table(columns, rows, f"{title_of(figure)}: {figure.y.name}", splits_after=1)


def at(x: float, axis: Axis) -> Cell:
    """A place on an axis."""
    return Cell(number(x * axis.factor), x)


def some(figure: Curves) -> Table:
    """Evenly spaced points of each series, and of how many they are."""
    most = max(FEWEST_ROWS, MOST_ROWS // len(figure.series))
    rows, count = [], 0
    for series in figure.series:
        count += len(series.points)
        for index in evenly(range(len(series.points)), most):
            point = series.points[int(index)]
            rows.append(Row([Cell(series.name), at(point.x, figure.x), cell(point, figure.y)]))
    columns = [Column("series"), Column(figure.x.name, numeric=True), Column(figure.y.name, numeric=True)]
    return Table(columns, rows, f"{title_of(figure)} ({len(rows)} of {count} points)")


def evenly(found: Sequence[float], most: int) -> list[float]:
    """At most so many of them, evenly spaced, the first and the last among them."""
    if len(found) <= most:
        return [*found]
    return [found[round(index * (len(found) - 1) / (most - 1))] for index in range(most)]


def strips(figure: Strips) -> Table:
    """A row for each series: how many samples, and where they lie."""
    names = ["n", "least", "median", "p95", "most"]
    columns = [Column(figure.axis.name), *(Column(name, numeric=True) for name in names), Column("from least to most")]
    return Table(columns, [strip(name, samples, figure.axis) for name, samples in figure.series], title_of(figure))


def strip(name: str, samples: Sequence[float], axis: Axis) -> Row:
    """One series of samples; those that are no number are counted and lie nowhere."""
    ordered = sorted(filter(math.isfinite, samples))
    found = [ordered[round(share * (len(ordered) - 1))] for share in (0.0, 0.5, 0.95, 1.0)] if ordered else []
    cells = [Cell(number(value * axis.factor), value) for value in found] or [NONE] * 4
    return Row([Cell(name), Cell(str(len(samples)), len(samples)), *cells, Cell(histogram(ordered))])


def histogram(ordered: Sequence[float], bins: int = 20) -> str:
    """How many samples lie in each part of their range, as bars."""
    if not ordered or ordered[0] == ordered[-1]:
        return ""
    counts = [0] * bins
    for value in ordered:
        counts[min(bins - 1, int(part(value, ordered[0], ordered[-1]) * bins))] += 1
    return sparkline(counts)


def part(value: float, low: float, high: float) -> float:
    """Where a value lies between two, from 0 to 1; in halves, since the distance of two numbers may be none."""
    return (value / 2 - low / 2) / (high / 2 - low / 2)


def sparkline(values: Sequence[float]) -> str:
    """Values from the lowest to the highest as bars; what is no number is a gap."""
    finite = [value for value in values if math.isfinite(value)]
    low, high = min(finite, default=0.0), max(finite, default=0.0)
    highest = len(LEVELS) - 1
    return "".join(
        (LEVELS[int(part(value, low, high) * highest)] if high / 2 > low / 2 else LEVELS[0])
        if math.isfinite(value)
        else " "
        for value in values
    )


def heat_map(figure: HeatMap) -> Table:
    """The matrix."""
    columns = [
        Column(f"{figure.row_name} \\ {figure.column_name}"),
        *(Column(name, numeric=True) for name in figure.columns),
    ]
    rows = [Row([Cell(name), *map(cell, cells)]) for name, cells in zip(figure.rows, figure.cells, strict=False)]
    return Table(columns, rows, title_of(figure), splits_after=1)


# -- every point, for programs

POINTS = [
    Column("series"),
    Column("row"),
    Column("x", numeric=True),
    *(Column(name, numeric=True) for name in ("value", "low", "high")),
    Column("shown"),
    Column("marks"),
]


def whole(figure: Figure) -> Table:
    """A row for each point, exact; an axis that people read in another unit keeps its SI value."""
    marks = ", ".join(figure.marks)
    found: list[tuple[str, str, float | None, Point | None]]
    match figure:
        case Intervals():
            found = [
                (name, row, None, point)
                for name, points in figure.series
                for row, point in zip(figure.rows, points, strict=True)
            ]
        case Curves():
            found = [(one.name, "", point.x, point) for one in figure.series for point in one.points]
        case Strips():
            found = [(name, "", None, Point(value)) for name, samples in figure.series for value in samples]
        case HeatMap():
            found = [
                (column, row, None, point)
                for row, points in zip(figure.rows, figure.cells, strict=True)
                for column, point in zip(figure.columns, points, strict=True)
            ]
    return Table(POINTS, [of_point(*one, marks) for one in found], figure.title)


def of_point(series: str, row: str, x: float | None, point: Point | None, marks: str) -> Row:
    """One point as a row; without numbers where nothing was measured."""
    numbers = [None] * 4 if point is None else [x, point.value, point.low, point.high]
    cells = [Cell("" if value is None else repr(value), value) for value in numbers]
    return Row([Cell(series), Cell(row), *cells, Cell("" if point is None else point.text), Cell(marks)])
