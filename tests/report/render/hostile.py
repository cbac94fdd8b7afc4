"""A report whose every text was written by somebody who wishes its reader ill."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any

from sample import document as harmless

from gpu_virt_bench.report.blocks import (
    Axis,
    Block,
    Cell,
    Column,
    Curves,
    Document,
    Heading,
    HeatMap,
    Intervals,
    Point,
    Row,
    Series,
    Strips,
    Table,
)

EVIL = (
    "<script>document.title='broken in'</script>",
    "</script><img src=x onerror=\"document.title='broken in'\">",
    "\"' onmouseover=alert(1) x='{{ 7 * 7 }}{% raw %}",
    "javascript:alert(1)",
    "]]></style></title></svg><iframe src=https://example.org>",
    "\u202egnp.exe\u2066 \x00\x07\x1b[31m \ud800 \ufeff",
    "שלום עולם العربية",
    "w" * 5000,
    "",
)
WORST = (math.nan, math.inf, -math.inf, 1e308, -1e308, 5e-324, -0.0, 0.0, 1.0)
LITERALS = {"tone", "level", "numeric", "filters", "lead", "diagonal", "steps", "log", "factor", "language"}
"""What our own code chooses, not a run file."""


def document() -> Document:
    """The sample report with every text replaced, and figures of what cannot be drawn."""
    found = poisoned(harmless(), iter(EVIL * 100_000))
    return replace(found, blocks=[*found.blocks, *extremes(), *empties()])


def poisoned(found: Any, texts: Any) -> Any:
    """The same blocks with other texts."""
    if isinstance(found, str):
        return next(texts)
    if is_dataclass(found) and not isinstance(found, type):
        names = [field.name for field in fields(found) if field.name not in LITERALS]
        return replace(found, **{name: poisoned(getattr(found, name), texts) for name in names})
    return [poisoned(one, texts) for one in found] if isinstance(found, (list, tuple)) else found


def extremes() -> list[Block]:
    """Figures and a table of values that have no place on an axis."""
    points = [Point(value, -math.inf, math.nan, x=value, text=EVIL[0]) for value in WORST]
    found: list[Block] = []
    for log in (False, True):
        axis = Axis(EVIL[1], 1e9, log)
        found.append(Intervals(EVIL[0], axis, EVIL, [(text, points) for text in EVIL], math.nan, EVIL))
        found.append(Curves(EVIL[0], axis, axis, [Series(text, points) for text in EVIL], True, log, EVIL))
        found.append(Strips(EVIL[0], axis, [(text, WORST) for text in EVIL], EVIL))
    found.append(HeatMap(EVIL[0], EVIL[1], EVIL[2], EVIL, EVIL, [points, [None]], math.nan, math.inf, EVIL))
    rows = [Row([Cell(EVIL[0], value), *(Cell(text) for text in EVIL)], id=EVIL[1]) for value in WORST]
    return [*found, Table([Column(EVIL[0])], rows, filters=True)]


def empties() -> list[Block]:
    """Blocks of nothing."""
    axis = Axis("")
    nothing: Sequence[Any] = ()
    return [
        Heading(""),
        Table(nothing, nothing, filters=True),
        Table([Column("a")], [Row(nothing, opens=[Heading("b")])], filters=True),
        Intervals("", axis, nothing, nothing),
        Curves("", axis, axis, [Series("", nothing)], True),
        Strips("", axis, [("", nothing)]),
        HeatMap("", "", "", nothing, nothing, nothing, 0.0, 0.0),
    ]


def many(rows: int = 10_000) -> Document:
    """A table so long that nobody meant it."""
    columns = [Column("outcome"), Column("value", numeric=True), Column("verdict")]
    cells = [[Cell(f"outcome {at}"), Cell(str(at), at), Cell("same", tone="good")] for at in range(rows)]
    return Document("many", [Table(columns, [Row(one, f"row-{at}") for at, one in enumerate(cells)], filters=True)])
