"""The rows of a run as CSV (RFC 4180, lines end with a line feed), each with columns that tell runs apart.

A column's meaning is that of the field of its name in report/rows.py; texts that hold several things are
`name=value; name=value`. An empty cell: there is none.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, fields
from io import StringIO
from itertools import islice
from typing import Any

from gpu_virt_bench.model.run import Granted
from gpu_virt_bench.report.about import About
from gpu_virt_bench.report.rows import OutcomeRow, SampleRow

FORMULA = re.compile(r"[=@]|[-+](?=[A-Za-z@=(]|.*\|.*!)", re.DOTALL)
"""What spreadsheets calculate when a text begins with it; numbers with a sign are none."""
PIECE = 1000
"""Rows of a piece of text."""


def estimates_csv(run: About, rows: Iterable[OutcomeRow]) -> Iterator[str]:
    """One line for each outcome."""
    return table([entry.name for entry in fields(OutcomeRow)], rows, run)


def samples_csv(run: About, rows: Iterable[SampleRow]) -> Iterator[str]:
    """One line for each sample."""
    return table([entry.name for entry in fields(SampleRow)], rows, run)


def table(columns: list[str], rows: Iterable[object], run: About) -> Iterator[str]:
    """A header and the rows, each with what makes it readable without the file; in pieces, since a file may have
    millions of samples."""
    of_run = run_columns(run)
    behind = [cell(value) for value in of_run.values()]
    yield lines([[*columns, *of_run]])
    rest = iter(rows)
    while piece := list(islice(rest, PIECE)):
        yield lines([*(cell(getattr(row, name)) for name in columns), *behind] for row in piece)


def lines(cells: Iterable[Sequence[str | float]]) -> str:
    """Rows of cells as text."""
    text = StringIO()
    csv.writer(text, lineterminator="\n").writerows(cells)
    return text.getvalue()


def run_columns(run: About) -> dict[str, Any]:
    """What tables of several runs are told apart by, and what forbids to use one."""
    return {
        "system": run.system,
        "label": run.label,
        "asked_compute_share": run.asked.compute_share,
        "granted_compute_share": run.granted.compute_share,
        "asked_memory_bytes": run.asked.memory_bytes,
        "granted_memory_bytes": run.granted.memory_bytes,
        "point": run.point,
        "twin": run.twin,
        "kind": run.kind,
        "began": run.began,
        "device": run.devices[0].name,
        "emulated": run.devices[0].emulated,
        "driver": run.devices[0].driver_version,
        "run_status": run.status,
        "unproven": "; ".join(run.proof.unproven),
        "session": run.session,
    }


def cell(value: Any) -> str | float | int:  # noqa: ANN401  a field of a row
    """One value as a cell."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Granted):
        return cell(asdict(value))
    if isinstance(value, Mapping):
        return "; ".join(f"{name}={inner}" for name, inner in value.items() if inner is not None)
    if isinstance(value, list):
        return " | ".join(str(cell(entry)) for entry in value)
    assert isinstance(value, str | float | int)
    return harmless(value) if isinstance(value, str) else value


def harmless(text: str) -> str:
    """The text, marked as text where a spreadsheet would calculate it."""
    return f"'{text}" if FORMULA.match(text) else text
