"""A session: one or more systems measured interleaved, each into a run file of its own."""

from __future__ import annotations

import sys
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Protocol

from gpu_virt_bench import libgvb
from gpu_virt_bench._version import __version__
from gpu_virt_bench.engine import device as devices
from gpu_virt_bench.engine import host as hosts
from gpu_virt_bench.engine import sampling
from gpu_virt_bench.engine.bench import FeatureLost, OutcomeBench, Place, ProofLost, Refused, Stage, attempt
from gpu_virt_bench.engine.folder import session_folder
from gpu_virt_bench.engine.observer import Throttle, now
from gpu_virt_bench.engine.plan import Item, Suite, interleave, shuffle
from gpu_virt_bench.engine.record import Record
from gpu_virt_bench.libgvb.abi import ABI
from gpu_virt_bench.model.metric import Skip
from gpu_virt_bench.model.run import SCHEMA_VERSION, Device, Plan, Repetition, Run, Session, SystemRecord
from gpu_virt_bench.model.system import Quota, System
from gpu_virt_bench.model.workload import TenantDied, TenantHung, Workload, WorkloadError
from gpu_virt_bench.results import new_path
from gpu_virt_bench.systems.available import Here, availability
from gpu_virt_bench.systems.environment import clean, scrubbed
from gpu_virt_bench.systems.evidence import Attempt, Driver
from gpu_virt_bench.systems.proof import symbols
from gpu_virt_bench.tenant import Process

FP32_LANES = {"7.0": 64, "7.2": 64, "7.5": 64, "8.0": 64}
"""FP32 lanes of an SM by compute capability; 128 in all others since 8.6."""


