"""How much longer a session will take: by the plan, corrected by how quick the session has been."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

Shares = dict[tuple[str, str], float]
"""Seconds by entry and outcome."""

PRIOR = 10.0
"""Seconds of work that the plan's own pace counts for: a quick or slow first second says little."""


@dataclass
class Outlook:
    """What lies ahead of a session, in seconds by the plan: at least, and at most."""

    least: float
    most: float
    deadline: float | None = None
    clock: Callable[[], float] = time.monotonic
    open: Shares = field(default_factory=dict)
    """What the repetition at hand has not given yet."""
    done: float = 0.0
    """What has been done, in seconds by the plan."""

    def __post_init__(self) -> None:
        self._began = self.clock()

    def repeat(self, wanted: Shares, least: float, most: float) -> None:
        """A repetition begins; `least` and `most` lie ahead, it included."""
        self.open, self.least, self.most = dict(wanted), least, most

    def did(self, entry: str, outcome: str) -> None:
        """An outcome of an entry has been measured in this repetition, or was left out."""
        self.pass_by(self.open.pop((entry, outcome), 0.0))

    def pass_by(self, seconds: float) -> None:
        """So much of the plan is behind."""
        self.done += seconds
        self.least, self.most = max(0.0, self.least - seconds), max(0.0, self.most - seconds)

    def left(self) -> tuple[float, float]:
        """Seconds until the end, at least and at most; no more than the time budget has."""
        now = self.clock()
        pace = (now - self._began + PRIOR) / (self.done + PRIOR)
        budget = math.inf if self.deadline is None else max(0.0, self.deadline - now)
        return min(pace * self.least, budget), min(pace * self.most, budget)
