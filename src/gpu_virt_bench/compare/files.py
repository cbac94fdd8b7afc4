"""Finds and loads the runs of a comparison."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from gpu_virt_bench.model.run import Measured, Run, Value
from gpu_virt_bench.model.shape import printable
from gpu_virt_bench.results import MOST_BYTES, RunFileError, load

BEGAN = re.compile(rb'"began":\s*"([^"]+)"')
TWIN = re.compile(rb'"twin":\s*true')
SESSION = re.compile(rb'"session":\s*\{\s*"id":\s*"([^"\\]*)"')
SYSTEM = re.compile(rb'"system":\s*\{\s*"id":\s*"([^"\\]*)"')
UNKNOWN = ("", "")
NAMED, MOST_POINTS = 3, 8
HEAD = 4096
"""`began` stands among the first keys of a run file."""


class Loaded(NamedTuple):
    """A run and where it lies."""

    path: Path
    run: Run


def find(path: Path) -> tuple[Loaded, list[str]]:
    """The run in a file, or a directory's newest complete one that measured anything; with remarks on the choice. The
    only point of a sweep stands for a directory that has no other run."""
    if not path.is_dir():
        return Loaded(path, load(path)), []
    newer: list[str] = []
    points: list[Loaded] = []
    for file in newest_first(path):
        try:
            run = load(file)
        except RunFileError:
            newer.append(f"{file.name!r} is no readable run")
            continue
        if run.twin:
            continue
        if reason := unfit(run):
            newer.append(f"{file.name!r} {reason}")
        elif run.point:
            points.append(Loaded(file, run))
        else:
            return Loaded(file, run), [chosen(path, file, newer)]
    return only_point(path, points, newer)


def unfit(run: Run) -> str:
    """Why a run cannot stand for its directory, as a predicate; "" if it can."""
    if run.status != "complete":
        return run.ending
    return "" if any(isinstance(found, Measured) for found in run.outcomes.values()) else "measured nothing"


def only_point(folder: Path, points: Sequence[Loaded], newer: Sequence[str]) -> tuple[Loaded, list[str]]:
    """The one point of a sweep in a directory without another run; several, or none, are refused by name."""
    if len(points) == 1:
        ((file, run),) = points
        return points[0], [f"{chosen(folder, file, newer)}, {where(run)}, the only point of a sweep there"]
    name = printable(str(folder))
    if not points:
        raise RunFileError(f"{name} has no complete run file{instead(folder, newer)}")
    listed = [f"{found.path.name!r} ({where(found.run)})" for found in points[:MOST_POINTS]]
    more = f" and {len(points) - MOST_POINTS} more" if len(points) > MOST_POINTS else ""
    raise RunFileError(
        f"{name} holds only points of sweeps: {', '.join(listed)}{more}; name one of these files,"
        f" such as {printable(str(points[0].path))}"
    )


def where(run: Run) -> str:
    """`compute-limit=50`."""
    return ", ".join(f"{name}={value}" for name, value in run.point.items())


def instead(folder: Path, there: Sequence[str]) -> str:
    """What a directory without a complete run has, and what to name."""
    named = f": {', '.join(there[:NAMED])}" if there else ""
    below = sorted({printable(str(file.parent)) for file in folder.glob("*/*.json")})[:NAMED]
    return f"{named}; name a file, or a directory that has one" + (f", such as {', '.join(below)}" if below else "")


def chosen(folder: Path, file: Path, newer: Sequence[str]) -> str:
    """Which file a directory stands for, and what is newer and does not."""
    others = f"; newer, and not used: {', '.join(newer)}" if newer else ""
    return f"of the directory {printable(str(folder))}: {file.name!r}{others}"


def newest_first(folder: Path) -> list[Path]:
    """The JSON files of a directory, those with the latest `began` first."""
    found = []
    for file in filter(Path.is_file, folder.glob("*.json")):
        began = BEGAN.search(text_of(file, HEAD))
        found.append((began.group(1) if began else b"", file.name, file))
    return [file for *_, file in sorted(found, reverse=True)]


def find_twin(path: Path, run: Run) -> tuple[Run | None, list[str]]:
    """The other measurement of a session's baseline (A/A), among the files beside it; a twin's is the original. With a
    remark if there is none and it may be in a file that cannot be read."""
    beside = (file for file in sorted(path.parent.glob("*.json")) if may_be_twin(file, run) and not is_same(file, path))
    unreadable: list[Path] = []
    for found in readable(beside, unreadable):
        if found.twin is not run.twin and whose(found) == whose(run):
            return found, []
    return None, passed_over(unreadable, "the baseline's second measurement is not among the files beside it")


def of_system(path: Path, session: str, system: str, unreadable: list[Path]) -> Iterator[Run]:
    """The runs of a system in that session, beside a run's file and in the directory that `run` gives the system there;
    those that cannot be read are added to `unreadable`."""
    for folder in dict.fromkeys([path.parent, path.absolute().parent.parent / system]):
        files = (file for file in sorted(folder.glob("*.json")) if is_of(file, session, system))
        yield from readable(files, unreadable)


def is_of(file: Path, session: str, system: str) -> bool:
    """Whether a file may be a run of that system in that session; each file's text is looked at once, however many runs
    are compared."""
    try:
        stamp = file.stat().st_mtime_ns
    except OSError:
        return False
    found = whose_text(file, stamp)
    return found in ((session, system), UNKNOWN) and (found != UNKNOWN or says(file, session.encode(), system.encode()))


@lru_cache(maxsize=4096)
def whose_text(file: Path, stamp: int) -> tuple[str, str]:
    """The session and the system that a file's text names, as this program writes them; UNKNOWN if it is written
    otherwise. `stamp` is when it was changed."""
    del stamp
    text = text_of(file)
    session, system = SESSION.search(text), SYSTEM.search(text)
    if session is None or system is None:
        return UNKNOWN
    return session.group(1).decode(errors="replace"), system.group(1).decode(errors="replace")


def readable(files: Iterable[Path], unreadable: list[Path]) -> Iterator[Run]:
    """The runs in files that the user did not name: one that cannot be read must not end what it has no part in, and is
    added to `unreadable`."""
    for file in files:
        try:
            yield load(file)
        except RunFileError:
            unreadable.append(file)


def passed_over(unreadable: Sequence[Path], lacking: str) -> list[str]:
    """One remark on the files that could not be read and may hold what is lacking; none without such files."""
    names = [repr(name) for name in dict.fromkeys(file.name for file in unreadable)]
    if not names:
        return []
    others = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    be = "is no readable run" if len(names) == 1 else "are no readable runs"
    return [f"{lacking}; {', '.join(names[:NAMED])}{others} {be}"]


def is_same(file: Path, path: Path) -> bool:
    """Whether both names are of one file, if there is one."""
    try:
        return file.samefile(path)
    except OSError:
        return False


def whose(run: Run) -> tuple[str, str, dict[str, Value]]:
    """What a run has in common with its twin."""
    return run.session.id, run.system.id, run.point


def may_be_twin(file: Path, run: Run) -> bool:
    """Whether the file's text has the words."""
    return says(file, run.session.id.encode()) and (run.twin or TWIN.search(text_of(file)) is not None)


def says(file: Path, *words: bytes) -> bool:
    """Whether a file's text has these words: loading every run of a large directory would take minutes."""
    text = text_of(file)
    return all(word in text for word in words)


def text_of(file: Path, most: int = MOST_BYTES) -> bytes:
    """What is read of a file; nothing of what is none, or may not be read."""
    if not file.is_file() or not os.access(file, os.R_OK):
        return b""
    try:
        with file.open("rb") as opened:
            return opened.read(most)
    except OSError:  # gone since
        return b""
