"""A bar on a terminal: how far a session is, how much longer it will take, and below it what is being done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from gpu_virt_bench.cli.watch import Watch

WIDTH = 12
A_SECOND = 2
"""So often it is drawn: the harness should not take the processors' time."""


class Bar(Watch):
    """A session as two lines that are drawn anew."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self.live = Live(
            console=console,
            get_renderable=self.drawn,
            transient=True,
            refresh_per_second=A_SECOND,
            redirect_stdout=False,
        )

    def note(self, text: str) -> None:
        """A sentence above the bar."""
        self.live.console.print(text, highlight=False, markup=False)

    def drawn(self) -> RenderableType:
        """Bar, repetition, time left and elapsed; below, what is being done."""
        grid = Table.grid(padding=(0, 1))
        cells = [Text(text, no_wrap=True) for text in (self.repetition, self.left(), self.elapsed()) if text]
        grid.add_row(ProgressBar(total=1.0, completed=self.share(), width=WIDTH), *cells)
        return Group(grid, Text(self.what, no_wrap=True, overflow="ellipsis"))

    @contextmanager
    def hidden(self) -> Iterator[None]:
        """The bar is away while something is printed on standard output."""
        self.live.stop()
        try:
            yield
        finally:
            self.live.start()


@contextmanager
def bar(console: Console) -> Iterator[Bar]:
    """The bar while the block lasts."""
    shown = Bar(console)
    with shown.live:
        yield shown
