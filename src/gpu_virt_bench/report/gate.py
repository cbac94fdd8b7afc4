"""A gate's judgement as blocks, and as JSON."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict

from gpu_virt_bench.compare.said import change_text, size_text
from gpu_virt_bench.gate import Case, Finding, Judgement
from gpu_virt_bench.model.comparison import Row as Compared
from gpu_virt_bench.model.metric import SHOWN
from gpu_virt_bench.report.blocks import Block, Bullets, Cell, Column, Heading, Row, Sentence, Table, Tone
from gpu_virt_bench.report.comparison import heading
from gpu_virt_bench.report.envelope import envelope
from gpu_virt_bench.report.text import number

COLUMNS = (Column("outcome"), Column("finding"), Column("change, or why there is no judgement"))
ORDER: tuple[Finding, ...] = ("worse", "failed", "lacking", "tolerated", "unjudged", "kept", "informational")
TONES: dict[Finding, Tone] = {
    "worse": "bad",
    "failed": "bad",
    "lacking": "bad",
    "tolerated": "unsure",
    "unjudged": "unsure",
    "kept": "good",
    "informational": "muted",
}
OPEN = ("inconclusive", "deferred or elided", "not comparable")
"""Verdicts of a comparison that are no judgement."""
NOTHING = "THIS GATE PROVED NOTHING: not one outcome could be judged."


def title(judgement: Judgement) -> str:
    """Who is held against whom."""
    return f"Gate: {one_line(heading(judgement.comparison))}"


def one_line(text: str) -> str:
    """The text without line breaks: a line that begins with `::` is a command to some CI servers."""
    return " ".join(text.split())


def change(row: Compared) -> str:
    """`+105.0 ±4.0 %, margin 2 %`, or a difference in the unit that people expect."""
    if row.change is None:
        return ""
    unit = row.shown_unit
    return f"{change_text(row.change, unit)}, margin {size_text(row.change.margin, row.change, unit)}"


def values(row: Compared) -> str:
    """`3.21 -> 6.60 us`: both sides, in the unit that people expect."""
    if row.against and row.candidate is not None:
        return f"{number(row.candidate.value * SHOWN[row.shown_unit][1])} {row.shown_unit}, against {row.against}"
    if row.baseline is None or row.candidate is None:
        return ""
    before, after = (number(side.value * SHOWN[row.shown_unit][1]) for side in (row.baseline, row.candidate))
    return f"{before} -> {after} {row.shown_unit}"


def sentence(case: Case) -> str:
    """What a reader must know of one outcome."""
    return "; ".join(part for part in (values(case.row), change(case.row), case.reason) if part)


def finding(case: Case) -> str:
    """What was found, in the words of a comparison where nothing could be judged."""
    if case.finding != "unjudged":
        return case.finding
    return case.row.verdict if case.row.verdict in OPEN else "not comparable"


def outcome(case: Case) -> str:
    """Id and title."""
    return f"{case.row.id} {case.row.title}"


def blocks(judgement: Judgement) -> list[Block]:
    """The verdict, a row for each case, regressions first, and what to know of them."""
    found: list[Block] = [Sentence(verdict(judgement), lead=True), Heading(title(judgement))]
    found += [] if judgement.refused else [Table(COLUMNS, [row(case) for case in sorted_cases(judgement)])]
    told = notes(judgement)
    return [*found, *([Bullets(told)] if told else [])]


def row(case: Case) -> Row:
    """One case."""
    tone = TONES.get(case.finding, "")
    return Row([Cell(outcome(case)), Cell(finding(case), tone=tone), Cell(sentence(case))], id=case.row.id)


def sorted_cases(judgement: Judgement) -> list[Case]:
    """Regressions first, then what could not be judged, by its verdict."""
    return sorted(
        judgement.cases,
        key=lambda case: (ORDER.index(case.finding), OPEN.index(finding(case)) if case.finding == "unjudged" else 0),
    )


def verdict(judgement: Judgement) -> str:
    """The sentence that stands first, with the counts that it rests on."""
    counts = Counter(finding(case) for case in sorted_cases(judgement))
    rest = ", ".join(f"{count} {kind}" for kind, count in counts.items()) or "no outcomes"
    word = {0: "passed", 1: "FAILED: regression", 3: f"NOT PASSED: {'; '.join(judgement.obstacles)}"}
    loud = f"{NOTHING} " if judgement.proved_nothing and not (judgement.one_run or judgement.refused) else ""
    return f"{loud}Gate {word[judgement.status]} ({rest})."


def notes(judgement: Judgement) -> list[str]:
    """What follows the table, in sentences."""
    said = [remark for remark in judgement.comparison.remarks if remark != judgement.refused]
    found = [] if judgement.one_run else [one_line(remark) for remark in said]
    if judgement.unjudged and judgement.status == 0:
        found.append(f"{len(judgement.unjudged)} not judged and let pass; --strict would not.")
    return found


def to_json(judgement: Judgement) -> str:
    """Everything, as plain data in SI units."""
    facts = {
        "status": judgement.status,
        "proved_nothing": judgement.proved_nothing,
        "obstacles": judgement.obstacles,
    }
    return envelope("gate", {**facts, **asdict(judgement)})
