"""The rows of a comparison, before they are judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gpu_virt_bench.compare import standin
from gpu_virt_bench.compare.admissible import obstacle, refusal, unusable
from gpu_virt_bench.compare.change import Incomparable, change_between, floor
from gpu_virt_bench.compare.granted import of_share, shares
from gpu_virt_bench.compare.losses import loss
from gpu_virt_bench.model.comparison import Interval, Pairing, Row
from gpu_virt_bench.model.run import Definition, Measured, Run
from gpu_virt_bench.policy import Policy
from gpu_virt_bench.stats.estimate import summarise


def of_one_session(baseline: Run, candidate: Run) -> bool:
    """Whether repetitions of the two belong together."""
    return baseline.session.id == candidate.session.id


def pairing(baseline: Run, candidate: Run) -> Pairing:
    """What the comparison of two runs is called."""
    return "paired" if of_one_session(baseline, candidate) else "unpaired"


def row(
    name: str, baseline: Run, candidate: Run, policy: Policy, twin: Run | None, whole: str, others: Sequence[Run] = ()
) -> Row:
    """One outcome; `inconclusive` where nothing forbids a verdict, until it is judged. `whole` forbids all; among
    `others` is the run that the metric names for a baseline where the comparison's cannot have the outcome: then that
    one has to be proved, and not the comparison's."""
    system = standin.named_by(name, baseline, candidate)
    found = row_between(name, baseline, candidate, policy, twin, whole)
    if not system:
        return replace(found, reason=f"{found.reason}{standin.unnamed(name, baseline, candidate)}")
    if system == standin.ZERO:
        return from_zero(found, candidate, policy)
    other = standin.of_session(system, candidate, others)
    if other is None or candidate.system.id == system:
        return found if whole else replace(found, reason=standin.lacking(system, candidate))
    found = row_between(name, other, candidate, policy, None, refusal(other, candidate))
    return replace(found, against=system)


def from_zero(found: Row, candidate: Run, policy: Policy) -> Row:
    """A row whose value is a difference already."""
    if reason := unusable(candidate.outcomes[found.id], "candidate") or refusal(candidate, candidate):
        return replace(found, reason=reason)
    _, outcome = measured(found.id, candidate, candidate)
    definition = candidate.metrics[found.metric]
    margin = policy.margin_of(definition, found.metric)
    try:
        shown = standin.change_from_zero(outcome, definition, margin, policy.confidence)
    except Incomparable as error:
        return replace(found, reason=str(error))
    return replace(found, verdict="inconclusive", reason="", change=shown, against=standin.ZERO)


def row_between(name: str, baseline: Run, candidate: Run, policy: Policy, twin: Run | None, whole: str) -> Row:
    """One outcome of two runs that both may have it."""
    run = baseline if name in baseline.outcomes else candidate
    outcome = run.outcomes[name]
    definition = run.metrics[outcome.metric]
    found = Row(
        id=name,
        metric=outcome.metric,
        title=definition.title,
        category=definition.category,
        unit=definition.unit,
        shown_unit=definition.shown_unit,
        better=definition.better,
        headline=outcome.headline,
        verdict="not comparable",
        baseline=interval(name, baseline, definition, policy.confidence),
        candidate=interval(name, candidate, definition, policy.confidence),
        baseline_repetitions=repetitions(name, baseline),
        candidate_repetitions=repetitions(name, candidate),
    )
    if reason := whole or obstacle(name, baseline, candidate):
        return replace(found, reason=reason)
    margin, level = policy.margin_of(definition, outcome.metric), policy.confidence
    try:
        granted = shares(name, baseline, candidate)
        before, after = measured(name, baseline, candidate)
        after = of_share(after, granted) if granted else after
        verdict, counts = loss(before, after, definition)
        if counts:
            return replace(found, verdict=verdict, reason=counts)
        shown = change_between(before, after, definition, margin, level, of_one_session(baseline, candidate))
    except Incomparable as error:
        return replace(found, reason=str(error))
    shown = replace(shown, shares=granted, floor=floor_of(name, baseline, twin, definition, level))
    return replace(found, verdict="inconclusive", change=shown)


def measured(name: str, baseline: Run, candidate: Run) -> tuple[Measured, Measured]:
    """Both sides of an outcome that nothing forbids to compare."""
    ours, theirs = baseline.outcomes[name], candidate.outcomes[name]
    assert isinstance(ours, Measured) and isinstance(theirs, Measured)
    return ours, theirs


def interval(name: str, run: Run, definition: Definition, level: float) -> Interval | None:
    """One side's estimate; None where there are no samples in the unit of the row."""
    outcome = run.outcomes.get(name)
    if not isinstance(outcome, Measured) or not repetitions(name, run):
        return None
    if run.metrics[outcome.metric].unit != definition.unit:
        return None
    found = summarise(outcome, definition, level)
    return Interval(found.value, found.low, found.high, found.level)


def repetitions(name: str, run: Run) -> int:
    """How many repetitions have samples."""
    outcome = run.outcomes.get(name)
    return sum(bool(entry.samples) for entry in outcome.repetitions) if isinstance(outcome, Measured) else 0


def floor_of(name: str, baseline: Run, twin: Run | None, definition: Definition, level: float) -> float | None:
    """The change that the baseline shows against itself; None where that was not measured."""
    if twin is None or obstacle(name, baseline, twin):
        return None
    try:
        sides = measured(name, baseline, twin)
        return floor(change_between(*sides, definition, 0.0, level, of_one_session(baseline, twin)))
    except Incomparable:
        return None
