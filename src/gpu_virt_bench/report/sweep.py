"""How a system scales over a sweep: a table with a column for each point."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from gpu_virt_bench.compare.sweeps import CERTAIN, Sweep, name_at
from gpu_virt_bench.model.comparison import Comparison, Interval, Row
from gpu_virt_bench.model.metric import SHOWN, Value
from gpu_virt_bench.model.run import Failed, Measured, Outcome, Run, Skipped
from gpu_virt_bench.report.blocks import Block, Cell, Column, Remark, Sentence, Table
from gpu_virt_bench.report.blocks import Row as Cells
from gpu_virt_bench.report.matrix import cell as verdict_cell
from gpu_virt_bench.report.matrix import lines_of, notes
from gpu_virt_bench.report.sentence import asked, got, named, sentence, shown
from gpu_virt_bench.report.text import (
    ARROWS,
    EMULATED,
    interval,
    label,
    number,
    remarks,
    runs_level,
    shown_unit,
    summarise,
    titled,
)
from gpu_virt_bench.stats.estimate import LEVEL


def point_name(point: Mapping[str, Value]) -> str:
    """A point as a heading: `compute-limit 25 %`."""
    units = {"compute-limit": " %", "memory-limit": " MiB", "quota": " %"}
    return ", ".join(f"{name} {value}{units.get(name, '')}" for name, value in point.items())


def sweep_table(sweep: Sweep) -> Table:
    """Limits, then value and interval of every outcome at every point; below them the verdict on its change from the
    first one."""
    runs = sweep.runs
    usual, level = runs_level(runs)
    points = [", ".join(point_name({name: value}) for name, value in run.point.items()) for run in runs]
    columns = [Column(f"metric, {level}"), *(Column(point, numeric=True) for point in points)]
    by_run = [{name_at(run, name): outcome for name, outcome in run.outcomes.items()} for run in runs]
    rows = []
    for name in sorted({name for found in by_run for name in found}):
        metric = runs[0].metrics[name.partition("[")[0]]
        title = titled(name, f"{metric.title}, {shown_unit(runs[0], metric)} {ARROWS[metric.better]}".rstrip())
        cells = [cell(run, found.get(name), usual) for run, found in zip(runs, by_run, strict=True)]
        changes = ["", *(changed(one, name) for one in sweep.changes)]
        first, *below = title.split("\n")
        rows.append(Cells([Cell(first, below=below), *map(lines_of, map("".join, zip(cells, changes, strict=True)))]))
    mark = EMULATED if runs[0].device.emulated else ""
    return Table(columns, [*limit_rows(sweep), *rows], f"{label(runs[0])} over its sweep{mark}", splits_after=1)


def limit_rows(sweep: Sweep) -> Iterator[Cells]:
    """Of each kind of limit what was asked for at every point, and what was got."""
    for name in ("compute", "memory"):
        found = [next((one for one in sweep.limits(run) if one.name == name), None) for run in sweep.runs]
        if any(found):
            texts = ["-" if one is None else f"asked {asked(one)}\n{got(one)}" for one in found]
            yield Cells([Cell(f"{name} limit"), *map(lines_of, texts)])


def changed(comparison: Comparison, name: str) -> str:
    """The verdict on an outcome's change from the first point, and the change; "" without one."""
    row = next((row for row in comparison.rows if row.id == name), None)
    return "" if row is None or row.change is None else f"\n{verdict_cell(row)}"


def sweep_sentence(sweep: Sweep) -> str:
    """Its ends, judged: `mps, compute-limit 25 % to compute-limit 50 %: Total throughput 20.1 to 40.2 cycles/s, same:
    100.0 ±0.1 % of share`; before them limits that were missed, behind them points that lie beyond both ends."""
    first, last = sweep.runs[0], sweep.runs[-1]
    told = [*missed(sweep), *(text for one in sweep.changes[-1:] for row in one.rows if (text := course_of(row)))]
    told += [
        f"{named(row)} at {point_name(run.point)} lies outside of both ends, {value_of(row.candidate, row)}"
        for row, run in zip(sweep.outside, sweep.outside_at, strict=True)
    ]
    emulated = " (emulated GPU)" if first.device.emulated else ""
    ends = f"{point_name(first.point)} to {point_name(last.point)}"
    return f"{first.system.id}{emulated}, {ends}: {'; '.join(told) or 'no outcome was measured at both ends'}."


def missed(sweep: Sweep) -> list[str]:
    """`compute limit missed: asked 50 %, got 80.4 ±0.6 %`, of points whose tenants certainly got something else."""
    found = []
    for run, one in zip(sweep.runs, sweep.whole, strict=True):
        shares = [row for row in one.rows if row.change is not None and row.change.shares and row.headline]
        if any(row.verdict in CERTAIN for row in shares):
            found += [f"asked {asked(one)}, {got(one)}" for one in sweep.limits(run) if one.name == "compute"]
    return [f"compute limit missed: {', and '.join(found)}"] if found else []


def course_of(row: Row) -> str:
    """How an outcome goes from the first to the last point, "" where it was not measured at both."""
    if row.baseline is None or row.candidate is None:
        return ""
    ends = f"{named(row)} {value_of(row.baseline, row, '')} to {value_of(row.candidate, row)}"
    return f"{ends}, {row.verdict}" + (f": {shown(row)}" if row.change is not None else "")


def value_of(found: Interval | None, row: Row, unit: str | None = None) -> str:
    """One side's value, with its unit."""
    text = "-" if found is None else number(found.value * SHOWN[row.shown_unit][1])
    return f"{text} {row.shown_unit if unit is None else unit}".rstrip()


def cell(run: Run, outcome: Outcome | None, usual: float = LEVEL) -> str:
    """Value and interval; or why there is none."""
    if isinstance(outcome, Skipped):
        return outcome.reason
    if isinstance(outcome, Failed):
        return f"failed: {outcome.error}"
    if not isinstance(outcome, Measured):
        return "-"
    metric = run.metrics[outcome.metric]
    factor, found = SHOWN[metric.shown_unit][1], summarise(outcome, metric)
    return f"{number(found.value * factor)}\n{interval(found, factor, usual)}"


def blocks(sweeps: Sequence[Sweep]) -> list[Block]:
    """The sentences and a table for each system that was swept."""
    return [block for sweep in sweeps for block in of_sweep(sweep)]


def of_sweep(sweep: Sweep) -> Iterator[Block]:
    """One system's."""
    texts = [sweep_sentence(sweep), *(sentence(one.headlines()) for one in sweep.against)]
    yield from (Sentence(text, lead=True) for text in texts)
    yield sweep_table(sweep)
    told = [remark for run in sweep.runs for remark in remarks(run)]
    found = [*told, *unknown(sweep), *(notes(sweep.changes) if sweep.changes else [])]
    yield from (Remark(remark) for remark in dict.fromkeys(found))
    yield Sentence(footer(sweep), "muted")


def unknown(sweep: Sweep) -> list[str]:
    """What would say how much of the device each point got, where nothing does."""
    found = [one for run in sweep.runs for one in sweep.limits(run) if one.name == "compute"]
    if not found or any(one.got for one in found):
        return []
    return ["what each point got of the device is known with --system native before it, or a point of 100, and OH-010"]


def footer(sweep: Sweep) -> str:
    """How to read the cells."""
    rows = [row for one in sweep.changes for row in one.rows if row.change is not None]
    share = (
        "; of share: of the rate that was granted, 100 % is right and more is a leak"
        if any(row.change.shares for row in rows if row.change is not None)
        else ""
    )
    return f"Below an interval: the verdict on the change from the first point, the baseline, as of compare{share}."
