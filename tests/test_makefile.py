"""What a newcomer's two commands install, and what they say first, by the commands that a bare checkout would run."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def planned(target: str, venv: Path) -> list[str]:
    """The commands that a target would run where nothing is installed yet."""
    command = ["make", "--dry-run", "--no-print-directory", f"VENV={venv}", target]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()


@pytest.mark.parametrize("target", ["bench", "native", "docs", "wheel"])
def test_what_needs_the_program_alone_installs_no_tools(target, tmp_path) -> None:
    installs = [line for line in planned(target, tmp_path / "venv") if " install " in line]
    assert [line.rpartition("--")[2] for line in installs] == ["editable ."]


@pytest.mark.parametrize("target", ["test", "check", "format", "ptx"])
def test_what_needs_tools_installs_the_program_and_them(target, tmp_path) -> None:
    installs = [line for line in planned(target, tmp_path / "venv") if " install " in line]
    assert installs[0].endswith("--editable .")
    assert installs[-1].endswith("--group dev")


def test_a_venv_with_the_program_alone_gets_the_tools_for_the_tests(tmp_path) -> None:
    (tmp_path / ".installed").touch()
    lines = planned("test", tmp_path)
    assert any(line.endswith("--group dev") for line in lines)
    assert not any(line.endswith("--editable .") for line in lines)


def test_the_tests_say_how_long_they_take_before_anything_else(tmp_path) -> None:
    first = planned("test", tmp_path / "venv")[0]
    said = subprocess.run(first, shell=True, check=True, capture_output=True, text=True).stdout
    assert said == "the whole test suite: about 15 minutes on two processors\n"


def test_the_tests_say_how_long_they_took_last_time(tmp_path) -> None:
    (tmp_path / ".last-test").write_text("7 minutes the last time here\n")
    said = subprocess.run(planned("test", tmp_path)[0], shell=True, check=True, capture_output=True, text=True).stdout
    assert said == "the whole test suite: 7 minutes the last time here\n"
