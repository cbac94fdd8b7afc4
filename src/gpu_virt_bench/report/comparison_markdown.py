"""Comparisons as tables for GitHub."""

from __future__ import annotations

from collections.abc import Sequence

from gpu_virt_bench.model.comparison import Comparison, Row
from gpu_virt_bench.report import comparison as parts
from gpu_virt_bench.report.markdown import escaped, table


def markdown(comparisons: Sequence[Comparison]) -> str:
    """A section for each candidate, with a table for each category."""
    return "\n\n".join("\n\n".join(section(comparison)) for comparison in comparisons) + "\n"


def section(comparison: Comparison) -> list[str]:
    """One candidate against the baseline, as blocks of Markdown."""
    blocks = [f"## {escaped(parts.heading(comparison))}", f"**{parts.tally(comparison.rows)}**"]
    blocks += [f"> {escaped(remark)}" for remark in comparison.remarks]
    for category, rows in parts.categories(comparison).items():
        blocks.append(f"### {escaped(category)}")
        headings = ["outcome", "baseline", "candidate", "change", "margin", "verdict"]
        blocks.append(table(headings, [cells(row, comparison.confidence) for row in rows]))
    return [*blocks, f"<sub>{escaped(parts.key(comparison))}</sub>"]


def cells(row: Row, confidence: float) -> list[str]:
    """One outcome; what the terminal shows in lines stands in parentheses."""
    return [
        parts.name_of(row),
        joined(parts.estimate_lines(row.baseline, row.shown_unit, row.baseline_repetitions, confidence)),
        joined(parts.estimate_lines(row.candidate, row.shown_unit, row.candidate_repetitions, confidence)),
        joined(parts.change_lines(row.change, row.shown_unit, confidence)),
        "-" if row.change is None else parts.size(row.change.margin, row.change, row.shown_unit),
        row.verdict + (f" ({row.reason})" if row.reason else ""),
    ]


def joined(lines: Sequence[str]) -> str:
    """`2.05 (2.01 .. 2.10; range of 3, 75 %)`."""
    first, *rest = lines
    return first + (f" ({'; '.join(rest)})" if rest else "")
