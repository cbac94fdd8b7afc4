"""The scorecard of a group: parity with its baseline, by category."""

from __future__ import annotations

from gpu_virt_bench.model.comparison import Interval
from gpu_virt_bench.policy import Policy
from gpu_virt_bench.report.blocks import Block, Cell, Column, Heading, Remark, Row, Sentence, Table
from gpu_virt_bench.report.page.groups import Group
from gpu_virt_bench.score import Score, Scorecard, scorecard
from gpu_virt_bench.stats.estimate import LEVEL


def card(group: Group, policy: Policy) -> list[Block]:
    """A row for each system; none where there is nothing to score."""
    others = [one for one in group.entries if one.comparison is not None and not one.comparison.is_empty]
    if not others:
        return []
    found = scorecard(group.baseline.run, [(one.run, one.comparison) for one in others if one.comparison], policy)
    head = Heading("Scorecard", level=3, id="scorecard")
    if found.note:
        return [head, Remark(f"No score: {found.note}.", "muted")]
    names = {one.comparison.candidate.path: one.name for one in others if one.comparison}
    return [head, Sentence(told(found)), table(found, names)]


def told(found: Scorecard) -> str:
    """What a score is made of."""
    return (
        f"{found.title}: 100 is what the reference does, made of {len(found.counted)} outcomes that all measured;"
        " systems whose intervals overlap share a rank."
    )


def table(found: Scorecard, names: dict[str, str]) -> Table:
    """Ranks, grades and scores."""
    categories = list(dict.fromkeys(name for one in found.scores for name in one.categories))
    columns = [Column("system"), *(Column(name, numeric=True) for name in ("rank", "overall"))]
    columns += [Column("grade"), *(Column(name, numeric=True) for name in categories), Column("failed", numeric=True)]
    return Table(columns, [row(one, categories, names.get(one.run.path, one.run.name)) for one in found.scores])


def row(one: Score, categories: list[str], name: str) -> Row:
    """One system."""
    parts = [points(one.categories.get(category)) for category in categories]
    rank = Cell("-") if one.rank is None else Cell(str(one.rank), one.rank)
    failed = Cell(str(one.failures), one.failures, tone="bad" if one.failures else "")
    return Row([Cell(name), rank, points(one.overall), Cell(one.grade or "-"), *parts, failed])


def points(found: Interval | None) -> Cell:
    """A score out of 100 with its interval."""
    if found is None:
        return Cell("-", tone="muted")
    level = "" if abs(found.level - LEVEL) < 1e-9 else f" ({100 * found.level:.0f} %)"
    ends = [] if found.low is None or found.high is None else [f"{found.low:.1f} .. {found.high:.1f}{level}"]
    return Cell(f"{found.value:.1f}", found.value, below=ends)
