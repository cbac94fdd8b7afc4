"""One run's outcomes as blocks."""

from __future__ import annotations

from collections.abc import Sequence

from gpu_virt_bench.model.metric import SHOWN
from gpu_virt_bench.model.run import Measured, Outcome, Run
from gpu_virt_bench.report.blocks import Block, Bullets, Cell, Column, Remark, Row, Table, Tone
from gpu_virt_bench.report.text import (
    AGAIN,
    ARROWS,
    EMULATED,
    circumstances,
    devices,
    interval,
    number,
    reasons,
    remarks,
    runs_level,
    shown_unit,
    summarise,
    taken,
    titled,
)

TONES: dict[str, Tone] = {"failed": "bad", "skipped": "muted"}


def blocks(runs: Sequence[Run]) -> list[Block]:
    """A table for each run, with its remarks."""
    return [block for run in runs for block in of_run(run)]


def of_run(run: Run) -> list[Block]:
    """The outcomes, why some are missing, and what a reader must know."""
    told = reasons(run)
    return [outcomes(run), *([Bullets(told)] if told else []), *(Remark(remark) for remark in remarks(run))]


def outcomes(run: Run) -> Table:
    """A row for each outcome; why there is none stands below the table."""
    usual, level = runs_level([run])
    columns = [
        Column("outcome"),
        Column("value", numeric=True),
        Column(level),
        Column("unit"),
        Column("n", numeric=True),
    ]
    title = f"{run.system.title}{AGAIN if run.twin else ''} on {devices(run)}{EMULATED if run.device.emulated else ''}"
    return Table(columns, [row(run, name, one, usual) for name, one in sorted(run.outcomes.items())], title)


def row(run: Run, name: str, outcome: Outcome, usual: float) -> Row:
    """Outcome, value, interval, unit, n."""
    definition = run.metrics[outcome.metric]
    title, *params = titled(name, definition.title).split("\n")
    tone = TONES.get(outcome.outcome, "")
    first = Cell(title, tone=tone, below=[*params, *circumstances(run, outcome)])
    if not isinstance(outcome, Measured):
        return Row([first, Cell(outcome.outcome, tone=tone), Cell(""), Cell(""), Cell("")], id=name)
    found = summarise(outcome, definition)
    factor = SHOWN[definition.shown_unit][1]
    cells = [
        Cell(number(found.value * factor), found.value),
        Cell(interval(found, factor, usual)),
        Cell(f"{shown_unit(run, definition)} {ARROWS[definition.better]}".rstrip()),
        Cell(taken(outcome)),
    ]
    return Row([first, *cells], id=name)
