"""One run while it grows: outcomes are added, and the file is written after each."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from gpu_virt_bench import results
from gpu_virt_bench._version import __version__
from gpu_virt_bench.engine import host as hosts
from gpu_virt_bench.engine.entry import Entry
from gpu_virt_bench.engine.place import Place
from gpu_virt_bench.engine.plan import Item
from gpu_virt_bench.engine.request import Request
from gpu_virt_bench.libgvb.abi import ABI
from gpu_virt_bench.model.metric import Metric, Value
from gpu_virt_bench.model.run import (
    CUT_SHORT,
    SCHEMA_VERSION,
    Definition,
    Failed,
    Granted,
    Measured,
    Outcome,
    Plan,
    Repetition,
    Run,
    Session,
    Skipped,
    SystemRecord,
    now,
    too_many_rejected,
)
from gpu_virt_bench.model.system import System
from gpu_virt_bench.model.text import counted
from gpu_virt_bench.systems.environment import scrubbed


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
        metric.baseline,
    )


REST = 1.0
"""Seconds between two writings of a file that grows."""


Stop = Literal["", "narrow", "repetitions", "seconds", "out-of-time"]
Status = Literal["running", "complete", "interrupted", "out-of-time", "refused"]


@dataclass
class Record:
    """A run, its file and what is still missing."""

    run: Run
    path: Path = Path()
    """Where it is written, from `begin` on."""
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    repetitions: dict[str, list[Repetition]] = field(default_factory=dict)
    wanted: dict[str, int] = field(default_factory=dict)
    refused: str = ""
    """Why the run must not exist, "" while it may."""
    written: float = 0.0
    """When the file was written last (time.monotonic)."""
    marks: Sequence[str] = ()
    """What stands in the file's name beside system and time."""

    def expect(self, items: Sequence[Item], repetitions: int) -> None:
        """Declares what will be measured, how often."""
        self.wanted = {item.id: repetitions for item in items}
        metrics = {item.metric.id: definition(item.metric) for item in items}
        self.run = replace(self.run, metrics=metrics)

    def is_open(self, item: Item) -> bool:
        """Whether an outcome may still get samples."""
        return not isinstance(self.outcomes.get(item.id), Skipped | Failed)

    def add(
        self, item: Item, repetition: Repetition, party: Sequence[Granted], conditions: Mapping[str, Value]
    ) -> None:
        """Adds a repetition of samples; one that was cut short before its first is none."""
        if repetition.stop in CUT_SHORT and not repetition.samples and not repetition.rejected:
            return
        taken = self.repetitions.setdefault(item.id, [])
        taken.append(repetition)
        before = self.outcomes.get(item.id)
        if isinstance(before, Measured) and before.conditions != dict(conditions):
            self.fail(item, f"other conditions than before: {dict(conditions)}, not {before.conditions}")
        elif error := too_many_rejected(taken):
            self.fail(item, error)
        elif any(part.samples for part in taken):
            params, kept = dict(item.params), list(taken)
            self.outcomes[item.id] = Measured(
                item.metric.id,
                params,
                kept,
                item.is_headline,
                party=list(party),
                conditions=dict(conditions),
                completion=item.metric.completion_of(params),
            )

    def void(self, item: Item, index: int) -> None:
        """Takes back what a repetition gave: its tenants were lost before they were proved again."""
        taken = [one for one in self.repetitions.get(item.id, []) if one.index != index]
        self.repetitions[item.id] = taken
        found = self.outcomes.get(item.id)
        if isinstance(found, Measured):
            if any(one.samples for one in taken):
                self.outcomes[item.id] = replace(found, repetitions=taken)
            else:
                del self.outcomes[item.id]

    def fail(self, item: Item, error: str, partial: Repetition | None = None) -> None:
        """Marks an outcome failed; what was measured stays."""
        taken = self.repetitions.setdefault(item.id, [])
        if partial is not None and (partial.samples or partial.rejected):
            taken.append(partial)
        self.outcomes[item.id] = Failed(item.metric.id, dict(item.params), error, list(taken), item.is_headline)

    def skip(self, item: Item, reason: str) -> None:
        """Marks an outcome as not applicable; one that has samples applied, and keeps them."""
        if self.repetitions.get(item.id):
            warning = f"{item.id}: a later repetition said that it does not apply: {reason}"
            self.update(warnings=list(dict.fromkeys([*self.run.warnings, warning])))
            return
        self.outcomes[item.id] = Skipped(item.metric.id, dict(item.params), reason, item.is_headline)

    def extend(self, tables: Mapping[str, Sequence[dict[str, Value]]]) -> None:
        """Adds what shared readings showed."""
        both = {**self.run.readings}
        for name, rows in tables.items():
            both[name] = [*both.get(name, []), *rows]
        self.update(readings=both)

    def begin(self, folder: Path) -> None:
        """Writes the file for the first time, under a name of its own."""
        self.run = replace(self.run, missing=self.missing())
        self.path, self.written = results.create(self.run, folder, *self.marks), time.monotonic()

    def missing(self) -> list[str]:
        """What was planned and has not been measured."""
        lacking = []
        for name, wanted in self.wanted.items():
            if isinstance(self.outcomes.get(name), Skipped | Failed):
                continue
            if (found := whole(self.repetitions.get(name, ()))) < wanted:
                lacking.append(f"{name}: {wanted - found} of {counted(wanted, 'repetition')}")
        return lacking

    def update(self, **changes: object) -> None:
        """Changes other fields of the run."""
        self.run = replace(self.run, **changes)  # type: ignore[arg-type]

    def save(self, status: Status = "running") -> None:
        """Writes the file as it is now; a refused run stays refused.

        While it runs, not twice a second: a file of many repetitions takes longer than the samples of an outcome. What
        comes within that second is written with the next; nobody writes while a sample is taken. Nothing is written
        before it begins.
        """
        rests = status == "running" and not self.refused and time.monotonic() - self.written < REST
        if self.path == Path() or rests:
            return
        self.written = time.monotonic()
        ended = None if status == "running" else now()
        found = "refused" if self.refused else status
        missing = self.missing()
        self.run = replace(self.run, status=found, ended=ended, missing=missing, outcomes=dict(self.outcomes))
        results.save(self.run, self.path)


