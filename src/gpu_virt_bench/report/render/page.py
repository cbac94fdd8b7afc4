"""What a template asks while it walks a document: ids that are its own, sort keys, verdicts to filter by, figures."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from markupsafe import Markup

from gpu_virt_bench.report.blocks import Block, Box, Cell, Column, Document, Figure, Heading, Row, Table, Tone
from gpu_virt_bench.report.render.drawn import drawing, left_out, svg
from gpu_virt_bench.report.render.figures import read
from gpu_virt_bench.report.render.palette import plain, themed
from gpu_virt_bench.report.render.sheet import Sheet
from gpu_virt_bench.report.render.svg import clean

WIDE, NARROW, PAPER = 920, 360, 700
WORDS: dict[Tone, str] = {"good": "good", "bad": "bad", "unsure": "unsure", "muted": "not measured", "": "no verdict"}
ORDER: Sequence[Tone] = ("bad", "unsure", "good", "", "muted")
"""What a reader looks for first."""
MOST_VERDICTS = 12
"""A column of more different texts is no verdict's, nor is one of longer ones."""
LONGEST_VERDICT = 40
SHORT = 28
SHORT_WORDS = 18
OWN = ("content", "top", "theme", "toc")


@dataclass(frozen=True)
class Entry:
    """A line of the table of contents."""

    text: str
    level: int
    id: str


@dataclass(frozen=True)
class Verdict:
    """What a table can be filtered by: a word, its tone, and of how many rows it is said."""

    word: str
    tone: Tone
    count: int


@dataclass(frozen=True)
class Picture:
    """A figure's drawings, one for each width, what they leave out, and its data."""

    drawings: Sequence[tuple[str, Markup]]
    note: str
    data: Table


@dataclass
class Page:
    """A document on its way to a page; `paper` has neither script nor folds."""

    document: Document
    paper: bool = False
    taken: set[str] = field(default_factory=lambda: set(OWN))
    tables: int = 0
    figures: int = 0
    places: dict[int, str] = field(default_factory=dict)
    empty: Sequence[Cell] = (Cell(""),)
    """What a row without cells has."""

    @cached_property
    def contents(self) -> list[Entry]:
        """The headings of the document, each with its place."""
        return [Entry(one.text, level(one), self.place(one)) for one in headings(self.document.blocks)]

    @property
    def least(self) -> int:
        """The level of the contents' first entries."""
        return min((entry.level for entry in self.contents), default=2)

    def is_title(self, heading: Heading) -> bool:
        """Whether a heading says the document's title, which stands at the top already."""
        return heading.level <= 1 and heading.text == self.document.title

    def place(self, heading: Heading) -> str:
        """A heading's id: the same whenever it is asked for."""
        if id(heading) not in self.places:
            self.places[id(heading)] = self.id_for(heading.id or heading.text[:60] or "section")
        return self.places[id(heading)]

    def id_for(self, wanted: str) -> str:
        """An id as it was wanted, in letters that need no escape, and never twice."""
        base = re.sub(r"[^\w.:=-]+", "-", wanted, flags=re.ASCII).strip("-") or "place"
        found, count = base, 2
        while found in self.taken:
            found, count = f"{base}-{count}", count + 1
        self.taken.add(found)
        return found

    def next_table(self, table: Table) -> str:
        """A table's id, by which the state in the page's address names it: of its title, so that it stays as it is."""
        self.tables += 1
        return self.id_for(f"table-{table.title[:40].lower() or self.tables}")

    def column(self, table: Table, index: int) -> Column:
        """A cell's column; a row may have more cells than its table says."""
        return table.columns[index] if index < len(table.columns) else Column("")

    def density(self, table: Table) -> str:
        """How a table is brought into the width of a sheet of paper, by its columns and its words."""
        if not self.paper:
            return ""
        count = len(table.columns)
        size = " denser" if count > 10 else " dense" if count > 8 else ""
        return f"{size} crowded" if count > 14 or self.crowded(table) else size

    def crowded(self, table: Table) -> bool:
        """Whether a table has words so long that its columns have to be of one width."""
        texts = [text for row in table.rows for cell in row.cells for text in (cell.text, *cell.below)]
        return longest(map(clean, [*texts, *(column.name for column in table.columns)])) > SHORT

    def row_place(self, row: Row, table: str, index: int) -> str:
        """A row's id, where something leads to it."""
        return self.id_for(row.id or f"{table}-{index + 1}") if row.id or row.opens else ""

    def picture(self, figure: Figure) -> Picture:
        """A figure for each width that a page may have, or for paper."""
        self.figures += 1
        sheets = {"wide": Sheet(WIDE, themed), "narrow": Sheet(NARROW, themed)}
        if self.paper:
            sheets = {"wide": Sheet(PAPER, plain)}
        key = self.id_for(f"figure-{self.figures}")
        made = {name: drawing(figure, sheet) for name, sheet in sheets.items()}
        drawings = [(name, svg(figure, one, f"{key}-{name}")) for name, one in made.items()]
        return Picture(drawings, left_out(figure, made["wide"]).strip(), read(figure))


