"""Comparisons as tables for GitHub."""

from __future__ import annotations

from collections.abc import Sequence

from gpu_virt_bench.compare.said import size_text
from gpu_virt_bench.model.comparison import Comparison, Row
from gpu_virt_bench.report import comparison as parts
from gpu_virt_bench.report.markdown import escaped, table
from gpu_virt_bench.report.matrix import by_baseline, grid, more
from gpu_virt_bench.report.matrix import heading as matrix_heading
from gpu_virt_bench.report.sentence import sentence


def markdown(comparisons: Sequence[Comparison]) -> str:
    """The sentences, one table of all candidates, and a section for each, with a table for each category."""
    blocks = [f"- {escaped(sentence(one))}" for group in by_baseline(comparisons) for one in group]
    compared = [one for one in comparisons if not one.is_empty]
    tables = [block for group in by_baseline(compared) for block in side_by_side(group)]
    sections = [block for comparison in compared for block in section(comparison)]
    return "\n\n".join(["\n".join(blocks), *tables, *sections]) + "\n"


def side_by_side(group: Sequence[Comparison]) -> list[str]:
    """A row for each outcome, a column for each candidate."""
    headings, *rows = grid(group)
    lines = [
        [cell.replace("\n(", " (").replace("\nof share", " of share").replace("\n", ", ") for cell in row]
        for row in rows
    ]
    return [f"## {escaped(matrix_heading(group))}", table(headings, lines), *more(group)]


def section(comparison: Comparison) -> list[str]:
    """One candidate against the baseline, as blocks of Markdown."""
    blocks = [f"## {escaped(parts.heading(comparison))}", f"**{parts.tally(comparison.rows)}**"]
    blocks += [f"> {escaped(remark)}" for remark in comparison.remarks]
    usual = parts.usual_of(comparison)[0]
    for category, rows in parts.categories(comparison).items():
        blocks.append(f"### {escaped(category)}")
        headings = ["outcome", "baseline", "candidate", "change", "margin", "verdict"]
        blocks.append(table(headings, [cells(row, usual) for row in rows]))
    return [*blocks, f"<sub>{escaped(parts.key(comparison))}</sub>"]


def cells(row: Row, usual: float) -> list[str]:
    """One outcome; what the terminal shows in lines stands in parentheses."""
    return [
        parts.name_of(row),
        joined(parts.estimate_lines(row.baseline, row.shown_unit, row.baseline_repetitions, usual)),
        joined(parts.estimate_lines(row.candidate, row.shown_unit, row.candidate_repetitions, usual)),
        joined(parts.change_lines(row.change, row.shown_unit, usual)),
        "-" if row.change is None else size_text(row.change.margin, row.change, row.shown_unit),
        row.verdict + (f" ({row.reason})" if row.reason else ""),
    ]


def joined(lines: Sequence[str]) -> str:
    """`2.05 (2.01 .. 2.10; range of 3, 75 %)`."""
    first, *rest = lines
    return first + (f" ({'; '.join(rest)})" if rest else "")
