"""Kills a process of a run with SIGKILL at a random moment, over and over, on the emulated GPU.

    python benchmarks/random_kills.py [--runs N] [--seed N] [--within SECONDS] [--system NAME] [more options of `run`]

The victim is the harness, a tenant, or, where there are such, the MPS control daemon or its server.

After each kill: no process of the session is left within 10 s, the run file (if there is one yet) is valid, what was
not killed ended within 60 s. At the end, a run without a kill must succeed and nothing may be left in the session
directories' place. Prints one JSON object; exit status 1 if anything of that failed.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from gpu_virt_bench.engine.folder import dead, home
from gpu_virt_bench.results import RunFileError, load

COMMAND = [sys.executable, "-m", "gpu_virt_bench", "run", "--device", "emulated:tiny", "--metrics", "OH-001,OH-004"]
COMMAND += ["--iterations", "5", "--repetitions", "2", "--json-only"]


def members(harness: int) -> list[int]:
    """Living processes of a session, by its directory in their environment."""
    mark, found = f"{home()}/gvb-{harness}-".encode(), []
    for entry in Path("/proc").glob("[0-9]*/environ"):
        try:
            if int(entry.parent.name) != harness and mark in entry.read_bytes():
                found.append(int(entry.parent.name))
        except OSError:
            continue
    return found


def gone(harness: int, seconds: float) -> bool:
    """Whether no process of the session is left in time."""
    deadline = time.monotonic() + seconds
    while left := members(harness):
        if time.monotonic() > deadline:
            print(f"left behind: {left}", file=sys.stderr)
            return False
        time.sleep(0.05)
    return True


def victims(harness: int) -> dict[str, list[int]]:
    """What can be killed, by what it is. Programs of steps are none: they live for milliseconds."""
    found = {"harness": [harness]}
    for pid in members(harness):
        try:
            is_server = Path(f"/proc/{pid}/comm").read_text().strip() == "cuda-mps-server"
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"gpu_virt_bench.tenant" in words:
            found.setdefault("tenant", []).append(pid)
        elif {b"nvidia-cuda-mps-control", b"-f"} <= set(words):
            found.setdefault("MPS server" if is_server else "MPS daemon", []).append(pid)
    return found


def one(draw: random.Random, more: list[str], within: float) -> Counter[str]:
    """One run with one kill."""
    seen: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as output:
        command = [*COMMAND, *more, "--output", output]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        time.sleep(draw.uniform(0.1, within))
        there = victims(process.pid)
        victim = draw.choice(sorted(there))
        try:
            os.kill(draw.choice(there[victim]), signal.SIGKILL)
            seen[f"killed a {victim}"] += 1
        except ProcessLookupError:
            seen["already gone"] += 1
        try:
            _, errors = process.communicate(timeout=60)
            if "Traceback" in errors:
                print(errors, file=sys.stderr)
                seen["traceback"] += 1
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            seen["hung"] += 1
        seen["process left behind"] += not gone(process.pid, 10)
        for path in Path(output).glob("*/*.json"):
            try:
                seen[f"file {load(path).status}"] += 1
            except RunFileError as error:
                print(error, file=sys.stderr)
                seen["invalid file"] += 1
    return seen


def main() -> None:
    """Kills, counts and prints."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--system", default="native")
    parser.add_argument("--within", type=float, default=4.0, help="seconds from the start to the last possible kill")
    given, more = parser.parse_known_args()
    more += ["--system", given.system]
    draw, seen = random.Random(given.seed), Counter[str]()
    for _ in range(given.runs):
        seen += one(draw, more, given.within)
    with tempfile.TemporaryDirectory() as output:
        last = subprocess.run([*COMMAND, *more, "--output", output], capture_output=True, text=True)
    faults = ("hung", "traceback", "process left behind", "invalid file")
    result = {
        "runs": given.runs,
        "seed": given.seed,
        "system": Path(given.system).stem,
        **dict(sorted(seen.items())),
        **{fault: seen[fault] for fault in faults},
        "status of the next run": last.returncode,
        "directories left": len(dead()),
    }
    print(json.dumps(result, indent=1))
    sys.exit(1 if last.returncode or dead() or any(seen[fault] for fault in faults) else 0)


if __name__ == "__main__":
    main()
