"""Comparisons as CSV: one line for each outcome and candidate, by the conventions of report/csv_tables.py.

SI units. `change` is candidate over baseline where `change_kind` is `ratio` (1 = equal), candidate less baseline where
it is `difference`; `margin` is relative or in SI units likewise, and so is `floor`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from gpu_virt_bench.model.comparison import Comparison, Interval, Row
from gpu_virt_bench.report.csv_tables import cell, lines

OF_ROW = ("id", "metric", "title", "category", "unit", "better", "headline", "verdict", "reason", "outlook", "against")
OF_INTERVAL = ("", "_low", "_high", "_level")
OF_CHANGE = ("margin", "floor", "adjusted", "adjusted_any")
COLUMNS = (
    *OF_ROW,
    *(f"{side}{end or '_value'}" for side in ("baseline", "candidate") for end in (*OF_INTERVAL, "_repetitions")),
    "change_kind",
    *(f"change{end}" for end in (*OF_INTERVAL, "_repetitions")),
    *OF_CHANGE,
    *("baseline", "candidate", "baseline_path", "candidate_path", "baseline_session", "candidate_session"),
    *("pairing", "emulated"),
)


def comparisons_csv(comparisons: Sequence[Comparison]) -> Iterator[str]:
    """A header and a line for each row, in pieces."""
    yield lines([COLUMNS])
    for one in comparisons:
        yield lines([cell(value) for value in values(one, row)] for row in one.rows)


def values(one: Comparison, row: Row) -> list[Any]:
    """One line, in the order of the columns: the outcome, both sides, the change, and what tells comparisons apart."""
    change = row.change
    return [
        *(getattr(row, name) for name in OF_ROW),
        *(*interval(row.baseline), row.baseline_repetitions),
        *(*interval(row.candidate), row.candidate_repetitions),
        *(None if change is None else change.kind, *interval(None if change is None else change.interval)),
        None if change is None else change.repetitions,
        *(None if change is None else getattr(change, name) for name in OF_CHANGE),
        *(one.baseline.name, one.candidate.name, one.baseline.path, one.candidate.path),
        *(one.baseline.session, one.candidate.session, one.pairing, one.candidate.emulated),
    ]


def interval(found: Interval | None) -> tuple[float | None, ...]:
    """Value and ends, and the level where there are ends."""
    if found is None:
        return None, None, None, None
    return found.value, found.low, found.high, None if found.low is None else found.level
