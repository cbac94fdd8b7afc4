"""The session's directory: private, short-pathed, removed at the end; what a killed harness left goes first."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gpu_virt_bench.systems import journal

PREFIX = "gvb-"


def home() -> Path:
    """Where session directories are made: memory, if there is a memory file system."""
    memory = Path("/dev/shm")
    return memory if os.access(memory, os.W_OK) else Path(os.environ.get("TMPDIR", "/tmp"))


def start_time(pid: int) -> str | None:
    """When a process began, in clock ticks after boot; None if it is gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    return stat.rpartition(")")[2].split()[19]


def dead() -> list[Path]:
    """Directories of sessions whose harness is gone."""
    found = []
    for path in sorted(home().glob(f"{PREFIX}*")):
        match = re.fullmatch(rf"{PREFIX}(\d+)-(\d+)", path.name)
        if match and start_time(int(match[1])) != match[2]:
            found.append(path)
    return found


def sweep() -> list[str]:
    """Undoes sessions whose harness is gone, by their journals, and removes their directories; returns what did not
    work, in sentences."""
    problems: list[str] = []
    for path in dead():
        found = journal.clean(path)
        problems += found
        if not found:
            shutil.rmtree(path, ignore_errors=True)
    return problems


@contextmanager
def session_folder() -> Iterator[Path]:
    """A directory of this process's own, named after its pid and start, so that a later one can tell it is dead."""
    sweep()
    path = home() / f"{PREFIX}{os.getpid()}-{start_time(os.getpid())}"
    path.mkdir(mode=0o700)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
