"""How a tenant is started."""

import shlex
import sys
from pathlib import Path

from gpu_virt_bench.tenant import argv
from gpu_virt_bench.tenant.command import SOURCE


def variables(words: list[str]) -> dict[str, str]:
    """What `env` sets."""
    return dict(word.split("=", 1) for word in words if "=" in word)


def test_variables_travel_in_argv_behind_the_command() -> None:
    words = argv(["docker", "exec", "-i", "c1"], {"A": "1"})
    assert words[:5] == ["docker", "exec", "-i", "c1", "env"]
    assert words[-4:] == ["A=1", sys.executable, "-m", "gpu_virt_bench.tenant"]


def test_a_shell_on_the_other_side_gets_one_word() -> None:
    command, word = argv(["ssh"], {"A": "two words"}, shell=True)
    assert command == "ssh"
    assert shlex.split(word) == argv([], {"A": "two words"})


def test_the_tenant_finds_what_the_harness_finds(monkeypatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/mine::.")
    assert variables(argv([], {}))["PYTHONPATH"] == f"{SOURCE}:/mine:{Path.cwd()}"


def test_another_python_gets_no_search_path_of_ours() -> None:
    words = argv(["ssh", "vm1"], {"A": "1"}, python="/opt/bin/python3")
    assert "PYTHONPATH" not in variables(words)
    assert words[-3:] == ["/opt/bin/python3", "-m", "gpu_virt_bench.tenant"]


def test_a_systems_own_variables_win(monkeypatch) -> None:
    assert variables(argv([], {"PYTHONPATH": "/theirs"}))["PYTHONPATH"] == "/theirs"
