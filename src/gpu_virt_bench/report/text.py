"""Tables for the terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from gpu_virt_bench.model.cautions import cautions
from gpu_virt_bench.model.claims import claims
from gpu_virt_bench.model.metric import Metric
from gpu_virt_bench.model.run import CUT_SHORT, Definition, Failed, Granted, Measured, Outcome, Run
from gpu_virt_bench.model.text import counted
from gpu_virt_bench.report.grid import Grid, Out, Page
from gpu_virt_bench.stats.estimate import LEVEL, Estimate
from gpu_virt_bench.stats.estimate import summarise as summarise

EMULATED = " · EMULATED GPU: a model's figures, not hardware's"
AGAIN = " (again)"
"""What tells a session's baseline, measured a second time, from the first."""
FEW = 5
"""Fewer repetitions make intervals wide."""
MIB = 1 << 20
ARROWS = {"lower": "↓", "higher": "↑", "none": ""}


def number(value: float) -> str:
    """Four significant digits, no exponent for what people can read."""
    if value == 0:
        return "0"
    if not 1e-4 <= abs(value) < 1e7:
        return f"{value:.3e}"
    digits = max(0, 3 - len(str(int(abs(value)))) + (abs(value) >= 1))
    return f"{value:,.{max(digits, 0)}f}" if abs(value) >= 1 else f"{value:.4g}"


def level_note(level: float, repetitions: int, asked: float = LEVEL) -> list[str]:
    """What an interval reaches where it is not what was asked for: `range of 3, 75 %`."""
    if abs(level - asked) < 1e-9:
        return []
    is_range = repetitions > 1 and level == 1 - 2.0 ** (1 - repetitions)
    return [(f"range of {repetitions}, " if is_range else "") + f"{100 * level:.0f} %"]


def usual_level(found: Iterable[tuple[float, int]], asked: float = LEVEL) -> tuple[float, str]:
    """The level that most intervals reach, of their levels and repetitions, and how a header says it: `95 % interval`,
    `94 % interval (range of 5)`; what was asked for where there are none."""
    counts = Counter(found)
    level, repetitions = counts.most_common(1)[0][0] if counts else (asked, 0)
    *words, reached = (level_note(level, repetitions, asked) or [f"{100 * asked:g} %"])[0].split(", ")
    return level, f"{reached} interval" + (f" ({words[0]})" if words else "")


def estimates_level(found: Iterable[Estimate]) -> tuple[float, str]:
    """The same of estimates; those without an interval have no part in it."""
    return usual_level((one.level, one.repetitions) for one in found if one.low is not None)


def runs_level(runs: Iterable[Run]) -> tuple[float, str]:
    """The same of all that some runs measured."""
    return estimates_level(
        summarise(one, run.metrics[one.metric])
        for run in runs
        for one in run.outcomes.values()
        if isinstance(one, Measured)
    )


def interval(found: Estimate, factor: float, usual: float = LEVEL) -> str:
    """The interval, with its level where that is not the header's, or why there is none."""
    if found.low is None or found.high is None:
        return "one repetition"
    notes = "".join(f" ({note})" for note in level_note(found.level, found.repetitions, usual))
    return f"{number(found.low * factor)} .. {number(found.high * factor)}{notes}"


def label(run: Run) -> str:
    """A run's name in a heading; what is emulated says so."""
    marks = [text for text in (run.label, "emulated" if run.device.emulated else "") if text]
    return run.system.id + (f" ({', '.join(marks)})" if marks else "")


def named(run: Run) -> str:
    """A run among those of its session: `mps`, `native (again)`, `mps (compute-limit 25)`."""
    marks = ", ".join(f"{key} {value}" for key, value in run.point.items())
    return run.system.id + (f" ({marks})" if marks else "") + (AGAIN if run.twin else "")


def shown_unit(run: Run, definition: Definition) -> str:
    """The unit people expect; of the emulated GPU, marked."""
    return definition.shown_unit + (" (emulated)" if run.device.emulated else "")


def taken(outcome: Measured) -> str:
    """`5 x 30`: repetitions and samples in each; `1 x 30 + 4`: one whole, and 4 samples of one that was cut short."""
    parts = [len(one.samples) for one in outcome.repetitions if one.samples and one.stop in CUT_SHORT]
    whole = [len(one.samples) for one in outcome.repetitions if one.samples and one.stop not in CUT_SHORT]
    counts = [f"{len(whole)} x {sum(whole) // len(whole)}"] if whole else []
    return " + ".join([*counts, *map(str, parts)])


def cut_short(run: Run) -> list[str]:
    """The outcomes of which a repetition with samples was cut short."""
    return [
        name
        for name, found in sorted(run.outcomes.items())
        if isinstance(found, Measured) and any(one.samples and one.stop in CUT_SHORT for one in found.repetitions)
    ]


def devices(run: Run) -> str:
    """The models that were measured: `NVIDIA H200`, `2 x NVIDIA H200`."""
    counts = Counter(device.name for device in run.devices)
    return ", ".join(times(name, count) for name, count in counts.items())


