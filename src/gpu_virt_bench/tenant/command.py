"""How a tenant is started."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]


def argv(command: Sequence[str], env: Mapping[str, str], python: str = "", shell: bool = False) -> list[str]:
    """The words that start a tenant behind a command prefix.

    `env` sets the variables, so that they reach it through ssh and docker too, and a preloaded layer never touches
    the ssh or docker client. Another `python` has this package installed and gets no search path of ours. With
    `shell` the other side splits words once more (ssh): all after the command is one word for it.
    """
    given = {"PYTHONDONTWRITEBYTECODE": "1", **({} if python else {"PYTHONPATH": search_path()}), **env}
    settings = [f"{name}={value}" for name, value in given.items()]
    words = ["env", *settings, python or sys.executable, "-m", "gpu_virt_bench.tenant"]
    return [*command, shlex.join(words)] if shell else [*command, *words]


def search_path() -> str:
    """PYTHONPATH of a tenant with our Python: this package, and where the harness finds a user's own workloads."""
    own = os.environ.get("PYTHONPATH", "")
    return os.pathsep.join([str(SOURCE), *(str(Path(entry).resolve()) for entry in own.split(os.pathsep) if entry)])
