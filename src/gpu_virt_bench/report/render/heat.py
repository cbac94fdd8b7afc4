"""A matrix whose cells are the deeper coloured the worse they are; each has its text where it fits."""

from __future__ import annotations

import math
from dataclasses import dataclass

from markupsafe import Markup

from gpu_virt_bench.report.blocks import HeatMap, Point
from gpu_virt_bench.report.render.scale import drawable
from gpu_virt_bench.report.render.sheet import SIZE, SMALL, Drawing, Sheet, head, nothing, watermark
from gpu_virt_bench.report.render.svg import cut, element, joined, label, line, width_of, wrapped

SMALLEST = 7.0
DEEPEST = 0.72
"""How far the colour of the worst covers a cell: its text must still be read."""


@dataclass(frozen=True)
class Grid:
    """Where the cells stand, and how large they are."""

    left: float
    top: float
    wide: float
    high: float
    right: float
    bottom: float


def heat_map(figure: HeatMap, sheet: Sheet) -> Drawing:
    """The figure on a sheet, which grows where its columns need more room."""
    found = [point for row in figure.cells for point in row if point is not None]
    left_out = sum(not drawable(point.value) for point in found)
    if not found or not figure.columns or not figure.rows:
        return nothing(figure.title, figure.marks, left_out, sheet)
    top, y = head(figure.title, figure.marks, (), sheet)
    grid = laid_out(figure, y, sheet)
    parts = [
        top,
        names(figure, grid, y, sheet),
        *(
            cell(figure, at(figure, row, column), row, column, grid, sheet)
            for row in range(len(figure.rows))
            for column in range(len(figure.columns))
        ),
        watermark(
            figure.marks, (grid.left + grid.right) / 2, (grid.top + grid.bottom) / 2, grid.right - grid.left, sheet
        ),
        key(grid, sheet),
    ]
    return Drawing(max(sheet.width, grid.right + 4), grid.bottom + 32, joined(parts), left_out)


def at(figure: HeatMap, row: int, column: int) -> Point | None:
    """A cell, None where the matrix has none."""
    cells = figure.cells[row] if row < len(figure.cells) else ()
    return cells[column] if column < len(cells) else None


def laid_out(figure: HeatMap, y: float, sheet: Sheet) -> Grid:
    """Cells as wide as the sheet allows, up to a comfortable size."""
    room = max(width_of(name, SIZE) for name in [figure.row_name, *figure.rows])
    left = min(110.0 if sheet.narrow else 220.0, room + 12)
    wide = max(SMALLEST, min(110.0, (sheet.width - left - 2) / len(figure.columns)))
    longest = max(width_of(name, SMALL) for name in figure.columns)
    top = y + 20 + (16 if longest + 6 <= wide else min(90.0, longest + 6))
    high = 30.0 if len(figure.rows) <= 40 else 16.0
    return Grid(left, top, wide, high, left + wide * len(figure.columns), top + high * len(figure.rows))


def names(figure: HeatMap, grid: Grid, y: float, sheet: Sheet) -> Markup:
    """The names of both sides, of the rows and of the columns; upright where they are wider than their column."""
    soft = sheet.ink("soft")
    parts = [label(grid.left, y + 12, cut(figure.column_name, grid.right, SIZE), fill=soft)]
    parts.append(label(0, grid.top - 6, cut(figure.row_name, grid.left - 8, SIZE), fill=soft))
    for index, name in enumerate(figure.rows):
        (text,) = wrapped(name, grid.left - 10, SIZE, 1)
        parts.append(label(0, grid.top + grid.high * (index + 0.5) + 4, text, fill=sheet.ink("ink")))
    upright = any(width_of(name, SMALL) + 6 > grid.wide for name in figure.columns)
    stride = math.ceil(14 / grid.wide) if upright else 1
    for index, name in list(enumerate(figure.columns))[::stride]:
        parts.append(column_name(name, grid.left + grid.wide * (index + 0.5), grid.top - 6, upright, sheet))
    return joined(parts)


def column_name(name: str, x: float, y: float, upright: bool, sheet: Sheet) -> Markup:
    """A column's name above it."""
    if not upright:
        return label(x, y, name, text_anchor="middle", font_size=SMALL, fill=sheet.ink("ink"))
    turn = f"rotate(-90 {x + 4:.1f} {y:.1f})"
    return label(x + 4, y, cut(name, 84, SMALL), font_size=SMALL, fill=sheet.ink("ink"), transform=turn)


def cell(figure: HeatMap, point: Point | None, row: int, column: int, grid: Grid, sheet: Sheet) -> Markup:
    """One cell; crossed out by a line where nothing was measured."""
    gap = 1.0 if grid.wide > 12 else 0.0
    x, y = grid.left + grid.wide * column, grid.top + grid.high * row
    wide, high = grid.wide - gap, grid.high - gap
    if point is None or not drawable(point.value):
        return line(x + wide * 0.35, y + high / 2, x + wide * 0.65, y + high / 2, stroke=sheet.ink("edge"))
    said = f"{figure.rows[row]}, {figure.columns[column]}: {point.text}"
    look = {
        "fill": sheet.ink("worst"),
        "fill_opacity": f"{depth(figure, point.value):.3f}",
        "stroke": sheet.ink("line"),
    }
    shape = element("rect", element("title", said), x=x, y=y, width=wide, height=high, **look)
    text = cut(point.text, wide - 4, SMALL)
    if not text or (text != point.text and len(text) < 4):
        return shape
    place = {"text_anchor": "middle", "font_size": str(SMALL), "fill": sheet.ink("ink")}
    return joined([shape, label(x + wide / 2, y + high / 2 + 4, text, **place)])


def depth(figure: HeatMap, value: float) -> float:
    """How deep a cell's colour is: none at the best, deepest at the worst."""
    span = figure.worst - figure.best
    if not drawable(figure.worst) or not drawable(figure.best) or not span:
        return 0.0
    return DEEPEST * min(1.0, max(0.0, (value - figure.best) / span))


def key(grid: Grid, sheet: Sheet) -> Markup:
    """What the colours mean."""
    x, y = grid.left, grid.bottom + 10
    parts = [label(x, y + 10, "best", font_size=SMALL, fill=sheet.ink("soft"))]
    look = {"fill": sheet.ink("worst"), "stroke": sheet.ink("line")}
    for step in range(6):
        depth_of_step = f"{DEEPEST * step / 5:.3f}"
        parts.append(
            element("rect", x=x + 32 + 16 * step, y=y, width=16, height=12, fill_opacity=depth_of_step, **look)
        )
    parts.append(label(x + 134, y + 10, "worst", font_size=SMALL, fill=sheet.ink("soft")))
    return joined(parts)
