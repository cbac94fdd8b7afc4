"""A session: one or more systems measured interleaved, each into a run file of its own."""

from __future__ import annotations

import sys
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from gpu_virt_bench.engine import device as devices
from gpu_virt_bench.engine import sampling
from gpu_virt_bench.engine.bench import OutcomeBench
from gpu_virt_bench.engine.entry import Entry, entries
from gpu_virt_bench.engine.folder import session_folder
from gpu_virt_bench.engine.observer import Throttle, now
from gpu_virt_bench.engine.plan import Item, Suite, interleave, shuffle
from gpu_virt_bench.engine.quiet import Quiet
from gpu_virt_bench.engine.record import Record, new_record
from gpu_virt_bench.engine.reference import Reference
from gpu_virt_bench.engine.stage import FeatureLost, Place, ProofLost, Refused, Stage
from gpu_virt_bench.model.metric import Skip
from gpu_virt_bench.model.run import Repetition, Session
from gpu_virt_bench.model.system import System
from gpu_virt_bench.model.workload import TenantDied, TenantHung, WorkloadError
from gpu_virt_bench.systems.available import Here, availability


class Unmeasurable(Exception):
    """The session cannot begin; says why and what would help."""


@dataclass(frozen=True)
class Request:
    """What the user asked for, all names resolved."""

    systems: Sequence[System]
    items: Sequence[Item]
    suite: Suite
    suite_name: str
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
    sweep: Mapping[str, Sequence[int]] = field(default_factory=dict)
    again: bool = False
    """Whether the first system is measured a second time under another name: the noise floor (A/A)."""
    argv: Sequence[str] = ()


class Progress(Protocol):
    """Who watches a session."""

    def note(self, text: str) -> None: ...

    def began(self, steps: int) -> None: ...

    def step(self, system: str, repetition: int, outcome: str) -> None: ...

    def done(self, system: str, repetition: int, outcome: str, result: str) -> None: ...


@dataclass(frozen=True)
class Result:
    """How a session ended: its files, and whether it was cut short or refused."""

    records: Sequence[Record]
    interrupted: bool = False
    refused: str | None = None


def run_session(request: Request, progress: Progress) -> Result:
    """Measures everything that was asked for; an interruption ends it cleanly, with valid files."""
    with ExitStack() as stack:
        folder = stack.enter_context(session_folder())
        target = devices.choose(request.device, request.emulate, folder)
        if target.observer is not None:
            stack.callback(target.observer.close)
        if target.note:
            progress.note(target.note)
        conductor = Conductor(request, progress, folder, target)
        stack.enter_context(conductor.throttle)
        return conductor.conduct()


