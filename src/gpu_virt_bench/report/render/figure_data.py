"""What a figure shows, as a table: for those who hear it, and for those who copy it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import islice
from statistics import median

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
from gpu_virt_bench.report.render.scale import short

MOST = 400
"""Rows of such a table; what is more stands in the run file."""
MOST_POINTS = 50
"""Rows for one line of a figure."""


def table_of(figure: Figure) -> Table:
    """The figure's values, in the units of its axes."""
    if isinstance(figure, Intervals):
        columns, rows = interval_rows(figure)
    elif isinstance(figure, Curves):
        columns, rows = curve_rows(figure)
    elif isinstance(figure, Strips):
        columns, rows = strip_rows(figure)
    else:
        columns, rows = heat_rows(figure)
    found = list(islice(rows, MOST))
    more = ", in part" if next(rows, None) is not None or long(figure) else ""
    return Table(columns, found, f"{figure.title}: data{more}")


def long(figure: Figure) -> bool:
    """Whether a line has more points than its table has rows."""
    return isinstance(figure, Curves) and any(len(one.points) > MOST_POINTS for one in figure.series)


def interval_rows(figure: Intervals) -> tuple[list[Column], Iterator[Row]]:
    """A row for each point."""
    columns = [Column("row"), Column("series"), *point_columns(figure.axis.name)]
    rows = (
        Row([Cell(row), Cell(name), *point_cells(point, figure.axis)])
        for at, row in enumerate(figure.rows)
        for name, points in figure.series
        if at < len(points) and (point := points[at]) is not None
    )
    return columns, rows


def curve_rows(figure: Curves) -> tuple[list[Column], Iterator[Row]]:
    """A row for each point, or for some of many."""
    columns = [Column("series"), Column(figure.x.name, numeric=True), *point_columns(figure.y.name)]
    rows = (
        Row([Cell(one.name), number(point.x, figure.x), *point_cells(point, figure.y)])
        for one in figure.series
        for point in some(one.points)
    )
    return columns, rows


def some(points: Sequence[Point]) -> Sequence[Point]:
    """The points, or of a long line some that are equally far from each other, its last one among them."""
    stride = -(-len(points) // MOST_POINTS) or 1
    return points[::-stride][::-1]


def strip_rows(figure: Strips) -> tuple[list[Column], Iterator[Row]]:
    """A row for each series: its samples are too many for a page."""
    names = ["samples", f"lowest, {figure.axis.name}", "median", "highest"]
    columns = [Column("series"), *(Column(name, numeric=True) for name in names)]
    rows = (
        Row([Cell(name), Cell(str(len(found)), len(found)), *spread(found, figure.axis)])
        for name, found in figure.series
    )
    return columns, rows


def spread(found: Sequence[float], axis: Axis) -> list[Cell]:
    """The lowest, the median and the highest of what is finite."""
    values = [value for value in found if math.isfinite(value)]
    return [number(choice(values) if values else None, axis) for choice in (min, median, max)]


def heat_rows(figure: HeatMap) -> tuple[list[Column], Iterator[Row]]:
    """The matrix as it stands."""
    columns = [
        Column(f"{figure.row_name} / {figure.column_name}"),
        *(Column(name, numeric=True) for name in figure.columns),
    ]
    rows = (
        Row([Cell(name), *(Cell(p.text or short(p.value), p.value) if p else Cell("not measured") for p in points)])
        for name, points in zip(figure.rows, figure.cells, strict=False)
    )
    return columns, rows


def point_columns(name: str) -> list[Column]:
    """A value, its interval, and what is said of it."""
    return [*(Column(part, numeric=True) for part in (name, "low", "high")), Column("as text")]


def point_cells(point: Point, axis: Axis) -> list[Cell]:
    """A point's part of a row."""
    return [*(number(end, axis) for end in (point.value, point.low, point.high)), Cell(point.text, tone=point.tone)]


def number(value: float | None, axis: Axis) -> Cell:
    """A number in the axis' unit; it sorts by its value."""
    if value is None:
        return Cell("-")
    shown = value * axis.factor
    return Cell(short(shown) if math.isfinite(shown) else "not a finite number", value)
