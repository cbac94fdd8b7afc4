"""One run while it grows: outcomes are added, and the file is written after each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from gpu_virt_bench import results
from gpu_virt_bench._version import __version__
from gpu_virt_bench.engine import host as hosts
from gpu_virt_bench.engine.entry import Entry
from gpu_virt_bench.engine.observer import now
from gpu_virt_bench.engine.plan import Item
from gpu_virt_bench.engine.reference import Reference
from gpu_virt_bench.libgvb.abi import ABI
from gpu_virt_bench.model.metric import Metric
from gpu_virt_bench.model.run import (
    SCHEMA_VERSION,
    Definition,
    Failed,
    Measured,
    Outcome,
    Plan,
    Repetition,
    Run,
    Session,
    Skipped,
    SystemRecord,
    too_many_rejected,
)
from gpu_virt_bench.systems.environment import scrubbed

if TYPE_CHECKING:
    from gpu_virt_bench.engine.session import Request


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
        error = too_many_rejected(taken)
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


def new_record(request: Request, entry: Entry, reference: Reference, session: Session, began: str) -> Record:
    """The run of one entry, with everything known before its first sample."""
    system, state = entry.system, reference.target.observer
    options = dict(request.options.get(system.id, {}))
    files = [options[name] for name, option in system.options.items() if option.kind == "file" and name in options]
    run = Run(
        schema_version=SCHEMA_VERSION,
        kind="measured",
        tool_version=__version__,
        libgvb_abi=ABI,
        began=began,
        status="running",
        system=SystemRecord(
            system.id,
            system.title,
            system.mechanism,
            list(system.features),
            {name: str(value) for name, value in system.enforces.items()},
            system.fault_domain,
            system.source,
            options,
        ),
        session=session,
        device=reference.device,
        host=hosts.host(),
        plan=planned(request, entry),
        label=request.label,
        twin=entry.twin,
        point=dict(entry.point),
        before=state.state() if state is not None else None,
        libraries=[hosts.library(path) for path in (*reference.libraries, *files)],
        scrubbed=scrubbed(),
        warnings=entry.unlimited,
    )
    path = results.new_path(request.output, system.id, began)
    marks = ["aa"] if entry.twin else [f"{name}-{value}" for name, value in entry.point.items()]
    record = Record(run, path.with_name("_".join([path.stem, *marks]) + path.suffix))
    record.expect(entry.items, request.suite.repetitions)
    return record


def planned(request: Request, entry: Entry) -> Plan:
    """What was asked for."""
    suite = request.suite
    return Plan(
        suite=request.suite_name,
        outcomes=[item.id for item in entry.items],
        repetitions=suite.repetitions,
        max_repetitions=suite.max_repetitions,
        warmup=suite.warmup,
        samples=dict(suite.samples),
        seconds_per_outcome=suite.seconds_per_outcome,
        target_half_width=suite.target_half_width,
        warm_seconds=suite.warm_seconds,
        window_seconds=suite.window_seconds,
        settle_seconds=suite.settle_seconds,
        quota_window_seconds=suite.quota_window_seconds,
        quota_settle_seconds=suite.quota_settle_seconds,
        seed=request.seed,
        quiet_seconds=suite.quiet_seconds,
        tenants=entry.tenants,
        memory_limit_bytes=entry.memory_limit,
        compute_limit=entry.compute_limit,
        time_budget_seconds=request.time_budget,
    )
