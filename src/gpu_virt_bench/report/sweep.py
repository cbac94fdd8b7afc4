"""How a system scales over a sweep: a table with a column for each point."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rich.padding import Padding
from rich.text import Text

from gpu_virt_bench.model.metric import SHOWN, Value
from gpu_virt_bench.model.run import Failed, Measured, Outcome, Run, Skipped
from gpu_virt_bench.report.grid import Grid
from gpu_virt_bench.report.text import (
    ARROWS,
    EMULATED,
    console,
    interval,
    label,
    number,
    remarks,
    shown_unit,
    summarise,
)

if TYPE_CHECKING:
    from rich.console import RenderableType


def point_name(point: Mapping[str, Value]) -> str:
    """A point as a heading: `compute-limit 25 %`."""
    units = {"compute-limit": " %", "memory-limit": " MiB"}
    return ", ".join(f"{name} {value}{units.get(name, '')}" for name, value in point.items())


def swept(runs: Sequence[Run]) -> list[list[Run]]:
    """Runs that are points of one system's sweep, in the points' order."""
    groups: dict[tuple[str, str], list[Run]] = {}
    for run in runs:
        if run.point and not run.twin:
            groups.setdefault((run.session.id, run.system.id), []).append(run)
    return [sorted(group, key=lambda run: [float(v) for v in run.point.values()]) for group in groups.values()]


def row_key(outcome: Outcome) -> tuple[str, str]:
    """What must be equal for two outcomes to stand in one row: all but the number of tenants, which a sweep varies."""
    params = ",".join(f"{name}={value}" for name, value in outcome.params.items() if name != "n")
    return outcome.metric, params


def sweep_table(runs: Sequence[Run]) -> RenderableType:
    """Value and interval of every outcome at every point; the ratio to the first point where it is defined."""
    mark = EMULATED if runs[0].device.emulated else ""
    table = Grid(title=Text(f"{label(runs[0])} over its sweep{mark}"), title_justify="left", title_style="bold")
    table.add_column("metric", overflow="fold")
    for run in runs:
        table.add_column(point_name(run.point), justify="right")
    columns = [{row_key(outcome): outcome for outcome in run.outcomes.values()} for run in runs]
    for key in sorted({key for column in columns for key in column}):
        metric = runs[0].metrics[key[0]]
        unit = f"{shown_unit(runs[0], metric)} {ARROWS[metric.better]}"
        cells = [cell(run, column.get(key), columns[0].get(key)) for run, column in zip(runs, columns, strict=True)]
        table.add_row(Text(f"{key[0]} {metric.title}, {unit}"), *map(Text, cells))
    return table


def cell(run: Run, outcome: Outcome | None, first: Outcome | None) -> str:
    """Value, interval and what it is of the first point's value; or why there is none."""
    if isinstance(outcome, Skipped):
        return outcome.reason
    if isinstance(outcome, Failed):
        return f"failed: {outcome.error}"
    if not isinstance(outcome, Measured):
        return "-"
    metric = run.metrics[outcome.metric]
    factor, found = SHOWN[metric.shown_unit][1], summarise(outcome, metric)
    text = f"{number(found.value * factor)}\n{interval(found, factor)}"
    if isinstance(first, Measured) and first is not outcome and metric.compare == "ratio":
        base = summarise(first, metric).value
        text += f"\nx {number(found.value / base)}" if base else ""
    return text


def print_sweeps(runs: Sequence[Run]) -> None:
    """A table for each system that was swept."""
    for group in swept(runs):
        out = console()
        out.print()
        out.print(sweep_table(group))
        out.print("  x: times the value at the first point", style="dim", markup=False)
        for remark in dict.fromkeys(remark for run in group for remark in remarks(run)):
            out.print(Padding(Text(remark), (0, 0, 0, 2)), style="yellow")
