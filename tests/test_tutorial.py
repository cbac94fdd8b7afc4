"""The tutorial is executed from its first command to its last, and prints what it shows."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", (ROOT / "docs" / "tutorial.md").read_text(), re.S | re.M)
HERE = [text for _, text in BLOCKS if "doctor" not in text]
"""What needs no GPU."""
NUMBER = re.compile(r"[+-]?\d[\d.,]*")
HALF_WIDTH = re.compile(r"±# ?| \(# to #\)")
"""Either may stand there, by how unlike the halves of the interval are."""


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory, layer: Path) -> list[str]:
    """What each block prints, in a directory with what a checkout has; the program and the layer are built already."""
    folder = tmp_path_factory.mktemp("tutorial")
    (folder / "tests").symlink_to(ROOT / "tests")
    env = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "COLUMNS": "80"}
    return [told(text, folder, env) for text in HERE]


def told(block: str, folder: Path, env: dict[str, str]) -> str:
    """What the commands of a block print."""
    shell = "\n".join(line.removeprefix("$ ") for line in commands(block) if not line.startswith("export "))
    done = subprocess.run(["bash", "-c", shell.replace("make native", "true")], cwd=folder, env=env, text=True,
                          capture_output=True, timeout=110)  # fmt: skip
    assert done.returncode == (1 if " gate " in block else 0), done.stdout + done.stderr
    return done.stdout


def commands(block: str) -> list[str]:
    """The lines of a block that are typed; one that ends with a backslash goes on."""
    typed = re.findall(r"^\$ (?:.*\\\n)*.*", block, re.M)
    return "\n".join(typed or [block]).splitlines()


def words(text: str) -> str:
    """A text without its numbers and intervals, and with one blank between words."""
    return HALF_WIDTH.sub("", " ".join(NUMBER.sub("#", text).split()))


@pytest.mark.parametrize("number", range(len(HERE)))
def test_a_block_prints_every_line_that_the_tutorial_shows(number: int, printed: list[str]) -> None:
    shown = [line for line in HERE[number].splitlines() if line not in commands(HERE[number])]
    assert [line for line in shown if words(line) not in words(printed[number])] == []


def test_the_cost_that_was_put_in_is_found(printed: list[str]) -> None:
    said = next(text for text in printed if "against native" in text)
    found = re.search(r"Kernel launch latency \+([\d.]+)\s", said)
    assert found is not None
    assert float(found[1]) == pytest.approx(12, abs=0.5)


def test_the_tutorial_has_commands_for_who_has_a_gpu() -> None:
    assert len(BLOCKS) == len(HERE) + 1
