"""A session: one or more systems measured side by side, each into a run file of its own."""

from __future__ import annotations

import itertools
import sys
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from gpu_virt_bench import emulated
from gpu_virt_bench.engine import device as devices
from gpu_virt_bench.engine import lock
from gpu_virt_bench.engine.beside import Watch
from gpu_virt_bench.engine.chosen import with_chosen
from gpu_virt_bench.engine.course import Course
from gpu_virt_bench.engine.duration import ahead, announcement, expected, introduction
from gpu_virt_bench.engine.entry import Entry, entries, items_of
from gpu_virt_bench.engine.folder import session_folder
from gpu_virt_bench.engine.groups import companies
from gpu_virt_bench.engine.outlook import Outlook
from gpu_virt_bench.engine.pace import Pace
from gpu_virt_bench.engine.place import Census, Place
from gpu_virt_bench.engine.plan import Item, select
from gpu_virt_bench.engine.quotas import impossible, unmet
from gpu_virt_bench.engine.record import Record, Status, new_record
from gpu_virt_bench.engine.reference import Reference
from gpu_virt_bench.engine.repetition import prove_first, repeat
from gpu_virt_bench.engine.request import Progress, Request
from gpu_virt_bench.engine.resolution import wants_more
from gpu_virt_bench.engine.terms import Terms
from gpu_virt_bench.engine.throttle import Throttle
from gpu_virt_bench.model.run import Device, Measured, Session, Skipped, now
from gpu_virt_bench.model.system import System
from gpu_virt_bench.model.workload import TenantDied, TenantHung, WorkloadError
from gpu_virt_bench.systems.available import Here, availability
from gpu_virt_bench.systems.proof.prover import Prover


class Unmeasurable(Exception):
    """The session cannot begin; says why and what would help."""


@dataclass(frozen=True)
class Result:
    """How a session ended: its files, and whether it was cut short."""

    records: Sequence[Record]
    interrupted: bool = False
    signal: str = ""
    """By which signal it was interrupted."""
    out_of_time: bool = False
    """Whether the time budget ended it before all was measured that was planned."""

    @property
    def refused(self) -> str | None:
        """Why runs were refused, None if none was."""
        return "; ".join(record.refused for record in self.records if record.refused) or None


def run_session(request: Request, progress: Progress) -> Result:
    """Measures everything that was asked for; an interruption ends it cleanly, with valid files."""
    with opened(request, progress) as (folder, target, throttle):
        deadline = None if request.time_budget is None else time.monotonic() + request.time_budget
        with closing(referred(target, folder)) as reference:
            check_available(request, reference)
            course, items = prepared(request, progress, folder, reference, throttle, deadline)
            for record in course.records.values():
                record.begin(request.output)
                record.save()
            return conduct(course, items)


@contextmanager
def opened(
    request: Request, progress: Progress, only_ahead: bool = False
) -> Iterator[tuple[Path, devices.Target, dict[int, Throttle]]]:
    """A session's folder and its devices, each with its watch over throttling.

    In the end it says which faults of the emulated GPU met no call, unless it was `only_ahead` of one.
    """
    with ExitStack() as stack:
        folder = stack.enter_context(session_folder(progress.note))
        target = devices.choose(request.device, request.emulate, folder)
        stack.callback(target.close)
        if not target.is_emulated:  # an emulated machine is the session's own
            stack.enter_context(lock.held([gpu.uuid for gpu in target.devices if gpu.uuid]))
        if target.note:
            progress.note(target.note)
        throttle = {i: stack.enter_context(Throttle(gpu.observer)) for i, gpu in enumerate(target.devices)}
        yield folder, target, throttle
        for sentence in [] if only_ahead else emulated.uncalled(folder / "emulated", target.emulation):
            progress.note(sentence)


def referred(target: devices.Target, folder: Path) -> Reference:
    """The devices as native tenants find them."""
    try:
        return Reference(target, folder)
    except (TenantDied, TenantHung, WorkloadError) as error:
        raise Unmeasurable(f"the device cannot be used without any layer: {error}{asked_for(target)}") from None


