"""Scores of runs against a reference: parity per outcome, weighted means per category and overall, grades and ranks.

Parity is 1 where a run equals the reference. By ratio: reference / value where lower is better, value / reference
where higher is (shares of passed samples too). By difference: 1 - (value - reference) / scale, by the direction. It is
at most the policy's ceiling, and not raised to 0: a difference beyond its scale gives a negative parity.

Since it ends at the ceiling, noise only costs: a run that equals its reference scores a little less.

Intervals: stats/parity.py, seeded from the run; too narrow where repetitions are few, as it says there.

Only outcomes that the reference and every run of the scorecard measured are counted, so nobody gains by what is
missing. What failed is in no mean either: it decides the rank before any score does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import mean, median
from typing import Literal

import numpy as np

from gpu_virt_bench.compare import compare_file
from gpu_virt_bench.compare.files import find
from gpu_virt_bench.model.comparison import Comparison, Interval, Pairing, Row, Side
from gpu_virt_bench.model.run import Definition, Failed, Measured, Run, Skipped
from gpu_virt_bench.policy import Policy
from gpu_virt_bench.stats import parity as bootstrap
from gpu_virt_bench.stats.parity import Draws

FEW = 5
"""Fewer repetitions make intervals wide."""

State = Literal[
    "scored", "not common", "not comparable", "failed", "skipped", "missing", "no direction", "no scale", "no weight"
]


@dataclass(frozen=True)
class Line:
    """One headline outcome of a run: its parity with the reference, and why it has none or does not count."""

    id: str
    title: str
    category: str
    state: State
    parity: Interval | None = None
    reason: str = ""


@dataclass(frozen=True)
class Score:
    """One run's scores, out of 100. Without a common outcome there is no overall score, rank or grade."""

    run: Side
    pairing: Pairing
    failures: int
    lines: list[Line]
    categories: dict[str, Interval] = field(default_factory=dict)
    overall: Interval | None = None
    rank: int | None = None
    grade: str | None = None
    remarks: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Scorecard:
    """Several runs against one reference, best rank first; the scores are made of the `counted` outcomes."""

    title: str
    reference: Side
    counted: list[str]
    scores: list[Score]
    note: str = ""
    """Why there is no score."""
    remarks: list[str] = field(default_factory=list)
    """On the reference."""


@dataclass(frozen=True)
class _Parity:
    """A parity with its draws, how many repetitions they are made of, and its weight in the category."""

    draws: Draws
    repetitions: int
    weight: float


@dataclass(frozen=True)
class _Entry:
    """A run before it is scored: its lines, and the parities that it has."""

    comparison: Comparison
    lines: list[Line]
    parities: Mapping[str, _Parity]


def score_files(reference: Path, runs: Sequence[Path], policy: Policy) -> Scorecard:
    """The scorecard of run files, or of the newest runs in directories."""
    against, chosen = find(reference)
    entries = [compare_file(against, path, policy) for path in runs]
    return replace(scorecard(against.run, entries, policy), remarks=chosen)


def scorecard(reference: Run, runs: Sequence[tuple[Run, Comparison]], policy: Policy) -> Scorecard:
    """The runs, each with its comparison to the reference, scored on what all have in common."""
    entries = [_entry(reference, run, comparison, policy) for run, comparison in runs]
    counted = [name for name in entries[0].parities if all(name in entry.parities for entry in entries)]
    scores = ranked([_score(entry, entries, counted, policy) for entry in entries])
    unscored = any(score.overall is None for score in scores)
    note = "no headline outcome has a parity in every run and a weight in the policy" if unscored else ""
    return Scorecard(title_of(reference), runs[0][1].baseline, counted, scores, note)


def title_of(reference: Run) -> str:
    """`MIG parity` against the ideal that is derived from a native run, else `Parity with <system>`."""
    if reference.kind == "derived" and reference.system.id == "mig-ideal":
        return "MIG parity"
    return f"Parity with {reference.system.id}"


def grade(score: float, grades: Mapping[str, float], failures: int = 0) -> str:
    """The best grade whose threshold the score reaches, F below all; failures are marked."""
    reached = [(threshold, name) for name, threshold in grades.items() if score >= threshold]
    return (max(reached)[1] if reached else "F") + (f" ({failures} failed)" if failures else "")


def ranked(scores: Sequence[Score]) -> list[Score]:
    """The scores with their ranks, best first: 1 + the runs that are surely before.

    Fewer failures are before more, whatever the score; with equal failures, an interval that lies wholly above another
    is before it. Runs that their intervals do not tell apart share a rank. Without an overall score there is no rank.
    """
    if any(one.overall is None for one in scores):
        return list(scores)
    placed = [replace(one, rank=1 + sum(_before(other, one) for other in scores)) for one in scores]
    return sorted(placed, key=lambda one: (one.rank, -_overall(one).value))


def _before(one: Score, other: Score) -> bool:
    if one.failures != other.failures:
        return one.failures < other.failures
    ours, theirs = _overall(one), _overall(other)
    low, high = ours.low, theirs.high
    return (ours.value if low is None else low) > (theirs.value if high is None else high)


def _overall(score: Score) -> Interval:
    assert score.overall is not None  # ranked() has looked
    return score.overall


