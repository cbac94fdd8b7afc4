"""How fast `history` answers over many run files: with an index to build, and with one that is there.

    python benchmarks/history_index.py [--runs N] [--answers N] [--output FILE.json]

Writes N small run files (ten outcomes on one of four systems, every six hours, noise of 2 % from a fixed seed and one
step of 10 %) into a temporary directory, and asks the real command line in fresh processes: once without an index, then
with it. Seconds are wall-clock, interpreter start included; memory is the largest resident set of a process.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from gpu_virt_bench.history.index import NAME
from gpu_virt_bench.model.run import SCHEMA_VERSION, Check, Measured, ProofRecord, Repetition, Run
from gpu_virt_bench.results import dump, load

GOLDEN = Path(__file__).parent.parent / "tests" / "data" / "run-version-1.json"
COMMAND = [str(Path(sys.executable).with_name("gpu-virt-bench")), "history"]
SYSTEMS = ("native", "time-slicing", "mps", "hami-core")
OUTCOMES = 10
SERVED = Check("served_by.cuInit", "libcuda.so.1", "libcuda.so.1", passed=True)


def model(golden: Run, number: int, runs: int, draw: random.Random) -> Run:
    """One run of the model: a step of 10 % in the middle of the series."""
    level = 2e-6 * (1.1 if number >= runs // 2 else 1.0)
    began = (datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=6 * number)).isoformat()
    outcomes = {}
    for metric in (f"OH-{n:03}" for n in range(1, OUTCOMES + 1)):
        samples = [[draw.gauss(level, 0.02 * level) for _ in range(5)] for _ in range(3)]
        repetitions = [Repetition(index, began, 1.0, taken, "enough") for index, taken in enumerate(samples)]
        outcomes[metric] = Measured(metric, {}, repetitions)
    return replace(
        golden,
        schema_version=SCHEMA_VERSION,
        began=began,
        system=replace(golden.system, id=SYSTEMS[number % len(SYSTEMS)], definition=""),
        metrics=dict.fromkeys(outcomes, golden.metrics["OH-001"]),
        outcomes=dict(outcomes),
        proof=[ProofRecord(0, 0, when, [SERVED], serial=0) for when in ("before", "after")],
    )


def write(folder: Path, runs: int) -> int:
    """Writes the files; returns their bytes."""
    golden, draw, size = load(GOLDEN), random.Random(1), 0
    for number in range(runs):
        run = model(golden, number, runs, draw)
        path = folder / run.system.id / f"{number:06}.json"
        path.parent.mkdir(exist_ok=True)
        size += path.write_text(dump(run))
    return size


def ask(folder: Path, *words: str) -> dict[str, float]:
    """One answer of a fresh process: its wall time and its memory."""
    begin = time.monotonic()
    process = subprocess.Popen([*COMMAND, str(folder), *words], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(f"history ended with status {status}")
    return {"seconds": time.monotonic() - begin, "bytes": usage.ru_maxrss * 1024}


def answers(folder: Path, times: int, *words: str) -> dict[str, float]:
    """Several answers in fresh processes."""
    found = [ask(folder, *words) for _ in range(times)]
    seconds = [answer["seconds"] for answer in found]
    return {"median_seconds": median(seconds), "worst_seconds": max(seconds), "bytes": max(a["bytes"] for a in found)}


def main() -> None:
    """Writes, asks, prints."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--answers", type=int, default=5)
    parser.add_argument("--output", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        size = write(folder, given.runs)
        built = ask(folder, "--metric", "OH-001")
        result = {
            "runs": given.runs,
            "outcomes_per_run": OUTCOMES,
            "run_files_bytes": size,
            "python": platform.python_version(),
            "cpus": os.cpu_count(),
            "first_answer_without_index": built,
            "index_bytes": (folder / NAME).stat().st_size,
            "target_seconds": 2.0,
            "one_metric_four_systems": answers(folder, given.answers, "--metric", "OH-001"),
            "one_metric_one_system": answers(folder, given.answers, "--metric", "OH-001", "--system", "mps"),
            "one_metric_as_json": answers(folder, given.answers, "--metric", "OH-001", "--format", "json"),
            "what_there_is": answers(folder, given.answers),
        }
    text = json.dumps(result, indent=1)
    print(text)
    if given.output:
        given.output.write_text(text + "\n")
    sys.exit(0 if result["one_metric_four_systems"]["worst_seconds"] < result["target_seconds"] else 1)


if __name__ == "__main__":
    main()
