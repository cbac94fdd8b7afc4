"""The outcomes of one category as a table: a row for each outcome, a column for each system."""

from __future__ import annotations

from collections.abc import Sequence

from gpu_virt_bench.model.metric import SHOWN
from gpu_virt_bench.model.run import Definition, Failed, Measured, Skipped
from gpu_virt_bench.report.blocks import Block, Cell, Column, Row, Table, Tone
from gpu_virt_bench.report.comparison import TONES
from gpu_virt_bench.report.page.groups import Entry, Group
from gpu_virt_bench.report.page.opened import opened
from gpu_virt_bench.report.sentence import shown, tail_word
from gpu_virt_bench.report.text import ARROWS, estimates_level, interval, number, titled

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
    for name in group.outcomes:
        found.setdefault(group.definition(name).category, []).append(name)
    return found


def table(group: Group, names: Sequence[str], opens: bool) -> Table:
    """The outcomes with values, intervals and verdicts; the level that most intervals reach stands in the title."""
    columns = [Column("outcome"), Column("unit"), *(Column(one.name, numeric=True) for one in group.entries)]
    usual, told = estimates_level(group.estimates(names))
    rows = [row(group, name, opens, usual) for name in names]
    return Table(columns, rows, f"Values with their {told}; verdicts against {group.baseline.name}", filters=True)


def listed(group: Group, names: Sequence[str]) -> Table:
    """Of very many systems: a row for each, a column for each headline outcome."""
    chosen = [name for name in names if group.outcomes[name].headline] or list(names)
    of = {name: group.definition(name) for name in chosen}
    usual, told = estimates_level(group.estimates(chosen))
    columns = [
        Column(f"{name} {of[name].title}, {of[name].shown_unit}", of[name].unit, numeric=True) for name in chosen
    ]
    rows = [Row([Cell(one.name), *(cell(one, name, of[name], usual) for name in chosen)]) for one in group.entries]
    title = f"Headline values with their {told}; verdicts against {group.baseline.name}"
    return Table([Column("system"), *columns], rows, title, filters=True)


def row(group: Group, name: str, opens: bool, usual: float) -> Row:
    """One outcome."""
    of = group.definition(name)
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
        case Measured() if name not in entry.estimates:
            return Cell("no samples", tone="bad")
        case Measured():
            found, factor = entry.estimates[name], SHOWN[of.shown_unit][1]
            words, tone = verdict(entry, name)
            return Cell(number(found.value * factor), found.value, tone, [interval(found, factor, usual), *words])


def verdict(entry: Entry, name: str) -> tuple[list[str], Tone]:
    """The verdict's word and the change, each a line, and the tone; the baseline has none. Why there is no verdict
    stands in what opens."""
    judged = entry.rows.get(name)
    if judged is None:
        return [], ""
    change = shown(judged) + (f" from {judged.against}" if judged.against else "")
    lines = [tail_word(judged) or judged.verdict, *([change] if judged.change else [])]
    return lines, "bad" if judged.tail else TONES.get(judged.verdict, "")
