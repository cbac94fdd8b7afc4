"""Every table of a document as one CSV that a data frame reads in one go, by the conventions of report/csv_tables.py.

A row for each row of a table, and for each point of a figure. `section` is the heading that it stands under, `table`
its title; columns of one name are one column. A column has exact values in SI units, the unit in brackets where all
its values have one; where it has values, the texts that people read stand in the column of the same name with
`_text` behind. An empty cell: there is none. What a row opens to has its tables in the file, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from gpu_virt_bench.model.shape import visible
from gpu_virt_bench.report.blocks import (
    Block,
    Box,
    Cell,
    Column,
    Curves,
    Document,
    Fold,
    Heading,
    HeatMap,
    Intervals,
    Strips,
    Table,
)
from gpu_virt_bench.report.csv_tables import cell as written
from gpu_virt_bench.report.csv_tables import harmless, lines
from gpu_virt_bench.report.render import figures

Written = str | float | int

BETWEEN = " | "


class Found(NamedTuple):
    """A table with the heading that it stands under."""

    section: str
    table: Table


def document(found: Document) -> str:
    """The document's tables as a CSV file."""
    return csv(found.blocks)


def csv(blocks: Sequence[Block]) -> str:
    """The tables of blocks: a header, then all rows."""
    found = list(tables(blocks, ""))
    columns = headings(found)
    return lines([["section", "table", *columns], *rows(found, columns)])


def tables(blocks: Sequence[Block], section: str) -> Iterator[Found]:
    """All tables, in the order of the document; of figures every point."""
    for block in blocks:
        match block:
            case Heading():
                section = block.text
            case Box() | Fold():
                yield from tables(block.blocks, block.title)
            case Table():
                yield Found(section, block)
                yield from (found for row in block.rows for found in tables(row.opens, opened(row.cells)))
            case Intervals() | Curves() | Strips() | HeatMap():
                yield Found(section, figures.whole(block))


def opened(cells: Sequence[Cell]) -> str:
    """The section of what a row opens to: the row's name."""
    return cells[0].text if cells else ""


def headings(found: Sequence[Found]) -> list[str]:
    """The columns of all tables, each once; with `_text` behind it where there are values beside texts."""
    cells: dict[str, list[Cell]] = {}
    for one in found:
        for index, name in enumerate(named(one.table.columns)):
            cells.setdefault(name, []).extend(row.cells[index] for row in one.table.rows)
    return [column for name, held in cells.items() for column in ([name, f"{name}_text"] if both(held) else [name])]


def both(cells: Sequence[Cell]) -> bool:
    """Whether cells have values, and texts that say more."""
    has_values = any(cell.value is not None for cell in cells)
    return has_values and any(cell.below or cell.text != in_words(cell.value) for cell in cells)


def in_words(value: float | int | str | bool | None) -> str:
    """A value as a text of its own would say it."""
    return "" if value is None else str(written(value))


def named(columns: Sequence[Column]) -> list[str]:
    """The names of a table's columns with their unit, each another one."""
    found: list[str] = []
    for column in columns:
        plain = text(column.name) or "name"
        name = f"{plain} [{text(column.unit)}]" if column.unit else plain
        found.append(name if name not in found else f"{name} {len(found) + 1}")
    return found


def rows(found: Sequence[Found], columns: Sequence[str]) -> Iterator[list[Written]]:
    """A line for each row."""
    for section, table in found:
        names = named(table.columns)
        for row in table.rows:
            filled: dict[str, Written] = {}
            for name, cell in zip(names, row.cells, strict=True):
                filled |= columns_of(name, cell, f"{name}_text" in columns)
            yield [text(section), text(table.title), *(filled.get(column, "") for column in columns)]


def columns_of(name: str, cell: Cell, has_text: bool) -> dict[str, Written]:
    """A cell's value and its text, or the text alone."""
    words = text(BETWEEN.join([cell.text, *cell.below]))
    if not has_text:
        return {name: written(cell.value) if isinstance(cell.value, float | int) else words}
    value = text(cell.value) if isinstance(cell.value, str) else written(cell.value)
    return {name: value, f"{name}_text": words}


def text(found: str) -> str:
    """A text in one line that no spreadsheet calculates."""
    plain = visible(" ".join(found.split()))
    return harmless(plain)
