"""libgvb against an independent C program, on a real GPU, in turn: the same quantities, as ratios.

    python benchmarks/agreement.py INDEPENDENT [rounds] [--output FILE.json]

INDEPENDENT is benchmarks/independent/independent.c, built where NVIDIA's cuda.h is. Each round runs the independent
program once and one repetition of this tool once, in alternating order, so that drift reaches both alike. Prints a
table and writes every figure. Exit status 1 if a ratio of medians is off by more than 5 %.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

import pynvml

from gpu_virt_bench.engine.host import node_cpus, share_cpus

SIZES = (4096, 2097152, 67108864, 1073741824)
METRICS = "OH-001[path=return],OH-001[path=round-trip],OH-002[bytes=*],OH-003[bytes=*],OH-004[phase=*]"
TOLERANCE = 0.05


def independent(program: str, batches: int) -> dict[str, float]:
    """The independent program's medians, seconds; on the processors that this tool gives its tenant."""
    cpus = share_cpus(sorted(node_cpus(None)), 1)
    place = ["taskset", "-c", ",".join(map(str, cpus[0]))] if cpus else []
    out = subprocess.run([*place, program, str(batches)], check=True, capture_output=True, text=True).stdout
    values = json.loads(out)
    found = {"launch call": values["launch_call"], "launch + sync": values["launch_and_sync"]}
    for size in SIZES:
        found[f"alloc {size}"] = values[f"alloc_{size}"]
        found[f"free {size}"] = values[f"free_{size}"]
    for phase in ("init", "context", "total"):
        found[f"start {phase}"] = values[f"start_{phase}_device_free"]
    return {name: value["median"] * 1e-9 for name, value in found.items()}


def ours(folder: str, extra: list[str]) -> dict[str, float]:
    """One repetition of this tool, seconds."""
    command = [sys.executable, "-m", "gpu_virt_bench", "run", "--system", "native", "--metrics", METRICS, "--json-only"]
    command += ["--repetitions", "1", "--output", folder, *extra]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    run = json.loads(Path(json.loads(done.stdout)["runs"][0]).read_text())

    def value(outcome: str) -> float:
        return median(run["outcomes"][outcome]["repetitions"][0]["samples"])

    phases = {name: value(f"OH-004[phase={name}]") for name in ("load", "init", "context")}
    found = {"launch call": value("OH-001"), "launch + sync": value("OH-001[path=round-trip]")}
    for size in SIZES:
        found[f"alloc {size}"] = value(f"OH-002[bytes={size}]")
        found[f"free {size}"] = value(f"OH-003[bytes={size}]")
    # the independent program is linked with the driver: loading it is not in its total
    total = value("OH-004") - phases["load"]
    return {**found, "start init": phases["init"], "start context": phases["context"], "start total": total}


def main() -> None:
    """Runs the rounds and compares."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("independent")
    parser.add_argument("rounds", nargs="?", type=int, default=5)
    parser.add_argument("--batches", type=int, default=10, help="repetitions of the independent program in a round")
    parser.add_argument("--output", type=Path)
    parser.add_argument("--extra", nargs="*", default=[], help="more options for `gpu-virt-bench run`")
    given = parser.parse_args()
    pynvml.nvmlInit()  # holds the device open for both alike, as this tool's observer does: cuInit is faster then
    theirs: list[dict[str, float]] = []
    own: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(given.rounds):
            steps = [
                lambda: theirs.append(independent(given.independent)),
                lambda: own.append(ours(folder, given.extra)),
            ]
            for step in steps if number % 2 == 0 else reversed(steps):
                step()
    rows = [row(name, [t[name] for t in theirs], [o[name] for o in own]) for name in own[0]]
    print(f"{'quantity':20} {'independent':>14} {'libgvb':>14} {'ratio':>8}")
    for entry in rows:
        mark = "" if entry["agrees"] else "   apart"
        print(f"{entry['name']:20} {entry['independent']:14.4e} {entry['libgvb']:14.4e} {entry['ratio']:8.3f}{mark}")
    if given.output:
        given.output.write_text(json.dumps({"rounds": given.rounds, "unit": "s", "quantities": rows}, indent=1) + "\n")
    sys.exit(0 if all(entry["agrees"] for entry in rows) else 1)


def row(name: str, theirs: list[float], own: list[float]) -> dict[str, Any]:
    """One quantity: both medians, every round, and the ratio."""
    ratio = median(own) / median(theirs)
    return {
        "name": name,
        "independent": median(theirs),
        "libgvb": median(own),
        "ratio": ratio,
        "agrees": abs(ratio - 1) <= TOLERANCE,
        "independent_rounds": theirs,
        "libgvb_rounds": own,
    }


if __name__ == "__main__":
    main()
