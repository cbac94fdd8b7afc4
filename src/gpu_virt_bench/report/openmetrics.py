"""Runs as OpenMetrics text, version 1.0.0, for Prometheus and what reads it: docs/how-to/prometheus.md.

One family for each quantity and unit, since the unit is part of a family's name; the names do not depend on the metrics
that were measured. Every sample carries the time at which its run began.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from gpu_virt_bench.compare.files import Loaded
from gpu_virt_bench.report.about import About, about
from gpu_virt_bench.report.csv_tables import cell
from gpu_virt_bench.report.rows import OutcomeRow, outcome_rows
from gpu_virt_bench.results import moment

PREFIX = "gpu_virt_bench_"
UNITS: Mapping[str, str] = {
    "s": "seconds",
    "cycles/s": "cycles_per_second",
    "B/s": "bytes_per_second",
    "ratio": "ratio",
    "pass": "passed_ratio",
}
"""A unit of samples -> the end of a family's name. What passed is a share, and no ratio of two quantities."""
STATUS = f"{PREFIX}outcome_status"
STATES = ("measured", "skipped", "failed")
Labels = Mapping[str, str]


@dataclass(frozen=True)
class Told:
    """A run with its outcomes, as every family takes from it."""

    about: About
    rows: Sequence[OutcomeRow]
    labels: Labels
    seconds: float
    """When it began, since 1970."""


Point = tuple[Labels, float | int]
"""The labels and the value of one sample."""


@dataclass(frozen=True)
class Family:
    """A metric family: its name without the prefix, and what of a run belongs to it."""

    name: str
    help: str
    points: Callable[[Told], Iterator[Point]] = field(repr=False)
    unit: str = ""
    type: Literal["gauge", "info", "stateset"] = "gauge"

    @property
    def full_name(self) -> str:
        """As `# TYPE` has it."""
        return f"{PREFIX}{self.name}"

    @property
    def sample_name(self) -> str:
        """As queries have it."""
        return f"{self.full_name}_info" if self.type == "info" else self.full_name


# -- what of a run belongs to a family


def of_outcomes(value: str, unit: str = "") -> Callable[[Told], Iterator[Point]]:
    """A field of every outcome that has it; with `unit`, of outcomes in that unit alone."""

    def points(told: Told) -> Iterator[Point]:
        for row in told.rows:
            found = getattr(row, value)
            if found is not None and unit in ("", row.unit):
                yield outcome_labels(told, row), found

    return points


def statuses(told: Told) -> Iterator[Point]:
    """For each outcome every status, 1 for its own."""
    for row in told.rows:
        labels = outcome_labels(told, row)
        for state in STATES:
            yield {**labels, STATUS: state}, int(row.status == state)


def descriptions(told: Told) -> Iterator[Point]:
    """What each outcome is, and why it has no value."""
    for row in told.rows:
        own = {name: getattr(row, name) for name in ("title", "category", "better", "method", "reason")}
        yield {**outcome_labels(told, row), **own, "headline": str(cell(row.headline))}, 1


def runs(told: Told) -> Iterator[Point]:
    """What each run is."""
    one = told.about
    yield (
        {
            **told.labels,
            "title": one.title,
            "suite": one.suite,
            "kind": one.kind,
            "run_status": one.status,
            "tool_version": one.tool_version,
        },
        1,
    )


def unproven(told: Told) -> Iterator[Point]:
    """How many reasons there are not to trust the label of a run."""
    yield told.labels, len(told.about.proof.unproven)


def unproven_reasons(told: Told) -> Iterator[Point]:
    """Each of these reasons."""
    for reason in dict.fromkeys(told.about.proof.unproven):
        yield {**told.labels, "reason": reason}, 1


def emulated(told: Told) -> Iterator[Point]:
    """Whether its figures are of a model."""
    yield told.labels, int(told.about.devices[0].emulated)


