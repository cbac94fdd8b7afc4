"""Calls that are cheaper than native: nothing can be, so their work is done later, or not at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from gpu_virt_bench.compare.said import change_text
from gpu_virt_bench.model.comparison import Change, Row
from gpu_virt_bench.model.run import Measured, Run


def with_deferred(rows: Sequence[Row], baseline: Run, candidate: Run) -> list[Row]:
    """The rows; what a layer does faster than the baseline, which has none, is deferred or elided, and never better.

    A candidate without a mechanism of its own has nothing that could put work off.
    """
    if baseline.system.mechanism != "none" or candidate.system.mechanism == "none":
        return list(rows)
    by_id = {row.id: row for row in rows}
    return [marked(row, candidate, by_id, baseline) for row in rows]


def marked(row: Row, candidate: Run, rows: Mapping[str, Row], baseline: Run) -> Row:
    """The row as it is, or, if its calls are faster than the baseline's, with both numbers."""
    outcome = candidate.outcomes.get(row.id)
    if row.verdict not in ("better", "slightly better") or row.change is None or not isinstance(outcome, Measured):
        return row
    if outcome.completion in ("", row.id):
        return row
    done = until_done(outcome.completion, rows.get(outcome.completion), baseline)
    return replace(
        row, verdict="deferred or elided", reason=f"{said(row.change, row.shown_unit, baseline)} at the call; {done}"
    )


def until_done(name: str, done: Row | None, baseline: Run) -> str:
    """What the work costs until it is done, or why that is not known."""
    if done is None:
        return f"until it is done ({name}): not measured"
    cost = said(done.change, done.shown_unit, baseline) if done.change is not None else f"not comparable, {done.reason}"
    return f"until it is done ({name}): {cost}"


def said(change: Change, unit: str, baseline: Run) -> str:
    """`-39.0 ±1.0 % against native`."""
    return f"{change_text(change, unit)} against {baseline.system.id}"
