"""What a session would measure, as blocks."""

from __future__ import annotations

from collections.abc import Iterator

from gpu_virt_bench.model.forecast import Forecast, PlannedRun
from gpu_virt_bench.model.text import counted, percents, span
from gpu_virt_bench.report.blocks import Block, Box, Bullets, Heading, Sentence
from gpu_virt_bench.report.text import EMULATED, MIB


def blocks(found: Forecast) -> list[Block]:
    """The sentence, the runs, how they stand to each other, and each outcome."""
    told: list[Block] = [Bullets(list(budget(found)))]
    runs = [Box(of_run(run), [Bullets(list(outcomes_of(run)))]) for run in found.runs]
    last = Sentence("Nothing was measured, and no file was written.")
    return [Heading(heading(found)), *told, *runs, Bullets(list(order(found))), last]


def heading(found: Forecast) -> str:
    """Device, effort and duration."""
    several = f"{found.repetitions} to " if found.max_repetitions > found.repetitions else ""
    taken = f"{several}{counted(found.max_repetitions, 'repetition')}"
    times = span(found.seconds, found.most_seconds)
    device = f"{found.device}{EMULATED if found.emulated else ''}"
    return f"About {times}: {counted(len(found.runs), 'run')} of suite {found.suite}, {taken}, on {device}"


def budget(found: Forecast) -> Iterator[str]:
    """The time that is given, and whether it is enough."""
    if (given := found.time_budget_seconds) is not None:
        short = ", shorter than that: it will end before all is measured" if given < found.seconds else ""
        yield f"time budget: {given:g} s{short}"


def order(found: Forecast) -> Iterator[str]:
    """Which runs are measured beside each other."""
    for one in found.side_by_side:
        alone = f"{one.runs[0]}: alone" if len(one.runs) == 1 else f"{', '.join(one.runs)}: in rounds, side by side"
        yield alone + (f"; in turns with the others: {one.why}" if len(found.side_by_side) > 1 else "")


def of_run(run: PlannedRun) -> str:
    """One run: its limits, and where it goes."""
    limits = [
        *([f"memory {run.memory_limit_bytes / MIB:g} MiB"] if run.memory_limit_bytes is not None else []),
        *([f"compute {100 * run.compute_limit:g} %"] if run.compute_limit is not None else []),
        *([f"compute {percents(run.compute_quota)}"] if run.compute_quota else []),
    ]
    return f"{run.name}: {', '.join(limits) or 'no limits'}; a file in {run.folder}/"


def outcomes_of(run: PlannedRun) -> Iterator[str]:
    """Its outcomes by metric, and what is missing."""
    if run.refused:
        yield f"refused: {run.refused}"
        return
    yield from (f"{lack}: measured without" for lack in run.unlimited)
    yield f"{counted(len(run.outcomes), 'outcome')}: {', '.join(by_metric(run.outcomes))}"
    yield from (f"skipped: {name}: {reason}" for name, reason in run.skipped.items())


def by_metric(outcomes: list[str]) -> list[str]:
    """Outcomes of one metric together: `OH-001 (4)`."""
    metrics = [name.partition("[")[0] for name in outcomes]
    counts = {name: metrics.count(name) for name in metrics}
    return [name + (f" ({count})" if count > 1 else "") for name, count in counts.items()]
