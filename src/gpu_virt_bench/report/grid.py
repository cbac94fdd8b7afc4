"""What tables are made of: a table that loses nothing on a narrow terminal, and the console that it stands on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console, ConsoleOptions, ConsoleRenderable, RenderHook, RenderResult
from rich.padding import Padding
from rich.segment import Segment
from rich.table import Column, Table
from rich.text import Text

from gpu_virt_bench.report.signs import writable

FOLDED = 8
"""Columns that a cell whose words may be broken keeps."""


class Grid(Table):
    """A table; where the terminal is too narrow for its columns, a line for each cell, below the first of its row."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The table or the lines."""
        for column in self.columns:
            column.header = written(column.header, console)
            column._cells = [written(cell, console) for cell in column._cells]
        self.title = None if self.title is None else written(self.title, console)
        if not self.rows:
            if self.title is not None:
                yield Text(str(self.title), style=self.title_style or "")
        elif self.least() <= options.max_width:
            yield from super().__rich_console__(console, options)
        else:
            yield from self.lines()

    def least(self) -> int:
        """The narrowest terminal that it fits on without losing a letter."""
        _, right, _, left = self.padding
        around = len(self.columns) * (left + right) - (0 if self.pad_edge else left + right)
        borders = len(self.columns) + 1 if self.box else 0
        return around + borders + sum(map(narrowest, self.columns))

    def lines(self) -> Iterator[Text | Padding]:
        """Each row as lines: its first cell, and below it the others with their headings."""
        if self.title is not None:
            yield Text(str(self.title), style=self.title_style or "")
        first, *others = self.columns
        for number, cell in enumerate(first.cells):
            style = self.rows[number].style or ""
            yield Text(str(cell).strip(), style=style)
            for column in others:
                found = [*column.cells][number]
                name, text = " ".join(str(column.header).split()), ", ".join(str(found).split("\n")).strip()
                if text:
                    own = found.style if isinstance(found, Text) else ""
                    yield Padding(Text(f"{name}: {text}" if name else text, style=own or style), (0, 0, 0, 2))


def narrowest(column: Column) -> int:
    """The columns that one column of a table needs."""
    texts = [str(one) for one in (column.header, *column.cells)]
    if column.no_wrap:
        needed = max((len(line) for text in texts for line in text.splitlines()), default=0)
    else:
        needed = max((len(word) for text in texts for word in text.split()), default=0)
        needed = min(needed, FOLDED) if column.overflow == "fold" else needed
    return max(needed, column.min_width or 0)


def written(found: Any, console: Console) -> Any:  # noqa: ANN401
    """A text as the console's encoding can write it; our texts have one style each."""
    if isinstance(found, Text):
        plain = writable(found.plain, console.encoding)
        return found if plain == found.plain else Text(plain, style=found.style)
    if isinstance(found, Padding):
        found.renderable = written(found.renderable, console)
    return writable(found, console.encoding) if isinstance(found, str) else found


class Page(Console):
    """A console whose lines end with their last letter: columns and wrapped texts are padded to their widths."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401
        super().__init__(**options)
        self.push_render_hook(Trimming())


class Trimming(RenderHook):
    """Trims whatever is printed."""

    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        """The same, trimmed."""
        return [Trimmed(one) for one in renderables]


@dataclass(frozen=True)
class Trimmed:
    """Something to print, without blanks at the ends of its lines."""

    printed: ConsoleRenderable

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Its lines."""
        for line in Segment.split_lines(console.render(self.printed, options)):
            yield from trimmed(line)
            yield Segment.line()


def trimmed(line: Sequence[Segment]) -> list[Segment]:
    """The line up to its last letter."""
    kept = list(line)
    while kept and not kept[-1].control:
        text, style, _ = kept.pop()
        if text := text.rstrip():
            return [*kept, Segment(text, style)]
    return kept


class Out(Page):
    """A console that knows what its encoding lacks before it counts letters."""

    def print(self, *objects: Any, **options: Any) -> None:  # noqa: ANN401
        """Prints them."""
        super().print(*(written(one, self) for one in objects), **options)
