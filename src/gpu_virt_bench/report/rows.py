"""The outcomes and the samples of a run as plain rows, in SI units: for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from gpu_virt_bench.model.run import Failed, Granted, Measured, Outcome, Repetition, Run, Skipped, Value
from gpu_virt_bench.report.about import About
from gpu_virt_bench.stats.estimate import summarise

T = TypeVar("T")


@dataclass(frozen=True)
class OutcomeRow:
    """One outcome with its estimate. `unit` is the SI unit of the values, `level` the probability of the interval.

    What was not measured has its `reason` and no value; what was measured in one repetition has no interval.
    """

    id: str
    metric: str
    title: str
    category: str
    unit: str
    better: str
    headline: bool
    params: dict[str, Value]
    status: str
    repetitions: int
    samples: int
    rejected: int
    reason: str = ""
    value: float | None = None
    low: float | None = None
    high: float | None = None
    level: float | None = None
    method: str = "none"
    party: list[Granted] = field(default_factory=list)
    conditions: dict[str, Value] = field(default_factory=dict)


@dataclass(frozen=True)
class SampleRow:
    """One sample. `value` is in the SI unit; `begins_seconds` counts from the session's begin; `pace` is how slow the
    timed processor was, 1 is undisturbed. `index` counts the samples of a repetition; samples of equal repetition and
    `round` in two runs of a session are a pair. What the file does not say is None."""

    id: str
    statistic: str
    unit: str
    status: str
    repetition: int
    index: int
    round: int | None
    value: float
    clock_hz: float | None
    begins_seconds: float | None
    pace: float | None


@dataclass(frozen=True)
class SampleColumns:
    """The samples of one repetition of an outcome, as SampleRow has them; each list is as long as `values`, or empty
    where the file does not say it."""

    id: str
    statistic: str
    unit: str
    status: str
    repetition: int
    values: list[float]
    rounds: list[int]
    clocks_hz: list[float]
    begins_seconds: list[float]
    paces: list[float]


@dataclass(frozen=True)
class Estimates:
    """What `show FILE --format json` says of a run."""

    run: About
    outcomes: list[OutcomeRow]
    remarks: list[str]


@dataclass(frozen=True)
class Taken:
    """What `show FILE --samples --format json` says of a run: samples that were kept, those of failed outcomes too."""

    run: About
    samples: list[SampleColumns]
    remarks: list[str]


def outcome_rows(run: Run) -> list[OutcomeRow]:
    """One row for each outcome, by id."""
    return [outcome_row(run, name, outcome) for name, outcome in sorted(run.outcomes.items())]


def outcome_row(run: Run, name: str, outcome: Outcome) -> OutcomeRow:
    """An outcome with its estimate, or why it has none."""
    definition, taken = run.metrics[outcome.metric], repetitions(outcome)
    row = OutcomeRow(
        id=name,
        metric=outcome.metric,
        title=definition.title,
        category=definition.category,
        unit=definition.unit,
        better=definition.better,
        headline=outcome.headline,
        params=outcome.params,
        status=outcome.outcome,
        repetitions=len(taken),
        samples=sum(len(one.samples) for one in taken),
        rejected=sum(len(one.rejected) for one in taken),
    )
    match outcome:
        case Skipped(reason=reason) | Failed(error=reason):
            return replace(row, reason=reason)
        case Measured(party=party, conditions=conditions):
            found = summarise(outcome, definition)
            interval = (None, None, None) if found.low is None else (found.low, found.high, found.level)
            low, high, level = interval
            return replace(
                row,
                value=found.value,
                low=low,
                high=high,
                level=level,
                method=found.method,
                party=party,
                conditions=conditions,
            )


def repetitions(outcome: Outcome) -> Sequence[Repetition]:
    """What was taken of an outcome; nothing of a skipped one."""
    return () if isinstance(outcome, Skipped) else outcome.repetitions


def sample_columns(run: Run) -> list[SampleColumns]:
    """The samples that were kept, by outcome and repetition."""
    return [
        SampleColumns(
            id=name,
            statistic=str(outcome.params.get("statistic", "")),
            unit=run.metrics[outcome.metric].unit,
            status=outcome.outcome,
            repetition=repetition.index,
            values=repetition.samples,
            rounds=repetition.rounds,
            clocks_hz=repetition.clocks_hz,
            begins_seconds=repetition.begins,
            paces=repetition.paces,
        )
        for name, outcome in sorted(run.outcomes.items())
        for repetition in repetitions(outcome)
    ]


def sample_rows(run: Run) -> Iterator[SampleRow]:
    """The same, one row for each sample."""
    for taken in sample_columns(run):
        for index, value in enumerate(taken.values):
            yield SampleRow(
                id=taken.id,
                statistic=taken.statistic,
                unit=taken.unit,
                status=taken.status,
                repetition=taken.repetition,
                index=index,
                round=at(taken.rounds, index),
                value=value,
                clock_hz=at(taken.clocks_hz, index),
                begins_seconds=at(taken.begins_seconds, index),
                pace=at(taken.paces, index),
            )


def at(values: Sequence[T], index: int) -> T | None:
    """What stands beside a sample; None where the list is empty, as in older files."""
    return values[index] if values else None
