"""Tails and spread: p50, p95, p99 of the samples with intervals over repetitions, and latency distributions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median

from gpu_virt_bench.model.comparison import Interval
from gpu_virt_bench.model.metric import SHOWN
from gpu_virt_bench.model.run import Definition, Measured
from gpu_virt_bench.report.blocks import Axis, Block, Cell, Column, Curves, Heading, Point, Row, Sentence, Series, Table
from gpu_virt_bench.report.page.groups import Entry, Group
from gpu_virt_bench.report.text import number
from gpu_virt_bench.stats.estimate import LEVEL
from gpu_virt_bench.stats.order import median_interval, quantile

SHARES = (0.5, 0.95, 0.99)
NEEDED = {0.5: 3, 0.95: 20, 0.99: 100}
"""Samples that a repetition needs, so that its quantile is not simply its largest sample."""
MOST_FIGURES, FEWEST_DRAWN = 4, 30
STEPS = 60
"""Steps of a drawn distribution."""


def tails(group: Group) -> list[Block]:
    """The table and figures; a sentence where no outcome has enough samples."""
    names = [name for name in group.outcomes if any(enough(outcome, 0.95) for _, outcome in group.having(name))]
    head = Heading("Tails and spread", level=3, id="tails")
    if not names:
        text = "No outcome has 20 samples in a repetition, so that none has a 95th percentile; --iterations takes more."
        return [head, Sentence(text, "muted")]
    ratio = "p99 / p50"
    columns = [Column("outcome"), Column("system"), *(Column(f"p{100 * s:g}", numeric=True) for s in SHARES)]
    columns += [Column(ratio, numeric=True), Column("spread of the repetitions' medians", numeric=True)]
    rows = [row for name in names for row in rows_of(group, name)]
    return [
        head,
        Table(columns, rows, "Percentiles of samples, with intervals over repetitions", True),
        *figures(group, names),
    ]


def enough(outcome: object, share: float) -> bool:
    """Whether every repetition has samples enough for that percentile."""
    taken = [one.samples for one in outcome.repetitions if one.samples] if isinstance(outcome, Measured) else []
    return bool(taken) and min(map(len, taken)) >= NEEDED[share]


def rows_of(group: Group, name: str) -> Iterator[Row]:
    """A row for each system."""
    for entry, outcome in group.having(name):
        if isinstance(outcome, Measured) and enough(outcome, 0.95):
            of = entry.run.metrics[outcome.metric]
            taken = [one.samples for one in outcome.repetitions if one.samples]
            yield Row([Cell(name), Cell(entry.name), *cells(taken, of)])


def cells(taken: Sequence[Sequence[float]], of: Definition) -> Iterator[Cell]:
    """The percentiles, their ratio, and how far repetitions lie from each other."""
    middle = median_interval([quantile(one, 0.5) for one in taken], LEVEL)
    for share in SHARES:
        if min(map(len, taken)) < NEEDED[share]:
            yield Cell("-", below=[f"needs {NEEDED[share]} samples a repetition"], tone="muted")
        else:
            yield with_ends(
                median_interval([quantile(one, share) for one in taken], LEVEL), SHOWN[of.shown_unit][1], of.shown_unit
            )
    if min(map(len, taken)) >= NEEDED[0.99] and all(quantile(one, 0.5) > 0 for one in taken):
        yield with_ends(median_interval([quantile(one, 0.99) / quantile(one, 0.5) for one in taken], LEVEL), 1.0, "")
    else:
        yield Cell("-", tone="muted")
    medians = [median(one) for one in taken]
    spread = (max(medians) - min(medians)) / abs(middle.value) if middle.value else None
    yield Cell("-") if spread is None else Cell(f"{100 * spread:.3g} %", spread)


def with_ends(found: Interval, factor: float, unit: str) -> Cell:
    """A value with its interval."""
    ends = [] if found.low is None or found.high is None else [
        f"{number(found.low * factor)} .. {number(found.high * factor)} ({100 * found.level:.0f} %)"
    ]  # fmt: skip
    return Cell(f"{number(found.value * factor)} {unit}".strip(), found.value, below=ends)


def figures(group: Group, names: Sequence[str]) -> Iterator[Curves]:
    """Distributions of the first few headline latencies."""
    chosen = [name for name in names if group.outcomes[name].headline and unit(group, name) == "s"][:MOST_FIGURES]
    for name in chosen:
        series = [
            Series(one.name, steps(one, name))
            for one, _ in group.having(name)
            if len(pooled(one, name)) >= FEWEST_DRAWN
        ]
        if series:
            of = group.having(name)[0][0].run.metrics[group.outcomes[name].metric]
            x = Axis(of.shown_unit, SHOWN[of.shown_unit][1])
            title = f"{name} {of.title}: share of samples at or below"
            yield Curves(title, x, Axis("% of samples", 100), series, steps=True, marks=group.marks)


def unit(group: Group, name: str) -> str:
    """The SI unit of an outcome."""
    entry, outcome = group.having(name)[0]
    return entry.run.metrics[outcome.metric].unit


def pooled(entry: Entry, name: str) -> list[float]:
    """All samples of one system."""
    return [value for one in getattr(entry.run.outcomes.get(name), "repetitions", ()) for value in one.samples]


def steps(entry: Entry, name: str) -> list[Point]:
    """The empirical distribution in so many steps."""
    ordered = sorted(pooled(entry, name))
    count = min(STEPS, len(ordered))
    at = [round(k * (len(ordered) - 1) / max(1, count - 1)) for k in range(count)]
    return [Point((k + 1) / len(ordered), x=ordered[k]) for k in at]
