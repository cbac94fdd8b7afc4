"""Values over x: lines or steps, told apart by colour, dashes and marks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from gpu_virt_bench.report.blocks import Curves, Point, Series
from gpu_virt_bench.report.render.palette import series_colour
from gpu_virt_bench.report.render.scale import Scale, drawable, scale
from gpu_virt_bench.report.render.sheet import (
    DASHES,
    SMALL,
    Drawing,
    Sheet,
    across,
    head,
    marker,
    named,
    nothing,
    upright,
    watermark,
)
from gpu_virt_bench.report.render.svg import element, joined, line, width_of, written

MARKED = 40
"""A line of more points has marks at a few of them only."""
FEW = 7


@dataclass(frozen=True)
class Plot:
    """Both axes, with the factors from values to them."""

    x: Scale
    y: Scale
    factors: tuple[float, float]

    def at(self, x: float, y: float) -> tuple[float, float] | None:
        """Where a pair of values lies, if it does."""
        x, y = x * self.factors[0], y * self.factors[1]
        return (self.x(x), self.y(y)) if self.x.holds(x) and self.y.holds(y) else None


def curves(figure: Curves, sheet: Sheet) -> Drawing:
    """The figure on a sheet."""
    kept = [Series(one.name, sorted(drawn(one, figure), key=lambda point: point.x)) for one in figure.series]
    left_out = sum(len(one.points) for one in figure.series) - sum(len(one.points) for one in kept)
    if not any(one.points for one in kept):
        return nothing(figure.title, figure.marks, left_out, sheet)
    top, y = head(figure.title, figure.marks, legend(figure, sheet), sheet)
    plot = plotted(figure, kept, y + 22, sheet)
    left, right, bottom = plot.x.start, plot.x.end, plot.y.start
    parts = [
        top,
        watermark(figure.marks, (left + right) / 2, (bottom + plot.y.end) / 2, right - left, sheet),
        across(plot.x, figure.x, plot.y.end, bottom, sheet),
        upright(plot.y, figure.y, left, right, sheet),
        diagonal(plot, sheet) if figure.diagonal else Markup(""),
        *(curve(index, one.points, plot, figure.steps, sheet) for index, one in enumerate(kept)),
    ]
    return Drawing(sheet.width, bottom + 40, joined(parts), left_out)


def drawn(series: Series, figure: Curves) -> Iterable[Point]:
    """A series' points that have a place on both axes."""
    for point in series.points:
        across_too = drawable(point.x * figure.x.factor, figure.x.log)
        if across_too and drawable(point.value * figure.y.factor, figure.y.log):
            yield point


def legend(figure: Curves, sheet: Sheet) -> list[tuple[Markup, str]]:
    """The series' names, and what the diagonal is."""
    found = named([one.name for one in figure.series], sheet)
    if figure.diagonal:
        sign = line(-6, 0, 6, 0, stroke=sheet.ink("edge"), stroke_width=1.5, stroke_dasharray="4 3")
        found.append((sign, "as asked for"))
    return found


def plotted(figure: Curves, kept: Sequence[Series], top: float, sheet: Sheet) -> Plot:
    """Both axes; the plot's left edge is where the longest text of the vertical one ends."""
    points = [point for one in kept for point in one.points]
    values = [
        end * figure.y.factor for point in points for end in (point.value, point.low, point.high) if end is not None
    ]
    values = from_zero([value for value in values if drawable(value, figure.y.log)], figure.y.log)
    values += [0.0] if figure.y.zero else []
    bottom = top + (200 if sheet.narrow else 270)
    y = scale(values, bottom, top, figure.y.log, 42)
    left = 14 + max(width_of(text, SMALL) for _, text in y.ticks)
    ends = [end for point in points for end in (point.x, point.x_low, point.x_high) if end is not None]
    xs = [end * figure.x.factor for end in ends] + ([0.0] if figure.x.zero else [])
    return Plot(scale(xs, left, sheet.width - 18, figure.x.log, 70), y, (figure.x.factor, figure.y.factor))


def from_zero(values: Sequence[float], log: bool) -> list[float]:
    """The values, and zero where they are not all far from it: heights are then as the values are."""
    near = not log and min(values) >= 0 and max(values) - min(values) > 0.2 * max(values)
    return [*values, 0.0] if near else list(values)


