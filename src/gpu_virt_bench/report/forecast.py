"""What a session would measure, for people."""

from __future__ import annotations

from collections.abc import Iterator

from rich.padding import Padding
from rich.text import Text

from gpu_virt_bench.model.forecast import Forecast, PlannedRun
from gpu_virt_bench.model.text import counted, percents, span
from gpu_virt_bench.report.text import EMULATED, MIB, console


def print_forecast(found: Forecast) -> None:
    """The sentence, the runs, how they stand to each other, and each outcome."""
    out = console()
    out.print(Text(heading(found), style="bold"))
    for line in lines(found):
        out.print(Padding(Text(line), (0, 0, 0, 2), expand=False))
    out.print("Nothing was measured, and no file was written.")


def heading(found: Forecast) -> str:
    """Device, effort and duration."""
    several = f"{found.repetitions} to " if found.max_repetitions > found.repetitions else ""
    taken = f"{several}{counted(found.max_repetitions, 'repetition')}"
    times = span(found.seconds, found.most_seconds)
    device = f"{found.device}{EMULATED if found.emulated else ''}"
    return f"About {times}: {counted(len(found.runs), 'run')} of suite {found.suite}, {taken}, on {device}"


def lines(found: Forecast) -> Iterator[str]:
    """All else, a sentence each."""
    if (budget := found.time_budget_seconds) is not None:
        short = ", shorter than that: it will end before all is measured" if budget < found.seconds else ""
        yield f"time budget: {budget:g} s{short}"
    for run in found.runs:
        yield from of_run(run)
    for one in found.side_by_side:
        alone = f"{one.runs[0]}: alone" if len(one.runs) == 1 else f"{', '.join(one.runs)}: in rounds, side by side"
        yield alone + (f"; in turns with the others: {one.why}" if len(found.side_by_side) > 1 else "")


def of_run(run: PlannedRun) -> Iterator[str]:
    """One run: where it goes, its limits, and its outcomes by metric."""
    limits = [
        *([f"memory {run.memory_limit_bytes / MIB:g} MiB"] if run.memory_limit_bytes is not None else []),
        *([f"compute {100 * run.compute_limit:g} %"] if run.compute_limit is not None else []),
        *([f"compute {percents(run.compute_quota)}"] if run.compute_quota else []),
    ]
    yield f"{run.name}: {', '.join(limits) or 'no limits'}; a file in {run.folder}/"
    if run.refused:
        yield f"  refused: {run.refused}"
        return
    yield from (f"  {lack}: measured without" for lack in run.unlimited)
    yield f"  {counted(len(run.outcomes), 'outcome')}: {', '.join(by_metric(run.outcomes))}"
    yield from (f"  skipped: {name}: {reason}" for name, reason in run.skipped.items())


def by_metric(outcomes: list[str]) -> list[str]:
    """Outcomes of one metric together: `OH-001 (4)`."""
    metrics = [name.partition("[")[0] for name in outcomes]
    counts = {name: metrics.count(name) for name in metrics}
    return [name + (f" ({count})" if count > 1 else "") for name, count in counts.items()]
