"""What a user sees while a session runs; on standard error, so that standard output stays clean."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

    from gpu_virt_bench.engine.request import Progress


class Silent:
    """Nothing."""

    def note(self, text: str) -> None:
        """Says nothing."""

    def began(self, steps: int) -> None:
        """Says nothing."""

    def step(self, system: str, repetition: int, outcome: str) -> None:
        """Says nothing."""

    def done(self, system: str, repetition: int, outcome: str, result: str) -> None:
        """Says nothing."""


class Lines(Silent):
    """One line for each outcome of each repetition."""

    def note(self, text: str) -> None:
        """A sentence."""
        click.echo(text, err=True)

    def done(self, system: str, repetition: int, outcome: str, result: str) -> None:
        """What came of it."""
        click.echo(f"{system}  repetition {repetition + 1}  {outcome}  {result}", err=True)


class Live(Silent):
    """A progress bar."""

    def __init__(self, bar: Bar) -> None:
        self._bar = bar
        self._task = bar.add_task("preparing", total=None)

    def note(self, text: str) -> None:
        """A sentence above the bar."""
        self._bar.console.print(text, highlight=False)

    def began(self, steps: int) -> None:
        """The bar has a length."""
        self._bar.update(self._task, total=steps)

    def step(self, system: str, repetition: int, outcome: str) -> None:
        """What is being measured."""
        self._bar.update(self._task, description=f"{system}  repetition {repetition + 1}  {outcome}")

    def done(self, system: str, repetition: int, outcome: str, result: str) -> None:
        """One step further."""
        self._bar.advance(self._task)


@contextmanager
def display(given: Silent | None) -> Iterator[Progress]:
    """The given display, or a bar on a terminal and only notes elsewhere."""
    from rich.console import Console

    console = Console(stderr=True)
    if given is not None:
        yield given
    elif not console.is_terminal:
        yield Notes()
    else:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=console, transient=True) as bar:
            yield Live(bar)


class Notes(Silent):
    """Sentences only: standard error is a file."""

    def note(self, text: str) -> None:
        """A sentence."""
        click.echo(text, err=True)