def iterations_per_millisecond(device: Device) -> int:
    """`fma` iterations of about 1 ms with 2048 threads on every SM, by the device's nominal lanes and clock.

    By arithmetic and not by timing, so that the work is the same in every session on a device of this model (R20): runs
    of different days can be compared. 4 chains of one FMA per iteration and thread.
    """
    lanes = FP32_LANES.get(device.compute_capability, 128)
    return max(1, round(device.sm_clock_hz * 1e-3 * lanes / (4 * 2048)))


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
        self.id = uuid.uuid4().hex[:12]
        self.order: list[str] = []
        self.device: Device | None = None
        self.calibration: dict[str, str | int | float] = {}
        self.libraries: list[str] = []
        self.driver = Driver("")
        self.controls: dict[int, Attempt] = {}
        self.observer_sees = False
        self.records: dict[str, Record] = {}

    def conduct(self) -> Result:
        """Prepares, measures repetition by repetition, and closes the files."""
        try:
            self.prepare()
            self.check_available()
            self.records = {system.id: self.record(system) for system in self.request.systems}
        except (TenantDied, TenantHung, WorkloadError) as error:
            raise Unmeasurable(f"the device cannot be used without any layer: {error}") from None
        interrupted, refused = False, None
        try:
            self.measure()
        except KeyboardInterrupt:
            interrupted = True
        except Refused as error:
            refused = str(error)
        self.close("refused" if refused else "interrupted" if interrupted or self.is_late() else "complete")
        return Result(list(self.records.values()), interrupted, refused)

    # -- before the first sample

    def prepare(self) -> None:
        """Reads the device with a native tenant."""
        before = self._processes()
        tenant = self.native_tenant()
        try:
            names = {name for system in self.request.systems for name in symbols(system)}
            facts = tenant.facts(sorted({"cuInit", *names}))
            self.observer_sees = self._sees(before)
            self.device = devices.describe(self.target, facts)
            path = facts["served_by"]["cuInit"]
            self.driver = Driver(path, self.device.driver_version, self.device.emulated)
            self.libraries = [path, str(libgvb.PATH)]
            self.calibrate(tenant)
        finally:
            tenant.close()

    def native_tenant(self) -> Process:
        """A tenant without any layer."""
        env = {"CUDA_CACHE_DISABLE": "1", **self.target.env, "CUDA_MPS_PIPE_DIRECTORY": str(self.folder / "none")}
        return Process("native tenant", (), env, self.folder / "native.stderr", clean())

    def control(self, size: int) -> Attempt:
        """One allocation in a native tenant, once per session and size: what a limit refuses must be given there."""
        if size not in self.controls:
            tenant = self.native_tenant()
            try:
                self.controls[size] = attempt(tenant, size)
            finally:
                tenant.close()
        return self.controls[size]

    def check_available(self) -> None:
        """Refuses a session with a system that cannot be used here."""
        for system in self.request.systems:
            reason = availability(system, Here(device=self.device), self.request.options.get(system.id, {}))
            if reason:
                raise Unmeasurable(f"{system.id} is unavailable: {reason}")

    def quota(self, system: System) -> Quota:
        """The session's quota, as far as the system can limit."""
        memory, share = self.request.memory_limit, self.request.compute_limit
        return Quota(
            memory if "memory-limit" in system.features else None,
            share if "compute-limit" in system.features else None,
        )

    def _processes(self) -> list[int] | None:
        return self.target.observer.processes() if self.target.observer is not None else None

    def _sees(self, before: list[int] | None) -> bool:
        """Whether NVML lists a process that surely has a context: in some containers it lists none."""
        after = self._processes()
        return before is not None and after is not None and len(after) > len(before)

    def calibrate(self, tenant: Process) -> None:
        """The clock's floor, and how long the work of "1 ms" really takes here."""
        assert self.device is not None
        floor = tenant.run(Workload("clock_floor", {"count": 10000})).seconds("floor")
        iterations = iterations_per_millisecond(self.device)
        args: dict[str, int | str] = {"iterations": iterations, "sm_count": self.device.sm_count, "count": 500}
        times = tenant.run(Workload("fma", args)).seconds("device_time")
        self.calibration = {
            "clock_floor_seconds": median(floor),
            "fma_iterations_per_millisecond": iterations,
            "fma_millisecond_seconds": median(times[len(times) // 2 :]),  # clocks rise in the first half
            "observer_lists_processes": str(self.observer_sees).lower(),
        }

    def record(self, system: System) -> Record:
        """The run of one system, with everything known before its first sample."""
        assert self.device is not None
        request, suite = self.request, self.request.suite
        plan = Plan(
            suite=request.suite_name,
            outcomes=[item.id for item in request.items],
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
            tenants=request.tenants,
            memory_limit_bytes=request.memory_limit,
            compute_limit=request.compute_limit,
            time_budget_seconds=request.time_budget,
        )
        began = now()
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
                dict(request.options.get(system.id, {})),
            ),
            session=self.session(),
            device=self.device,
            host=hosts.host(),
            plan=plan,
            label=request.label,
            before=self.target.observer.state() if self.target.observer is not None else None,
            libraries=[hosts.library(path) for path in (*self.libraries, *self.files_of(system))],
            scrubbed=scrubbed(),
            warnings=self.unlimited(system),
        )
        record = Record(run, new_path(request.output, system.id, began))
        record.expect(request.items, suite.repetitions)
        return record

    def files_of(self, system: System) -> list[str]:
        """The files that the user gave to a system."""
        given = self.request.options.get(system.id, {})
        return [given[name] for name, option in system.options.items() if option.kind == "file" and name in given]

    def unlimited(self, system: System) -> list[str]:
        """What the user asked for and this system cannot limit."""
        asked = {"memory-limit": self.request.memory_limit, "compute-limit": self.request.compute_limit}
        return [
            f"{system.id} has no {feature}: measured without"
            for feature, value in asked.items()
            if value is not None and feature not in system.features
        ]

    def session(self) -> Session:
        """The session's record so far."""
        names = [system.id for system in self.request.systems]
        argv = list(self.request.argv or sys.argv)
        return Session(self.id, names, list(self.order), argv, dict(self.calibration))

    # -- measuring

    def measure(self) -> None:
        """Repetitions A B, B A, ... until the plan is done or the time is spent."""
        suite, names = self.request.suite, [system.id for system in self.request.systems]
        by_id = {system.id: system for system in self.request.systems}
        for system in self.request.systems:
            self.skip_inapplicable(system)
        self.progress.began(suite.repetitions * len(names) * len(self.request.items))
        for repetition in range(suite.max_repetitions):
            for name in interleave(names, repetition):
                items = [item for item in self.request.items if self.wants(name, item, repetition)]
                if not items or self.is_late():
                    continue
                self.order.append(f"{name}#{repetition}")
                self.repeat(by_id[name], items, repetition)

    def skip_inapplicable(self, system: System) -> None:
        """Marks outcomes whose needs this system's features do not meet."""
        for item in self.request.items:
            if lacking := system.lacking(item.metric.needed(item.params)):
                self.records[system.id].skip(item, f"{system.id} has no {', '.join(lacking)}")

    def wants(self, name: str, item: Item, repetition: int) -> bool:
        """Whether an outcome gets this repetition: the planned ones always, more only while its interval is wide.
        A session's systems get the same number."""
        if not self.records[name].is_open(item):
            return False
        if repetition < self.request.suite.repetitions:
            return True
        target = self.request.suite.target_half_width
        spreads = (sampling.spread(record.repetitions.get(item.id, [])) for record in self.records.values())
        return any(spread is not None and spread > target for spread in spreads)

    def is_late(self) -> bool:
        """Whether the time budget is spent."""
        return self.deadline is not None and time.monotonic() > self.deadline

    def repeat(self, system: System, items: Sequence[Item], repetition: int) -> None:
        """One repetition of one system: fresh tenants, every outcome once."""
        record = self.records[system.id]
        assert self.device is not None
        place = Place(
            system,
            self.target,
            self.folder,
            self.request.suite,
            self.request.seed,
            self.device,
            self.driver,
            int(self.calibration["fma_iterations_per_millisecond"]),
            self.observer_sees,
            self.request.options.get(system.id, {}),
            self.quota(system),
            self.control,
        )
        stage = Stage(place, repetition)
        measured: list[Item] = []
        try:
            with stage:
                for item in shuffle(items, f"{self.request.seed}/{system.id}/{repetition}"):
                    if self.is_late():
                        break
                    if self.outcome(stage, record, item):
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

    def outcome(self, stage: Stage, record: Record, item: Item) -> bool:
        """Measures one outcome in one repetition; returns whether it has samples. Errors are values."""
        name, number = record.run.system.id, stage.repetition
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
            float(self.calibration["clock_floor_seconds"]),
        )
        stage.probe()
        repetition = sampling.collect(item.metric, bench, rule, taken, self.throttle.reason)
        stage.probe()
        return repetition

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
