"""What to take for which use: by the rules of a policy, from verdicts alone, each with its evidence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from gpu_virt_bench.compare.admissible import unproven
from gpu_virt_bench.model.run import Failed, Measured
from gpu_virt_bench.policy import Policy, Use
from gpu_virt_bench.report.blocks import Block, Bullets, Cell, Column, Heading, Row, Sentence, Table, Tone
from gpu_virt_bench.report.page.answers import BETTER, JUDGED, WORSE, held_limits, tried
from gpu_virt_bench.report.page.groups import Entry, Group
from gpu_virt_bench.report.sentence import shown

ENOUGH = 5
"""Samples that passed, so that they tell anything: of one, half of the systems that fail every second time pass."""
State = Literal["yes", "no", "not known"]
TONES: dict[State, Tone] = {"yes": "good", "no": "bad", "not known": "unsure"}
WORDS: dict[State, str] = {"yes": "fits", "no": "does not fit", "not known": "cannot say"}


@dataclass(frozen=True)
class Evidence:
    """One requirement of a use, and what the runs say of it; `gain` is 1 better, -1 worse, 0 neither."""

    state: State
    text: str
    gain: int = 0


@dataclass(frozen=True)
class Fit:
    """One system for one use."""

    name: str
    state: State
    must: Sequence[Evidence]
    gains: Sequence[Evidence]

    @property
    def score(self) -> int:
        """In how many gains it is better, less those in which it is worse."""
        return sum(one.gain for one in self.gains)


def advice(group: Group, policy: Policy) -> list[Block]:
    """A sentence and a row for each use."""
    candidates = [one for one in group.entries if one.run.kind == "measured" and one.run.status != "refused"]
    if not policy.use or len(candidates) < 2:
        return []
    found = [(use, [fit(one, use) for one in candidates]) for use in policy.use]
    columns = [Column("use"), *(Column(one.name) for one in candidates)]
    rows = [
        Row([Cell(use.title), *map(cell, fits)], id=f"use-{use.title}", opens=evidence(fits)) for use, fits in found
    ]
    return [
        Heading("Which for what", id="advice"),
        *(Sentence(f"{use.title}: {chosen(fits)}") for use, fits in found),
        Table(columns, rows, f"By the rules of the policy {policy.title}, from verdicts alone"),
    ]


def fit(entry: Entry, use: Use) -> Fit:
    """A system for a use: yes if it has all that it must, no if it lacks any; of an unproven one that is not known."""
    lacking = [Evidence("not known", reason) for reason in unproven(entry.run)][:1]
    must = [*lacking, *(required(entry, name) for name in use.must)]
    states = {one.state for one in must}
    state: State = "no" if "no" in states else "not known" if "not known" in states else "yes"
    return Fit(entry.name, state, must, [required(entry, name) for name in use.gains])


def required(entry: Entry, name: str) -> Evidence:
    """What the run says of one requirement."""
    if name.endswith("-limit"):
        return of_limit(entry, name.removesuffix("-limit"))
    outcome = entry.run.outcomes.get(name)
    if isinstance(outcome, Failed):
        return Evidence("no", f"{name} failed: {outcome.error}", -1)
    if not isinstance(outcome, Measured):
        return Evidence("not known", f"{name} was not measured" + (f": {outcome.reason}" if outcome else ""))
    if entry.run.metrics[outcome.metric].unit == "pass":
        return of_passes(entry, name)
    return of_verdict(entry, name)


def of_limit(entry: Entry, kind: str) -> Evidence:
    """Whether a limit holds: by every allocation call, and for all processes of a tenant together."""
    found = next((one for one in held_limits(entry) if one.name == kind), None)
    if found is None or found.binds is None:
        return Evidence("not known", f"no {kind} limit was tried")
    if not found.binds:
        return Evidence("no", f"the {kind} limit leaks", -1)
    if found.per_process:
        return Evidence("no", f"the {kind} limit is one of each process, so that two have twice as much", -1)
    if found.untried:
        return Evidence("not known", f"the {kind} limit was tried by {tried(found)}")
    return Evidence("yes", f"the {kind} limit holds, by {tried(found)}")


def of_passes(entry: Entry, name: str) -> Evidence:
    """Whether every sample passed, of enough of them."""
    found = entry.estimates.get(name)
    if found is None:
        return Evidence("not known", f"{name} has no samples")
    passed = round(found.value * found.samples)
    text = f"{name}: {passed} of {found.samples} passed"
    if passed < found.samples:
        return Evidence("no", text, -1)
    if found.samples < ENOUGH:
        return Evidence("not known", f"{text}, fewer than {ENOUGH}")
    return Evidence("yes", text)


def of_verdict(entry: Entry, name: str) -> Evidence:
    """What the comparison says. Of the baseline it says nothing: it is what the others are compared with."""
    if entry.comparison is None:
        return Evidence("not known", f"{name} of the baseline is compared with nothing")
    row = entry.rows.get(name)
    if row is None or row.verdict not in JUDGED:
        why = "" if row is None else f" ({row.reason or row.verdict})"
        return Evidence("not known", f"{name} is not decided{why}")
    bad = row.verdict in WORSE or bool(row.tail)
    text = f"{name} {row.tail or f'{row.verdict} {shown(row)}'}".rstrip()
    return Evidence("no" if bad else "yes", text, -1 if bad else 1 if row.verdict in BETTER else 0)


def chosen(fits: Sequence[Fit]) -> str:
    """The system of those that fit which gains most, with why; or what is lacking."""
    good = [one for one in fits if one.state == "yes"]
    if not good:
        return cannot(fits)
    best = max(one.score for one in good)
    names = [one for one in good if one.score == best]
    told = "; ".join(why(one) for one in names)
    unsure = [one.name for one in fits if one.state == "not known"]
    rest = f"; cannot say of {', '.join(unsure)}" if unsure else ""
    return f"{' or '.join(one.name for one in names)} ({told}){rest}."


def why(one: Fit) -> str:
    """The evidence in a few words."""
    return ", ".join(entry.text for entry in [*one.must, *(gain for gain in one.gains if gain.gain)])


def cannot(fits: Sequence[Fit]) -> str:
    """That nothing fits, and what would have to be measured."""
    lacking = dict.fromkeys(
        entry.text for one in fits if one.state == "not known" for entry in one.must if entry.state == "not known"
    )
    failing = {
        one.name: next(entry.text for entry in one.must if entry.state == "no") for one in fits if one.state == "no"
    }
    no = [f"not {name}: {text}" for name, text in failing.items()]
    return "; ".join([*([f"cannot say: {', '.join(lacking)}"] if lacking else []), *no]) + "."


def cell(one: Fit) -> Cell:
    """One system for one use."""
    first = next((entry.text for entry in one.must if entry.state == one.state), "")
    return Cell(WORDS[one.state], tone=TONES[one.state], below=[first] if first else [])


def evidence(fits: Sequence[Fit]) -> list[Block]:
    """All that was looked at."""
    return [Bullets([f"{one.name}: {line}" for one in fits for line in lines(one)])]


def lines(one: Fit) -> Iterator[str]:
    """The requirements, then the gains."""
    yield from (f"must have, {entry.state}: {entry.text}" for entry in one.must)
    yield from (f"gains by: {entry.text}" for entry in one.gains)
