"""What every figure has: a title, its marks, a legend, axes; and the drawing that comes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from gpu_virt_bench.report.blocks import Axis
from gpu_virt_bench.report.render.palette import Ink, series_colour
from gpu_virt_bench.report.render.scale import Scale
from gpu_virt_bench.report.render.svg import Look, cut, element, joined, label, line, lines, width_of, wrapped

SIZE = 12.5
SMALL = 11.5
TITLE = 16.5
"""What a title counts as: its size is 14, its letters are bold."""
NARROW = 560
SHAPES = (
    "M-4.2 0a4.2 4.2 0 1 0 8.4 0a4.2 4.2 0 1 0-8.4 0Z",
    "M-3.9-3.9h7.8v7.8h-7.8Z",
    "M0-5L4.8 3.8H-4.8Z",
    "M0-5.4L5.4 0L0 5.4L-5.4 0Z",
    "M0 5L4.8-3.8H-4.8Z",
    "M-1.7-5h3.4v3.3h3.3v3.4h-3.3v3.3h-3.4v-3.3h-3.3v-3.4h3.3Z",
)
"""Marks around 0, 0: circle, square, triangle, diamond, triangle on its tip, cross."""
DASHES = ("", "7 3", "2 3", "9 3 2 3", "12 4", "4 2 1 2")


@dataclass(frozen=True)
class Sheet:
    """What a figure is drawn on: its width, and its colours."""

    width: float
    ink: Ink

    @property
    def narrow(self) -> bool:
        """Whether it is a phone's."""
        return self.width < NARROW


@dataclass(frozen=True)
class Drawing:
    """A finished figure: its size, its elements, and how many values have no place on it."""

    width: float
    height: float
    content: Markup
    left_out: int = 0


def marker(index: int, x: float, y: float, sheet: Sheet) -> Markup:
    """A series' mark at a place."""
    shape = SHAPES[(index + index // 6) % 6]
    return element("path", d=shape, fill=sheet.ink(series_colour(index)), transform=f"translate({x:.1f} {y:.1f})")


def named(series: Sequence[str], sheet: Sheet) -> list[tuple[Markup, str]]:
    """A legend's entries: each series' mark beside its name."""
    return [(marker(index, 0, 0, sheet), name) for index, name in enumerate(series)]


def head(title: str, marks: Sequence[str], names: Sequence[tuple[Markup, str]], sheet: Sheet) -> tuple[Markup, float]:
    """Title, marks and legend at the top of a figure; and how high they are."""
    parts, y = [], 4.0
    for text in wrapped(title, sheet.width - 4, TITLE, 2):
        y += 17
        parts.append(label(0, y - 3, text, font_size=14, font_weight=600, fill=sheet.ink("ink")))
    if marks:
        found, y = stamps(marks, y + 5, sheet)
        parts.append(found)
    if names:
        legend, y = entries(names, y + 6, sheet)
        parts.append(legend)
    return joined(parts), y + 6


def stamps(marks: Sequence[str], y: float, sheet: Sheet) -> tuple[Markup, float]:
    """What a reader of the picture alone must know, in frames, in as many lines as they need."""
    parts, x, colour = [], 0.0, sheet.ink("mark")
    frame: Look = {"fill": "none", "stroke": colour, "rx": 3.0, "height": 17.0}
    for mark in marks:
        text = cut(mark, sheet.width - 20, SMALL)
        wide = width_of(text, SMALL) * 1.05 + 14
        if x and x + wide > sheet.width:
            x, y = 0.0, y + 22
        parts.append(element("rect", x=x + 0.5, y=y + 0.5, width=wide, **frame))
        parts.append(label(x + 7, y + 13, text, fill=colour, font_size=SMALL, font_weight=700))
        x += wide + 8
    return joined(parts), y + 20


def watermark(marks: Sequence[str], x: float, y: float, width: float, sheet: Sheet) -> Markup:
    """The marks across a plot, so that a picture cut down to it keeps them."""
    if not marks:
        return Markup("")
    text = cut(" · ".join(marks), 900, 30)
    size = min(54.0, width * 0.8 / max(1.0, width_of(text, 1)))
    look: Look = {"text_anchor": "middle", "font_weight": 700, "fill_opacity": "0.11"}
    return label(x, y + size / 3, text, font_size=size, fill=sheet.ink("mark"), **look)


def entries(names: Sequence[tuple[Markup, str]], y: float, sheet: Sheet) -> tuple[Markup, float]:
    """A legend: each series' mark and name, in as many lines as they need."""
    parts, x = [], 6.0
    for sign, name in names:
        text = cut(name, sheet.width - 30, SIZE)
        wide = width_of(text, SIZE) + 34
        if x > 6 and x + wide > sheet.width:
            x, y = 6.0, y + 18
        parts.append(element("g", sign, transform=f"translate({x:.1f} {y + 8:.1f})"))
        parts.append(label(x + 11, y + 12, text, fill=sheet.ink("ink")))
        x += wide
    return joined(parts), y + 18


def across(scale: Scale, axis: Axis, top: float, bottom: float, sheet: Sheet) -> Markup:
    """The horizontal axis: lines through the plot, their values, and its name."""
    places = [(scale(value), text) for value, text in scale.ticks]
    texts = [label(min(x, sheet.width - width_of(text, SMALL) / 2), bottom + 15, text) for x, text in places]
    parts = [lines([(x, top, x, bottom) for x, _ in places], stroke=sheet.ink("grid"))]
    parts.append(element("g", *texts, text_anchor="middle", fill=sheet.ink("soft"), font_size=SMALL))
    parts.append(line(scale.start, bottom, scale.end, bottom, stroke=sheet.ink("edge")))
    name = cut(axis.name, abs(scale.end - scale.start), SIZE)
    parts.append(label((scale.start + scale.end) / 2, bottom + 33, name, text_anchor="middle", fill=sheet.ink("ink")))
    return joined(parts)


def upright(scale: Scale, axis: Axis, left: float, right: float, sheet: Sheet) -> Markup:
    """The vertical axis; its name stands level above it."""
    places = [(scale(value), text) for value, text in scale.ticks]
    texts = [label(left - 7, y + 4, text) for y, text in places]
    parts = [lines([(left, y, right, y) for y, _ in places], stroke=sheet.ink("grid"))]
    parts.append(element("g", *texts, text_anchor="end", fill=sheet.ink("soft"), font_size=SMALL))
    parts.append(line(left, scale.start, left, scale.end, stroke=sheet.ink("edge")))
    parts.append(label(0, scale.end - 11, cut(axis.name, right, SIZE), fill=sheet.ink("ink")))
    return joined(parts)


def nothing(title: str, marks: Sequence[str], left_out: int, sheet: Sheet) -> Drawing:
    """A figure without a value that could be drawn."""
    top, y = head(title, marks, (), sheet)
    text = label(0, y + 18, "nothing to draw", fill=sheet.ink("soft"), font_style="italic")
    return Drawing(sheet.width, y + 30, joined([top, text]), left_out)
