"""The first line of what a command prints says something: `| head -1` shows it."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from builders import a_run
from gpu_virt_bench.cli import group
from gpu_virt_bench.results import save

SLOW, STEADY = [2.0] * 5, [1.0] * 5
RUN = "run --device emulated:tiny --metrics OH-005 --repetitions 1 --iterations 2 -o out "


@pytest.fixture(autouse=True)
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two runs in the working directory, and a directory that has none."""
    monkeypatch.chdir(tmp_path)
    save(a_run({"OH-001": STEADY}), tmp_path / "native.json")
    save(a_run({"OH-001": SLOW}, system="mps"), tmp_path / "mps.json")
    (tmp_path / "none").mkdir()
    (tmp_path / "none" / "broken.json").write_text("{")


@pytest.mark.parametrize(
    ("words", "begins"),
    [
        ("compare native.json mps.json", "mps against native: worse: A latency"),
        ("compare native.json mps.json --long", "mps against native: worse: A latency"),
        ("compare native.json mps.json --format markdown", "**mps against native: worse: A latency"),
        ("gate native.json mps.json", "Gate FAILED: regression (1 worse)."),
        ("gate native.json mps.json --strict", "Gate FAILED: regression (1 worse)."),
        ("gate native.json native.json", "Gate NOT PASSED: nothing was judged"),
        ("gate native.json mps.json --format markdown", "**Gate FAILED: regression (1 worse).**"),
        ("score mps.json --reference native.json", "Parity with native"),
        ("show native.json", "system"),
        ("show OH-001", "OH-001  Kernel launch latency"),
        ("show quick", "quick"),
        ("show mps", "title"),
        ("history .", "mps on NVIDIA H200"),
        ("history . --metric OH-001", "OH-001"),
        ("history none", ""),
        ("history none --metric OH-001", ""),
        ("list metrics", ""),
        ("doctor", ""),
        ("prove --system native --device emulated:tiny", "native on"),
        (RUN + "--dry-run", ""),
        (RUN, "Native"),
        (RUN + "--system native --system time-slicing", "time-slicing against native"),
        (RUN + "--system mps --sweep compute-limit=50,100", "mps"),
        (RUN + "--json-only", "{"),
        (RUN + "--verbose", ""),
    ],
)
def test_no_report_begins_with_an_empty_line(words: str, begins: str) -> None:
    done = CliRunner().invoke(group, words.split())
    first, *_ = done.stdout.splitlines() or ["nothing is printed"]
    assert first.strip() and first.startswith(begins), done.stderr
