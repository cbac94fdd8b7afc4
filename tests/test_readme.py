"""The README's commands are executed, and its pages exist."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
LINES = [re.split(r"\s+#", line)[0] for line in README.splitlines() if line.startswith("gpu-virt-bench ")]
FAST = ["--device", "emulated", "--repetitions", "1", "--iterations", "1", "--warmup", "0", "--json-only"]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with runs, as a reader of the README has it by then."""
    folder, runs = tmp_path_factory.mktemp("readme"), ROOT / "docs" / "results" / "h200" / "overhead"
    for system in ("native", "mps", "hami-core"):
        (folder / "results" / system).mkdir(parents=True)
        shutil.copy(runs / f"{system}.json", folder / "results" / system)
    shutil.copy(runs / "native.json", folder / "baseline.json")
    shutil.copy(runs / "native_aa.json", folder / "candidate.json")
    return folder


@pytest.mark.parametrize("line", LINES)
def test_a_command_of_the_readme_works(line: str, place: Path, tmp_path: Path) -> None:
    words = shlex.split(line)[1:]
    if words[0] == "run":
        words += [word for word in FAST if word != "emulated" or "--device" not in words]
        words = [word for i, word in enumerate(words) if not (word == "--device" and words[:i].count("--device"))]
        words += [] if "--metrics" in words else ["--metrics", "OH-001"]
        words += ["--output", str(tmp_path)]
    command = [sys.executable, "-m", "gpu_virt_bench", *words]
    done = subprocess.run(command, cwd=place, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_readme_has_commands_to_execute() -> None:
    assert len(LINES) >= 5


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", *map(str, sorted((ROOT / "docs").glob("**/*.md")))])
def test_links_between_pages_lead_somewhere(page: str) -> None:
    path = ROOT / page
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", path.read_text()):
        if "://" not in target:
            assert (path.parent / target).exists(), f"{page} links to {target}"


def test_who_has_a_checkout_is_told_how_to_call_the_command() -> None:
    before, _, _ = README.partition("pip install .")
    assert ".venv/bin/gpu-virt-bench" in before
