"""All samples of each series, a dot each, and their median."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from markupsafe import Markup

from gpu_virt_bench.report.blocks import Strips
from gpu_virt_bench.report.render.palette import series_colour
from gpu_virt_bench.report.render.scale import Scale, drawable, scale, short
from gpu_virt_bench.report.render.sheet import SIZE, SMALL, Drawing, Sheet, across, head, marker, nothing, watermark
from gpu_virt_bench.report.render.svg import element, joined, label, line, width_of, wrapped

BAND = 40
SPREAD = 11
"""How far dots are from the middle of their band at most, so that equal samples are seen beside each other."""
GOLDEN = 0.6180339887


def strips(figure: Strips, sheet: Sheet) -> Drawing:
    """The figure on a sheet."""
    factor, log = figure.axis.factor, figure.axis.log
    kept = [[value * factor for value in found if drawable(value * factor, log)] for _, found in figure.series]
    left_out = sum(len(found) for _, found in figure.series) - sum(map(len, kept))
    if not any(kept):
        return nothing(figure.title, figure.marks, left_out, sheet)
    top, y = head(figure.title, figure.marks, (), sheet)
    above, names = (16, 0.0) if sheet.narrow else (0, name_room(figure))
    band, first = BAND + above, y + 2
    bottom = first + band * len(kept)
    axis = scale((value for found in kept for value in found), names + 10, sheet.width - 64, log)
    parts = [
        top,
        watermark(figure.marks, (axis.start + axis.end) / 2, (first + bottom) / 2, axis.end - axis.start, sheet),
        across(axis, figure.axis, first, bottom, sheet),
    ]
    for index, (name, _) in enumerate(figure.series):
        middle = first + band * index + above + BAND / 2
        parts.append(named(index, name, names, middle, sheet))
        parts.append(strip(index, kept[index], axis, middle, sheet))
    return Drawing(sheet.width, bottom + 40, joined(parts), left_out)


def name_room(figure: Strips) -> float:
    """How wide the names at the left are."""
    return min(220.0, 30 + max(width_of(name, SIZE) for name, _ in figure.series))


def named(index: int, name: str, room: float, middle: float, sheet: Sheet) -> Markup:
    """A series' name and mark, at the left of its band or above it."""
    y = middle if room else middle - BAND / 2 - 4
    (text,) = wrapped(name, (room or sheet.width) - 24, SIZE, 1)
    return joined([marker(index, 6, y, sheet), label(17, y + 4, text, fill=sheet.ink("ink"))])


def strip(index: int, values: Sequence[float], axis: Scale, middle: float, sheet: Sheet) -> Markup:
    """A band: the dots, the median as a line, and its number."""
    if not values:
        return label(axis.start, middle + 4, "no samples", fill=sheet.ink("soft"), font_size=SMALL)
    look = {"stroke": sheet.ink(series_colour(index)), "stroke_width": "3.6", "stroke_linecap": "round"}
    x = axis(median(values))
    return joined([
        element("path", d=dots(values, axis, middle), stroke_opacity="0.55", **look),
        line(x, middle - 15, x, middle + 15, stroke=sheet.ink("ink"), stroke_width=2),
        label(axis.end + 10, middle + 4, short(median(values)), fill=sheet.ink("ink"), font_size=SMALL),
    ])  # fmt: skip


def dots(values: Sequence[float], axis: Scale, middle: float) -> str:
    """Lines without a length, whose round ends are dots; whole pixels from one to the next, since there are many."""
    places = sorted({(round(axis(value)), round(middle + shift(at))) for at, value in enumerate(values)})
    steps = zip([(0, 0), *places], places, strict=False)
    return "".join(f"m{x - before}{y - above:+}h0" for (before, above), (x, y) in steps)


def shift(at: int) -> float:
    """How far a dot stands from the middle: the same in every drawing, and never in a row."""
    return ((at * GOLDEN) % 1.0 * 2 - 1) * SPREAD
