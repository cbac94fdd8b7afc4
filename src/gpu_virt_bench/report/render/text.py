"""Blocks as text, on a terminal or in a file.

A tone is a colour where there are colours, and the text says the same. What a row opens to stands in the formats that
can fold.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Literal

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from gpu_virt_bench.model.shape import visible
from gpu_virt_bench.report.blocks import (
    Block,
    Box,
    Bullets,
    Cell,
    Code,
    Curves,
    Document,
    Figure,
    Fold,
    Heading,
    Intervals,
    Remark,
    Sentence,
    Table,
    Tone,
)
from gpu_virt_bench.report.grid import Grid, Page, written
from gpu_virt_bench.report.render import figures, plot
from gpu_virt_bench.report.render.columns import GAP, layout, parts
from gpu_virt_bench.report.signs import writable

Printed = Text | Grid
"""What stands on lines of its own."""

STYLES: dict[Tone, str] = {"": "", "good": "green", "bad": "red", "unsure": "yellow", "muted": "dim"}
INDENT = 2
TALL = 2.7
"""Lines of a row, on average, from which on empty lines tell rows apart."""
COMMAND = re.compile(r"(?<!\S)::(?=\w)")
UNDERLINES = {1: "=", 2: "-"}


def document(found: Document, width: int = 80) -> str:
    """The document as a text file."""
    file = io.StringIO()
    out = Page(file=file, width=width, no_color=True, highlight=False, force_terminal=False, legacy_windows=False)
    print_document(found, out)
    return file.getvalue()


def print_document(found: Document, out: Console) -> None:
    """The document with its title, and headings underlined: where a reader scrolls and nothing is bold."""
    about: list[Block] = [Heading(found.title, 1)]
    about += [Sentence(found.made, "muted")] if found.made else []
    about += [Bullets(found.files)] if found.files else []
    print_blocks([*about, *found.blocks], out, underlined=True)


def print_blocks(blocks: Sequence[Block], out: Console, underlined: bool = False) -> None:
    """Blocks, one below the other."""
    for indent, printed in arranged(blocks, out, 0, underlined):
        if printed is None:
            out.print()
        elif isinstance(printed, Text) and printed.no_wrap:
            # a command that is broken cannot be copied
            out.print(Text(" " * indent + writable(printed.plain, out.encoding)), soft_wrap=True)
        else:
            out.print(Padding(written(printed, out), (0, 0, 0, indent), expand=False))


def arranged(
    blocks: Sequence[Block], out: Console, indent: int, underlined: bool
) -> Iterator[tuple[int, Printed | None]]:
    """What is printed with how far it stands to the right; None is an empty line."""
    before: Block | None = None
    for block in blocks:
        if isinstance(block, Bullets) and not block.items:
            continue
        if before is not None and apart(before, block):
            yield indent, None
        before = block
        if isinstance(block, Box | Fold):
            yield indent, line(block.title, "bold")
            yield from arranged(block.blocks, out, indent + INDENT, underlined)
        else:
            further = indent + (INDENT if isinstance(block, Remark | Bullets | Code) else 0)
            yield from ((further, one) for one in lines(block, out.width - further, out.encoding))
            if underlined and isinstance(block, Heading) and block.level in UNDERLINES:
                yield indent, Text(UNDERLINES[block.level] * min(len(clean(block.text)), out.width - indent))


def apart(before: Block, block: Block) -> bool:
    """Whether an empty line stands between two blocks."""
    is_list = isinstance(before, Remark | Bullets) and isinstance(block, Remark | Bullets)
    return not (is_list or isinstance(before, Heading))


def clean(text: str) -> str:
    """A text in one line, without what steers."""
    return safe(" ".join(text.split()))


def safe(text: str) -> str:
    """A text without what steers a terminal, or GitHub's CI where it begins a line."""
    return COMMAND.sub(": :", visible(text))


def line(text: str, style: str = "") -> Text:
    """A text in one style."""
    return Text(clean(text), style=style)


def lines(block: Block, width: int, encoding: str) -> Iterator[Printed | None]:
    """One block as what is printed."""
    match block:
        case Heading():
            yield line(block.text, "bold")
        case Sentence():
            yield line(block.text, "bold" if block.lead else STYLES[block.tone])
        case Remark():
            yield line(block.text, STYLES[block.tone])
        case Bullets():
            yield from (line(item, STYLES[block.tone]) for item in block.items)
        case Code():
            yield from (Text(safe(one.expandtabs()), no_wrap=True) for one in block.text.splitlines())
        case Box() | Fold():
            raise TypeError(f"{type(block).__name__} holds blocks, expected one that is printed")
        case _:
            for number, table in enumerate(as_tables(block)):
                yield from [None] if number else []
                yield from tabled(in_signs(table, encoding), width)


def tabled(table: Table, width: int) -> Iterator[Printed | None]:
    """A table with its title, in parts where it is too wide."""
    if table.title:
        yield Text(table.title, style="bold")
    for number, part in enumerate(parts(table, width) if table.rows else []):
        yield from [None] if number else []
        yield grid(part, width)


def as_tables(block: Table | Figure) -> list[Table]:
    """A table, or a figure as one or as two."""
    match block:
        case Table():
            return [block]
        case Intervals():
            return [plot.intervals(block)]
        case Curves() if plot.are_many(block):
            return [plot.courses(block), figures.read(block)]
        case _:
            return [figures.read(block)]


def in_signs(table: Table, encoding: str) -> Table:
    """The table in the signs that an encoding has, before its letters are counted."""

    def sign(text: str) -> str:
        return writable(clean(text), encoding)

    def cell(found: Cell) -> Cell:
        return replace(found, text=sign(found.text), below=[sign(text) for text in found.below])

    columns = [replace(one, name=sign(one.name)) for one in table.columns]
    rows = [replace(row, cells=[cell(one) for one in row.cells]) for row in table.rows]
    return replace(table, columns=columns, rows=rows, title=sign(table.title))


def grid(table: Table, width: int) -> Grid:
    """A table for a terminal of that width."""
    # without a layout the grid has a line for each cell
    found = layout(table, width)
    tall = sum(max((1 + len(cell.below) for cell in row.cells), default=1) for row in table.rows)
    made = Grid(
        header_style="bold",
        box=None,
        padding=(0, GAP if found is None else found.gap, 0, 0),
        pad_edge=False,
        show_header=any(column.name for column in table.columns),
    )
    widths: Sequence[int | None] = [None] * len(table.columns) if found is None else found.widths
    for column, width_ in zip(table.columns, widths, strict=True):
        side: Literal["left", "right"] = "right" if column.numeric else "left"
        made.add_column(Text(column.name), justify=side, overflow="ellipsis" if found is None else "fold", width=width_)
    for number, row in enumerate(table.rows):
        if number and tall > TALL * len(table.rows):
            made.add_row()
        made.add_row(*(Text("\n".join([cell.text, *cell.below]), STYLES[cell.tone]) for cell in row.cells))
    return made
