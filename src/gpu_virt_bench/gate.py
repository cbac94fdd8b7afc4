"""A gate: whether a candidate may pass, from its comparison with a baseline. For CI."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal

from gpu_virt_bench.compare import compare_found, find_twin
from gpu_virt_bench.compare.files import find
from gpu_virt_bench.compare.tails import of_headline
from gpu_virt_bench.model.comparison import Comparison, Row
from gpu_virt_bench.model.run import Failed, Measured, Outcome, Run, Skipped
from gpu_virt_bench.policy import Gate, Policy

Finding = Literal["kept", "worse", "tolerated", "failed", "lacking", "unjudged", "informational"]
"""`worse`, `failed` and `lacking` are regressions; `tolerated` is worse within the number that the policy allows.
What is slightly worse is `kept`, with a reason that says so. `unjudged` is a word of JSON alone: reports name the row's
verdict, `inconclusive`, `deferred or elided` or `not comparable`."""

REGRESSIONS: tuple[Finding, ...] = ("worse", "failed", "lacking")
JUDGED: tuple[Finding, ...] = ("kept", "tolerated", *REGRESSIONS)


@dataclass(frozen=True)
class Case:
    """One outcome before the gate. `reason` says why it is no judgement, or what failed."""

    row: Row
    finding: Finding
    reason: str = ""


@dataclass(frozen=True)
class Judgement:
    """What a gate says of a candidate."""

    comparison: Comparison
    cases: list[Case]
    strict: bool = False
    required: list[str] = field(default_factory=list)
    """Outcomes that must be judged, as ids or globs."""
    one_run: bool = False
    """Whether baseline and candidate are the same run, of which nothing can be judged."""

    @property
    def regressions(self) -> list[Case]:
        """The cases that close the gate."""
        return [case for case in self.cases if case.finding in REGRESSIONS]

    @property
    def unjudged(self) -> list[Case]:
        """The cases of which nothing is known."""
        return [case for case in self.cases if case.finding == "unjudged"]

    @property
    def proved_nothing(self) -> bool:
        """Whether no case could be judged at all."""
        return not any(case.finding in JUDGED for case in self.cases)

    @property
    def refused(self) -> str:
        """Why nothing at all could be judged, where one reason holds for the whole pair; else ""."""
        return self.comparison.refused if self.proved_nothing else ""

    @property
    def unmet(self) -> list[str]:
        """The required names of which an outcome was not judged, or that no outcome has."""
        by_name = {name: [case for case in self.cases if is_named(case.row, name)] for name in self.required}
        return [name for name, some in by_name.items() if not some or any(one.finding not in JUDGED for one in some)]

    def why_not(self, name: str) -> str:
        """` (its reason)`, where one reason holds for all that has a required name and was not judged."""
        reasons = {case.reason for case in self.cases if is_named(case.row, name) and case.finding not in JUDGED}
        return f" ({reasons.pop()})" if len(reasons) == 1 and all(reasons) else ""

    @property
    def obstacles(self) -> list[str]:
        """Why a gate without a regression does not open, in sentences."""
        if self.one_run:
            return ["nothing was judged, since baseline and candidate are one run"]
        if self.refused:
            return [f"nothing can be compared: {self.refused}"]
        found = ["nothing could be judged"] if self.proved_nothing else []
        found += [f"{name} was required and not judged{self.why_not(name)}" for name in self.unmet]
        return found or (["--strict, and not everything could be judged"] if self.strict and self.unjudged else [])

    @property
    def status(self) -> int:
        """The exit status: 0 kept, 1 regression, 3 only what could not be judged is in the way."""
        return 1 if self.regressions else 3 if self.obstacles else 0


def is_named(row: Row, name: str) -> bool:
    """Whether a name, or a glob, is that outcome's; brackets are letters, and a metric may be in any case."""
    metric, bracket, params = name.partition("[")
    return fnmatchcase(row.id, metric.upper() + bracket.replace("[", "[[]") + params.replace("[", "[[]"))


def judge_files(
    baseline: Path, candidate: Path, policy: Policy, strict: bool = False, required: Sequence[str] = ()
) -> Judgement:
    """The judgement of one run file by another, or of the newest runs in directories."""
    (before, notes), after = find(baseline), find(candidate)
    twin, more = find_twin(*before)
    (comparison,) = compare_found(before, [after], policy, twin, [*notes, *more])
    return judge(comparison, before.run, after[0].run, policy.gate, strict, required)


def judge(
    comparison: Comparison,
    baseline: Run,
    candidate: Run,
    gate: Gate,
    strict: bool = False,
    required: Sequence[str] = (),
) -> Judgement:
    """The judgement of a comparison of these two runs; what is required is judged whatever the policy says."""
    headlines = of_headline(comparison.rows)
    rows = [
        row
        for row in comparison.rows
        if row.id in headlines or gate.outcomes == "all" or any(is_named(row, name) for name in required)
    ]
    if comparison.one_run:
        cases = [Case(row, "unjudged", "one run") for row in rows]
        return Judgement(comparison, cases, strict, list(required), one_run=True)
    cases = [
        # where nothing of the pair can be compared, neither can what one side lacks
        Case(row, "unjudged", row.reason)
        if comparison.refused and row.reason == comparison.refused
        else _case(row, baseline.outcomes.get(row.id), candidate.outcomes.get(row.id), gate)
        for row in rows
    ]
    worse = sum(case.finding == "worse" for case in cases)
    if worse <= gate.regressions:
        cases = [replace(case, finding="tolerated") if case.finding == "worse" else case for case in cases]
    return Judgement(comparison, cases, strict, list(required))


def _case(row: Row, before: Outcome | None, after: Outcome | None, gate: Gate) -> Case:
    if isinstance(after, Failed):
        closed = gate.failures == "all" or (gate.failures == "new" and not isinstance(before, Failed))
        return Case(row, "failed", after.error) if closed else Case(row, "unjudged", f"failed: {after.error}")
    if isinstance(before, Measured) and not _lacking(before) and (why := _lacking(after)):
        return Case(row, "unjudged" if gate.failures == "none" else "lacking", why)
    if row.verdict in ("better", "slightly better", "same"):
        return Case(row, "kept", row.reason)
    if row.verdict == "slightly worse":
        return Case(row, "kept", f"slightly worse: {row.reason or 'certain, and not wholly beyond the margin'}")
    if row.verdict == "worse":
        return Case(row, "worse", row.reason)
    if row.verdict == "informational":
        return Case(row, "informational")
    return Case(row, "unjudged", row.reason)


def _lacking(after: Outcome | None) -> str:
    """Why the candidate has nothing of an outcome; "" where it has samples, or an error says what became of it."""
    match after:
        case None:
            return "the candidate lacks it"
        case Skipped(reason=reason):
            return f"the candidate skipped it: {reason}"
        case Measured(repetitions=repetitions) if not any(repetition.samples for repetition in repetitions):
            return "the candidate has no samples of it"
    return ""
