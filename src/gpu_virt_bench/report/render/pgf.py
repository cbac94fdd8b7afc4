"""Figures for LaTeX, drawn by pgfplots: coordinates are the values, exact and in SI units; the labels of the axes are
in the units that people expect. Marks are drawn inside."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from statistics import median
from typing import TypeVar

from gpu_virt_bench.report.blocks import Axis, Curves, Figure, HeatMap, Intervals, Point, Strips
from gpu_virt_bench.report.render.tex import coordinates, escaped, exact, finite

COLOURS = ((0, 114, 178), (213, 94, 0), (0, 158, 115), (204, 121, 167), (86, 180, 233), (230, 159, 0))
"""By Okabe and Ito: told apart by everybody."""
MARKS = ("*", "square*", "triangle*", "diamond*", "o", "square")
BEST, WORST = (226, 240, 249), (213, 94, 0)
MARKED = r"font=\scriptsize\bfseries"
MOST_POINTS = 2000
MOST_SAMPLES = 300
"""Of one series; TeX's memory ends somewhere above."""
Drawn = TypeVar("Drawn")
LINE = 0.62
"""Height of a row in cm."""


def picture(figure: Figure) -> Iterator[str]:
    """The lines of a figure's picture."""
    yield r"\begin{tikzpicture}"
    match figure:
        case Intervals():
            yield from axis(intervals(figure), rows_of(figure.rows, figure), figure.marks)
        case Strips():
            yield from axis(strips(figure), rows_of([name for name, _ in figure.series], figure), figure.marks)
        case Curves():
            yield from axis(curves(figure), plane(figure), figure.marks)
        case HeatMap():
            yield from heat_map(figure)
    yield r"\end{tikzpicture}"


def left_out(figure: Figure) -> str:
    """What of a figure is not drawn, since TeX could not: `300 of 900 samples of mps`; "" where all is."""
    counts: list[tuple[str, int]] = []
    if isinstance(figure, Curves):
        counts, most, noun = [(one.name, len(one.points)) for one in figure.series], MOST_POINTS, "points"
    elif isinstance(figure, Strips):
        counts, most, noun = [(name, len(samples)) for name, samples in figure.series], MOST_SAMPLES, "samples"
    return ", ".join(f"{most} of {count} {noun} of {name}" for name, count in counts if count > most)


def axis(plots: Iterator[str], options: Sequence[str], marks: Sequence[str]) -> Iterator[str]:
    """An axis with what is plotted, and the marks in its corner."""
    yield r"\begin{axis}["
    yield from (f"  {option}," for option in options)
    yield r"  width=\linewidth, legend style={at={(0.5,1.03)}, anchor=south, draw=none}, legend columns=3,"
    yield "]"
    yield from plots
    if marks:
        yield rf"\node[anchor=north east, xshift=-1pt, yshift=-1pt, {MARKED}] at (rel axis cs:1,1) {{{told(marks)}}};"
    yield r"\end{axis}"


def told(marks: Sequence[str]) -> str:
    """The marks in a line."""
    return escaped(", ".join(marks))


def ticks(letter: str, found: Axis) -> list[str]:
    """The options of one axis: its name, and numbers in the unit that people expect."""
    options = [f"{letter}label={{{escaped(found.name)}}}"]
    factor = exact(found.factor)
    if found.log:
        shown = rf"\pgfmathparse{{exp(\tick)*{factor}}}\pgfmathprintnumber{{\pgfmathresult}}"
        return [*options, f"{letter}mode=log", rf"{letter}ticklabel={{\pgfkeys{{/pgf/fpu=true}}{shown}}}"]
    shown = rf"\pgfmathparse{{\tick*{factor}}}\pgfmathprintnumber{{\pgfmathresult}}"
    scaled = [f"scaled {letter} ticks=false", rf"{letter}ticklabel={{\pgfkeys{{/pgf/fpu=true}}{shown}}}"]
    return [*options, *(scaled if found.factor != 1 else [])]


def style(index: int) -> str:
    """Colour and mark of a series."""
    return f"color={colour(COLOURS[index % len(COLOURS)])}, mark={MARKS[index % len(MARKS)]}"


def colour(found: Sequence[float]) -> str:
    """A colour by its parts of 255."""
    red, green, blue = map(round, found)
    return f"{{rgb,255:red,{red};green,{green};blue,{blue}}}"


def plot(options: str, points: Sequence[tuple[float, float]]) -> str:
    """Points of one look."""
    return rf"\addplot[{options}] coordinates {{{coordinates(points)}}};"


def entry(name: str) -> str:
    """A line of the legend."""
    return rf"\addlegendentry{{{escaped(name)}}}"


def on(axis: Axis, *values: float | None) -> bool:
    """Whether values have a place on an axis."""
    return finite(*values) and not (axis.log and any(value is not None and value <= 0 for value in values))


# -- a line for each name


def rows_of(names: Sequence[str], figure: Intervals | Strips) -> list[str]:
    """The options where each name has a line, and marks one above them."""
    top, height = (-1.2 if figure.marks else -0.6), len(names) + bool(figure.marks)
    places = ",".join(map(str, range(len(names))))
    labels = ",".join(f"{{{escaped(name)}}}" for name in names)
    return [
        *ticks("x", figure.axis),
        f"height={max(1, height) * LINE * 1.6 + 2.4:.1f}cm, ymin={top}, ymax={max(1, len(names)) - 0.4}",
        f"y dir=reverse, ytick={{{places}}}, yticklabels={{{labels}}}, yticklabel style={{align=right}}",
    ]


