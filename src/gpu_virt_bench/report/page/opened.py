"""What is behind one outcome: its definition, how it was measured, raw numbers, and the command that repeats it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from statistics import median

from gpu_virt_bench.model.metric import SHOWN
from gpu_virt_bench.model.run import Definition, Measured, Outcome, Repetition, Run, Skipped, Value
from gpu_virt_bench.report.blocks import (
    Axis,
    Block,
    Bullets,
    Cell,
    Code,
    Column,
    Fold,
    Intervals,
    Point,
    Row,
    Sentence,
    Strips,
    Table,
)
from gpu_virt_bench.report.page.groups import Entry, Group
from gpu_virt_bench.report.rows import repetitions
from gpu_virt_bench.report.text import estimates_level, number, paragraphs, share, taken
from gpu_virt_bench.stats.estimate import Estimate

MOST_DOTS, MOST_ROWS = 100, 12
"""Samples of a system in a figure, evenly chosen, and rows of a detail; all are in the file."""


def opened(group: Group, name: str, of: Definition) -> list[Block]:
    """All that a reader can ask of one outcome."""
    measured = [(one, found) for one, found in group.having(name) if name in one.estimates]
    why = [
        f"{one.name}: {row.reason}" for one in group.entries if (row := one.rows.get(name)) is not None and row.reason
    ]
    return [
        *([Bullets(why)] if why else []),
        *(pictures(group, measured, name, of) if group.outcomes[name].headline else ()),
        raw(measured, of),
        *details(measured),
        *meaning(group, name, of),
        Fold("Parameters and conditions", [conditions(group, name)]),
        *repeat(group, name),
    ]


def meaning(group: Group, name: str, of: Definition) -> list[Block]:
    """The metric's definition; once, where its headline outcome is on the page too."""
    outcome = group.outcomes[name]
    if not outcome.headline and outcome.metric in group.outcomes:
        return [Sentence(f"What it means stands with {outcome.metric}.", "muted")]
    return [Fold("How it is measured", [Sentence(text) for text in paragraphs(of.definition)])]


def axis(of: Definition) -> Axis:
    """The axis of a metric's values."""
    return Axis(of.shown_unit, SHOWN[of.shown_unit][1])


def point(found: Estimate) -> Point:
    """An estimate as a figure has it."""
    return Point(found.value, found.low, found.high)


def pictures(group: Group, measured: Sequence[tuple[Entry, Outcome]], name: str, of: Definition) -> Iterator[Block]:
    """The estimates beside each other, and the samples that they are made of."""
    if not measured:
        return
    found = [(one.name, one.estimates[name]) for one, _ in measured]
    level = estimates_level(one for _, one in found)[1]
    series = [(of.title, [point(one) for _, one in found])]
    title = f"{name}: estimates with their {level}"
    yield Intervals(title, axis(of), [who for who, _ in found], series, marks=group.marks)
    if of.unit != "pass":
        dots = [(one.name, thinned(samples(outcome))) for one, outcome in measured]
        yield Strips(f"{name}: samples", axis(of), dots, group.marks)


def samples(outcome: Outcome) -> list[float]:
    """All samples that were kept."""
    return [value for one in repetitions(outcome) for value in one.samples]


def thinned(values: Sequence[float]) -> list[float]:
    """At most so many, evenly chosen by rank, the smallest and the largest among them."""
    if len(values) <= MOST_DOTS:
        return list(values)
    ordered, last = sorted(values), len(values) - 1
    return [ordered[round(k * last / (MOST_DOTS - 1))] for k in range(MOST_DOTS)]


def raw(measured: Sequence[tuple[Entry, Outcome]], of: Definition) -> Block:
    """A row for each repetition of each system."""
    unit = of.shown_unit
    columns = [Column("system"), Column("repetition", numeric=True), Column("samples", numeric=True)]
    columns += [Column(f"{name}, {unit}", of.unit, numeric=True) for name in ("median", "least", "most")]
    rows = [raw_row(entry, one, of) for entry, outcome in measured for one in repetitions(outcome) if one.samples]
    return Fold("Raw numbers", [Table([*columns, Column("how")], rows)])


