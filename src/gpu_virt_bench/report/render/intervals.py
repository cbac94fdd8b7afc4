"""Estimates beside each other: a mark with whiskers for each series in each row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from markupsafe import Markup

from gpu_virt_bench.report.blocks import Intervals, Point
from gpu_virt_bench.report.render.palette import series_colour
from gpu_virt_bench.report.render.scale import Scale, drawable, scale
from gpu_virt_bench.report.render.sheet import (
    SIZE,
    SMALL,
    Drawing,
    Sheet,
    across,
    head,
    marker,
    named,
    nothing,
    watermark,
)
from gpu_virt_bench.report.render.svg import Look, element, joined, label, line, width_of, wrapped

LANE = 15
MOST_ROWS = 200
SIGNS = {"good": "✓ ", "bad": "✗ ", "unsure": "? "}


@dataclass(frozen=True)
class Lane:
    """One point and where it is drawn."""

    series: int
    point: Point
    y: float


@dataclass(frozen=True)
class Plan:
    """Where everything stands: the rows' names to the left or above, the points' texts to the right."""

    names: float
    texts: float
    row: float
    above: float
    top: float


def intervals(figure: Intervals, sheet: Sheet) -> Drawing:
    """The figure on a sheet."""
    log, factor = figure.axis.log, figure.axis.factor
    kept = [one for one in points(figure) if drawable(one[2].value * factor, log)]
    left_out = sum(point is not None for _, points in figure.series for point in points) - len(kept)
    if not kept:
        return nothing(figure.title, figure.marks, left_out, sheet)
    top, y = head(figure.title, figure.marks, named([name for name, _ in figure.series], sheet), sheet)
    plan = planned(figure, y + (14 if figure.reference is not None else 4), sheet)
    bottom = plan.top + plan.row * len(figure.rows[:MOST_ROWS])
    values = [end * factor for _, _, point in kept for end in ends(point)]
    values += [] if figure.reference is None else [figure.reference * factor]
    axis = scale(values, plan.names + 8, sheet.width - plan.texts - 14, log)
    lanes = [Lane(index, point, lane(row, index, figure, plan)) for row, index, point in kept]
    parts = [
        top,
        watermark(figure.marks, (axis.start + axis.end) / 2, (plan.top + bottom) / 2, axis.end - axis.start, sheet),
        across(axis, figure.axis, plan.top, bottom, sheet),
        reference(figure, axis, plan.top, bottom, sheet),
        rows(figure, plan, sheet),
        *(whisker(one, axis, factor, sheet) for one in lanes),
        *(words(one, axis.end + 14, sheet) for one in lanes if plan.texts),
    ]
    return Drawing(sheet.width, bottom + 40, joined(parts), left_out)


def points(figure: Intervals) -> Iterator[tuple[int, int, Point]]:
    """Each point with its row and its series."""
    for index, (_, found) in enumerate(figure.series):
        for row, point in enumerate(found[: min(len(figure.rows), MOST_ROWS)]):
            if point is not None:
                yield row, index, point


def ends(point: Point) -> list[float]:
    """A point's value and the ends of its interval, as far as they are numbers."""
    return [end for end in (point.value, point.low, point.high) if end is not None]


def planned(figure: Intervals, top: float, sheet: Sheet) -> Plan:
    """Names stand to the left where there is room, above their row on a phone."""
    lanes = LANE * max(1, len(figure.series)) + 11
    texts = [SIGNS.get(point.tone, "") + point.text for _, _, point in points(figure) if point.text]
    if sheet.narrow:
        return Plan(0, 0, lanes + 17, 17, top)
    names = min(270.0, 14 + max((width_of(name, SIZE) for name in figure.rows), default=0))
    return Plan(names, min(190.0, 12 + max(width_of(text, SMALL) for text in texts)) if texts else 0, lanes, 0, top)


def lane(row: int, index: int, figure: Intervals, plan: Plan) -> float:
    """How high a point stands."""
    middle = plan.top + plan.row * row + plan.above + (plan.row - plan.above) / 2
    return middle + LANE * (index - (len(figure.series) - 1) / 2)


def rows(figure: Intervals, plan: Plan, sheet: Sheet) -> Markup:
    """The rows' names, and a line between each two."""
    parts = []
    for index, name in enumerate(figure.rows[:MOST_ROWS]):
        y = plan.top + plan.row * index
        if index:
            parts.append(line(0, y, sheet.width, y, stroke=sheet.ink("grid")))
        if plan.above:
            lines, first = wrapped(name, sheet.width - 4, SIZE, 1), y + 14
        else:
            lines = wrapped(name, plan.names - 10, SIZE, 2 if plan.row > 30 else 1)
            first = y + plan.row / 2 + 4 - 7.5 * (len(lines) - 1)
        for at, text in enumerate(lines):
            parts.append(label(0, first + 15 * at, text, fill=sheet.ink("ink")))
    return joined(parts)


def reference(figure: Intervals, axis: Scale, top: float, bottom: float, sheet: Sheet) -> Markup:
    """A line across at what is no change."""
    value = None if figure.reference is None else figure.reference * figure.axis.factor
    if value is None or not axis.holds(value):
        return Markup("")
    x = axis(value)
    anchor = "end" if x > axis.end - 40 else "start" if x < axis.start + 40 else "middle"
    look: Look = {"text_anchor": anchor, "font_size": 11, "fill": sheet.ink("soft")}
    text = label(x, top - 4, "no change", **look)
    return joined([line(x, top, x, bottom, stroke=sheet.ink("edge"), stroke_width=1.5, stroke_dasharray="4 3"), text])


def whisker(one: Lane, axis: Scale, factor: float, sheet: Sheet) -> Markup:
    """A point's mark over its interval, with what it says for a pointer that rests on it."""
    parts = [element("title", one.point.text)] if one.point.text else []
    low, high = (None if end is None else end * factor for end in (one.point.low, one.point.high))
    found = [axis(end) for end in (low, one.point.value * factor, high) if end is not None and axis.holds(end)]
    if min(found) < max(found):
        parts.append(line(min(found), one.y, max(found), one.y))
        parts += [line(axis(e), one.y - 4, axis(e), one.y + 4) for e in (low, high) if e is not None and axis.holds(e)]
    colour = sheet.ink(series_colour(one.series))
    place = marker(one.series, axis(one.point.value * factor), one.y, sheet)
    return element("g", *parts, place, stroke=colour, stroke_width="1.6", fill="none")


def words(one: Lane, x: float, sheet: Sheet) -> Markup:
    """A point's text, at the right; its tone by sign and colour."""
    if not one.point.text:
        return Markup("")
    (text,) = wrapped(SIGNS.get(one.point.tone, "") + one.point.text, sheet.width - x, SMALL, 1)
    return label(x, one.y + 4, text, font_size=SMALL, fill=sheet.ink(one.point.tone or "ink"))
