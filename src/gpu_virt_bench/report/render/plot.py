"""Figures drawn with letters."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from gpu_virt_bench.report.blocks import Axis, Cell, Column, Curves, Intervals, Point, Row, Series, Table
from gpu_virt_bench.report.render.figures import MOST_ROWS, evenly, span, sparkline, title_of, told
from gpu_virt_bench.report.text import number

WIDTH = 30
"""Letters of a drawing."""

Scale = Callable[[float], int]
"""Where a value stands, in letters."""


def intervals(figure: Intervals) -> Table:
    """A line for each estimate: `|` at the ends of its interval, `o` at its value, `:` at the reference."""
    points = [point for _, found in figure.series for point in found if point is not None]
    ends = [end for point in points for end in (point.value, point.low, point.high) if end is not None]
    least, most = reach([*ends, *([] if figure.reference is None else [figure.reference])])
    scale = scaled(least, most, figure.axis.log)
    drawn = f"{number(least * figure.axis.factor)} .. {number(most * figure.axis.factor)}"
    columns = [Column(""), Column(""), Column(drawn), Column(figure.axis.name)]
    rows = [
        Row([Cell("" if place else name), Cell(series), *line(found[index], figure, scale)])
        for index, name in enumerate(figure.rows)
        for place, (series, found) in enumerate(figure.series)
    ]
    return Table(columns, rows, title_of(figure))


def reach(values: Sequence[float]) -> tuple[float, float]:
    """From the least to the greatest of the values that are numbers."""
    finite = [value for value in values if math.isfinite(value)]
    return min(finite, default=0.0), max(finite, default=0.0)


def scaled(least: float, most: float, log: bool) -> Scale:
    """The scale between two values; what lies outside, or is no number, stands at its end."""
    log = log and least > 0
    low, high = (math.log(least), math.log(most)) if log else (least, most)

    def place(value: float) -> int:
        if math.isnan(value) or high == low or (log and value <= 0):
            return 0
        share = ((math.log(value) if log else value) - low) / (high - low)
        return round(min(1.0, max(0.0, share)) * (WIDTH - 1))

    return place


def line(point: Point | None, figure: Intervals, scale: Scale) -> list[Cell]:
    """The drawing of a point, and the point in words."""
    signs = ["."] * WIDTH
    if figure.reference is not None:
        signs[scale(figure.reference)] = ":"
    if point is None:
        return [Cell("".join(signs)), Cell("-", tone="muted")]
    if point.low is not None and point.high is not None:
        low, high = scale(point.low), scale(point.high)
        signs[low : high + 1] = "-" * (high + 1 - low)
        signs[low] = signs[high] = "|"
    signs[scale(point.value)] = "o"
    words = " ".join([told(point, figure.axis), *(f"({text})" for text in span(point, figure.axis))])
    return [Cell("".join(signs), tone=point.tone), Cell(words, point.value, point.tone)]


def are_many(figure: Curves) -> bool:
    """Whether a curve has more points than a table of it shows."""
    return any(len(series.points) > MOST_ROWS for series in figure.series)


def courses(figure: Curves) -> Table:
    """A line for each curve: how it goes, from which x to which, and its least and greatest value."""
    columns = [Column(figure.y.name), Column(""), Column(figure.x.name), Column("least", numeric=True)]
    return Table(
        [*columns, Column("most", numeric=True)],
        [course(series, figure.x, figure.y) for series in figure.series],
        title_of(figure),
    )


def course(series: Series, x: Axis, y: Axis) -> Row:
    """One curve."""
    values = [point.value for point in series.points]
    places = [int(index) for index in evenly(range(len(values)), WIDTH)]
    first, last = reach([point.x for point in series.points])
    least, most = reach(values)
    width = f"{number(first * x.factor)} .. {number(last * x.factor)}"
    ends = [Cell(number(value * y.factor), value) for value in (least, most)]
    return Row([Cell(series.name), Cell(sparkline([values[index] for index in places])), Cell(width), *ends])
