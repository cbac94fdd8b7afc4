"""The outcomes of one group, measured by the parties of all entries that stand for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from random import Random

from gpu_virt_bench.engine.bench import OutcomeBench
from gpu_virt_bench.engine.course import Course
from gpu_virt_bench.engine.duration import lasting
from gpu_virt_bench.engine.groups import Group
from gpu_virt_bench.engine.plan import Item
from gpu_virt_bench.engine.rounds import Runner, take
from gpu_virt_bench.engine.standing import Standing, Visit

ALONE = "each sample needs the device to itself"
AGAIN = "measured again, since a tenant was lost before it was proved"


@dataclass
class Task:
    """One outcome that some entries will measure, and why not in rounds."""

    item: Item
    keys: list[str]
    why: str


class Sitting:
    """One group of outcomes while its parties stand."""

    def __init__(self, course: Course, here: Visit, group: Group) -> None:
        self.course, self.here, self.group = course, here, group
        self.standing = Standing(course, here, group)

    def measure(self, keys: Mapping[str, Sequence[str]]) -> None:
        """Starts the parties, measures every outcome for its entries, and proves the tenants whatever ends it."""
        wanted = [key for key in self.here.stages if any(key in there for there in keys.values())]
        try:
            self.standing.stand_up(wanted)
            self.work_off([Task(item, list(keys[item.id]), self.why()) for item in self.group.items])
        finally:
            self.standing.leave()

    def why(self) -> str:
        """Why entries take turns here, "" where they are measured in rounds."""
        return ALONE if self.group.alone else self.here.company.why

    def work_off(self, tasks: list[Task]) -> None:
        """One outcome after the other; what a lost tenant takes along is measured once more."""
        again: set[tuple[str, str]] = set()
        while tasks and not self.course.is_late():
            for key in self.sample(tasks.pop(0)):
                lost = [item for item in self.standing.renew(key) if (key, item.id) not in again]
                again |= {(key, item.id) for item in lost}
                tasks += [Task(item, [key], AGAIN) for item in lost]

    def sample(self, task: Task) -> list[str]:
        """One outcome of the entries that have a party and want it; the entries that lost a tenant."""
        runners = {key: self.runner(key, task.item) for key in task.keys if self.standing.is_open(key, task.item)}
        if not runners:
            return []
        self.course.progress.step(", ".join(runners), self.here.number, task.item.id)
        try:
            first = self.course.terms.first_round(task.item, self.here.number)
            late = partial(self.course.is_late, lasting(self.course, task.item, list(runners)))
            take(list(runners.values()), self.chance(task.item), late, first)
        finally:
            for key, runner in runners.items():
                self.keep(key, runner, task.why)
                self.course.terms.spend([task.item], runner.taken.seconds / len(runners))
        return [key for key, runner in runners.items() if runner.is_fault]

    def runner(self, key: str, item: Item) -> Runner:
        """The outcome of one entry, about to be sampled."""
        stage, terms, standing = self.here.stages[key], self.course.terms, self.standing
        settings = terms.settings(item, self.here.number)
        bench = OutcomeBench(stage, item, standing.parties[key], standing.books[key], settings)
        return Runner(stage, item, bench, terms.rule(item), self.course.origin)

    def chance(self, item: Item) -> Random:
        """Of the entries' order."""
        return Random(f"{self.course.request.seed}/{self.here.number}/{item.id}")

    def keep(self, key: str, runner: Runner, why: str) -> None:
        """What an outcome gave, if the tenants' contexts are well after it."""
        runner.close()
        if runner.taken.stop != "interrupted" or not runner.is_open:
            runner.probe()
        self.course.add(key, runner, why, self.standing.beside(key))
        if runner.refused:
            self.course.refuse(key, runner.refused)
        if runner.is_open:
            self.standing.given[key].append(runner.item)
        if runner.lost:
            self.standing.fall(key, runner.lost)
