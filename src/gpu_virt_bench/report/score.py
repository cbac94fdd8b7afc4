"""A scorecard as blocks, and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict

from gpu_virt_bench.model.comparison import Interval, Side
from gpu_virt_bench.report.blocks import Block, Bullets, Cell, Column, Heading, Row, Table
from gpu_virt_bench.report.envelope import envelope
from gpu_virt_bench.report.text import EMULATED
from gpu_virt_bench.score import Line, Score, Scorecard
from gpu_virt_bench.stats.estimate import LEVEL

RANKING = "Rank: 1 + the runs that fail less, or fail as much and score higher by their whole interval."
NONE = Cell("-", tone="muted")


def name(side: Side) -> str:
    """A run's name; what is emulated or derived says so."""
    marks = [mark for mark, holds in (("emulated", side.emulated), ("derived", side.derived)) if holds]
    return side.name + (f" ({', '.join(marks)})" if marks else "")


def named(score: Score) -> str:
    """The same of a run that was scored; the reference says so."""
    return name(score.run) + (" (the reference itself)" if score.is_reference else "")


def heading(card: Scorecard) -> str:
    """`MIG parity`, with what a reader must know before the first number."""
    emulated = any(side.emulated for side in (card.reference, *(score.run for score in card.scores)))
    return card.title + (EMULATED if emulated else "")


def points(value: float, factor: float = 1.0) -> str:
    """Points out of 100, to a tenth."""
    return f"{value * factor:.1f}"


def interval(found: Interval, factor: float = 1.0) -> str:
    """From where to where, and how often such an interval holds the truth at most."""
    if found.low is None or found.high is None:
        return "one repetition"
    return f"{points(found.low, factor)} .. {points(found.high, factor)} at {100 * found.level:.0f} %"


def blocks(card: Scorecard) -> list[Block]:
    """The ranks, the categories where there are several, all runs' outcomes in one table, and what to know of them."""
    several = any(len(score.categories) > 1 for score in card.scores)
    ranking = [] if card.note else [ranks(card), *([categories(card)] if several else [])]
    return [Heading(heading(card)), *ranking, side_by_side(card), Bullets([*reasons(card), *notes(card)])]


def ranks(card: Scorecard) -> Table:
    """A row for each run that has a score."""
    columns = [Column("rank", numeric=True), Column("run"), Column("score", numeric=True)]
    rows = [
        Row([Cell(str(score.rank), score.rank), Cell(named(score)), *spanned(score.overall), Cell(score.grade or "")])
        for score in card.scores
        if score.overall is not None
    ]
    return Table([*columns, Column("interval"), Column("grade")], rows)


def categories(card: Scorecard) -> Table:
    """A row for each run and category."""
    columns = [Column("run"), Column("category"), Column("score", numeric=True), Column("interval")]
    rows = [
        Row([Cell(named(score)), Cell(category), *spanned(found)])
        for score in card.scores
        for category, found in score.categories.items()
    ]
    return Table(columns, rows, "Categories")


def spanned(found: Interval) -> list[Cell]:
    """A score, and from where to where its interval reaches."""
    return [Cell(points(found.value), found.value), Cell(interval(found))]


def notes(card: Scorecard) -> list[str]:
    """What follows the tables, in sentences."""
    total = len({line.id for score in card.scores for line in score.lines})
    count = f"Scores are of {len(card.counted)} of {total} headline outcomes: those that all runs have in common."
    whole = [f"No score: {card.note}."] if card.note else [count, *([RANKING] if len(card.scores) > 1 else [])]
    return [*whole, *folded(card)]


def folded(card: Scorecard) -> list[str]:
    """The remarks, each once: what holds for all runs alone, other with the names of those whose it is."""
    found: dict[str, list[str]] = {}
    for side, remarks in [(card.reference, card.remarks), *((score.run, score.remarks) for score in card.scores)]:
        for remark in remarks:
            found.setdefault(remark.removeprefix(f"{side.name}: "), []).append(side.name)
    everyone = {score.run.name for score in card.scores}
    return [
        text if everyone <= set(names) or is_told(names, text) else f"{', '.join(dict.fromkeys(names))}: {text}"
        for text, names in found.items()
    ]


def is_told(names: Sequence[str], text: str) -> bool:
    """Whether a sentence has the names of its runs already."""
    words = text.replace(",", " ").replace(":", " ").split()
    return all(name in words for name in names)


def side_by_side(card: Scorecard) -> Table:
    """A row for each outcome, a column for each run: parity, and from where to where its interval reaches."""
    usual = level(card)
    how = ", ".join(dict.fromkeys(score.pairing for score in card.scores))
    titles = {line.id: f"{line.id} {line.title}" for score in card.scores for line in score.lines}
    by_run = [{line.id: parity(line, usual) for line in score.lines} for score in card.scores]
    return Table(
        [Column("outcome"), *(Column(named(score), numeric=True) for score in card.scores)],
        [Row([Cell(title), *(cells.get(id_, NONE) for cells in by_run)]) for id_, title in sorted(titles.items())],
        f"Outcomes: parity and its {100 * usual:.0f} % interval, {how}",
        splits_after=1,
    )


def level(card: Scorecard) -> float:
    """What most intervals of parities reach."""
    found = [line.parity for score in card.scores for line in score.lines if line.parity is not None]
    return Counter(one.level for one in found).most_common(1)[0][0] if found else LEVEL


def parity(line: Line, usual: float) -> Cell:
    """Points of 100, and below them their interval, with its level where that is not the title's."""
    if line.parity is None:
        return NONE
    span = interval(line.parity, 100).removesuffix(f" at {100 * usual:.0f} %")
    return Cell(points(line.parity.value, 100), line.parity.value, below=[span])


def reasons(card: Scorecard) -> list[str]:
    """Why outcomes do not count, and what they are against; each once, with its outcomes, and its runs if not all."""
    found: dict[str, dict[str, list[str]]] = {}
    for score in card.scores:
        for line in score.lines:
            whom = [f"against {line.against}"] if line.against else []
            why = [] if line.state == "scored" else [f"{line.state}: {line.reason}" if line.reason else line.state]
            if whom or why:
                found.setdefault("; ".join([*whom, *why]), {}).setdefault(line.id, []).append(score.run.name)
    told = []
    for text, outcomes in found.items():
        names = [
            id_ if len(runs) == len(card.scores) else f"{id_} ({', '.join(runs)})" for id_, runs in outcomes.items()
        ]
        told.append(f"{', '.join(names)}: {text}")
    return told


def to_json(card: Scorecard) -> str:
    """Everything, as plain data: parities are ratios, scores are out of 100."""
    return envelope("scorecard", asdict(card))
