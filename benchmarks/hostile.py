"""Spoiled and huge run files against the reader: what happens, how long it takes, how much memory it needs.

    python benchmarks/hostile.py [--mutations N] [--seed N] [--output FILE.json]

Loads N mutations of a golden file (tests/mutations.py) in one process, then each of a few huge files in a process of
its own by `show`. Memory is the largest resident set of that process. Exit status 1 if anything was other
than a run, or one line and status 2.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gpu_virt_bench.results import RunFileError, load

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from mutations import GOLDEN, mutations

SHOW = [str(Path(sys.executable).with_name("gpu-virt-bench")), "show"]
MIB = 1 << 20
SAMPLE = "\n      3.3415000000000002e-06"
HUGE: Mapping[str, tuple[str, int]] = {
    "200 MB of samples": (SAMPLE, 200_000_000),
    "60 MiB of samples": (SAMPLE, 60 * MIB),
    "4 million one-digit samples": ("1", 7_900_000),
    "60 MiB of empty objects": ("{}", 60 * MIB),
    "3 million wrong samples": ('""', 9_000_000),
    "60 MiB of control characters in wrong samples": ('"' + r"\u001b" * 40 + '"', 60 * MIB),
    "60 MiB of open brackets": ("[", 60 * MIB),
}
"""What a file repeats in the place of its samples, and how many bytes of it."""


def mutate(folder: Path, seed: int, count: int) -> Counter[str]:
    """How often mutations loaded, were refused in one line, or did anything else."""
    seen, path = Counter[str](), folder / "run.json"
    for content in mutations(seed, count):
        path.write_bytes(content)
        try:
            load(path)
            seen["loaded"] += 1
        except RunFileError as error:
            seen["refused in one line" if len(str(error).splitlines()) == 1 else "refused in more lines"] += 1
        except Exception as error:  # noqa: BLE001  what must not happen is counted
            print(type(error).__name__, error, file=sys.stderr)
            seen["broke the reader"] += 1
    return seen


def write_huge(path: Path, part: str, size: int) -> None:
    """The golden file with that part again and again as its first samples."""
    run = json.loads(GOLDEN.read_text())
    run["outcomes"]["OH-001"]["repetitions"][0]["samples"] = "@"
    before, after = json.dumps(run).split('"@"')
    chunk = f"{part}," * (100_000 // len(part))
    with path.open("w") as file:  # in chunks: a child's largest resident set begins with its parent's
        file.write(f"{before}[")
        for _ in range(size // len(chunk)):
            file.write(chunk)
        file.write(f"{part}]{after}")


def show(path: Path, folder: Path) -> dict[str, Any]:
    """How `show` ends on a file."""
    with (folder / "errors").open("w+") as errors:
        begin = time.monotonic()
        process = subprocess.Popen([*SHOW, str(path)], stdout=subprocess.DEVNULL, stderr=errors)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - begin
        errors.seek(0)
        lines = errors.read().replace(str(path), "FILE").splitlines()
    return {
        "file_bytes": path.stat().st_size,
        "status": os.waitstatus_to_exitcode(status),
        "says": lines,
        "seconds": round(seconds, 2),
        "peak_bytes": usage.ru_maxrss * 1024,
    }


def main() -> None:
    """Spoils, shows, prints."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--mutations", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--output", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        seen = mutate(folder, given.seed, given.mutations)
        huge = {"an ordinary file": show(GOLDEN, folder)}
        for title, (part, size) in HUGE.items():
            write_huge(folder / "run.json", part, size)
            huge[title] = show(folder / "run.json", folder)
    text = json.dumps({"mutations": given.mutations, "seed": given.seed, **seen, "huge": huge}, indent=1)
    print(text)
    if given.output:
        given.output.write_text(text + "\n")
    clean = all((end["status"], len(end["says"])) in ((0, 0), (2, 1)) for end in huge.values())
    sys.exit(0 if clean and not seen["broke the reader"] and not seen["refused in more lines"] else 1)


if __name__ == "__main__":
    main()
