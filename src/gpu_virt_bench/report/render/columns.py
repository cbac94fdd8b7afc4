"""How wide a table's columns are where they share a width, and which of them stand beside each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from gpu_virt_bench.report.blocks import Cell, Table

GAP = 2
"""Columns between two columns of a table; one where words would have to be broken otherwise, or numbers wrapped."""
NARROWEST = 22
"""Columns that the names of rows keep where a table is split."""
BREAKABLE = 48
"""A longer word is none that anybody reads whole."""
LEAST = 12
"""With fewer a table is split."""
WHOLE = 24
"""Lines up to this width are wrapped last, but for those of the first column, which names the rows."""


def lines(cell: Cell) -> list[str]:
    """A cell's lines."""
    return [cell.text, *cell.below]


def column_lines(table: Table, index: int) -> list[str]:
    """All lines of one column, the words of its name first: a name is wrapped for no cell's sake."""
    return [*table.columns[index].name.split(), *(line for row in table.rows for line in lines(row.cells[index]))]


def longest(texts: Sequence[str]) -> int:
    """The letters of the longest."""
    return max(map(len, texts), default=0)


def longest_word(texts: Sequence[str]) -> int:
    """The letters of the longest word; of a path or a hash no more than are read at once: it is broken."""
    return min(BREAKABLE, longest([word for text in texts for word in text.split()]))


class Layout(NamedTuple):
    """The width of each column, and of what is between them."""

    widths: Sequence[int]
    gap: int = GAP


def layout(table: Table, width: int) -> Layout | None:
    """Whole lines where there is room, else short ones whole, else numbers and words whole, else most numbers, else
    words; None where even that does not fit."""
    if not table.columns:
        return None
    found = [column_lines(table, index) for index in range(len(table.columns))]
    words = [longest_word(one) for one in found]
    named = [max(longest(one), len(column.name)) for one, column in zip(found, table.columns, strict=True)]
    whole = [longest(one) for one in found]
    numbers = [a if column.numeric else b for column, a, b in zip(table.columns, whole, words, strict=True)]
    most = [
        max(b, usual(one)) if column.numeric else b for column, one, b in zip(table.columns, found, words, strict=True)
    ]
    wide = [(least, GAP) for least in (named, whole, short(found), numbers)]
    ways = [*wide, (numbers, 1), (most, GAP), (most, 1), (words, GAP), (words, 1)]
    for least, gap in ways:
        room = width - gap * (len(found) - 1)
        if sum(least) <= room:
            return Layout(shared(least, found, room), gap)
    return None


def usual(texts: Sequence[str]) -> int:
    """The letters that four of five texts do not exceed."""
    return sorted(map(len, texts))[len(texts) * 4 // 5 - 1]


def short(found: Sequence[Sequence[str]]) -> list[int]:
    """What columns need whose words and short lines are whole."""
    first, *others = found
    return [longest_word(first), *(max(longest_word(one), min(longest(one), WHOLE)) for one in others)]


def shared(least: Sequence[int], found: Sequence[Sequence[str]], room: int) -> list[int]:
    """The least widths, and what room is left given letter by letter to the column that is wrapped most."""
    given = [*least]
    lengths = [Counter(map(len, lines)) for lines in found]
    for _ in range(room - sum(least)):
        excess = [wrapped(one, width) for one, width in zip(lengths, given, strict=True)]
        if not any(excess):
            break
        given[excess.index(max(excess))] += 1
    return given


def wrapped(lengths: Mapping[int, int], width: int) -> int:
    """How many lines more a column has than it has texts, about, of how many texts of which length."""
    return sum(count * ((length - 1) // max(1, width)) for length, count in lengths.items() if length > width)


def parts(table: Table, width: int) -> list[Table]:
    """A table that may be split as tables that fit; any other alone."""
    heads, count = table.splits_after, len(table.columns)
    if not 0 < heads < count:
        return [table]
    needed = short([column_lines(table, index) for index in range(count)])
    if max(needed[0], LEAST) + sum(needed[1:]) + GAP * (count - 1) <= width:
        return [table]
    first = max(needed[0], NARROWEST) + sum(needed[1:heads]) + GAP * heads
    groups: list[list[int]] = [[]]
    for index in range(heads, count):
        taken = [*groups[-1], index]
        if groups[-1] and first + sum(needed[one] + GAP for one in taken) - GAP > width:
            groups.append([index])
        else:
            groups[-1] = taken
    return [taken_out(table, [*range(heads), *group], number) for number, group in enumerate(groups)]


def taken_out(table: Table, indices: Sequence[int], number: int) -> Table:
    """Some columns of a table; the first part has its title and what its rows open to."""
    rows = [
        replace(row, cells=[row.cells[index] for index in indices], opens=() if number else row.opens)
        for row in table.rows
    ]
    columns = [table.columns[index] for index in indices]
    return replace(table, columns=columns, rows=rows, title="" if number else table.title, splits_after=0)
