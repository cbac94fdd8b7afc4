"""What a user sees while a session runs; on standard error, so that standard output stays clean."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

import click

from gpu_virt_bench.cli.watch import Silent as Silent
from gpu_virt_bench.cli.watch import Watch

EVERY = 30.0
"""Seconds between two lines where standard error is no terminal."""


class Notes(Watch):
    """Sentences, and now and then a line that says how far it is: standard error is a file."""

    def note(self, text: str) -> None:
        """A sentence."""
        click.echo(text, err=True)

    def line(self) -> str:
        """`60 s elapsed: repetition 2 of 5, OH-010 of native; about 2 min left`."""
        where = ", ".join(text for text in (self.repetition, self.what) if text)
        return f"{self.elapsed()}: {where}" + (f"; {left}" if (left := self.left()) else "")


class Lines(Notes):
    """One line for each outcome of each repetition, too."""

    def done(self, system: str, repetition: int, outcome: str, result: str) -> None:
        """What came of it."""
        click.echo(f"{system}  repetition {repetition + 1}  {outcome}  {result}", err=True)


Shown = TypeVar("Shown", bound=Notes)


@contextmanager
def beating(notes: Shown, every: float = EVERY) -> Iterator[Shown]:
    """A line of the notes every so many seconds, while the block lasts."""
    over = threading.Event()

    def beat() -> None:
        while not over.wait(every):
            click.echo(notes.line(), err=True)

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield notes
    finally:
        over.set()
        thread.join()


@contextmanager
def display(given: Silent | None = None, every: float = EVERY) -> Iterator[Silent]:
    """The given display; else a bar on a terminal, and elsewhere sentences with a line every so many seconds."""
    from rich.console import Console

    console = Console(stderr=True)
    if isinstance(given, Notes):
        with beating(given, every):
            yield given
    elif given is not None:
        yield given
    elif console.is_terminal:
        from gpu_virt_bench.cli.bar import bar

        with bar(console) as shown:
            yield shown
    else:
        with beating(Notes(), every) as notes:
            yield notes
