"""A figure as SVG: wide and narrow drawings with a title and a description for those who cannot see them."""

from __future__ import annotations

from markupsafe import Markup

from gpu_virt_bench.report.blocks import Curves, Figure, HeatMap, Intervals, Strips
from gpu_virt_bench.report.render.curves import curves
from gpu_virt_bench.report.render.heat import heat_map
from gpu_virt_bench.report.render.intervals import MOST_ROWS, intervals
from gpu_virt_bench.report.render.sheet import SIZE, Drawing, Sheet
from gpu_virt_bench.report.render.strips import strips
from gpu_virt_bench.report.render.svg import Look, element, written


def svg(figure: Figure, made: Drawing, key: str) -> Markup:
    """A drawing as an SVG element; `key` makes its ids its own."""
    title = element("title", figure.title, id=f"{key}-title")
    said = element("desc", description(figure, made), id=f"{key}-desc")
    size: Look = {
        "viewBox": f"0 0 {written(made.width)} {written(made.height)}",
        "width": made.width,
        "height": made.height,
    }
    named: Look = {"role": "img", "aria_labelledby": f"{key}-title", "aria_describedby": f"{key}-desc"}
    font: Look = {"font_size": str(SIZE), "font_family": "system-ui, sans-serif"}
    return element("svg", title, said, made.content, **size, **named, **font)


def drawing(figure: Figure, sheet: Sheet) -> Drawing:
    """The figure, drawn by its kind."""
    if isinstance(figure, Intervals):
        return intervals(figure, sheet)
    if isinstance(figure, Curves):
        return curves(figure, sheet)
    if isinstance(figure, Strips):
        return strips(figure, sheet)
    return heat_map(figure, sheet)


def description(figure: Figure, made: Drawing) -> str:
    """What a figure is, in a sentence; its values stand in the table below it."""
    marks = f" Marked {', '.join(figure.marks)}." if figure.marks else ""
    return f"{kind(figure)}{marks}{left_out(figure, made)} The values are in the table below."


def left_out(figure: Figure, made: Drawing) -> str:
    """How many values have no place, as a sentence; nothing where all have."""
    if not made.left_out:
        return ""
    if isinstance(figure, Intervals) and len(figure.rows) > MOST_ROWS:
        return f" The first {MOST_ROWS} of {len(figure.rows)} rows are drawn."
    return f" {made.left_out} values that have no place on the axes are not drawn."


def kind(figure: Figure) -> str:
    """What is drawn."""
    if isinstance(figure, HeatMap):
        return (
            f"A matrix of {len(figure.rows)} rows ({figure.row_name}) by {len(figure.columns)} ({figure.column_name})."
        )
    names = [one.name for one in figure.series] if isinstance(figure, Curves) else [name for name, _ in figure.series]
    some = ", ".join(names[:8])
    if isinstance(figure, Intervals):
        return f"{figure.axis.name} of {len(figure.rows)} rows with intervals: {some}."
    if isinstance(figure, Strips):
        return f"Samples, {figure.axis.name}: {some}."
    return f"{figure.y.name} over {figure.x.name}: {some}."
