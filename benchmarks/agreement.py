"""libgvb against an independent C program, on a real GPU, in turn: the same quantities, as ratios.

    python benchmarks/agreement.py INDEPENDENT [--rounds N] [--output FILE.json]

INDEPENDENT is benchmarks/independent/independent.c, built where NVIDIA's cuda.h is. Each round runs the independent
program once and one repetition of this tool once, in alternating order, so that drift reaches both alike; both on the
same processors, both while NVML holds the device open. A third as many rounds compare the start of processes.

Compared are the lower quartiles of the rounds' medians: what disturbs a round (another guest of the host, a slow
processor) only ever adds, and it comes and goes between processes. The medians of all rounds stand beside them. Prints
a table and writes every figure. Exit status 1 if a ratio is off by more than 5 %.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import pynvml

from gpu_virt_bench.engine.host import node_cpus, share_cpus

SIZES = (4096, 2097152, 67108864, 1073741824)
CALLS = "OH-001[path=return],OH-001[path=round-trip],OH-002[bytes=*],OH-003[bytes=*]"
STARTS = "OH-004[phase=*]"
BATCHES = 8
TOLERANCE = 0.05
Figures = dict[str, float]


def independent(program: str, batches: int, starts: int) -> dict[str, Any]:
    """What the independent program prints; on the processors that this tool gives its tenant."""
    cpus = share_cpus(sorted(node_cpus(None)), 1)
    place = ["taskset", "-c", ",".join(map(str, cpus[0]))] if cpus else []
    command = [*place, program, str(batches), str(starts)]
    found: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return found


def ours(metrics: str) -> Callable[[str], float]:
    """One repetition of this tool: the median of an outcome's samples, seconds."""
    command = [sys.executable, "-m", "gpu_virt_bench", "run", "--system", "native", "--metrics", metrics, "--json-only"]
    with tempfile.TemporaryDirectory() as folder:
        command += ["--repetitions", "1", "--iterations", str(BATCHES), "--output", folder]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        run = json.loads(Path(json.loads(done.stdout)["runs"][0]).read_text())
    return lambda outcome: median(run["outcomes"][outcome]["repetitions"][0]["samples"])


def their_calls(program: str) -> Figures:
    """Launches, allocations and frees by the independent program."""
    values = independent(program, BATCHES, 0)
    found = {"launch call": values["launch_call"], "launch + sync": values["launch_and_sync"]}
    for size in SIZES:
        found[f"alloc {size}"] = values[f"alloc_{size}"]
        found[f"free {size}"] = values[f"free_{size}"]
    return {name: value["median"] * 1e-9 for name, value in found.items()}


def our_calls() -> Figures:
    """Launches, allocations and frees by this tool."""
    value = ours(CALLS)
    found = {"launch call": value("OH-001"), "launch + sync": value("OH-001[path=round-trip]")}
    for size in SIZES:
        found[f"alloc {size}"] = value(f"OH-002[bytes={size}]")
        found[f"free {size}"] = value(f"OH-003[bytes={size}]")
    return found


def their_starts(program: str) -> Figures:
    """Starts of processes by the independent program."""
    values = independent(program, 1, BATCHES)
    return {f"start {phase}": values[f"start_{phase}"]["median"] * 1e-9 for phase in ("init", "context", "total")}


def our_starts() -> Figures:
    """Starts by this tool. The independent program is linked with the driver: loading it is not in its total."""
    value = ours(STARTS)
    found = {f"start {name}": value(f"OH-004[phase={name}]") for name in ("init", "context")}
    return {**found, "start total": value("OH-004") - value("OH-004[phase=load]")}


def take_turns(theirs: Callable[[], Figures], own: Callable[[], Figures], rounds: int) -> list[dict[str, Any]]:
    """Rounds A B, B A, ...; a row for each quantity."""
    taken: dict[Callable[[], Figures], list[Figures]] = {theirs: [], own: []}
    for number in range(rounds):
        for step in (theirs, own) if number % 2 == 0 else (own, theirs):
            taken[step].append(step())
    return [row(name, [t[name] for t in taken[theirs]], [o[name] for o in taken[own]]) for name in taken[own][0]]


def row(name: str, theirs: list[float], own: list[float]) -> dict[str, Any]:
    """One quantity: lower quartile and median of both, every round, and the ratio of the quartiles."""
    quartile = {who: quantiles(values, n=4, method="inclusive")[0] for who, values in (("t", theirs), ("o", own))}
    ratio = quartile["o"] / quartile["t"]
    return {
        "name": name,
        "independent": quartile["t"],
        "libgvb": quartile["o"],
        "ratio": ratio,
        "ratio_of_medians": median(own) / median(theirs),
        "agrees": abs(ratio - 1) <= TOLERANCE,
        "independent_rounds": theirs,
        "libgvb_rounds": own,
    }


def main() -> None:
    """Runs the rounds and compares."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("independent")
    parser.add_argument("--rounds", type=int, default=18)
    parser.add_argument("--output", type=Path)
    given = parser.parse_args()
    pynvml.nvmlInit()  # holds the device open for both alike, as this tool's observer does
    rows = take_turns(lambda: their_calls(given.independent), our_calls, given.rounds)
    rows += take_turns(lambda: their_starts(given.independent), our_starts, max(2, given.rounds // 3))
    print(f"{'quantity':18} {'independent':>12} {'libgvb':>12} {'ratio':>7} {'of medians':>11}")
    for entry in rows:
        figures = f"{entry['independent']:12.4e} {entry['libgvb']:12.4e} {entry['ratio']:7.3f}"
        print(f"{entry['name']:18} {figures} {entry['ratio_of_medians']:11.3f}{'' if entry['agrees'] else '   apart'}")
    if given.output:
        result = {"rounds": given.rounds, "unit": "s", "statistic": "lower quartile of the rounds", "quantities": rows}
        given.output.write_text(json.dumps(result, indent=1) + "\n")
    sys.exit(0 if all(entry["agrees"] for entry in rows) else 1)


if __name__ == "__main__":
    main()
