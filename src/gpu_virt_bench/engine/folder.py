"""The session's directory: private, short-pathed, removed at the end; what a killed harness left goes first."""

from __future__ import annotations

import itertools
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from gpu_virt_bench.systems import journal
from gpu_virt_bench.systems.processes import start_time

PREFIX = "gvb-"
ENDED = f"{PREFIX}ended-"
"""A file for each user, as old as the end of that user's last session."""
VARIABLE = "GVB_HOME"


def home() -> Path:
    """Where session directories are made: memory, if there is a memory file system. Sessions of one place see each
    other; $GVB_HOME is another place."""
    if place := os.environ.get(VARIABLE):
        return Path(place).absolute()
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


def neighbors(since: float) -> bool:
    """Whether another harness works on this host, or has since then (time.time): it may have come and gone."""
    others = [(path, is_alive) for path, pid, is_alive in directories() if pid != os.getpid()]
    killed_or_ended = [path for path, is_alive in others if not is_alive] + list(home().glob(f"{ENDED}*"))
    return any(is_alive for _, is_alive in others) or any(changed(path) > since for path in killed_or_ended)


def changed(path: Path) -> float:
    """When a file or a directory was changed last; 0 for one that is gone."""
    try:
        return path.stat(follow_symlinks=False).st_mtime
    except FileNotFoundError:
        return 0.0


def note_end() -> None:
    """Leaves word, for sessions that look later, that one has ended now; where it cannot, they do not learn of it."""
    path = home() / f"{ENDED}{os.getuid()}"
    with suppress(OSError):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
        try:
            os.utime(descriptor)
        finally:
            os.close(descriptor)


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
        note_end()
        if not journal.Journal(path).open():
            shutil.rmtree(path, ignore_errors=True)