def asked_for(target: devices.Target) -> str:
    """The faults of the emulated GPU that the user asked for: they meet the tool's own calls too."""
    names = [f"{name}={target.emulation[name]}" for name in emulated.faults(target.emulation)]
    return f"; asked for by --emulate {', '.join(names)}, which counts the tool's own calls too" if names else ""


def check_available(request: Request, reference: Reference) -> None:
    """Refuses a session with a system that cannot be used here."""
    for system in request.systems:
        if reason := unavailable(system, reference.devices, request.options.get(system.id, {})):
            raise Unmeasurable(reason)


def unavailable(system: System, found: Sequence[Device], options: Mapping[str, str]) -> str:
    """Why a system cannot be used with these devices, "" if it can."""
    reason = availability(system, Here(devices=tuple(found)), options)
    return f"{system.id} is unavailable: {reason}" if reason else ""


def prepared(
    request: Request,
    progress: Progress,
    folder: Path,
    reference: Reference,
    throttle: Mapping[int, Throttle],
    deadline: float | None,
) -> tuple[Course, dict[str, list[Item]]]:
    """The session's entries with their places and files, and the outcomes of each; raises Unmeasurable without any."""
    device = reference.devices[0]
    selected = select(request.registry, request.metrics, request.suite.parameters, device)
    chosen = with_chosen(selected, request.chosen, device)
    tenants = request.tenants or len(request.quota) or None
    whole = Entry(request.systems[0], request.memory_limit, request.compute_limit, tenants, request.quota)
    found = entries(request.systems, whole, request.sweep, request.again)
    items = {key: items_of(entry, chosen, device) for key, entry in found.items()}
    places = places_of(request, folder, reference, throttle, found)
    session = Session(uuid.uuid4().hex[:12], list(found), [], list(request.argv or sys.argv), reference.calibration)
    began = now()
    records = {key: new_record(request, found[key], places[key], session, items[key], began) for key in found}
    largest = max((len(item.party) for some in items.values() for item in some), default=1)
    sets = companies(list(found.values()), largest, reference.context_bytes, device.memory_bytes, request.turns)
    origin = time.monotonic()
    terms = Terms(request.suite, request.seed, reference.floor, list(places.values()))
    course = Course(request, progress, reference, session, places, records, terms, sets, origin, deadline)
    for key, entry in found.items():
        open_entry(course, key, entry, items[key])
    check_possible(course, items)
    return course, items


def places_of(
    request: Request,
    folder: Path,
    reference: Reference,
    throttle: Mapping[int, Throttle],
    found: Mapping[str, Entry],
) -> dict[str, Place]:
    """Every entry's place; all share one census, one way of proving and one pace."""
    census, pace, numbers = Census(), Pace(), itertools.count(1)
    prover = Prover(reference.native, request.suite.quota_window_seconds)
    return {
        key: Place(
            entry,
            reference,
            reference.target,
            folder,
            request.suite,
            census,
            prover,
            throttle,
            pace,
            request.seed,
            request.options.get(entry.system.id, {}),
            numbers,
        )
        for key, entry in found.items()
    }


def open_entry(course: Course, key: str, entry: Entry, items: Sequence[Item]) -> None:
    """Refuses an entry whose quota the user asked for cannot be had, and skips what does not apply to it."""
    if reason := impossible(entry, course.reference.devices):
        course.refuse(key, reason)
    for item in items:
        if reason := unmet(entry, item, course.reference.devices):
            course.records[key].skip(item, reason)


