"""How long a session will take: before it begins, and while it lasts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gpu_virt_bench.engine.course import Course
from gpu_virt_bench.engine.groups import Company, Group, groups
from gpu_virt_bench.engine.outlook import Shares
from gpu_virt_bench.engine.plan import Item
from gpu_virt_bench.engine.quotas import granted
from gpu_virt_bench.engine.standing import settling
from gpu_virt_bench.model.claims import LONGEST
from gpu_virt_bench.model.text import counted, span
from gpu_virt_bench.systems.proof import tables

PROVED = 0.3
"""Of a tenant's start, so much its two proofs and its end take: it has its context by then."""
AT_ONCE = 0.5
"""Of its start, so much each further entry's tenant adds to that of the first: a driver makes contexts one by one."""
LAYERED = 1.5
"""A tenant with a layer in its process starts so many times as long; HAMi-core's takes 1.7 to 1.9 times."""
PREPARED = 0.02
"""Seconds for each outcome of an entry beside its samples: workloads prepared, contexts probed, the file written."""


def expected(course: Course, items: Mapping[str, Sequence[Item]]) -> tuple[float, float]:
    """Seconds for the planned repetitions, and for as many as the suite allows."""
    suite = course.request.suite
    once = repetition(course, items)
    cheap = {key: [one for one in some if applies(course, key, one)
                   and lasting(course, one, [key]) * suite.repetitions < suite.seconds_per_outcome]
             for key, some in items.items()}  # fmt: skip
    more = (suite.max_repetitions - suite.repetitions) * repetition(course, cheap)
    planned = introduction(course) + suite.repetitions * once
    return planned, planned + max(0.0, more)


def repetition(course: Course, items: Mapping[str, Sequence[Item]]) -> float:
    """Seconds of one repetition."""
    return sum(shares(course, items).values())


def shares(course: Course, items: Mapping[str, Sequence[Item]]) -> Shares:
    """What each outcome of each entry takes of a repetition: its samples, and its part of what several need."""
    found: Shares = {}
    for one in course.companies:
        found |= company(course, one, items)
    return found


def company(course: Course, one: Company, items: Mapping[str, Sequence[Item]]) -> Shares:
    """Shares of the entries that stand beside each other in one repetition."""
    applying = {key: [item for item in items[key] if applies(course, key, item)] for key in one.keys}
    whole = {item.id: item for some in applying.values() for item in some}
    found: Shares = {}
    for part in groups(whole.values(), "0"):
        found |= group(course, part, applying)
    for key, some in applying.items():
        for item in some:
            found[key, item.id] += setup(course, key) / len(some)
    return found


def applies(course: Course, key: str, item: Item) -> bool:
    """Whether an entry will measure an outcome."""
    return course.is_open(key) and course.records[key].is_open(item)


def setup(course: Course, key: str) -> float:
    """Seconds to set a system up and tear it down: about a tenth for each step."""
    system = course.places[key].entry.system
    return 0.1 * (len(system.setup) + len(system.teardown))


def group(course: Course, part: Group, items: Mapping[str, Sequence[Item]]) -> Shares:
    """Shares in a group of outcomes: parties started at once, warmed, measured, ended."""
    found = {
        (key, item.id): sampled(course, item, [key])
        for key, some in items.items()
        for item in some
        if item in part.items
    }
    keys = list(dict.fromkeys(key for key, _ in found))
    sets = [[key] for key in keys] if part.alone else [keys]
    stands = sum(standing(course, part, some) for some in sets) if part.party else 0.0
    return {pair: seconds + stands / len(found) for pair, seconds in found.items()}


def standing(course: Course, part: Group, keys: Sequence[str]) -> float:
    """Seconds until parties stand, and until they are gone."""
    start, tenants = starting(course, keys), len(part.party)
    places = [course.places[key] for key in keys]
    settle = max(settling(one.entry.system, granted(one.entry, part.party, one.devices)) for one in places)
    once = 1 + AT_ONCE * (len(keys) - 1) + PROVED * len(keys)
    return tenants * start * once + settle + course.request.suite.warm_seconds


def starting(course: Course, keys: Sequence[str]) -> float:
    """Seconds until a tenant has its context, of the slowest entry."""
    layered = any(course.places[key].entry.system.mechanism == "preload" for key in keys)
    return course.reference.start_seconds * (LAYERED if layered else 1.0)


def sampled(course: Course, item: Item, keys: Sequence[str]) -> float:
    """Seconds that one entry gives to an outcome in one repetition: its samples, or as many as its time allows, where
    the one that is under way when it is spent is taken to its end."""
    rule, once = course.terms.rule(item), lasting(course, item, keys)
    if not once:  # it reads what another outcome took
        return PREPARED
    allowed = max(rule.warmup + 1, int(rule.seconds / once) + 1)
    return min(rule.samples + rule.warmup, allowed) * once + PREPARED


def lasting(course: Course, item: Item, keys: Sequence[str]) -> float:
    """Seconds of one sample. One that has no tenants standing starts its own."""
    seconds = item.metric.seconds_of(item.params, course.terms.window(item), course.request.suite.polling_seconds)
    return seconds if item.party else max(seconds, (1 + PROVED) * starting(course, keys))


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
            found += (2 * window + start) * max(1, len(set(place.entry.shares)))
    return found


def ahead(
    course: Course, items: Mapping[str, Sequence[Item]], number: int, wanted: Mapping[str, Sequence[Item]]
) -> tuple[Shares, float, float]:
    """What a repetition takes, and what lies ahead with it, at least and at most. After the planned repetitions at most
    as many as the suite allows follow, until the suite's seconds for each outcome are spent."""
    suite, once = course.request.suite, shares(course, wanted)
    if number < suite.repetitions:
        done = number * sum(once.values()) + introduction(course)
        least, most = expected(course, items)
        return once, max(0.0, least - done), max(0.0, most - done)
    rest = sum(suite.seconds_per_outcome - course.terms.spent.get(name, 0.0) for _, name in once)
    whole = (suite.max_repetitions - number) * sum(once.values())
    return once, sum(once.values()), max(sum(once.values()), min(whole, rest))


def announcement(course: Course, items: Mapping[str, Sequence[Item]]) -> str:
    """What will be done, and about how long it will take."""
    suite, (planned, most) = course.request.suite, expected(course, items)
    applying = {item.id for key, some in items.items() for item in some if applies(course, key, item)}
    outcomes = counted(len(applying), "outcome")
    times = span(planned, most)
    several = f"{suite.repetitions} to " if suite.max_repetitions > suite.repetitions else ""
    taken = counted(suite.max_repetitions, "repetition")
    said = f"about {times}: {several}{taken} of {outcomes}, {', '.join(course.places)}"
    budget = course.request.time_budget
    if budget is not None and budget < planned:
        said += f"; the time budget of {budget:g} s is shorter, and will end it before all is measured"
    return said