def whole(taken: Sequence[Repetition]) -> int:
    """How many repetitions nothing cut short."""
    return sum(one.stop not in CUT_SHORT for one in taken)


def new_record(
    request: Request, entry: Entry, place: Place, session: Session, items: Sequence[Item], began: str
) -> Record:
    """The run of one entry, with everything known before its first sample."""
    system, reference = entry.system, place.reference
    options = dict(place.options)
    files = [options[name] for name, option in system.options.items() if option.kind == "file" and name in options]
    run = Run(
        schema_version=SCHEMA_VERSION,
        kind="measured",
        tool_version=__version__,
        libgvb_abi=ABI,
        began=began,
        status="running",
        system=described(system, options),
        session=session,
        devices=reference.devices,
        host=hosts.host(),
        plan=planned(request, entry, items),
        label=request.label,
        twin=entry.twin,
        point=dict(entry.point),
        before=place.target.states(),
        libraries=[hosts.library(path) for path in (*reference.libraries, *files)],
        scrubbed=scrubbed(),
        known_gaps={gap.id: gap.note for gap in system.known_gaps},
        warnings=entry.unlimited,
    )
    marks = ["aa"] if entry.twin else [f"{name}-{value}".replace("/", "-") for name, value in entry.point.items()]
    record = Record(run, marks=marks)
    record.expect(items, request.suite.repetitions)
    return record


def described(system: System, options: dict[str, str]) -> SystemRecord:
    """The system as it is used."""
    return SystemRecord(
        system.id,
        system.title,
        system.mechanism,
        list(system.features),
        {name: str(value) for name, value in system.enforces.items()},
        system.fault_domain,
        system.source,
        options,
    )


def planned(request: Request, entry: Entry, items: Sequence[Item]) -> Plan:
    """What was asked for."""
    return Plan(
        suite=request.suite_name,
        settings=request.suite,
        outcomes=[item.id for item in items],
        seed=request.seed,
        tenants=entry.tenants,
        memory_limit_bytes=entry.memory_limit,
        compute_limit=entry.compute_limit,
        compute_quota=[part / 100 for part in entry.percents],
        time_budget_seconds=request.time_budget,
    )
