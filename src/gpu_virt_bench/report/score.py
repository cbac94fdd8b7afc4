"""A scorecard as text, JSON or Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict

from rich.text import Text

from gpu_virt_bench.model.comparison import Interval, Side
from gpu_virt_bench.report.envelope import envelope
from gpu_virt_bench.report.grid import Grid
from gpu_virt_bench.report.markdown import escaped, table
from gpu_virt_bench.report.text import EMULATED, console
from gpu_virt_bench.score import Line, Score, Scorecard

Rows = list[Sequence[str]]

RANKS = ("rank", "run", "score", "interval", "grade")
CATEGORIES = ("run", "category", "score", "interval")
LINES = ("outcome", "parity", "interval, or why it does not count")
RANKING = "Rank: 1 + the runs that fail less, or fail as much and score higher by their whole interval."


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


def rank_rows(card: Scorecard) -> Rows:
    """A row for each run that has a score."""
    return [
        (str(score.rank), named(score), points(score.overall.value), interval(score.overall), score.grade or "")
        for score in card.scores
        if score.overall is not None
    ]


def category_rows(card: Scorecard) -> Rows:
    """A row for each run and category."""
    return [
        (named(score), category, points(found.value), interval(found))
        for score in card.scores
        for category, found in score.categories.items()
    ]


def line_row(line: Line) -> Sequence[str]:
    """One outcome: parity in points of 100, and why it does not count."""
    parity = "-" if line.parity is None else points(line.parity.value, 100)
    spans = [] if line.parity is None else [interval(line.parity, 100)]
    why = [": ".join(filter(None, [line.state if line.state != "scored" else "", line.reason]))]
    whom = [f"against {line.against}"] if line.against else []
    return f"{line.id} {line.title}", parity, "; ".join(filter(None, [*spans, *whom, *why]))


def notes(card: Scorecard) -> list[str]:
    """What follows the tables, in sentences."""
    total = len({line.id for score in card.scores for line in score.lines})
    count = f"Scores are of {len(card.counted)} of {total} headline outcomes: those that all runs have in common."
    whole = [f"No score: {card.note}."] if card.note else [count, *([RANKING] if len(card.scores) > 1 else [])]
    sides = [(card.reference, card.remarks), *((score.run, score.remarks) for score in card.scores)]
    return [*whole, *(f"{side.name}: {remark}" for side, remarks in sides for remark in remarks)]


def sections(card: Scorecard) -> Iterator[tuple[str, Sequence[str], Rows]]:
    """The tables: title, headings, rows."""
    if not card.note:
        yield heading(card), RANKS, rank_rows(card)
        yield "Categories", CATEGORIES, category_rows(card)
    for score in card.scores:
        yield f"{card.title}: {named(score)}, {score.pairing}", LINES, [line_row(line) for line in score.lines]


def print_card(card: Scorecard) -> None:
    """The tables for the terminal."""
    out = console()
    for index, (title, headings, rows) in enumerate(sections(card)):
        if index:
            out.print()
        shown = Grid(title=Text(title), title_justify="left", title_style="bold")
        for heading_ in headings:
            shown.add_column(heading_, overflow="fold", justify="right" if heading_ in ("score", "parity") else "left")
        for row in rows:
            shown.add_row(*map(Text, row))
        out.print(shown)
    for sentence in notes(card):
        out.print(Text(f"  {sentence}"))


def markdown(card: Scorecard) -> str:
    """The same as Markdown."""
    blocks = [f"## {escaped(heading(card))}"]
    for title, headings, rows in sections(card):
        blocks += [f"### {escaped(title)}", table(headings, rows)]
    blocks.append("\n".join(f"- {escaped(sentence)}" for sentence in notes(card)))
    return "\n\n".join(blocks)


def to_json(card: Scorecard) -> str:
    """Everything, as plain data: parities are ratios, scores are out of 100."""
    return envelope("scorecard", asdict(card))