def run_labels(one: About) -> Labels:
    """What tells runs apart. Those of several GPUs have the first one's name."""
    return {
        "system": one.system,
        "device": one.devices[0].name,
        "driver": one.devices[0].driver_version,
        "emulated": str(cell(one.devices[0].emulated)),
        "session": one.session,
        "label": one.label,
        "point": str(cell(one.point)),
        "twin": "true" if one.twin else "",
    }


def outcome_labels(told: Told, row: OutcomeRow) -> Labels:
    """The same of an outcome. Its id is a label too, since a default value is no part of it."""
    return {**told.labels, "metric": row.metric, "outcome": row.id, "params": str(cell(row.params))}


FAMILIES = (
    *(
        Family(f"{name}_{ending}", text, of_outcomes(value, unit), ending.removeprefix("passed_"))
        for unit, ending in UNITS.items()
        for name, value, text in (
            ("estimate", "value", "Median of the repetitions' medians, or the share of samples that passed."),
            ("estimate_low", "low", "Lower end of the estimate's interval; none of one repetition."),
            ("estimate_high", "high", "Upper end of the estimate's interval; none of one repetition."),
        )
    ),
    Family("interval_level_ratio", "Probability of the estimate's interval.", of_outcomes("level"), "ratio"),
    Family("repetitions", "Repetitions that an outcome has.", of_outcomes("repetitions")),
    Family("samples", "Samples that were kept.", of_outcomes("samples")),
    Family("rejected_samples", "Samples that were taken and not used.", of_outcomes("rejected")),
    Family("outcome_status", "Whether an outcome was measured, skipped or failed.", statuses, type="stateset"),
    Family("outcome", "What an outcome is, and why it has no value.", descriptions, type="info"),
    Family("run", "What a run is.", runs, type="info"),
    Family("run_unproven_reasons", "Reasons why a run does not show its system in force; 0: proved.", unproven),
    Family("run_unproven_reason", "One of these reasons.", unproven_reasons, type="info"),
    Family("run_emulated", "1: the device is a model, its figures are of no hardware.", emulated),
)


# -- the text


def openmetrics(found: Sequence[tuple[Loaded, Sequence[str]]]) -> Iterator[str]:
    """The text in pieces: a family for each, and the end. A family without a sample is left out.

    What has equal labels must stand together, from first to last.
    """
    told = told_apart(found)
    for family in FAMILIES:
        samples = [(labels, value, one.seconds) for one in told for labels, value in family.points(one)]
        samples.sort(key=lambda sample: [pair for pair in sample[0].items() if pair[0] != STATUS])
        if samples:
            yield "".join([*head(family), *(line(family, *sample) for sample in samples)])
    yield "# EOF\n"


def told_apart(found: Sequence[tuple[Loaded, Sequence[str]]]) -> list[Told]:
    """The runs from first to last; each once, since a sample may not be told twice."""
    kept: dict[tuple[str, ...], Told] = {}
    for one, notes in found:
        made = about(str(one.path), one.run, notes)
        labels, seconds = run_labels(made), moment(made.began).timestamp()
        if (key := (*labels.values(), f"{seconds:.3f}")) not in kept:
            kept[key] = Told(made, outcome_rows(one.run), labels, seconds)
    return sorted(kept.values(), key=lambda told: told.seconds)


def head(family: Family) -> Iterator[str]:
    """What stands before the samples of a family."""
    yield f"# TYPE {family.full_name} {family.type}\n"
    if family.unit:
        yield f"# UNIT {family.full_name} {family.unit}\n"
    yield f"# HELP {family.full_name} {escaped(family.help)}\n"


def line(family: Family, labels: Labels, value: float | int, seconds: float) -> str:
    """One sample. A label without a value is as good as none, and left out."""
    pairs = ",".join(f'{name}="{escaped(text)}"' for name, text in labels.items() if text)
    return f"{family.sample_name}{{{pairs}}} {value!r} {seconds:.3f}\n"


def escaped(text: str) -> str:
    """A label's value or a help text. What UTF-8 cannot hold is written as an escape."""
    encodable = text.encode("utf-8", "backslashreplace").decode()
    return encodable.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
