"""Calls that are cheaper than native: nothing can be, so their work is done later, or not at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from gpu_virt_bench.model.comparison import Change, Row
from gpu_virt_bench.model.metric import SHOWN
from gpu_virt_bench.model.run import Run


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
    if row.verdict not in ("better", "slightly better") or row.change is None:
        return row
    completion = candidate.metrics[row.metric].completion
    if completion in ("", row.id):
        return row
    done = until_done(completion, rows.get(completion), baseline)
    return replace(
        row, verdict="deferred or elided", reason=f"{said(row.change, row.unit, baseline)} at the call; {done}"
    )


def until_done(name: str, done: Row | None, baseline: Run) -> str:
    """What the work costs until it is done, or why that is not known."""
    if done is not None and done.change is not None:
        return f"until it is done ({name}) {said(done.change, done.unit, baseline)}"
    why = f": {done.reason}" if done is not None and done.reason else ""
    return f"until it is done ({name}): not measured{why}"


def said(change: Change, unit: str, baseline: Run) -> str:
    """`0.61 (0.60 .. 0.62) of native`, or a difference with its unit."""
    ends = [end for end in (change.interval.low, change.interval.high) if end is not None]
    if change.kind == "ratio":
        return f"{change.interval.value:#.3g}{spanned([f'{end:#.3g}' for end in ends])} of {baseline.system.id}"
    factor = SHOWN[unit][1]
    return f"{change.interval.value * factor:+.3g}{spanned([f'{end * factor:+.3g}' for end in ends])} {unit}"


def spanned(ends: Sequence[str]) -> str:
    """An interval in parentheses; nothing where there is none."""
    return f" ({' .. '.join(ends)})" if ends else ""
