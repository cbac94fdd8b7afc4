"""The outcomes of one category as a table: a row for each outcome, a column for each system."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gpu_virt_bench.model.metric import SHOWN
from gpu_virt_bench.model.run import Definition, Failed, Measured, Outcome, Skipped
from gpu_virt_bench.report.blocks import Block, Cell, Column, Row, Table, Tone
from gpu_virt_bench.report.page.groups import Entry, Group
from gpu_virt_bench.report.page.opened import has_samples, opened
from gpu_virt_bench.report.page.verdicts import TONES
from gpu_virt_bench.report.sentence import shown, tail_word
from gpu_virt_bench.report.text import ARROWS, interval, number, titled, usual_level
from gpu_virt_bench.stats.estimate import Estimate, summarise

MOST_OPENED = 400
"""Outcomes of a page that open to what is behind them: a page of thousands would be none."""


MOST_COLUMNS = 12
"""Systems that stand beside each other; more stand below each other."""


def is_wide(group: Group) -> bool:
    """Whether a group has more systems than stand beside each other."""
    return len(group.entries) > MOST_COLUMNS


def categories(group: Group) -> dict[str, list[str]]:
    """The outcomes' ids by category, as they come."""
    found: dict[str, list[str]] = {}
    for name, outcome in group.outcomes().items():
        found.setdefault(definition(group, name, outcome).category, []).append(name)
    return found


def definition(group: Group, name: str, outcome: Outcome) -> Definition:
    """What the metric of an outcome is, as the first run says that has it."""
    entry = group.having(name)[0][0]
    return entry.run.metrics[outcome.metric]


def table(group: Group, names: Sequence[str], opens: bool) -> Table:
    """The outcomes with values, intervals and verdicts; the level that most intervals reach stands in the title."""
    columns = [Column("outcome"), Column("unit"), *(Column(one.name, numeric=True) for one in group.entries)]
    usual, told = usual_level((one.level, one.repetitions) for one in estimates(group, names) if one.low is not None)
    rows = [row(group, name, opens, usual) for name in names]
    return Table(columns, rows, f"Values with their {told}; verdicts against {group.baseline.name}", filters=True)


def listed(group: Group, names: Sequence[str]) -> Table:
    """Of very many systems: a row for each, a column for each headline outcome."""
    outcomes = {name: one for name, one in group.outcomes().items() if name in names}
    chosen = [name for name in names if outcomes[name].headline] or list(names)
    of = {name: definition(group, name, outcomes[name]) for name in chosen}
    usual, told = usual_level((one.level, one.repetitions) for one in estimates(group, chosen) if one.low is not None)
    columns = [
        Column(f"{name} {of[name].title}, {of[name].shown_unit}", of[name].unit, numeric=True) for name in chosen
    ]
    rows = [Row([Cell(one.name), *(cell(one, name, of[name], usual) for name in chosen)]) for one in group.entries]
    title = f"Headline values with their {told}; verdicts against {group.baseline.name}"
    return Table([Column("system"), *columns], rows, title, filters=True)


def estimates(group: Group, names: Sequence[str]) -> Iterator[Estimate]:
    """The estimates of some outcomes, of all systems."""
    for name in names:
        for entry, outcome in group.having(name):
            if isinstance(outcome, Measured) and has_samples(outcome):
                yield summarise(outcome, entry.run.metrics[outcome.metric])


def row(group: Group, name: str, opens: bool, usual: float) -> Row:
    """One outcome."""
    outcome = group.outcomes()[name]
    of = definition(group, name, outcome)
    title, *params = titled(name, of.title).split("\n")
    cells = [Cell(title, name, below=params), Cell(f"{of.shown_unit} {ARROWS[of.better]}".strip(), of.unit)]
    cells += [cell(one, name, of, usual) for one in group.entries]
    behind: list[Block] = opened(group, name, of) if opens else []
    return Row(cells, id=name, opens=behind)


def cell(entry: Entry, name: str, of: Definition, usual: float) -> Cell:
    """What one system has of an outcome; its verdict stands below the value."""
    match entry.run.outcomes.get(name):
        case None:
            return Cell("-", tone="muted", below=["not asked for"])
        case Skipped(reason=reason):
            return Cell("skipped", tone="muted", below=[reason])
        case Failed(error=error):
            return Cell("FAILED", tone="bad", below=[error])
        case Measured() as outcome if not has_samples(outcome):
            return Cell("no samples", tone="bad")
        case Measured() as outcome:
            found, factor = summarise(outcome, of), SHOWN[of.shown_unit][1]
            words, tone = verdict(entry, name)
            return Cell(number(found.value * factor), found.value, tone, [interval(found, factor, usual), *words])


def verdict(entry: Entry, name: str) -> tuple[list[str], Tone]:
    """The verdict's word and the change, each a line, and the tone; the baseline has none. Why there is no verdict
    stands in what opens."""
    judged = entry.row(name)
    if judged is None:
        return [], ""
    change = shown(judged) + (f" from {judged.against}" if judged.against else "")
    lines = [tail_word(judged) or judged.verdict, *([change] if judged.change else [])]
    return lines, "bad" if judged.tail else TONES[judged.verdict]
