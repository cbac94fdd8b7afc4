"""Scores of runs against a reference: parity per outcome, weighted means per category and overall, grades and ranks.

Parity is 1 where a run equals the reference. By ratio: reference / value where lower is better, value / reference
where higher is (shares of passed samples too). By difference: 1 - (value - reference) / scale, by the direction. It is
at most the policy's ceiling, and not raised to 0: a difference beyond its scale gives a negative parity.

Since it ends at the ceiling, noise only costs: a run that equals its reference scores a little less.

Intervals are the comparison's: an outcome's parity is a monotone transform of its change, and so are the ends. Those of
means: stats/mean.py.

Only outcomes that the reference and every run of the scorecard measured are counted, so nobody gains by what is
missing. What failed is in no mean either: it decides the rank before any score does.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from gpu_virt_bench.compare import compare_found
from gpu_virt_bench.compare.files import find
from gpu_virt_bench.model.comparison import Change, Comparison, Interval, Pairing, Row, Side
from gpu_virt_bench.model.run import Failed, Run, Skipped
from gpu_virt_bench.policy import Policy
from gpu_virt_bench.policy import Score as Rules
from gpu_virt_bench.stats.mean import weighted

FEW = 5
"""Fewer repetitions make intervals wide."""

State = Literal[
    "scored",
    "not common",
    "not comparable",
    "deferred or elided",
    "failed",
    "skipped",
    "missing",
    "no direction",
    "no scale",
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
    against: str = ""
    """What the parity is with, where the reference cannot have the outcome: a system of the session, or `zero`."""


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
    is_reference: bool = False
    """Whether the run is the reference itself, which differs from it in nothing."""


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

    @property
    def one_run(self) -> bool:
        """Whether every run is the reference itself, so that nothing is scored."""
        return all(score.is_reference for score in self.scores)


@dataclass(frozen=True)
class _Parity:
    """A parity, how many repetitions it rests on, and its weight in the category."""

    interval: Interval
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
    found = [find(path) for path in runs]
    comparisons = compare_found(against, found, policy)
    entries = [(loaded.run, one) for (loaded, _), one in zip(found, comparisons, strict=True)]
    return replace(scorecard(against.run, entries, policy), remarks=chosen)


def scorecard(reference: Run, runs: Sequence[tuple[Run, Comparison]], policy: Policy) -> Scorecard:
    """The runs, each with its comparison to the reference, scored on what all have in common."""
    entries = [_entry(run, comparison, policy) for run, comparison in runs]
    counted = [name for name in entries[0].parities if all(name in entry.parities for entry in entries)]
    if all(comparison.one_run for _, comparison in runs):
        scores = [_unscored(entry) for entry in entries]
        return Scorecard(title_of(reference), runs[0][1].baseline, [], scores, "run and reference are one run")
    scores = ranked([_score(entry, entries, counted, policy) for entry in entries], policy.grades)
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


def ranked(scores: Sequence[Score], grades: Mapping[str, float]) -> list[Score]:
    """The scores with their ranks, best first: 1 + the runs that are surely before.

    Fewer failures are before more, whatever the score; with equal failures, an interval that lies wholly above another
    is before it. Runs that their intervals do not tell apart share a rank, and the grade of their mean. Without an
    overall score there is no rank.
    """
    if any(one.overall is None for one in scores):
        return list(scores)
    placed = [replace(one, rank=1 + sum(_before(other, one) for other in scores)) for one in scores]
    placed = [replace(one, grade=_common_grade(one, placed, grades)) for one in placed]
    return sorted(placed, key=lambda one: (one.rank, -_overall(one).value))


def _common_grade(score: Score, scores: Sequence[Score], grades: Mapping[str, float]) -> str:
    """The grade of all runs of a rank, which cannot be told apart."""
    of_rank = [_overall(one).value for one in scores if one.rank == score.rank]
    return grade(sum(of_rank) / len(of_rank), grades, score.failures)


def _before(one: Score, other: Score) -> bool:
    if one.failures != other.failures:
        return one.failures < other.failures
    ours, theirs = _overall(one), _overall(other)
    low, high = ours.low, theirs.high
    return (ours.value if low is None else low) > (theirs.value if high is None else high)


def _overall(score: Score) -> Interval:
    assert score.overall is not None  # ranked() has looked
    return score.overall


def _entry(run: Run, comparison: Comparison, policy: Policy) -> _Entry:
    lines, parities = [], {}
    for row in (row for row in comparison.rows if row.headline):
        state, reason = _state(row, run, policy)
        if state == "scored":
            weight = policy.score.metric.get(row.metric, 1.0)
            repetitions = min(row.baseline_repetitions, row.candidate_repetitions)
            repetitions = repetitions if row.change is None else row.change.repetitions
            parities[row.id] = _Parity(parity(row, row.change, policy.score), repetitions, weight)
        found = parities[row.id].interval if row.id in parities else None
        lines.append(Line(row.id, row.title, row.category, state, found, reason, row.against))
    return _Entry(comparison, lines, parities)


def _state(row: Row, run: Run, policy: Policy) -> tuple[State, str]:
    """Whether an outcome has a parity, and why not."""
    found = run.outcomes.get(row.id)
    if isinstance(found, Failed):
        return "failed", found.error
    if isinstance(found, Skipped):
        return "skipped", found.reason
    if found is None:
        return "missing", row.reason
    if row.change is None and row.verdict == "worse":
        return "scored", row.reason
    if row.verdict == "not comparable" or row.change is None:
        return "not comparable", row.reason
    if row.verdict == "deferred or elided":
        return "deferred or elided", row.reason
    if row.better == "none":
        return "no direction", "neither lower nor higher is better"
    if row.change.passes:
        passed = row.change.passes[0][0]
        return ("scored", "") if passed else ("not comparable", "a ratio needs values above 0")
    if row.change.kind == "difference" and row.metric not in policy.score.scale:
        return "no scale", "no scale in the policy"
    return "scored", ""


def parity(row: Row, change: Change | None, rules: Rules) -> Interval:
    """1 where nothing changed, less where it got worse, at most the ceiling; worse by the scale is 0. Of a rate under a
    share, 1 is what was granted, and both ways from it are worse. A total loss has no change, and nothing is left."""
    if change is None:
        return Interval(0.0, 0.0, 0.0, row.candidate.level if row.candidate else 0.0)
    if change.passes:
        return _capped(_ratio_of_shares(row), rules.ceiling)
    if change.shares:
        return _capped(_distance(change.interval), rules.ceiling)
    sign = 1 if row.better == "higher" else -1
    if change.kind == "ratio":
        return _capped(_transformed(change.interval, lambda value: value**sign), rules.ceiling)
    scale = rules.scale[row.metric]
    return _capped(_transformed(change.interval, lambda value: 1 + sign * value / scale), rules.ceiling)


def _transformed(interval: Interval, of: Callable[[float], float]) -> Interval:
    """The interval of a monotone function, which may fall."""
    if interval.low is None or interval.high is None:
        return Interval(of(interval.value), None, None, 0.0)
    low, high = sorted((of(interval.low), of(interval.high)))
    return Interval(of(interval.value), low, high, interval.level)


def _distance(interval: Interval) -> Interval:
    """How near a ratio is to 1, from either side: the ratio or its inverse, whichever is less."""

    def near(value: float) -> float:
        return min(value, 1 / value)

    if interval.low is None or interval.high is None:
        return Interval(near(interval.value), None, None, 0.0)
    ends = near(interval.low), near(interval.high)
    return Interval(
        near(interval.value), min(ends), 1.0 if interval.low <= 1 <= interval.high else max(ends), interval.level
    )


def _ratio_of_shares(row: Row) -> Interval:
    """One side's share of passed samples over the other's, between the ends of their Wilson intervals."""
    over, under = (row.candidate, row.baseline) if row.better == "higher" else (row.baseline, row.candidate)
    assert over is not None and under is not None  # the row has a change
    low, high = _quotient(over.low or 0.0, under.high or 1.0), _quotient(over.high or 1.0, under.low or 0.0)
    return Interval(_quotient(over.value, under.value), low, high, over.level)


def _quotient(over: float, under: float) -> float:
    """The quotient; without a bound over 0."""
    return over / under if under else math.inf


def _capped(found: Interval, ceiling: float) -> Interval:
    """The interval with nothing above the ceiling."""
    low, high = (None if end is None else min(end, ceiling) for end in (found.low, found.high))
    return Interval(min(found.value, ceiling), low, high, found.level)


def _score(entry: _Entry, entries: Sequence[_Entry], counted: Sequence[str], policy: Policy) -> Score:
    """The run's scores over the outcomes that count."""
    lines = [_common(line, entries) for line in entry.lines]
    failures = sum(line.state == "failed" for line in lines)
    least = min((entry.parities[name].repetitions for name in counted), default=0)
    side, pairing = entry.comparison.candidate, entry.comparison.pairing
    notes = [*entry.comparison.remarks, *_few(least)]
    score = Score(side, pairing, failures, lines, remarks=notes, is_reference=entry.comparison.one_run)
    means = _means(entry, counted)
    weights = [policy.score.category.get(category, 1.0) for category in means]
    if sum(weights) == 0:
        return score
    overall = _points(weighted(list(means.values()), weights))
    categories = {category: _points(found) for category, found in means.items()}
    return replace(score, categories=categories, overall=overall, grade=grade(overall.value, policy.grades, failures))


def _unscored(entry: _Entry) -> Score:
    """The reference by itself: no score, since it could have no other."""
    found = entry.comparison
    lines = [
        replace(line, parity=None, state="not comparable", reason="one run") if line.state == "scored" else line
        for line in entry.lines
    ]
    failures = sum(line.state == "failed" for line in lines)
    return Score(found.candidate, found.pairing, failures, lines, remarks=found.remarks, is_reference=True)


def _points(found: Interval) -> Interval:
    """A parity as points out of 100."""
    return _transformed(found, lambda value: 100 * value)


def _means(entry: _Entry, counted: Sequence[str]) -> dict[str, Interval]:
    """The weighted mean of each category; of one whose weights are all 0, none."""
    parts: dict[str, list[_Parity]] = {}
    for line in entry.lines:
        if line.id in counted and entry.parities[line.id].weight > 0:
            parts.setdefault(line.category, []).append(entry.parities[line.id])
    return {
        category: weighted([part.interval for part in some], [part.weight for part in some])
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