def circumstances(run: Run, outcome: Outcome) -> list[str]:
    """With whom and under which conditions an outcome was measured, where that is not what the plan says of all."""
    if not isinstance(outcome, Measured):
        return []
    suite = run.plan.settings
    usual = {name: getattr(suite, name) for name in ("window_seconds", "settle_seconds", "polling_seconds")}
    conditions = [f"{name} {value}" for name, value in outcome.conditions.items() if usual.get(name) != value]
    limits = (None, run.plan.compute_limit), (None, run.plan.memory_limit_bytes)
    plain = all(one.compute_share in limits[0] and one.memory_bytes in limits[1] for one in outcome.party)
    members = Counter(map(share, outcome.party))
    party = [] if plain and len(outcome.party) < 2 else [times(name, count) for name, count in members.items()]
    return [line for line in (", ".join(party), ", ".join(conditions)) if line]


def times(name: str, count: int) -> str:
    """`neighbor`, `3 x neighbor`."""
    return f"{count} x {name}" if count > 1 else name


def share(granted: Granted) -> str:
    """One tenant and what it was granted: `victim 25 % 8192 MiB`."""
    limits = [
        *([f"{100 * granted.compute_share:g} %"] if granted.compute_share is not None else []),
        *([f"{granted.memory_bytes / MIB:g} MiB"] if granted.memory_bytes is not None else []),
        *([f"on GPU {granted.gpu}"] if granted.gpu else []),
    ]
    return " ".join([granted.role, *limits])


def reasons(run: Run) -> list[str]:
    """Why outcomes failed or were skipped, each reason once with its outcomes."""
    found: dict[str, list[str]] = {}
    for name, outcome in sorted(run.outcomes.items()):
        if not isinstance(outcome, Measured):
            why = f"failed: {outcome.error}" if isinstance(outcome, Failed) else f"skipped: {outcome.reason}"
            found.setdefault(why, []).append(name)
    return [f"{', '.join(names)} {why}" for why, names in found.items()]


def titled(name: str, title: str) -> str:
    """`OH-001 Kernel launch latency`; parameters that are not the headline's stand below, so that no word is broken."""
    metric, _, rest = name.partition("[")
    params = rest.removesuffix("]").replace(",", ", ")
    return f"{metric} {title}" + (f"\n{params}" if params else "")


def remarks(run: Run) -> list[str]:
    """What a reader must know beside the numbers."""
    found = [*claims(run), *cautions(run)]
    lack = lacking(run.missing)
    if run.status != "complete":
        found.append(f"this run {run.ending}" + (f"; missing: {lack}" if lack else ""))
    elif lack:
        found.append(f"missing, since tenants were lost before they were proved again: {lack}")
    if names := cut_short(run):
        found.append(
            f"{', '.join(names)}: the repetition that was cut short counts in the value and its interval, with the"
            " samples that it has (+ in the column n)"
        )
    if (few := run.plan.settings.repetitions) < FEW:
        found.append(f"repetitions: {few}; intervals are wide, --suite standard narrows them")
    return found


def lacking(missing: Sequence[str]) -> str:
    """What was planned and not measured: `4 of 5 repetitions of 2 outcomes (OH-001, OH-002)`, each number once."""
    found: dict[str, list[str]] = {}
    for entry in missing:
        name, _, count = entry.rpartition(": ")
        found.setdefault(count, []).append(name)
    return "; ".join(
        f"{count} of {counted(len(names), 'outcome')} ({', '.join(names)})" for count, names in found.items()
    )


def console(to_stdout: bool = True) -> Console:
    """Standard output, with colours only where it is a terminal and NO_COLOR is unset; or for a file, without."""
    if not to_stdout:
        return Page(no_color=True, highlight=False, force_terminal=False)
    return Out(highlight=False, soft_wrap=False)


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


def print_metric(metric: Metric, out: Console) -> None:
    """A metric's definition."""
    title, _, rest = metric.definition.partition("\n")
    out.print(f"{metric.id}  {title}", style="bold", markup=False)
    for paragraph in paragraphs(rest):
        out.print()
        out.print(paragraph, markup=False)
    out.print()
    for name, value in facts(metric).items():
        out.print(f"  {name:22} {value}", markup=False)
    if metric.params:
        out.print("  The first value of each parameter is the headline.")


def facts(metric: Metric) -> dict[str, str]:
    """What a definition says beside its text."""
    found = {
        "unit": f"{metric.unit} {ARROWS[metric.better]}".strip(),
        "better": metric.better,
        "compared by": metric.compare,
        "needs": ", ".join(metric.needs) or "nothing beside its tenants",
        "tenants": f"set by {metric.tenants}" if metric.tenants else "",
        "taken": "alone on the device, in turns" if metric.alone else "in rounds",
        "work is done in": metric.completion if isinstance(metric.completion, str) else "by its parameters",
        "mig-ideal": metric.ideal,
        "revision": str(metric.revision),
        **{f"parameter {name}": values for name, values in metric.described.items()},
    }
    return {name: value for name, value in found.items() if value}


def print_table(rows: Sequence[Mapping[str, Any]]) -> None:
    """Rows with the same keys as a table."""
    table = Grid()
    for key in rows[0] if rows else ():
        table.add_column(key, overflow="fold")
    for entry in rows:
        table.add_row(*(Text(str(value)) for value in entry.values()))
    console().print(table)
