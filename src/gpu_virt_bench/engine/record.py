"""One run while it grows: outcomes are added, and the file is written after each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from gpu_virt_bench import results
from gpu_virt_bench.engine import sampling
from gpu_virt_bench.engine.observer import now
from gpu_virt_bench.engine.plan import Item
from gpu_virt_bench.model.metric import Metric
from gpu_virt_bench.model.run import Definition, Failed, Measured, Outcome, Repetition, Run, Skipped


def definition(metric: Metric) -> Definition:
    """What the file says about a metric."""
    return Definition(
        metric.title,
        metric.category,
        metric.sample_unit,
        metric.unit,
        metric.better,
        metric.compare,
        metric.ideal,
        metric.revision,
        metric.definition,
    )


@dataclass
class Record:
    """A run, its file and what is still missing."""

    run: Run
    path: Path
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    repetitions: dict[str, list[Repetition]] = field(default_factory=dict)
    wanted: dict[str, int] = field(default_factory=dict)

    def expect(self, items: Sequence[Item], repetitions: int) -> None:
        """Declares what will be measured, how often."""
        self.wanted = {item.id: repetitions for item in items}
        metrics = {item.metric.id: definition(item.metric) for item in items}
        self.run = replace(self.run, metrics=metrics)

    def is_open(self, item: Item) -> bool:
        """Whether an outcome may still get samples."""
        return not isinstance(self.outcomes.get(item.id), Skipped | Failed)

    def add(self, item: Item, repetition: Repetition) -> None:
        """Adds a repetition of samples."""
        taken = self.repetitions.setdefault(item.id, [])
        taken.append(repetition)
        error = sampling.too_many_rejected(taken)
        if error is not None:
            self.outcomes[item.id] = Failed(item.metric.id, dict(item.params), error, list(taken), item.is_headline)
        elif any(part.samples for part in taken):
            self.outcomes[item.id] = Measured(item.metric.id, dict(item.params), list(taken), item.is_headline)

    def fail(self, item: Item, error: str, partial: Repetition | None = None) -> None:
        """Marks an outcome failed; what was measured stays."""
        taken = self.repetitions.setdefault(item.id, [])
        if partial is not None and (partial.samples or partial.rejected):
            taken.append(partial)
        self.outcomes[item.id] = Failed(item.metric.id, dict(item.params), error, list(taken), item.is_headline)

    def skip(self, item: Item, reason: str) -> None:
        """Marks an outcome as not applicable."""
        self.outcomes[item.id] = Skipped(item.metric.id, dict(item.params), reason, item.is_headline)

    def missing(self) -> list[str]:
        """What was planned and has not been measured."""
        lacking = []
        for name, wanted in self.wanted.items():
            if isinstance(self.outcomes.get(name), Skipped | Failed):
                continue
            found = len(self.repetitions.get(name, ()))
            if found < wanted:
                lacking.append(f"{name}: {wanted - found} of {wanted} repetitions")
        return lacking

    def update(self, **changes: object) -> None:
        """Changes other fields of the run."""
        self.run = replace(self.run, **changes)  # type: ignore[arg-type]

    def save(self, status: Literal["running", "complete", "interrupted", "refused"] = "running") -> None:
        """Writes the file as it is now."""
        ended = None if status == "running" else now()
        missing = self.missing()
        self.run = replace(self.run, status=status, ended=ended, missing=missing, outcomes=dict(self.outcomes))
        results.save(self.run, self.path)
