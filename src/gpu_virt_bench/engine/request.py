"""What the user asked for, and who watches a session."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from gpu_virt_bench.engine.entry import Point
from gpu_virt_bench.model.metric import Metric, Value
from gpu_virt_bench.model.run import Suite
from gpu_virt_bench.model.system import System


@dataclass(frozen=True)
class Request:
    """What the user asked for. `metrics` are the words of a selection: which outcomes they name is known when the
    device is."""

    systems: Sequence[System]
    metrics: Sequence[str]
    suite: Suite
    suite_name: str
    registry: Mapping[str, Metric]
    device: str = "auto"
    emulate: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    output: Path = Path("results")
    label: str = ""
    seed: int = 1
    time_budget: float | None = None
    tenants: int | None = None
    memory_limit: int | None = None
    compute_limit: float | None = None
    quota: tuple[int, ...] = ()
    """Percents of the compute, for each of so many tenants."""
    sweep: Mapping[str, Sequence[Point]] = field(default_factory=dict)
    chosen: Mapping[str, Sequence[Value]] = field(default_factory=dict)
    """Values of parameters, for every metric that has them."""
    again: bool = False
    """Whether the first system is measured a second time under another name: the noise floor (A/A)."""
    strict: bool = False
    """Whether one refused system ends the whole session."""
    turns: bool = False
    """Whether entries take turns by repetition although they could stand beside each other."""
    argv: Sequence[str] = ()


class Progress(Protocol):
    """Who watches a session."""

    def note(self, text: str) -> None:
        """A sentence for the user."""

    def began(self, least: int, most: int, left: Callable[[], tuple[float, float]]) -> None:
        """So many repetitions are planned, and allowed; `left` says how many seconds, at least and at most."""

    def doing(self, what: str, repetition: int | None = None) -> None:
        """Something that takes time and gives no sample, before the first repetition or in one."""

    def step(self, entry: str, repetition: int, outcome: str) -> None:
        """An outcome of an entry is being measured."""

    def done(self, entry: str, repetition: int, outcome: str, result: str) -> None:
        """What came of it: measured, skipped or failed."""