def _entry(reference: Run, run: Run, comparison: Comparison, policy: Policy) -> _Entry:
    lines, parities = [], {}
    for row in (row for row in comparison.rows if row.headline):
        state, reason = _state(row, reference, run, policy)
        if state == "scored":
            parities[row.id] = _parity(row, reference, run, comparison.pairing, policy)
        found = parities.get(row.id)
        interval = None if found is None else _interval(found.draws, found.repetitions, policy)
        lines.append(Line(row.id, row.title, row.category, state, interval, reason))
    return _Entry(comparison, lines, parities)


def _state(row: Row, reference: Run, run: Run, policy: Policy) -> tuple[State, str]:
    """Whether an outcome has a parity, and why not."""
    found = run.outcomes.get(row.id)
    if isinstance(found, Failed):
        return "failed", found.error
    if isinstance(found, Skipped):
        return "skipped", found.reason
    if found is None:
        return "missing", row.reason
    if row.verdict == "not comparable":
        return "not comparable", row.reason
    if row.better == "none":
        return "no direction", "neither lower nor higher is better"
    definition = run.metrics[row.metric]
    if _kind(definition) == "difference":
        return ("scored", "") if row.metric in policy.score.scale else ("no scale", "no scale in the policy")
    sides = [reference] if definition.unit == "pass" else [reference, run]
    if min(value for side in sides for value in _figures(side, row.id, definition).values()) <= 0:
        return "not comparable", "a ratio needs values above 0"
    return "scored", ""


def _kind(definition: Definition) -> Literal["ratio", "difference"]:
    """How parity compares: shares of passed samples by ratio, whatever a comparison does with them."""
    return "ratio" if definition.unit == "pass" else definition.compare


def _figures(run: Run, name: str, definition: Definition) -> dict[int, float]:
    """The figure of each repetition by its index: its median, or the share of samples that passed."""
    outcome = run.outcomes.get(name)
    taken = outcome.repetitions if isinstance(outcome, Measured) else []
    middle = mean if definition.unit == "pass" else median
    return {entry.index: middle(entry.samples) for entry in taken if entry.samples}


def _parity(row: Row, reference: Run, run: Run, pairing: Pairing, policy: Policy) -> _Parity:
    definition = run.metrics[row.metric]
    paired = (
        pairing == "paired" and definition.unit != "pass"
    )  # shares have the ratio of the two shares, as they are shown
    kind, middle = _kind(definition), np.mean if definition.unit == "pass" else np.median
    before, found = (_figures(side, row.id, definition) for side in (reference, run))
    changes = bootstrap.changes(before, found, kind, middle, paired, run.plan.seed)
    draws = bootstrap.parity(changes, kind, row.better, policy.score.scale.get(row.metric, 1.0), policy.score.ceiling)
    count = len(before.keys() & found.keys()) if paired else min(len(before), len(found))
    return _Parity(draws, count, policy.score.metric.get(row.metric, 1.0))


def _interval(draws: Draws, repetitions: int, policy: Policy, factor: float = 1.0) -> Interval:
    """The value with its interval, at the level that so few repetitions can reach; with one there is none."""
    value = float(draws[0]) * factor
    if repetitions < 2:
        return Interval(value, None, None, 0.0)
    low, high = bootstrap.interval(draws, policy.confidence)
    return Interval(value, low * factor, high * factor, min(policy.confidence, 1 - 2.0 ** (1 - repetitions)))


def _score(entry: _Entry, entries: Sequence[_Entry], counted: Sequence[str], policy: Policy) -> Score:
    """The run's scores over the outcomes that count."""
    lines = [_common(line, entries) for line in entry.lines]
    failures = sum(line.state == "failed" for line in lines)
    least = min((entry.parities[name].repetitions for name in counted), default=0)
    side, pairing = entry.comparison.candidate, entry.comparison.pairing
    score = Score(side, pairing, failures, lines, remarks=[*entry.comparison.remarks, *_few(least)])
    means = _means(entry, counted)
    weights = [policy.score.category.get(category, 1.0) for category in means]
    if sum(weights) == 0:
        return score
    overall = _interval(bootstrap.weighted(list(means.values()), weights), least, policy, 100.0)
    categories = {category: _interval(draws, least, policy, 100.0) for category, draws in means.items()}
    return replace(score, categories=categories, overall=overall, grade=grade(overall.value, policy.grades, failures))


def _means(entry: _Entry, counted: Sequence[str]) -> dict[str, Draws]:
    """The weighted mean of each category; of one whose weights are all 0, none."""
    parts: dict[str, list[_Parity]] = {}
    for line in entry.lines:
        if line.id in counted and entry.parities[line.id].weight > 0:
            parts.setdefault(line.category, []).append(entry.parities[line.id])
    return {
        category: bootstrap.weighted([part.draws for part in some], [part.weight for part in some])
        for category, some in parts.items()
    }


def _common(line: Line, entries: Sequence[_Entry]) -> Line:
    """The line, marked if another run has no parity there."""
    lacking = [entry.comparison.candidate.name for entry in entries if line.id not in entry.parities]
    if line.state != "scored" or not lacking:
        return line
    return replace(line, state="not common", reason=f"no parity in {', '.join(lacking)}")


def _few(repetitions: int) -> list[str]:
    if not 0 < repetitions < FEW:
        return []
    return [f"repetitions: {repetitions}; intervals are wide, --suite standard narrows them"]
