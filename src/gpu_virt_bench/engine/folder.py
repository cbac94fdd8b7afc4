"""The session's directory: private, short-pathed, removed at the end; what a killed harness left goes first."""

from __future__ import annotations

import itertools
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from gpu_virt_bench.systems import journal
from gpu_virt_bench.systems.processes import start_time

PREFIX = "gvb-"


def home() -> Path:
    """Where session directories are made: memory, if there is a memory file system."""
    memory = Path("/dev/shm")
    return memory if os.access(memory, os.W_OK) else Path(os.environ.get("TMPDIR", "/tmp"))


def directories() -> Iterator[tuple[Path, int, bool]]:
    """Every session's directory with the process id of its harness, and whether that lives."""
    for path in sorted(home().glob(f"{PREFIX}*")):
        if match := re.fullmatch(rf"{PREFIX}(\d+)-(\d+)(-\d+)?", path.name):
            yield path, int(match[1]), start_time(int(match[1])) == match[2]


def dead() -> list[Path]:
    """Directories of sessions whose harness is gone."""
    return [path for path, _, is_alive in directories() if not is_alive]


def neighbors() -> list[int]:
    """The process ids of other harnesses that work on this host now."""
    return sorted({pid for _, pid, is_alive in directories() if is_alive and pid != os.getpid()})


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


def fresh() -> Path:
    """A new directory of this process; another number where it has left one that could not be undone."""
    name = f"{PREFIX}{os.getpid()}-{start_time(os.getpid())}"
    for number in itertools.count(1):
        path = home() / (name if number == 1 else f"{name}-{number}")
        try:
            path.mkdir(mode=0o700)
        except FileExistsError:
            continue
        break
    return path


@contextmanager
def session_folder(note: Callable[[str], object]) -> Iterator[Path]:
    """A directory of this process's own, named after its pid and start, so that a later one can tell it is dead.

    `note` gets what could not be undone of earlier sessions. A directory whose journal is not empty at the end is left
    for `doctor --clean`.
    """
    for problem in sweep():
        note(f"left by an earlier session: {problem}")
    path = fresh()
    try:
        yield path
    finally:
        if not journal.Journal(path).open():
            shutil.rmtree(path, ignore_errors=True)
