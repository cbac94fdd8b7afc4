"""The published noise floors are what their script prints now."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("session", ["overhead", "control"])
def test_a_published_noise_floor_is_what_the_script_prints(session) -> None:
    folder = ROOT / "docs" / "results" / "h100" / session
    command = [sys.executable, ROOT / "benchmarks" / "noise_floor.py", folder / "native.json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.stdout == (folder / "noise-floor.md").read_text(), f"run {command}"
