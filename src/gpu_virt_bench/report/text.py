"""Tables for the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from gpu_virt_bench.model.metric import SHOWN, Metric
from gpu_virt_bench.model.run import SLOWED, Definition, Failed, Measured, Outcome, Run
from gpu_virt_bench.stats.estimate import LEVEL, Estimate
from gpu_virt_bench.stats.estimate import summarise as summarise

if TYPE_CHECKING:
    from rich.console import RenderableType

EMULATED = " · EMULATED GPU: a model's figures, not hardware's"
ARROWS = {"lower": "↓", "higher": "↑", "none": ""}


def number(value: float) -> str:
    """Four significant digits, no exponent for what people can read."""
    if value == 0:
        return "0"
    if not 1e-3 <= abs(value) < 1e7:
        return f"{value:.3e}"
    digits = max(0, 3 - len(str(int(abs(value)))) + (abs(value) >= 1))
    return f"{value:,.{max(digits, 0)}f}" if abs(value) >= 1 else f"{value:.4g}"


def level_note(level: float, repetitions: int, asked: float = LEVEL) -> list[str]:
    """What an interval reaches where it is not what was asked for: `range of 3, 75 %`."""
    if abs(level - asked) < 1e-9:
        return []
    is_range = repetitions > 1 and level == 1 - 2.0 ** (1 - repetitions)
    return [(f"range of {repetitions}, " if is_range else "") + f"{100 * level:.0f} %"]


def interval(found: Estimate, factor: float) -> str:
    """The interval, with its level where that is not 95 %, or why there is none."""
    if found.low is None or found.high is None:
        return "one repetition"
    notes = "".join(f" ({note})" for note in level_note(found.level, found.repetitions))
    return f"{number(found.low * factor)} .. {number(found.high * factor)}{notes}"


def label(run: Run) -> str:
    """A run's name in a heading; what is emulated says so."""
    marks = [text for text in (run.label, "emulated" if run.device.emulated else "") if text]
    return run.system.id + (f" ({', '.join(marks)})" if marks else "")


def shown_unit(run: Run, definition: Definition) -> str:
    """The unit people expect; of the emulated GPU, marked."""
    return definition.shown_unit + (" (emulated)" if run.device.emulated else "")


def row(run: Run, name: str, outcome: Outcome) -> tuple[str, str, str, str, str]:
    """Outcome, value, interval, unit, n."""
    definition = run.metrics[outcome.metric]
    if isinstance(outcome, Measured):
        found = summarise(outcome, definition)
        factor = SHOWN[definition.shown_unit][1]
        unit = f"{shown_unit(run, definition)} {ARROWS[definition.better]}"
        count = f"{found.repetitions} x {found.samples // found.repetitions}"
        return name, number(found.value * factor), interval(found, factor), unit, count
    reason = outcome.error if isinstance(outcome, Failed) else outcome.reason
    return name, outcome.outcome, reason, "", ""


def run_table(run: Run) -> RenderableType:
    """One run's outcomes."""
    title = f"{run.system.title} on {run.device.name}{EMULATED if run.device.emulated else ''}"
    table = Table(title=Text(title), title_justify="left", title_style="bold", expand=False)
    table.add_column("metric", overflow="fold", ratio=3)
    table.add_column("value", justify="right", no_wrap=True)
    table.add_column("95 % interval", overflow="fold", ratio=3)
    table.add_column("unit", overflow="fold")
    table.add_column("n", justify="right", no_wrap=True)
    for name, outcome in sorted(run.outcomes.items()):
        cells = row(run, f"{name} {run.metrics[outcome.metric].title}", outcome)
        style = {"failed": "red", "skipped": "dim"}.get(outcome.outcome, "")
        table.add_row(*(Text(cell) for cell in cells), style=style)
    return table


def remarks(run: Run) -> list[str]:
    """What a reader must know beside the numbers."""
    found = list(run.warnings)
    if run.status != "complete":
        found.append(f"this run is {run.status}")
    found += [f"missing: {entry}" for entry in run.missing]
    taken = [r for o in run.outcomes.values() for r in getattr(o, "repetitions", ())]
    rejected = sum(len(repetition.rejected) for repetition in taken)
    if rejected:
        found.append(f"{rejected} samples were rejected; their reasons are in the file")
    slowed = sum(any(note.endswith(SLOWED) for note in repetition.notes) for repetition in taken)
    if slowed:
        found.append(
            f"{slowed} of {len(taken)} repetitions have samples that {SLOWED}: their latencies are too long; "
            "a host whose cores are not shared has none, and a suite's quiet_seconds waits for them to pass"
        )
    if run.plan.repetitions < 5:
        found.append(f"repetitions: {run.plan.repetitions}; intervals are wide, --suite standard narrows them")
    return found


def console() -> Console:
    """Standard output; colours only where it is a terminal and NO_COLOR is unset."""
    return Console(highlight=False, soft_wrap=False)


def print_runs(runs: Sequence[Run]) -> None:
    """A table for each run, with its remarks."""
    out = console()
    for run in runs:
        out.print()
        out.print(run_table(run))
        for remark in remarks(run):
            out.print(f"  {remark}", style="yellow", markup=False)
    out.print()


def paragraphs(definition: str) -> list[str]:
    """A docstring's paragraphs and list entries, each as one line, to be wrapped to the terminal."""
    found: list[str] = []
    for line in definition.splitlines():
        text = line.strip()
        if not text or text.startswith("- ") or not found:
            found.append(text)
        else:
            found[-1] = f"{found[-1]} {text}".strip()
    return [text for text in found if text]


def print_metric(metric: Metric) -> None:
    """A metric's definition."""
    out = console()
    title, _, rest = metric.definition.partition("\n")
    out.print(f"{metric.id}  {title}", style="bold", markup=False)
    for paragraph in paragraphs(rest):
        out.print()
        out.print(paragraph, markup=False)
    out.print()
    facts = {
        "unit": f"{metric.unit} {ARROWS[metric.better]}".strip(),
        "better": metric.better,
        "compared by": metric.compare,
        "needs": ", ".join(metric.needs) or "nothing",
        "mig-ideal": metric.ideal,
        "revision": str(metric.revision),
        **{f"parameter {name}": ", ".join(map(str, values)) for name, values in metric.params.items()},
    }
    for name, value in facts.items():
        out.print(f"  {name:22} {value}", markup=False)
    if metric.params:
        out.print("  The first value of each parameter is the headline.")


def print_table(rows: Sequence[Mapping[str, Any]]) -> None:
    """Rows with the same keys as a table."""
    table = Table()
    for key in rows[0] if rows else ():
        table.add_column(key, overflow="fold")
    for entry in rows:
        table.add_row(*(Text(str(value)) for value in entry.values()))
    console().print(table)
