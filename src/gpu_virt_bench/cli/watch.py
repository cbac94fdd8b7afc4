"""Where a session is and how long it will take, for whoever shows it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from gpu_virt_bench.model.text import told


class Silent:
    """Nothing."""

    def note(self, text: str) -> None:
        """Says nothing."""

    def began(self, least: int, most: int, left: Callable[[], tuple[float, float]]) -> None:
        """Says nothing."""

    def doing(self, what: str, repetition: int | None = None) -> None:
        """Says nothing."""

    def step(self, system: str, repetition: int, outcome: str) -> None:
        """Says nothing."""

    def done(self, system: str, repetition: int, outcome: str, result: str) -> None:
        """Says nothing."""

    def hidden(self) -> AbstractContextManager[object]:
        """Nothing is in the way of what is printed meanwhile."""
        return nullcontext()


class Watch(Silent):
    """Where a session is, and how long it will take."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._began = clock, clock()
        self._left: Callable[[], tuple[float, float]] | None = None
        self._least = self._most = 0
        self.repetition, self.what = "", "preparing"

    def began(self, least: int, most: int, left: Callable[[], tuple[float, float]]) -> None:
        """The plan is known."""
        self._least, self._most, self._left = least, most, left

    def doing(self, what: str, repetition: int | None = None) -> None:
        """Nothing is sampled."""
        self.what = what
        if repetition is not None:
            self.repetition = f"repetition {repetition + 1} of {self._of(repetition)}"

    def step(self, system: str, repetition: int, outcome: str) -> None:
        """An outcome is being sampled."""
        self.doing(f"{outcome} of {system}", repetition)

    def _of(self, repetition: int) -> str:
        """How many there will be."""
        if repetition >= self._least:
            return f"at most {self._most}"
        return f"{self._least}" if self._least == self._most else f"{self._least} to {self._most}"

    def elapsed(self) -> str:
        """Since the program began."""
        return f"{told(self._clock() - self._began)} elapsed"

    def left(self) -> str:
        """`about 3 min left`, "" before the plan is known."""
        if self._left is None:
            return ""
        least, most = map(rounded, self._left())
        return f"about {least if least == most else f'{least} to {most}'} left"

    def share(self) -> float:
        """Which part is done: of the time that it has taken and will at most take."""
        if self._left is None:
            return 0.0
        past = self._clock() - self._began
        return past / max(past + self._left()[1], 1e-9)


def rounded(seconds: float) -> str:
    """As exactly as it is known: steps of 5 s, then minutes."""
    return f"{max(5, 5 * math.ceil(seconds / 5))} s" if seconds < 95 else f"{round(seconds / 60)} min"