class Conductor:
    """Takes a session from its preparation to its last file."""

    def __init__(self, request: Request, progress: Progress, folder: Path, target: devices.Target) -> None:
        self.request = request
        self.progress = progress
        self.folder = folder
        self.target = target
        self.throttle = Throttle(target.observer)
        self.deadline = None if request.time_budget is None else time.monotonic() + request.time_budget
        whole = Entry(request.systems[0], request.items, request.memory_limit, request.compute_limit, request.tenants)
        self.entries = entries(request.systems, whole, request.sweep, request.again)
        self.id = uuid.uuid4().hex[:12]
        self.order: list[str] = []
        self.reference: Reference
        self.records: dict[str, Record] = {}

    def conduct(self) -> Result:
        """Prepares, measures repetition by repetition, and closes the files."""
        try:
            self.reference = Reference(self.target, self.folder, self.request.systems)
        except (TenantDied, TenantHung, WorkloadError) as error:
            raise Unmeasurable(f"the device cannot be used without any layer: {error}") from None
        self.check_available()
        began = now()
        for key, entry in self.entries.items():
            self.records[key] = new_record(self.request, entry, self.reference, self.session(), began)
        interrupted, refused = False, None
        try:
            self.measure()
        except KeyboardInterrupt:
            interrupted = True
        except Refused as error:
            refused = str(error)
        self.close("refused" if refused else "interrupted" if interrupted or self.is_late() else "complete")
        return Result(list(self.records.values()), interrupted, refused)

    def check_available(self) -> None:
        """Refuses a session with a system that cannot be used here."""
        for system in self.request.systems:
            here = Here(device=self.reference.device)
            reason = availability(system, here, self.request.options.get(system.id, {}))
            if reason:
                raise Unmeasurable(f"{system.id} is unavailable: {reason}")

    def session(self) -> Session:
        """The session's record so far."""
        argv = list(self.request.argv or sys.argv)
        return Session(self.id, list(self.entries), list(self.order), argv, dict(self.reference.calibration))

    # -- measuring

    def measure(self) -> None:
        """Repetitions A B, B A, ... until the plan is done or the time is spent."""
        suite = self.request.suite
        for key, entry in self.entries.items():
            self.skip_inapplicable(key, entry)
        self.progress.began(suite.repetitions * sum(len(entry.items) for entry in self.entries.values()))
        for repetition in range(suite.max_repetitions):
            for key in interleave(list(self.entries), repetition):
                items = [item for item in self.entries[key].items if self.wants(key, item, repetition)]
                if not items or self.is_late():
                    continue
                self.order.append(f"{key}#{repetition}")
                self.repeat(key, items, repetition)

    def skip_inapplicable(self, key: str, entry: Entry) -> None:
        """Marks outcomes whose needs this system's features do not meet."""
        for item in entry.items:
            if lacking := entry.system.lacking(item.metric.needed(item.params)):
                self.records[key].skip(item, f"{entry.system.id} has no {', '.join(lacking)}")

    def wants(self, key: str, item: Item, repetition: int) -> bool:
        """Whether an outcome gets this repetition: the planned ones always, more only while its interval is wide.
        A session's entries get the same number."""
        if not self.records[key].is_open(item):
            return False
        if repetition < self.request.suite.repetitions:
            return True
        target = self.request.suite.target_half_width
        spreads = (sampling.spread(record.repetitions.get(item.id, [])) for record in self.records.values())
        return any(spread is not None and spread > target for spread in spreads)

    def is_late(self) -> bool:
        """Whether the time budget is spent."""
        return self.deadline is not None and time.monotonic() > self.deadline

    def repeat(self, key: str, items: Sequence[Item], repetition: int) -> None:
        """One repetition of one entry: fresh tenants, every outcome once."""
        record, entry, request = self.records[key], self.entries[key], self.request
        options = request.options.get(entry.system.id, {})
        stage = Stage(Place(entry, self.reference, self.folder, request.suite, request.seed, options), repetition)
        measured: list[Item] = []
        try:
            with stage:
                if repetition == 0:
                    record.update(recorded=stage.active.record())
                    stage.prove_pair()
                for item in shuffle(items, f"{request.seed}/{key}/{repetition}"):
                    if self.is_late():
                        break
                    if self.outcome(stage, key, item):
                        measured.append(item)
                self.finish(stage, record, measured)
        finally:
            record.update(
                proof=[*record.run.proof, *stage.proofs],
                warnings=list(dict.fromkeys([*record.run.warnings, *stage.warnings])),
                session=self.session(),
            )
            record.save()

    def finish(self, stage: Stage, record: Record, measured: Sequence[Item]) -> None:
        """The proof after the last sample: without it, the repetition's samples do not count."""
        try:
            stage.finish()
        except (ProofLost, FeatureLost, TenantDied, TenantHung, WorkloadError) as error:
            for item in measured:
                record.fail(item, str(error))

    def outcome(self, stage: Stage, name: str, item: Item) -> bool:
        """Measures one outcome in one repetition; returns whether it has samples. Errors are values."""
        record, number = self.records[name], stage.repetition
        self.progress.step(name, number, item.id)
        bench = OutcomeBench(stage, item.params, f"{self.request.seed}/{name}/{number}/{item.id}")
        taken = sampling.Taken(number)
        result = "failed"
        try:
            repetition = self.samples(stage, bench, item, taken)
            record.add(item, sampling.with_detail(repetition, bench.tables))
            result = "measured" if record.is_open(item) else "failed"
        except Skip as reason:
            record.skip(item, str(reason))
            result = "skipped"
        except (KeyboardInterrupt, Refused):
            if taken.samples:
                record.add(item, sampling.with_detail(taken.repetition(), bench.tables))
            raise
        except WorkloadError as error:
            result = self.refuse_work(record, item, error, taken)
            stage.recover()
        except (TenantDied, TenantHung, ProofLost, FeatureLost, sampling.Implausible) as error:
            record.fail(item, str(error), taken.repetition())
            stage.recover()
        except Exception as error:  # noqa: BLE001  a third party's metric must not end the session
            record.fail(item, f"{item.id} raised {type(error).__name__}: {error}", taken.repetition())
            stage.recover()
        finally:
            record.save()
            self.progress.done(name, number, item.id, result)
        return result == "measured"

    def samples(self, stage: Stage, bench: OutcomeBench, item: Item, taken: sampling.Taken) -> Repetition:
        """Samples between two probes of the tenants' contexts."""
        suite = self.request.suite
        rule = sampling.Rule(
            suite.samples[item.metric.effort_of(item.params)],
            suite.warmup if item.metric.effort != "window" else 0,  # a window settles by itself
            suite.seconds_per_outcome,
            self.reference.floor,
        )
        stage.probe()
        quiet = Quiet(self.reference.pace, stage.timed_cpus(), suite.quiet_seconds)
        repetition = sampling.collect(item.metric, bench, rule, taken, self.throttle.reason, quiet.wait)
        stage.probe()
        return replace(repetition, notes=[*repetition.notes, *quiet.notes()])

    def refuse_work(self, record: Record, item: Item, error: WorkloadError, taken: sampling.Taken) -> str:
        """A routine's error: not applicable if the device lacks the function, else a failure."""
        if error.status == "unsupported":
            record.skip(item, str(error))
            return "skipped"
        record.fail(item, str(error), taken.repetition())
        return "failed"

    # -- after the last sample

    def close(self, status: str) -> None:
        """Writes every file for the last time."""
        for record in self.records.values():
            state = self.target.observer.state() if self.target.observer is not None else None
            record.update(session=self.session(), after=state)
            ended = status if status != "interrupted" or record.missing() else "complete"
            record.save(ended)  # type: ignore[arg-type]


def has_failures(records: Sequence[Record]) -> bool:
    """Whether any outcome failed."""
    return any(outcome.outcome == "failed" for record in records for outcome in record.outcomes.values())


def set_signals() -> None:
    """SIGTERM and SIGHUP end a session like Ctrl-C."""
    import signal

    def interrupt(number: int, frame: object) -> None:
        del number, frame
        raise KeyboardInterrupt

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)
