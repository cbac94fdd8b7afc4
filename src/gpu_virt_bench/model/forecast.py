"""What a session would measure, as plain data: `run --dry-run`."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class PlannedRun:
    """One run of a session that has not begun; limits as they were asked for, None: none."""

    name: str
    folder: str
    """Where its file would go."""
    memory_limit_bytes: int | None = None
    compute_limit: float | None = None
    compute_quota: list[float] = field(default_factory=list)
    """Compute shares of so many tenants, in order."""
    unlimited: list[str] = field(default_factory=list)
    """Limits that were asked for and that the system does not have."""
    outcomes: list[str] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)
    """Outcomes that do not apply, with the reason."""
    refused: str = ""
    """Why it would be refused, as far as that is known without proof."""


@dataclass(frozen=True)
class SideBySide:
    """Runs that are measured in rounds with each other, and why not with the first ones."""

    runs: list[str]
    why: str = ""


@dataclass(frozen=True)
class Forecast:
    """What a session would measure, and in about how many seconds: its planned repetitions, and as many as the suite
    allows."""

    device: str
    emulated: bool
    suite: str
    repetitions: int
    max_repetitions: int
    seconds: float
    most_seconds: float
    time_budget_seconds: float | None
    runs: list[PlannedRun]
    side_by_side: list[SideBySide]
