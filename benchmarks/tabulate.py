"""Run files of one session side by side, as a Markdown table.

    python benchmarks/tabulate.py BASELINE.json OTHER.json...

Each cell is the estimate with its 95 % interval in the unit people expect; the last columns are the ratio of the
estimates to the baseline's. No verdict: whether a ratio is more than noise is not judged here.
"""

from __future__ import annotations

import sys
from pathlib import Path

from gpu_virt_bench.model.metric import SHOWN
from gpu_virt_bench.model.run import Measured, Run
from gpu_virt_bench.report.text import interval, number, summarise
from gpu_virt_bench.results import load


def cell(run: Run, name: str) -> str:
    """Value and interval, or why there is none."""
    outcome = run.outcomes.get(name)
    if not isinstance(outcome, Measured):
        return outcome.outcome if outcome is not None else "-"
    definition = run.metrics[outcome.metric]
    factor = SHOWN[definition.shown_unit][1]
    found = summarise(outcome, definition)
    return f"{number(found.value * factor)} ({interval(found, factor)})"


def ratio(run: Run, baseline: Run, name: str) -> str:
    """The estimates' ratio."""
    pair = [r.outcomes.get(name) for r in (run, baseline)]
    if not all(isinstance(outcome, Measured) for outcome in pair):
        return "-"
    ours, theirs = (summarise(o, baseline.metrics[o.metric]).value for o in pair if isinstance(o, Measured))
    return f"{ours / theirs:.3f}"


def main() -> None:
    """Prints the table."""
    runs = [load(Path(path)) for path in sys.argv[1:]]
    baseline = runs[0]
    mark = " (emulated)" if baseline.device.emulated else ""
    print(f"{baseline.device.name}{mark}, driver {baseline.device.driver_version}\n")
    heads = [
        "outcome",
        "unit",
        *(r.system.id for r in runs),
        *(f"{r.system.id} / {baseline.system.id}" for r in runs[1:]),
    ]
    print("| " + " | ".join(heads) + " |\n" + "|---" * len(heads) + "|")
    for name in sorted(baseline.outcomes):
        metric = baseline.metrics[baseline.outcomes[name].metric]
        cells = [f"{name} {metric.title}", metric.shown_unit, *(cell(run, name) for run in runs)]
        cells += [ratio(run, baseline, name) for run in runs[1:]]
        print("| " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