def diagonal(plot: Plot, sheet: Sheet) -> Markup:
    """Where the given would be as much as was asked for."""
    ends = (plot.x.low / plot.factors[0], plot.x.high / plot.factors[0])
    found = [plot.at(value, value) for value in between(*ends, plot.x.log)]
    places = [place for place in found if place is not None]
    return element(
        "path", d=path(places), fill="none", stroke=sheet.ink("edge"), stroke_width=1.5, stroke_dasharray="4 3"
    )


def between(low: float, high: float, log: bool) -> list[float]:
    """Values from one end to the other, equally far on the axis."""
    steps = [index / 200 for index in range(201)]
    return [low * (high / low) ** part if log else low + (high - low) * part for part in steps]


def curve(index: int, points: Sequence[Point], plot: Plot, steps: bool, sheet: Sheet) -> Markup:
    """A series: its line, its intervals and its marks."""
    found = [place for point in points if (place := plot.at(point.x, point.value)) is not None]
    colour = sheet.ink(series_colour(index))
    look = {"fill": "none", "stroke": colour, "stroke_width": "1.8", "stroke_linejoin": "round"}
    dashes = {"stroke_dasharray": DASHES[index % 6]} if index % 6 else {}
    drawn_line = element("path", d=path(thinned(found), steps), **look, **dashes)
    few = points if len(points) <= MARKED else ()
    whiskers = [one for point in few for one in (*whisker(point, plot), *lying(point, plot))]
    bars = [element("path", d="".join(whiskers), fill="none", stroke=colour, stroke_width="1.3")] if whiskers else []
    return element("g", drawn_line, *bars, *marks(index, found, sheet))


def marks(index: int, places: Sequence[tuple[float, float]], sheet: Sheet) -> list[Markup]:
    """A mark on each point, or on some of many, shifted so that the series' do not meet."""
    if len(places) <= MARKED:
        return [marker(index, x, y, sheet) for x, y in places]
    stride = len(places) / FEW
    return [marker(index, *places[int(stride * (at + 0.25 + 0.1 * (index % 6)))], sheet) for at in range(FEW)]


def whisker(point: Point, plot: Plot) -> list[str]:
    """An interval, upright, with its ends."""
    places = [None if end is None else plot.at(point.x, end) for end in (point.low, point.high)]
    if None in places:
        return []
    (x, low), (_, high) = (place for place in places if place is not None)
    return [f"M{x - 3:.1f} {low:.1f}h6M{x - 3:.1f} {high:.1f}h6M{x:.1f} {low:.1f}V{high:.1f}"]


def lying(point: Point, plot: Plot) -> list[str]:
    """The interval of its x, if it has one."""
    places = [None if end is None else plot.at(end, point.value) for end in (point.x_low, point.x_high)]
    if None in places:
        return []
    (low, y), (high, _) = (place for place in places if place is not None)
    return [f"M{low:.1f} {y - 3:.1f}v6M{high:.1f} {y - 3:.1f}v6M{low:.1f} {y:.1f}H{high:.1f}"]


def thinned(places: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """What can be seen of a long line: of each column of pixels the first, lowest, highest and last place."""
    if len(places) <= 1000:
        return list(places)
    columns: dict[int, list[tuple[float, float]]] = {}
    for place in places:
        columns.setdefault(round(place[0]), []).append(place)
    return [place for column in columns.values() for place in extremes(column)]


def extremes(column: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """What a column of pixels shows, in its order."""
    chosen = {0, len(column) - 1}
    chosen |= {choice(range(len(column)), key=lambda at: column[at][1]) for choice in (min, max)}
    return [column[at] for at in sorted(chosen)]


def path(places: Sequence[tuple[float, float]], steps: bool = False) -> str:
    """A line through places, or steps: level until the next one."""
    if not places:
        return "M0 0"
    rest = (f"H{written(x)}V{written(y)}" if steps else f"L{written(x)} {written(y)}" for x, y in places[1:])
    return f"M{written(places[0][0])} {written(places[0][1])}" + "".join(rest)
