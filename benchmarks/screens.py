"""What the commands print at 80 columns, each executed: writes docs/screens.md.

    python benchmarks/screens.py

Takes about two minutes. The emulated GPU is measured even where there is a real one, so that anyone can repeat it; the
comparison of three and the limit that leaks are of the run files in docs/results.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
H100, H200 = "docs/results/h100/overhead", "docs/results/h200/overhead"
HEAD = """# Screens

What a terminal of 80 columns shows, each command executed by `benchmarks/screens.py`. The emulated GPU's figures are a
model's; in virtual time, where a command asks for it, a busy host changes none of them.
"""


class Screen(NamedTuple):
    """One command, and what it is an example of."""

    title: str
    words: str
    status: int


SCREENS = (
    Screen(
        "A quick run of two systems",
        "run --device emulated --emulate clock=virtual --system native --system time-slicing --output OUT",
        0,
    ),
    Screen(
        "A comparison of three, on an H100",
        f"compare {H100}/native.json {H100}/mps.json {H100}/hami-core.json",
        0,
    ),
    Screen(
        "A limit that leaks, and one that holds: half of an H200's compute",
        f"compare {H200}/native.json {H200}/mps.json {H200}/hami-core.json",
        0,
    ),
    Screen(
        "A system that is refused: a library that is no layer",
        "run --device emulated --system preload-generic --option library=LIBRARY --metrics OH-001 --output OUT",
        2,
    ),
    Screen(
        "A failure: launches that fail in the middle of measuring",
        "run --device emulated --emulate clock=virtual --metrics OH-001,OH-003 "
        "--emulate fail.cuLaunchKernel=1500:700 --output OUT",
        1,
    ),
)


def main() -> None:
    """Executes every command and writes the page."""
    library = next(Path("/usr/lib").glob("*/libm.so.6"))
    with tempfile.TemporaryDirectory() as folder:
        sections = [HEAD, *(section(screen, Path(folder), library) for screen in SCREENS)]
    (ROOT / "docs" / "screens.md").write_text("\n".join(sections))


def section(screen: Screen, folder: Path, library: Path) -> str:
    """The command and its output, standard error first, where it was printed first; ends if the status is another."""
    words = [word.replace("OUT", str(folder)).replace("LIBRARY", str(library)) for word in screen.words.split()]
    done = subprocess.run(
        [sys.executable, "-m", "gpu_virt_bench", *words],
        cwd=ROOT,
        env=os.environ | {"COLUMNS": "80"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != screen.status:
        sys.exit(f"{screen.title}: exit status {done.returncode}, expected {screen.status}:\n{done.stdout}")
    text = done.stdout.replace(str(folder), "results").replace(str(ROOT), "/opt/gpu-virt-bench")
    lines = "\n".join(line.rstrip() for line in re.sub(r"\n\n+", "\n\n", text).strip().splitlines())
    command = screen.words.replace("OUT", "results").replace("LIBRARY", library.name)
    return f"## {screen.title}\n\n```\n$ gpu-virt-bench {command}\n{lines}\n```\n\nExit status: {screen.status}.\n"


if __name__ == "__main__":
    main()