def check_possible(course: Course, items: Mapping[str, Sequence[Item]]) -> None:
    """Refuses a session without anything to measure, for quotas that cannot be had or outcomes that do not apply, and
    one that must measure all: no file is written. Where others can be measured, a refused entry has a file that says
    why."""
    if any(course.is_open(key) and course.records[key].is_open(item) for key, some in items.items() for item in some):
        return
    reasons = [impossible(place.entry, course.reference.devices) for place in course.places.values()]
    refused = [reason for reason in dict.fromkeys(reasons) if reason]
    if not any(map(course.is_open, course.records)):
        raise Unmeasurable("; ".join(refused))
    skipped: dict[str, list[str]] = {reason: [] for reason in refused}
    for record in (record for key, record in course.records.items() if course.is_open(key)):
        for name, one in record.outcomes.items():
            if isinstance(one, Skipped) and name not in skipped.setdefault(one.reason, []):
                skipped[one.reason].append(name)
    told = "; ".join(f"{', '.join(names)}: {reason}" if names else reason for reason, names in skipped.items())
    raise Unmeasurable(f"nothing of it can be measured: {told}; `gpu-virt-bench list systems` shows what each can")


def conduct(course: Course, items: Mapping[str, Sequence[Item]]) -> Result:
    """Repetitions until the plan is done or the time is spent; then the files are closed."""
    status: Status = "interrupted"
    interrupted, by, watch = False, "", Watch(course)
    try:
        measure(course, items, watch)
        status = "out-of-time" if course.is_cut else "complete"
    except KeyboardInterrupt as error:
        interrupted, by = True, str(error) or "SIGINT"
    finally:  # an error that nobody expected leaves files that say what is missing
        watch.look()
        close(course, status, items)
    lacks = any(record.run.status == "out-of-time" for record in course.records.values())
    return Result(list(course.records.values()), interrupted, by, lacks)


def measure(course: Course, items: Mapping[str, Sequence[Item]], watch: Watch) -> None:
    """Every repetition with the outcomes that want it: the same ones in all entries."""
    suite = course.request.suite
    course.progress.note(announcement(course, items))
    watch.look()
    course.outlook = Outlook(*expected(course, items), course.deadline)
    course.progress.began(suite.repetitions, suite.max_repetitions, course.outlook.left)
    prove_first(course, items)
    for number in range(suite.max_repetitions):
        wanted = {key: [item for item in some if course.records[key].is_open(item)] for key, some in items.items()}
        if number >= suite.repetitions:
            more = wants_more(course, items)
            wanted = {key: [item for item in some if item.id in more] for key, some in wanted.items()}
        course.wanted = {item.id for some in wanted.values() for item in some}
        if not course.wanted or course.is_cut or course.is_late():
            return
        course.session = replace(course.session, order=[*course.session.order, order(course, number, wanted)])
        course.outlook.repeat(*ahead(course, items, number, wanted))
        repeat(course, number, wanted)
        watch.look()
        if number == 0:
            course.outlook.pass_by(introduction(course))
    course.wanted = course.wanted if course.is_cut else set()


def order(course: Course, number: int, wanted: Mapping[str, Sequence[Item]]) -> str:
    """One repetition in the session's record: its number, and who stood beside whom."""
    sets = course.companies if number % 2 == 0 else list(reversed(course.companies))
    keys = [[key for key in one.keys if wanted[key] and course.is_open(key)] for one in sets]
    return f"{number}: " + "; ".join(", ".join(some) for some in keys if some)


def close(course: Course, status: Status, items: Mapping[str, Sequence[Item]]) -> None:
    """Writes every file for the last time."""
    wide = wants_more(course, items) if course.wanted else set()
    for key, record in course.records.items():
        for item in items[key]:
            found = record.outcomes.get(item.id)
            if isinstance(found, Measured):
                record.outcomes[item.id] = replace(found, stop=course.stopped(key, item, wide))
        record.update(session=course.session, after=course.reference.target.states())
        record.save(status if record.missing() else "complete")


def has_failures(records: Sequence[Record]) -> bool:
    """Whether any outcome failed."""
    return any(outcome.outcome == "failed" for record in records for outcome in record.outcomes.values())


def set_signals() -> None:
    """SIGTERM and SIGHUP end a session like Ctrl-C; what the caller ignores, as `nohup` does SIGHUP, stays ignored."""
    import signal

    def interrupt(number: int, frame: object) -> None:
        del frame
        raise KeyboardInterrupt(signal.Signals(number).name)

    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, interrupt)
