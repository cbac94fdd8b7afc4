"""The parties of all entries for one group of outcomes: started at once, proved, renewed after a fault, and ended."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial

from gpu_virt_bench.engine.course import Course
from gpu_virt_bench.engine.deaths import recover
from gpu_virt_bench.engine.groups import Company, Group
from gpu_virt_bench.engine.member import Member
from gpu_virt_bench.engine.plan import Item
from gpu_virt_bench.engine.proving import Refused
from gpu_virt_bench.engine.readings import Book
from gpu_virt_bench.engine.reference import Unhealthy
from gpu_virt_bench.engine.stage import Stage
from gpu_virt_bench.engine.tenants import LOST
from gpu_virt_bench.engine.warming import warming
from gpu_virt_bench.model.system import System


@dataclass(frozen=True)
class Visit:
    """Entries that stand beside each other in one repetition, their systems set up."""

    company: Company
    stages: dict[str, Stage]
    number: int


class Standing:
    """The parties that stand for one group of outcomes, by their entries."""

    def __init__(self, course: Course, here: Visit, group: Group) -> None:
        self.course, self.here, self.group = course, here, group
        self.parties: dict[str, list[Member]] = {}
        self.books: dict[str, Book] = {}
        self.given: dict[str, list[Item]] = {}
        """What each entry's party has given: without a proof at the end it does not count."""

    def stand_up(self, keys: Sequence[str]) -> None:
        """Starts the parties of all entries at once, proves every tenant, and warms the device."""
        began, stages = time.monotonic(), {key: self.here.stages[key] for key in keys}
        names, number = ", ".join(keys), self.here.number
        self.course.progress.doing(f"starting tenants of {names}", number)
        for key, future in started(stages, self.group).items():
            self._attempt(key, lambda key=key, future=future: self.parties.update({key: future.result()}))  # type: ignore[misc]
        self.course.progress.doing(f"settling and proving tenants of {names}", number)
        time.sleep(max((settle(stages[key], there) for key, there in self.parties.items()), default=0.0))
        for key, members in list(self.parties.items()):
            self._attempt(key, lambda key=key, members=members: stages[key].prove(members))  # type: ignore[misc]
        self.books = {key: Book() for key in self.parties}
        self.given = {key: [] for key in self.parties}
        self.course.progress.doing("warming the device", number)
        for key, heat in warming(self.course, self.parties):
            self._attempt(key, heat)
        self.course.terms.spend(self.group.items, (time.monotonic() - began) / max(1, len(keys)))

    def _attempt(self, key: str, do: Callable[[], object]) -> None:
        """What goes wrong while a party stands up refuses its entry, or fails the outcomes of this group."""
        try:
            do()
        except LOST as error:
            self.parties.pop(key, None)
            tenants = self.here.stages[key].tenants
            tenants.end(list(tenants.living))
            if isinstance(error, Refused):
                self.course.refuse(key, str(error))
                return
            for item in self.group.items:
                self.course.fail(key, item, str(error))

    def is_open(self, key: str, item: Item) -> bool:
        """Whether an entry still takes samples of an outcome."""
        return key in self.parties and self.course.is_open(key) and self.course.records[key].is_open(item)

    def beside(self, key: str) -> int:
        """How many tenants of other entries stand on the device."""
        return sum(len(there) for other, there in self.parties.items() if other != key)

    def renew(self, key: str) -> list[Item]:
        """After a fault: the definition's recovery, a native health probe, and a fresh party; the outcomes whose
        samples were lost with the old one."""
        stage, members = self.here.stages[key], self.parties[key]
        stage.after = stage.after or "fault"
        lost, self.given[key], self.books[key] = self.given[key], [], Book()
        for item in lost:
            self.course.records[key].void(item, self.here.number)

        def anew() -> None:
            try:
                recover(stage, members)
            except Unhealthy as error:
                raise Refused(str(error)) from None

        self._attempt(key, anew)
        return lost

    def fall(self, key: str, lost: Sequence[str]) -> None:
        """What an entry's party gave is lost with its proof."""
        given, self.given[key] = self.given.get(key, []), []
        for item in given:
            self.course.fail(key, item, "; ".join(dict.fromkeys(lost)))

    def leave(self) -> None:
        """Every tenant is proved once more and ended; what an entry's party gave without that is lost."""
        stages = self.here.stages
        interrupted: KeyboardInterrupt | None = None
        try:
            for key, members in self.parties.items():
                lost = list(stages[key].tenants.unheard)
                try:
                    stages[key].tenants.last(members, lost)
                except KeyboardInterrupt as error:
                    interrupted = error
                self.course.keep_tables(key, self.books.get(key))
                if lost:
                    self.fall(key, lost)
            if interrupted is not None:
                raise interrupted
        finally:
            closed([partial(stages[key].tenants.close, members) for key, members in self.parties.items()])


def started(stages: Mapping[str, Stage], group: Group) -> dict[str, Future[list[Member]]]:
    """The parties of all entries, started at once. An interruption waits until every start has ended: what has begun
    must be known to be ended."""
    pool = ThreadPoolExecutor(max(1, len(stages)))
    futures = {key: pool.submit(stage.start, group.party, group.in_turn) for key, stage in stages.items()}
    try:
        wait(futures.values())
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    return futures


def settle(stage: Stage, members: Sequence[Member]) -> float:
    """Seconds that an entry's tenants need before their first sample."""
    return settling(stage.place.entry.system, [member.values for member in members])


def settling(system: System, quotas: Sequence[Mapping[str, object]]) -> float:
    """Seconds that tenants with these quotas need."""
    kind = system.tenant.settle_for
    named = {"": True, "memory": "memory_bytes", "compute": "compute_share"}[kind]
    concerned = [values for values in quotas if named is True or values[str(named)] is not None]
    return system.tenant.settle if concerned else 0.0


def closed(ending: Sequence[Callable[[], object]]) -> None:
    """Tenants of all entries end at the same time."""
    with ThreadPoolExecutor(max(1, len(ending))) as pool:
        for future in [pool.submit(end) for end in ending]:
            future.result()
