"""One repetition: every entry set up, its parties started together, proved, measured in rounds, proved again."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager

from gpu_virt_bench.engine.course import Course
from gpu_virt_bench.engine.duration import standing as standing_up
from gpu_virt_bench.engine.groups import Company, Group, groups
from gpu_virt_bench.engine.parties import Sitting
from gpu_virt_bench.engine.plan import Item
from gpu_virt_bench.engine.proving import Refused
from gpu_virt_bench.engine.stage import Stage
from gpu_virt_bench.engine.standing import Visit, settle
from gpu_virt_bench.engine.tenants import LOST, raise_lost
from gpu_virt_bench.model.metric import Share

Wanted = Mapping[str, Sequence[Item]]
"""By entry, the outcomes that it gives in this repetition."""


def repeat(course: Course, number: int, wanted: Wanted) -> None:
    """One repetition; entries that cannot stand beside each other alternate A B, then B A."""
    companies = course.companies if number % 2 == 0 else list(reversed(course.companies))
    for company in companies:
        if course.is_late():
            return
        with standing(course, company, number) as stages:
            visit(course, Visit(company, stages, number), wanted)


def prove_first(course: Course, items: Mapping[str, Sequence[Item]]) -> None:
    """Every system of a session is proved before anything is measured. Entries that stand beside each other are: their
    parties are proved together. Those that take turns are set up here for it, one after the other, and so are all where
    every tenant is a fresh one."""
    have_parties = any(item.party for some in items.values() for item in some)
    for company in course.companies if len(course.companies) > 1 or not have_parties else ():
        if course.is_late():
            return
        with standing(course, company, 0) as stages:
            for key, stage in stages.items():
                course.progress.doing(f"proving {key}")
                try:
                    members = stage.start((Share(),), False)
                    time.sleep(settle(stage, members))
                    stage.prove(members)
                    raise_lost(stage.tenants.end(members))
                except LOST as error:
                    course.refuse(key, str(error))


@contextmanager
def standing(course: Course, company: Company, number: int) -> Iterator[dict[str, Stage]]:
    """The systems of some entries, set up; what their tenants proved is kept, whatever ends the repetition."""
    with ExitStack() as stack:
        stages: dict[str, Stage] = {}
        for key in company.keys:
            if course.is_open(key):
                stage = Stage(course.places[key], number)
                stack.callback(course.keep, key, stage)
                try:
                    stages[key] = stack.enter_context(stage)
                except Refused as error:
                    course.refuse(key, str(error))
        yield stages


def visit(course: Course, here: Visit, wanted: Wanted) -> None:
    """All groups of outcomes, those that are alone last."""
    if here.number == 0:
        introduce(course, here)
    items = {item.id: item for key in here.stages for item in wanted.get(key, ())}
    for group in groups(items.values(), f"{course.request.seed}/{here.number}"):
        for keys in sittings(group, list(here.stages)):
            sought = {item.id: [key for key in keys if item in wanted.get(key, ())] for item in group.items}
            there = [key for key in keys if any(key in some for some in sought.values())]
            if there and not course.is_late(standing_up(course, group, there) if group.party else 0.0):
                Sitting(course, here, group).measure(sought)


def sittings(group: Group, keys: list[str]) -> list[list[str]]:
    """Which entries' parties stand at the same time: all, or one after the other where one must be alone."""
    return [[key] for key in keys] if group.alone and group.party else [keys]


def introduce(course: Course, here: Visit) -> None:
    """Once for each entry: what its definition records, and how two of its tenants share the device."""
    for key, stage in list(here.stages.items()):
        course.records[key].update(recorded=stage.active.record())
        course.progress.doing(f"proving how two tenants of {key} share the device", 0)
        try:
            stage.prove_pair()
        except LOST as error:
            course.refuse(key, str(error))
            del here.stages[key]
