"""The half-width of every metric's A/A interval: how small a change a session like this one can show.

    python benchmarks/noise_floor.py BASELINE.json

BASELINE is a run of a session with --aa; its twin lies beside it. Prints a Markdown table: the change of the twin, its
interval, and half of the interval's width, in per cent of the value for metrics that compare by ratio and in the
metric's unit for the others.
"""

from __future__ import annotations

import sys
from pathlib import Path

from gpu_virt_bench.compare import Loaded, compare, find_twin
from gpu_virt_bench.model.comparison import Row
from gpu_virt_bench.model.metric import SHOWN
from gpu_virt_bench.policy import load
from gpu_virt_bench.report.text import number
from gpu_virt_bench.results import load as load_run


def line(row: Row) -> str:
    """One outcome as a row of the table."""
    name = f"| {row.id} {row.title}, {row.shown_unit} "
    change = row.change
    if change is None or change.interval.low is None or change.interval.high is None:
        return f"{name}| {row.reason} | | |"
    value, low, high = change.interval.value, change.interval.low, change.interval.high
    if change.kind == "ratio":
        return f"{name}| {value:.4f} | {low:.4f} .. {high:.4f} | {100 * (high - low) / 2:.2f} % |"
    factor = SHOWN[row.shown_unit][1]
    shown = [number(figure * factor) for figure in (value, low, high, (high - low) / 2)]
    return f"{name}| {shown[0]} | {shown[1]} .. {shown[2]} | {shown[3]} {row.shown_unit} |"


def main() -> None:
    """Prints the table of one session."""
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    path = Path(sys.argv[1])
    baseline = Loaded(path, load_run(path))
    twin, _ = find_twin(*baseline)
    if twin is None:
        sys.exit(f"{path} has no twin beside it; measure with --aa")
    print("| outcome | twin / baseline, or twin - baseline | interval | half-width |\n|---|---|---|---|")
    for row in compare(baseline, Loaded(path, twin), load(None)).rows:
        print(line(row))


if __name__ == "__main__":
    main()
