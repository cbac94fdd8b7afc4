"""What a report says, without a format: blocks of plain data. A format is a renderer of blocks (report/render/).

Texts are what people read, already rounded and with their unit; `value`s are what programs read, exact and in SI units.
Texts come from run files too, which anyone may have written: a renderer escapes all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

Tone = Literal["", "good", "bad", "unsure", "muted"]
"""What a text tells before it is read; a renderer shows it by colour and by the text itself, never by colour alone."""


@dataclass(frozen=True)
class Cell:
    """What stands in a table. `value` is exact and sorts; None where there is none, and the text then sorts."""

    text: str
    value: float | int | str | bool | None = None
    tone: Tone = ""
    below: Sequence[str] = ()
    """Lines under the text: an interval, a reason."""


@dataclass(frozen=True)
class Column:
    """A table's column. `unit` is that of the values, SI; the texts carry their own."""

    name: str
    unit: str = ""
    numeric: bool = False


@dataclass(frozen=True)
class Row:
    """One row. `id` is its place in the document, for links; `opens` is what a reader can unfold."""

    cells: Sequence[Cell]
    id: str = ""
    opens: Sequence[Block] = ()


@dataclass(frozen=True)
class Table:
    """Columns and rows. `filters`: whether a reader searches it by words and by tone. `splits_after`: where a format is
    too narrow, so many columns are repeated, with as many of the others beside them as fit; 0: never."""

    columns: Sequence[Column]
    rows: Sequence[Row]
    title: str = ""
    filters: bool = False
    splits_after: int = 0


@dataclass(frozen=True)
class Heading:
    """A heading: level 1 is the document's title, 2 a section's. `id` is its place in the document."""

    text: str
    level: int = 2
    id: str = ""


@dataclass(frozen=True)
class Sentence:
    """One paragraph. `lead`: an answer of the first screen."""

    text: str
    tone: Tone = ""
    lead: bool = False


@dataclass(frozen=True)
class Remark:
    """What a reader must know beside the numbers; a renderer makes it stand out."""

    text: str
    tone: Tone = "unsure"


@dataclass(frozen=True)
class Bullets:
    """A list of sentences."""

    items: Sequence[str]
    tone: Tone = ""


@dataclass(frozen=True)
class Code:
    """A command, or text that is shown as it is."""

    text: str


@dataclass(frozen=True)
class Box:
    """Blocks that belong together, with a title."""

    title: str
    blocks: Sequence[Block]
    tone: Tone = ""


@dataclass(frozen=True)
class Fold:
    """Blocks that a reader opens; formats without folding show them."""

    title: str
    blocks: Sequence[Block]


# ---- figures: `marks` (EMULATED, DERIVED, THROTTLED, UNPROVEN) are drawn inside, so that a picture of it keeps them


@dataclass(frozen=True)
class Point:
    """A value, with an interval or without one, at `x` where the figure has such an axis; x may have one too."""

    value: float
    low: float | None = None
    high: float | None = None
    x: float = 0.0
    text: str = ""
    tone: Tone = ""
    x_low: float | None = None
    x_high: float | None = None


@dataclass(frozen=True)
class Axis:
    """A figure's axis: its name with the unit of the texts, and the factor to them. `zero`: it begins at 0, so
    that distances are as the values are."""

    name: str
    factor: float = 1.0
    log: bool = False
    zero: bool = False


@dataclass(frozen=True)
class Series:
    """Points of one name: a system."""

    name: str
    points: Sequence[Point]


@dataclass(frozen=True)
class Intervals:
    """Estimates beside each other: for each `rows[i]` one point of each series, None where it has none. `reference` is
    drawn as a line across: no change."""

    title: str
    axis: Axis
    rows: Sequence[str]
    series: Sequence[tuple[str, Sequence[Point | None]]]
    reference: float | None = None
    marks: Sequence[str] = ()


@dataclass(frozen=True)
class Curves:
    """Values over x: a limit's curve, bandwidth over size, a limiter settling, a distribution (`steps`). `diagonal`
    draws what y = x would be: what was asked for."""

    title: str
    x: Axis
    y: Axis
    series: Sequence[Series]
    diagonal: bool = False
    steps: bool = False
    marks: Sequence[str] = ()


@dataclass(frozen=True)
class Strips:
    """All samples of each series, a dot each, beside its median."""

    title: str
    axis: Axis
    series: Sequence[tuple[str, Sequence[float]]]
    marks: Sequence[str] = ()


@dataclass(frozen=True)
class HeatMap:
    """A matrix; None where nothing was measured. The colour goes from `best` to `worst`, and each cell has its text."""

    title: str
    row_name: str
    column_name: str
    rows: Sequence[str]
    columns: Sequence[str]
    cells: Sequence[Sequence[Point | None]]
    best: float
    worst: float
    marks: Sequence[str] = ()


Figure = Intervals | Curves | Strips | HeatMap
Block = Heading | Sentence | Remark | Bullets | Code | Box | Fold | Table | Intervals | Curves | Strips | HeatMap


@dataclass(frozen=True)
class Document:
    """A report: its title, what it was made from, and its blocks."""

    title: str
    blocks: Sequence[Block]
    language: str = "en"
    made: str = ""
    """When and by what, one line."""
    files: Sequence[str] = field(default=())
    """The run files."""