def intervals(figure: Intervals) -> Iterator[str]:
    """A mark for each value, a line between the ends of its interval."""
    if figure.reference is not None and on(figure.axis, figure.reference):
        ends = [(figure.reference, -0.6), (figure.reference, max(1, len(figure.rows)) - 0.4)]
        yield plot("forget plot, gray, dashed, mark=none", ends)
    count = len(figure.series)
    for index, (name, points) in enumerate(figure.series):
        shift = (index - (count - 1) / 2) * 0.7 / max(count, 1)
        found = [(row + shift, point) for row, point in enumerate(points) if point and on(figure.axis, point.value)]
        yield plot(f"only marks, {style(index)}", [(point.value, place) for place, point in found])
        yield entry(name)
        for place, point in found:
            yield from interval(point, figure.axis, place, index)


def interval(point: Point, axis: Axis, place: float, index: int) -> Iterator[str]:
    """The line between the ends of an interval."""
    if point.low is not None and point.high is not None and on(axis, point.low, point.high):
        look = f"forget plot, color={colour(COLOURS[index % len(COLOURS)])}, mark=|"
        yield plot(look, [(point.low, place), (point.high, place)])


def strips(figure: Strips) -> Iterator[str]:
    """A dot for each sample, the median as a line."""
    for index, (_, samples) in enumerate(figure.series):
        found = sorted(value for value in samples if on(figure.axis, value))
        drawn = thinned(found, MOST_SAMPLES)
        # the golden ratio spreads neighbors evenly
        places = [index + 0.5 * (number * 0.618034 % 1 - 0.5) for number in range(len(drawn))]
        look = f"only marks, mark size=0.7pt, color={colour(COLOURS[index % len(COLOURS)])}"
        yield plot(look, list(zip(drawn, places, strict=True)))
        if found:
            middle = median(found)
            yield plot("thick, black, mark=none", [(middle, index - 0.35), (middle, index + 0.35)])


def thinned(found: Sequence[Drawn], most: int) -> list[Drawn]:
    """At most so many, evenly spaced."""
    if len(found) <= most:
        return [*found]
    return [found[round(index * (len(found) - 1) / (most - 1))] for index in range(most)]


# -- a plane


def plane(figure: Curves) -> list[str]:
    """The options of a plane."""
    room = ["enlarge y limits=0.15"] if figure.marks else []
    return [*ticks("x", figure.x), *ticks("y", figure.y), "height=7cm", *room]


def curves(figure: Curves) -> Iterator[str]:
    """A curve for each series."""
    if figure.diagonal and (ends := diagonal(figure)):
        yield plot("forget plot, gray, dashed, mark=none", ends)
    for index, series in enumerate(figure.series):
        found = thinned([p for p in series.points if on(figure.x, p.x) and on(figure.y, p.value)], MOST_POINTS)
        steps = "const plot, mark=none, " if figure.steps else ""
        look = style(index) if len(found) <= 40 and not steps else style(index).partition(", mark")[0] + ", mark=none"
        yield plot(f"{steps}{look}", [(point.x, point.value) for point in found])
        yield entry(series.name)
        yield from spans(found, figure, index)


def spans(found: Sequence[Point], figure: Curves, index: int) -> Iterator[str]:
    """The intervals of a curve's points."""
    look = f"forget plot, color={colour(COLOURS[index % len(COLOURS)])}, mark=-"
    for point in found:
        if point.low is not None and point.high is not None and on(figure.y, point.low, point.high):
            yield plot(look, [(point.x, point.low), (point.x, point.high)])


def diagonal(figure: Curves) -> list[tuple[float, float]]:
    """From where to where y = x."""
    found = [point.x for series in figure.series for point in series.points if on(figure.x, point.x)]
    return [(min(found), min(found)), (max(found), max(found))] if found else []


# -- a matrix


def heat_map(figure: HeatMap) -> Iterator[str]:
    """A rectangle for each cell, with its text."""
    width = min(0.16, 0.78 / max(1, len(figure.columns)))
    yield rf"\begin{{scope}}[x={width:.4f}\linewidth, y={LINE}cm, font=\scriptsize]"
    for column, name in enumerate(figure.columns):
        yield rf"\node[anchor=south] at ({column + 0.5},0) {{{escaped(name)}}};"
    corner = escaped(f"{figure.row_name} \\ {figure.column_name}")
    yield rf"\node[anchor=south east] at (0,0) {{{corner}}};"
    for row, (name, cells) in enumerate(zip(figure.rows, figure.cells, strict=True)):
        yield rf"\node[anchor=east] at (0,{-row - 0.5}) {{{escaped(name)}}};"
        yield from (square(row, column, cell, figure) for column, cell in enumerate(cells))
    if figure.marks:
        yield rf"\node[anchor=north west, {MARKED}] at (0,{-len(figure.rows)}) {{{told(figure.marks)}}};"
    yield r"\end{scope}"


def square(row: int, column: int, point: Point | None, figure: HeatMap) -> str:
    """One cell: its colour between the best and the worst, its text, its exact value as a comment."""
    look, text, value = "draw=white", "-", "not measured"
    if point is not None:
        share = part(point.value, figure)
        filled = [low + share * (high - low) for low, high in zip(BEST, WORST, strict=True)]
        look = f"draw=white, fill={colour(filled)}"
        text, value = point.text or f"{point.value:.4g}", exact(point.value)
    return rf"\path[{look}] ({column},{-row}) rectangle node {{{escaped(text)}}} ({column + 1},{-row - 1}); % {value}"


def part(value: float, figure: HeatMap) -> float:
    """How far a value lies from the best to the worst."""
    reach = figure.worst - figure.best
    share = (value - figure.best) / reach if reach else 0.0
    return min(1.0, max(0.0, share)) if math.isfinite(share) else 0.0
