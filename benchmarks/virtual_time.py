"""What virtual time promises, on this machine: the same samples whatever the host does, and how long sessions take.

    python benchmarks/virtual_time.py > docs/results/virtual-time.json

Three sessions of one seed, on an idle machine, beside eight busy processes and on one processor, must give the same
samples to the last digit; a fourth, of another seed, must not. Two more take the same outcomes in real time, before and
after: the ratio is theirs to the session of the idle machine. Then the emulator's own test of virtual time with 200
random kills (a C compiler is needed). Prints one JSON object; exit status 1 if samples differ or a check fails.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gpu_virt_bench.model.run import Measured
from gpu_virt_bench.results import load

ROOT = Path(__file__).parents[1]
COMMAND = [sys.executable, "-m", "gpu_virt_bench", "run", "--device", "emulated", "--suite", "quick"]
COMMAND += ["--system", "native", "--system", "time-slicing", "--metrics", "OH-001,OH-002,OH-003,OH-005,OH-006,OH-010"]
HOGS = 8


def busy() -> None:
    """Never ends by itself."""
    while True:
        pass


@contextmanager
def hogs() -> Iterator[None]:
    """Eight busy processes."""
    found = [multiprocessing.Process(target=busy, daemon=True) for _ in range(HOGS)]
    for one in found:
        one.start()
    try:
        yield
    finally:
        for one in found:
            one.kill()


@contextmanager
def one_processor() -> Iterator[None]:
    """The processes that are started meanwhile share one processor."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def session(clock: str, seed: int = 1) -> tuple[float, dict[str, Any]]:
    """Seconds of a session, and every sample of it by system and outcome."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        asked = ["--emulate", f"clock={clock}", "--emulate", f"seed={seed}", "--output", folder]
        subprocess.run([*COMMAND, *asked], check=True, capture_output=True)
        took = time.monotonic() - began
        runs = [load(path) for path in sorted(Path(folder).rglob("*.json"))]
    return took, {
        f"{run.system.id} {name}": [list(repetition.samples) for repetition in outcome.repetitions]
        for run in runs
        for name, outcome in run.outcomes.items()
        if isinstance(outcome, Measured)
    }


def differing(first: dict[str, Any], second: dict[str, Any]) -> list[str]:
    """Outcomes whose samples are not the same to the last digit."""
    return [name for name in sorted({*first, *second}) if first.get(name) != second.get(name)]


def kills() -> dict[str, Any]:
    """What the emulator's test of virtual time says with 200 kills."""
    command = ["make", "-s", "-C", str(ROOT / "emulator"), "test", "TESTS=test_virtual"]
    env = {**os.environ, "KILLS": "200", "ATTEMPTS": "1"}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    lines = [line for line in done.stdout.splitlines() if re.match(r"(ok|FAIL) ", line)]
    return {"passed": done.returncode == 0, "checks": lines}


def main() -> int:
    """Measures, prints, and judges."""
    real = [session("real")[0]]
    idle, samples = session("virtual")
    with hogs():
        beside, crowded = session("virtual")
    with one_processor():
        alone, narrow = session("virtual")
    other = session("virtual", seed=2)[1]
    real.append(session("real")[0])
    found: dict[str, Any] = {
        "processors": len(os.sched_getaffinity(0)),
        "outcomes": len(samples),
        "samples": sum(len(taken) for outcome in samples.values() for taken in outcome),
        "seconds": {
            "real": real,
            "virtual": idle,
            "virtual beside 8 busy processes": beside,
            "on one processor": alone,
        },
        "real_over_virtual": sum(real) / 2 / idle,
        "differing": {
            "beside 8 busy processes": differing(samples, crowded),
            "on one processor": differing(samples, narrow),
        },
        "differing_of_another_seed": len(differing(samples, other)),
        "emulator": kills(),
    }
    print(json.dumps(found, indent=2))
    return bool(
        any(found["differing"].values()) or not found["differing_of_another_seed"] or not found["emulator"]["passed"]
    )


if __name__ == "__main__":
    sys.exit(main())