def raw_row(entry: Entry, one: Repetition, of: Definition) -> Row:
    """One repetition."""
    factor = SHOWN[of.shown_unit][1]
    values = (median(one.samples), min(one.samples), max(one.samples))
    rejected = f", {len(one.rejected)} rejected" if one.rejected else ""
    return Row(
        [
            Cell(entry.name),
            Cell(str(one.index), one.index),
            Cell(str(len(one.samples)), len(one.samples)),
            *(Cell(number(value * factor), value) for value in values),
            Cell(f"{one.taken}, {one.seconds:.3g} s, ended: {one.stop}{rejected}"),
        ]
    )


def details(measured: Sequence[tuple[Entry, Outcome]]) -> list[Block]:
    """The tables beside the samples, as the metric wrote them."""
    found: dict[str, list[dict[str, Value]]] = {}
    for entry, outcome in measured:
        for one in repetitions(outcome):
            for name, rows in one.detail.items():
                found.setdefault(name, []).extend(
                    {"system": entry.name, "repetition": one.index, **row} for row in rows
                )
    return [Fold(f"Detail: {name}", [detail(rows)]) for name, rows in found.items()]


def detail(rows: Sequence[dict[str, Value]]) -> Table:
    """One such table; values are as the file has them, SI units."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    columns = [Column(name, numeric=all(not isinstance(row.get(name, 0), str) for row in rows)) for name in names]
    shown = [Row([plain(row.get(name)) for name in names]) for row in rows[:MOST_ROWS]]
    more = f"the first {len(shown)} of {len(rows)} rows; all are in the files" if len(rows) > len(shown) else ""
    return Table(columns, shown, more)


def plain(value: Value | None) -> Cell:
    """A value as the file has it."""
    if value is None:
        return Cell("")
    return Cell(value) if isinstance(value, str) else Cell(number(float(value)), value)


def conditions(group: Group, name: str) -> Block:
    """Parameters, tenants, conditions and effort of each system."""
    lines = [f"{one.name}: {', '.join(told(found))}" for one, found in group.having(name)]
    return Bullets(lines)


def told(outcome: Outcome) -> Iterator[str]:
    """What one outcome was measured with."""
    yield from (f"{key} {value}" for key, value in outcome.params.items())
    if isinstance(outcome, Measured):
        yield from (f"{key} {value}" for key, value in outcome.conditions.items())
        yield from (share(one) for one in outcome.party)
        yield f"repetitions x samples: {taken(outcome)}"
    elif isinstance(outcome, Skipped):
        yield f"skipped: {outcome.reason}"
    else:
        yield f"failed: {outcome.error}"


def repeat(group: Group, name: str) -> list[Block]:
    """The commands that measure it again: this outcome alone, and each session whole."""
    runs = [one.run for one, _ in group.having(name) if one.run.kind == "measured"]
    if not runs:
        return []
    whole = dict.fromkeys(shlex.join(run.session.argv) for run in runs if run.session.argv)
    commands = [alone(runs, name), *whole]
    return [Fold("Commands that repeat it", [Code("\n".join(commands))])]


def alone(runs: Sequence[Run], name: str) -> str:
    """One session of all these systems with this outcome."""
    first = runs[0]
    words = ["gpu-virt-bench", "run"]
    for system in dict.fromkeys(run.system.id for run in runs):
        words += ["--system", system]
    words += ["--metrics", name, "--suite", first.plan.suite, "--seed", str(first.plan.seed)]
    plan = first.plan
    words += ["--compute-limit", f"{100 * plan.compute_limit:g}"] if plan.compute_limit else []
    words += ["--memory-limit", f"{plan.memory_limit_bytes >> 20}"] if plan.memory_limit_bytes else []
    quota = ",".join(f"{100 * share:g}" for share in plan.compute_quota or ())
    words += ["--quota", quota] if quota else ["--tenants", str(plan.tenants)] if plan.tenants else []
    settings = first.plan.settings
    if settings.repetitions == settings.max_repetitions:
        words += ["--repetitions", str(settings.repetitions)]
    words += ["--device", f"emulated:{first.device.profile}"] if first.device.emulated else []
    words += [word for key, value in first.device.emulation.items() for word in ("--emulate", f"{key}={value}")]
    words += [word for run in runs for key, value in run.system.options.items()
              for word in ("--option", f"{run.system.id}.{key}={value}")]  # fmt: skip
    return shlex.join(words)
