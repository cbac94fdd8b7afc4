"""The commands of the page on the emulated GPU print what it shows."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"
TEXT = (DOCS / "emulated-gpu.md").read_text()
BLOCKS = re.findall(r"^```console\n(.*?)^```$", TEXT, re.S | re.M)
FIGURE = re.compile(r"\b\d+(?= |$)", re.MULTILINE)


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_an_example_prints_what_the_page_shows(number: int, tmp_path: Path) -> None:
    """Rates within a fifth: the clock is real."""
    block = BLOCKS[number] if number == 0 else BLOCKS[0].splitlines()[0] + "\n" + BLOCKS[number]
    commands = [line.removeprefix("$ ") for line in block.splitlines() if line.startswith("$ ")]
    shown = "\n".join(line for line in block.splitlines() if not line.startswith("$ "))
    shutil.copy(DOCS / "examples" / "contend.py", tmp_path)
    env = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-c", "\n".join(commands)], cwd=tmp_path, env=env, text=True, stdout=-1, stderr=-2, timeout=100
    )
    assert FIGURE.sub("#", done.stdout.strip()) == FIGURE.sub("#", shown)
    expected = [float(one) for one in FIGURE.findall(shown)]
    assert [float(one) for one in FIGURE.findall(done.stdout)] == pytest.approx(expected, rel=0.2)


def test_the_list_of_contents_names_every_section() -> None:
    sections = re.findall(r"^## (.*)$", TEXT, re.M)
    links = re.findall(r"\[([^]]+)\]\(#([\w-]+)\)", TEXT.partition("\n**")[0])
    assert links == [(name, re.sub(r"[^\w -]", "", name.lower()).replace(" ", "-")) for name in sections]
