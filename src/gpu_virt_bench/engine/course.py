"""A session under way: its entries with their places and files, what holds for all of them, and how long is left."""

from __future__ import annotations

import time
from collections.abc import Set
from dataclasses import dataclass, field, replace

from gpu_virt_bench.engine.groups import Company
from gpu_virt_bench.engine.outlook import Outlook
from gpu_virt_bench.engine.place import Place
from gpu_virt_bench.engine.plan import Item
from gpu_virt_bench.engine.quotas import granted, record, too_small
from gpu_virt_bench.engine.readings import Book
from gpu_virt_bench.engine.record import Record, Stop, whole
from gpu_virt_bench.engine.reference import Reference
from gpu_virt_bench.engine.request import Progress, Request
from gpu_virt_bench.engine.rounds import Runner
from gpu_virt_bench.engine.stage import Stage
from gpu_virt_bench.engine.terms import Terms
from gpu_virt_bench.model.run import Granted, Session


@dataclass
class Course:
    """What one session has and does; entries by their keys."""

    request: Request
    progress: Progress
    reference: Reference
    session: Session
    places: dict[str, Place]
    records: dict[str, Record]
    terms: Terms
    companies: list[Company]
    origin: float
    deadline: float | None = None
    worked: float = 0.0
    """When the device last did (time.monotonic)."""
    is_cut: bool = False
    """Whether the time budget left something out."""
    outlook: Outlook = field(default_factory=lambda: Outlook(0.0, 0.0))
    wanted: set[str] = field(default_factory=set)
    """The outcomes of the repetition at hand."""

    # -- what holds for all entries

    def is_late(self, ahead: float = 0.0) -> bool:
        """Whether the time budget is spent, or does not hold so many seconds more: then something is left out."""
        late = self.deadline is not None and time.monotonic() + ahead > self.deadline
        self.is_cut = self.is_cut or late
        return late

    def stopped(self, key: str, item: Item, wide: Set[str]) -> Stop:
        """Why an outcome gets no more repetitions; `wide` are those that would have had more."""
        suite, taken = self.request.suite, whole(self.records[key].repetitions.get(item.id, ()))
        if taken >= suite.max_repetitions:
            return "repetitions"
        if item.id in self.wanted and (taken < suite.repetitions or item.id in wide):
            return "out-of-time" if self.is_cut else ""
        return "seconds" if self.terms.is_spent(item) else "narrow"

    def is_open(self, key: str) -> bool:
        """Whether an entry is still measured."""
        return not self.records[key].refused

    # -- what entries gave

    def add(self, key: str, runner: Runner, why: str, beside: int) -> None:
        """An outcome's repetition, or why there is none; the file is written."""
        file, item, noted = self.records[key], runner.item, runner.bench.noted
        self.worked = time.monotonic()
        self.outlook.did(key, item.id)
        repetition = replace(
            runner.repetition(),
            detail=noted.tables,
            taken="turns" if why else "rounds",
            why=why,
            contexts_beside=beside,
            readings=noted.shelf.name if noted.shelf is not None else "",
        )
        if runner.refused:
            return
        if runner.skipped:
            file.skip(item, runner.skipped)
        elif runner.error:
            file.fail(item, runner.error, repetition)
        else:
            file.add(item, repetition, self.party(key, item), noted.conditions)
        file.save()
        result = "skipped" if runner.skipped else "measured" if file.is_open(item) else "failed"
        self.progress.done(key, runner.stage.repetition, item.id, result)

    def party(self, key: str, item: Item) -> list[Granted]:
        """What the tenants of an outcome were granted."""
        place = self.places[key]
        values = granted(place.entry, item.party, place.devices)
        return [record(share, found) for share, found in zip(item.party, values, strict=True)]

    def fail(self, key: str, item: Item, error: str) -> None:
        """An outcome of an entry that should have worked."""
        self.records[key].fail(item, error)
        self.records[key].save()

    def keep_tables(self, key: str, book: Book | None) -> None:
        """What shared readings showed, into the entry's file."""
        if book is not None:
            self.records[key].extend(book.tables())

    def keep(self, key: str, stage: Stage) -> None:
        """What the tenants of a repetition proved, whatever ended it."""
        file, tenants = self.records[key], stage.tenants
        file.update(
            proof=[*file.run.proof, *tenants.proofs],
            warnings=list(dict.fromkeys([*file.run.warnings, *tenants.warnings])),
            session=self.session,
        )
        file.save()

    def refuse(self, key: str, sentence: str) -> None:
        """An entry that must not be measured; the others of the session stay what they are, unless it is strict."""
        sentence += too_small(self.places[key].entry, self.reference.context_bytes)
        refused = {key: sentence}
        if self.request.strict:
            said = f"the session is strict, and {key} was refused"
            refused |= {other: said for other in self.records if other != key and self.is_open(other)}
        for name, why in refused.items():
            self.records[name].refused = why
            self.records[name].save()
