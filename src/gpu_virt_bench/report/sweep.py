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
    usual_level,
)
from gpu_virt_bench.stats.estimate import LEVEL

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


def usual_of(runs: Sequence[Run]) -> tuple[float, str]:
    """The level that most intervals reach, and how the table's head says it."""
    measured = (
        summarise(one, run.metrics[one.metric])
        for run in runs
        for one in run.outcomes.values()
        if isinstance(one, Measured)
    )
    return usual_level((one.level, one.repetitions) for one in measured if one.low is not None)


def sweep_table(runs: Sequence[Run]) -> RenderableType:
    """Value and interval of every outcome at every point; the change from the first point where it is defined."""
    mark = EMULATED if runs[0].device.emulated else ""
    table = Grid(
        title=Text(f"{label(runs[0])} over its sweep{mark}"), title_justify="left", box=None, padding=(0, 2, 0, 0)
    )
    usual, level = usual_of(runs)
    table.add_column(f"metric\n{level}", overflow="fold")
    for run in runs:
        heading = "\n".join(point_name({name: value}).replace(" ", "\n", 1) for name, value in run.point.items())
        whole = all(isinstance(one, Measured) for one in run.outcomes.values())
        table.add_column(heading, justify="right", no_wrap=whole, overflow="fold")
    columns = [{row_key(outcome): outcome for outcome in run.outcomes.values()} for run in runs]
    for key in sorted({key for column in columns for key in column}):
        metric = runs[0].metrics[key[0]]
        unit = f"{shown_unit(runs[0], metric)} {ARROWS[metric.better]}"
        cells = [
            cell(run, column.get(key), columns[0].get(key), usual) for run, column in zip(runs, columns, strict=True)
        ]
        table.add_row(Text(f"{key[0]} {metric.title}, {unit}"), *map(Text, cells))
    return table


def sweep_sentence(runs: Sequence[Run]) -> str:
    """Its ends: `mps, compute-limit 25 % to compute-limit 50 %: Total throughput 20.1 to 40.2 cycles/s, +100 %`."""
    first, last = runs[0], runs[-1]
    keys = sorted(map(row_key, first.outcomes.values()))
    told = [text for key in keys if (text := course_of(key, first, last))]
    emulated = " (emulated GPU)" if first.device.emulated else ""
    ends = f"{point_name(first.point)} to {point_name(last.point)}"
    return f"{first.system.id}{emulated}, {ends}: {'; '.join(told) or 'no outcome was measured at both ends'}."


def course_of(key: tuple[str, str], first: Run, last: Run) -> str:
    """How an outcome goes from the first to the last point, "" where it was not measured at both."""
    sides = [next((one for one in run.outcomes.values() if row_key(one) == key), None) for run in (first, last)]
    ours, theirs = sides
    if not isinstance(ours, Measured) or not isinstance(theirs, Measured):
        return ""
    metric = first.metrics[key[0]]
    before, after = (summarise(one, metric).value for one in (ours, theirs))
    factor = SHOWN[metric.shown_unit][1]
    named = metric.title + ("" if ours.headline else f" ({first_id(first, ours)})")
    times = f", {100 * (after / before - 1):+,.3g} %" if metric.compare == "ratio" and before else ""
    return f"{named} {number(before * factor)} to {number(after * factor)} {metric.shown_unit}{times}"


def first_id(run: Run, outcome: Outcome) -> str:
    """The id of an outcome."""
    return next(name for name, one in run.outcomes.items() if one is outcome)


def cell(run: Run, outcome: Outcome | None, first: Outcome | None, usual: float = LEVEL) -> str:
    """Value, interval and change from the first point's value; or why there is none."""
    if isinstance(outcome, Skipped):
        return outcome.reason
    if isinstance(outcome, Failed):
        return f"failed: {outcome.error}"
    if not isinstance(outcome, Measured):
        return "-"
    metric = run.metrics[outcome.metric]
    factor, found = SHOWN[metric.shown_unit][1], summarise(outcome, metric)
    text = f"{number(found.value * factor)}\n{interval(found, factor, usual)}"
    if isinstance(first, Measured) and first is not outcome and metric.compare == "ratio":
        base = summarise(first, metric).value
        text += f"\n{100 * (found.value / base - 1):+,.3g} %" if base else ""
    return text


def print_sweeps(runs: Sequence[Run]) -> None:
    """A table for each system that was swept."""
    for group in swept(runs):
        out = console()
        out.print(Text(sweep_sentence(group)), style="bold")
        out.print()
        out.print(sweep_table(group))
        out.print("  %: change from the value at the first point", style="dim", markup=False)
        for remark in dict.fromkeys(remark for run in group for remark in remarks(run)):
            out.print(Padding(Text(remark), (0, 0, 0, 2)), style="yellow")
        out.print()