def kind(block: Block) -> str:
    """The name of the macro that shows a block."""
    return type(block).__name__.lower()


def level(heading: Heading) -> int:
    """A heading's level on the page, whose title is the only one of level 1."""
    return min(6, max(2, heading.level))


def headings(blocks: Iterable[Block]) -> Iterator[Heading]:
    """The headings that a reader sees without opening anything."""
    for block in blocks:
        if isinstance(block, Heading) and block.level > 1:
            yield block
        elif isinstance(block, Box):
            yield from headings(block.blocks)


def sort_key(cell: Cell) -> str | None:
    """What a script sorts a cell by; None where its text does."""
    value = cell.value
    if value is None or value == cell.text:
        return None
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else None
    return str(int(value)) if isinstance(value, bool) else str(value)


def classes(column: Column, cell: Cell) -> str:
    """What a style sheet knows of a cell: a short one is kept in a line, a reason has room, a long word is broken."""
    number = "number " if column.numeric else ""
    short = "short " if len(cell.text) < (SHORT if column.numeric else SHORT_WORDS) else ""
    reason = "reason " if any(len(line) > SHORT for line in cell.below) else ""
    long = "long " if longest([cell.text, *cell.below]) > SHORT else ""
    tone = f"tone {cell.tone}" if cell.tone else ""
    return f"{number}{short}{reason}{long}{tone}".strip()


def longest(texts: Iterable[str]) -> int:
    """How many letters the longest word has."""
    return max((len(word) for text in texts if len(text) > SHORT for word in text.split()), default=0)


def verdict_column(table: Table) -> int | None:
    """The column of few words that have a tone."""
    best: tuple[int, int] | None = None
    for index, column in enumerate(table.columns):
        cells = [row.cells[index] for row in table.rows if index < len(row.cells)]
        toned = sum(cell.tone != "" for cell in cells)
        words = {cell.text for cell in cells}
        if not column.numeric and toned and len(words) <= MOST_VERDICTS and max(map(len, words)) <= LONGEST_VERDICT:
            best = max(best or (0, 0), (toned, -index))
    return None if best is None else -best[1]


def said(row: Row, column: int | None) -> list[tuple[str, Tone]]:
    """What a row can be filtered by: its verdict, or the tones of its cells."""
    if column is None:
        tones: list[Tone] = sorted({cell.tone for cell in row.cells if cell.tone}) or [""]
        return [(WORDS[tone], tone) for tone in tones]
    cell = row.cells[column] if column < len(row.cells) else Cell("")
    return [(cell.text or "none", cell.tone)]


def verdicts(table: Table) -> tuple[list[Verdict], list[str]]:
    """All that a table can be filtered by, and for each row the places of its own in that list."""
    column = verdict_column(table)
    found = [said(row, column) for row in table.rows]
    counts: dict[tuple[str, Tone], int] = {}
    for pair in (pair for row in found for pair in row):
        counts[pair] = counts.get(pair, 0) + 1
    pairs = sorted(counts, key=lambda pair: ORDER.index(pair[1]))
    order = {pair: str(place) for place, pair in enumerate(pairs)}
    listed = [Verdict(word, tone, counts[word, tone]) for word, tone in pairs]
    return listed, [" ".join(order[pair] for pair in row) for row in found]
