"""A scorecard as text, JSON or Markdown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from rich.padding import Padding
from rich.text import Text

from gpu_virt_bench.model.comparison import Interval, Side
from gpu_virt_bench.report.envelope import envelope
from gpu_virt_bench.report.grid import Grid
from gpu_virt_bench.report.markdown import escaped, table
from gpu_virt_bench.report.text import EMULATED, console
from gpu_virt_bench.score import Line, Score, Scorecard
from gpu_virt_bench.stats.estimate import LEVEL

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


def sections(card: Scorecard) -> Iterator[tuple[str, Sequence[str], Rows]]:
    """The tables: title, headings, rows."""
    if not card.note:
        yield heading(card), RANKS, rank_rows(card)
        yield "Categories", CATEGORIES, category_rows(card)
    for score in card.scores:
        yield f"{card.title}: {named(score)}, {score.pairing}", LINES, [line_row(line) for line in score.lines]


def print_card(card: Scorecard) -> None:
    """The tables for the terminal: the ranks, the categories where there are several, all runs' outcomes in one."""
    out = console()
    several = any(len(score.categories) > 1 for score in card.scores)
    ranking = [section for section in sections(card) if section[1] == RANKS or (section[1] == CATEGORIES and several)]
    for title, headings, rows in [*ranking, side_by_side(card)]:
        shown = Grid(title=Text(title), title_justify="left", title_style="bold")
        for heading_ in headings:
            shown.add_column(Text(heading_), overflow="fold", justify="right" if heading_ == "score" else "left")
        for row in rows:
            shown.add_row(*map(Text, row))
        out.print(shown)
        out.print()
    for sentence in [*reasons(card), *notes(card)]:
        out.print(Padding(Text(sentence), (0, 0, 0, 2)))


def side_by_side(card: Scorecard) -> tuple[str, Sequence[str], Rows]:
    """A row for each outcome, a column for each run: parity, and from where to where its interval reaches."""
    usual = level(card)
    how = ", ".join(dict.fromkeys(score.pairing for score in card.scores))
    # where there is a ranking, its heading says so
    emulated = EMULATED if card.note and any(score.run.emulated for score in card.scores) else ""
    title = f"Outcomes: parity and its {100 * usual:.0f} % interval, {how}{emulated}"
    titles = {line.id: f"{line.id} {line.title}" for score in card.scores for line in score.lines}
    by_run = [{line.id: parity(line, usual) for line in score.lines} for score in card.scores]
    rows: Rows = [[title_, *(cells.get(id_, "-") for cells in by_run)] for id_, title_ in sorted(titles.items())]
    return title, ["outcome", *(named(score) for score in card.scores)], rows


def level(card: Scorecard) -> float:
    """What most intervals of parities reach."""
    found = [line.parity for score in card.scores for line in score.lines if line.parity is not None]
    return Counter(one.level for one in found).most_common(1)[0][0] if found else LEVEL


def parity(line: Line, usual: float) -> str:
    """Points of 100, and below them their interval, with its level where that is not the title's."""
    if line.parity is None:
        return "-"
    span = interval(line.parity, 100)
    return f"{points(line.parity.value, 100)}\n{span.removesuffix(f' at {100 * usual:.0f} %')}"


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
