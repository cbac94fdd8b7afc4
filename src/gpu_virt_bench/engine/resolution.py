"""Which outcomes need more repetitions: those whose changes are not yet as narrow as their margins ask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gpu_virt_bench.compare import RATES, Incomparable, change_between, half_width
from gpu_virt_bench.engine.course import Course
from gpu_virt_bench.engine.plan import Item
from gpu_virt_bench.model.run import Definition, Measured
from gpu_virt_bench.policy import Policy, load
from gpu_virt_bench.stats.estimate import summarise

STEADIER = 0.5
"""Rates of windows are steadier than latencies, and are told apart finer: their changes get that part of the width."""


def wants_more(course: Course, items: Mapping[str, Sequence[Item]]) -> set[str]:
    """The outcomes that get another repetition in all entries alike.

    What the user waits for is the width of a change: that of every entry over the session's first. An entry that has
    nobody to be compared with is measured by its own interval.
    """
    asked = course.request.suite.resolution
    if asked is None:
        return set()
    policy = load()
    unspent = {item.id for some in items.values() for item in some if not course.terms.is_spent(item)}
    return {name for name in sorted(unspent) if is_wide(course, name, policy, asked)}


def is_wide(course: Course, name: str, policy: Policy, asked: float) -> bool:
    """Whether any change of an outcome is wider than that part of its margin."""
    found = [
        outcome for record in course.records.values() if isinstance(outcome := record.outcomes.get(name), Measured)
    ]
    if not found:
        return False
    definition = next(iter(course.records.values())).run.metrics[found[0].metric]
    margin = policy.margin_of(definition, found[0].metric)
    if definition.better == "none" or definition.unit == "pass":
        return False
    widths = [width(found[0], other, definition, margin, policy.confidence) for other in found[1:]] or [
        own(found[0], definition)
    ]
    target = asked * margin * (STEADIER if definition.unit in RATES else 1.0)
    return any(one is None or one > target for one in widths)


def width(
    baseline: Measured, candidate: Measured, definition: Definition, margin: float, confidence: float
) -> float | None:
    """Half of the interval of a change; None where there is none yet, 0 where more repetitions would not help."""
    try:
        return half_width(change_between(baseline, candidate, definition, margin, confidence))
    except Incomparable:
        return 0.0


def own(outcome: Measured, definition: Definition) -> float | None:
    """Half of one value's interval, relative where it is compared by ratio."""
    estimate = summarise(outcome, definition)
    if estimate.low is None or estimate.high is None:
        return None
    if definition.compare == "difference":
        return (estimate.high - estimate.low) / 2
    return estimate.half_width
