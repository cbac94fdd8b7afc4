"""How long reports take: one run, and a hundred of one session's kind, as HTML.

    python benchmarks/report_speed.py > docs/results/report-speed.json

The runs are published ones of an H100 (docs/results/h100/quick), the hundred copies of them with other labels.
Prints one JSON object: seconds of the whole command and its peak memory, and the size of the page.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from gpu_virt_bench.results import load, save

RUNS = [Path(__file__).parents[1] / "docs/results/h100/quick" / f"{name}.json" for name in ("native", "hami-core")]
MANY = 100


def timed(files: list[Path], page: Path) -> dict[str, float | int]:
    """One report of these files, in a process of its own."""
    before = time.monotonic()
    command = [sys.executable, "-m", "gpu_virt_bench", "report", *map(str, files), "-o", str(page)]
    pid = subprocess.Popen(command, stdout=subprocess.DEVNULL).pid
    _, status, usage = os.wait4(pid, 0)
    if status:
        sys.exit(f"the report of {len(files)} runs failed: wait status {status}")
    seconds = time.monotonic() - before
    return {
        "runs": len(files),
        "seconds": seconds,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "peak_bytes": usage.ru_maxrss * 1024,
        "page_bytes": page.stat().st_size,
    }


def copies(folder: Path) -> list[Path]:
    """A hundred runs, each with a label of its own."""
    kept = [load(path) for path in RUNS]
    found = []
    for number in range(MANY):
        path = folder / f"run-{number:03}.json"
        save(replace(kept[number % len(kept)], label=f"copy {number}", twin=False), path)
        found.append(path)
    return found


def main() -> None:
    """Measures both."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        one, many = timed(RUNS[:1], folder / "one.html"), timed(copies(folder), folder / "many.html")
    print(json.dumps({"one": one, "many": many}, indent=2))


if __name__ == "__main__":
    main()
