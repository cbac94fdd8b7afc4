"""How long a session will take, before it begins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gpu_virt_bench.engine.course import Course
from gpu_virt_bench.engine.groups import Company, Group, groups
from gpu_virt_bench.engine.plan import Item
from gpu_virt_bench.engine.quotas import granted
from gpu_virt_bench.engine.standing import settling
from gpu_virt_bench.model.claims import LONGEST
from gpu_virt_bench.model.text import told
from gpu_virt_bench.systems.proof import tables

PROVED = 0.3
"""Of a tenant's start, so much its two proofs and its end take: it has its context by then."""
PREPARED = 0.02
"""Seconds for each outcome of an entry beside its samples: workloads prepared, contexts probed, the file written."""


def expected(course: Course, items: Mapping[str, Sequence[Item]]) -> tuple[float, float]:
    """Seconds for the planned repetitions, and for as many as the suite allows."""
    suite = course.request.suite
    once = repetition(course, items)
    cheap = {key: [one for one in some if lasting(course, one) * suite.repetitions < suite.seconds_per_outcome]
             for key, some in items.items()}  # fmt: skip
    more = (suite.max_repetitions - suite.repetitions) * repetition(course, cheap)
    planned = introduction(course) + suite.repetitions * once
    return planned, planned + max(0.0, more)


def repetition(course: Course, items: Mapping[str, Sequence[Item]]) -> float:
    """Seconds of one repetition."""
    return sum(company(course, one, items) for one in course.companies)


def company(course: Course, one: Company, items: Mapping[str, Sequence[Item]]) -> float:
    """Seconds of the entries that stand beside each other in one repetition."""
    applying = {key: [item for item in items[key] if applies(course, key, item)] for key in one.keys}
    whole = {item.id: item for some in applying.values() for item in some}
    found = groups(whole.values(), "0")
    setups = sum(setup(course, key) for key in one.keys if applying[key])
    return setups + sum(group(course, part, applying) for part in found)


def applies(course: Course, key: str, item: Item) -> bool:
    """Whether an entry will measure an outcome."""
    return course.is_open(key) and course.records[key].is_open(item)


def setup(course: Course, key: str) -> float:
    """Seconds to set a system up and tear it down: about a tenth for each step."""
    system = course.places[key].entry.system
    return 0.1 * (len(system.setup) + len(system.teardown))


def group(course: Course, part: Group, items: Mapping[str, Sequence[Item]]) -> float:
    """Seconds of a group of outcomes: parties started at once, warmed, measured, ended."""
    keys = [key for key, some in items.items() if any(item in part.items for item in some)]
    samples = sum(sampled(course, item) for key in keys for item in items[key] if item in part.items)
    if not part.party:
        return samples + len(keys) * len(part.items) * PREPARED
    return standing(course, part, keys) + samples


def standing(course: Course, part: Group, keys: Sequence[str]) -> float:
    """Seconds until parties stand, and until they are gone."""
    start, tenants = course.reference.start_seconds, len(part.party)
    places = [course.places[key] for key in keys]
    settle = max(settling(one.entry.system, granted(one.entry, part.party, one.devices)) for one in places)
    return tenants * start + settle + course.request.suite.warm_seconds + PROVED * start * tenants * len(keys)


def sampled(course: Course, item: Item) -> float:
    """Seconds that one entry gives to an outcome in one repetition."""
    rule = course.terms.rule(item)
    return (rule.samples + rule.warmup) * lasting(course, item) + PREPARED


def lasting(course: Course, item: Item) -> float:
    """Seconds of one sample."""
    return item.metric.seconds_of(item.params, course.terms.window(item), course.request.suite.polling_seconds)


def introduction(course: Course) -> float:
    """Seconds of proofs that are taken once: how two tenants share a device, a memory limit in a second process, how
    far a compute limit slows."""
    start, window = course.reference.start_seconds, min(LONGEST, course.request.suite.quota_window_seconds)
    found = 0.0
    for place in course.places.values():
        system, proofs = place.entry.system, tables.every(place.entry.system)
        if tables.needs_pair(system):
            found += 2 * (1 + PROVED) * start
        if place.entry.quota.memory_bytes is not None and any(table.refused_above for table in proofs):
            found += 2 * (1 + PROVED) * start
        if any(table.slowed for table in proofs):
            found += 2 * window + start
    return found


def announcement(course: Course, items: Mapping[str, Sequence[Item]]) -> str:
    """What will be done, and about how long it will take."""
    suite, (planned, most) = course.request.suite, expected(course, items)
    outcomes = len({item.id for some in items.values() for item in some})
    times = told(planned) if told(planned) == told(most) else f"{told(planned)} to {told(most)}"
    counts = f"{suite.repetitions}"
    if suite.max_repetitions > suite.repetitions:
        counts += f" to {suite.max_repetitions}"
    return f"about {times}: {counts} repetitions of {outcomes} outcomes, {', '.join(course.places)}"
