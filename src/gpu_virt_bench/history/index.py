"""A disposable index of a directory of run files. The directory is the only truth: the index may vanish at any time.

It is an SQLite file: `.gvb-index.sqlite` in the directory, else in the user's cache where the directory cannot be
written, else in memory. A file is read again when its size or its time of change differs.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import astuple, fields
from pathlib import Path
from typing import TypeVar

from gpu_virt_bench._version import __version__
from gpu_virt_bench.history.points import Point, no_point, points
from gpu_virt_bench.results import RunFileError, load

NAME = ".gvb-index.sqlite"
MEMORY = ":memory:"
BUSY_SECONDS = 10.0
OF_FILE = ("path", "run")
"""What all points of a file have in common; in a point's type they stand last."""
COLUMNS = [entry.name for entry in fields(Point) if entry.name not in OF_FILE]
TABLES = (
    "CREATE TABLE files (id INTEGER PRIMARY KEY, path BLOB UNIQUE, size INTEGER, mtime_ns INTEGER, error TEXT, "
    "left_out TEXT, run TEXT)",
    f"CREATE TABLE points (file INTEGER, {', '.join(COLUMNS)})",
    "CREATE INDEX points_name ON points (name)",
    "CREATE INDEX points_file ON points (file)",
)
STAMP = zlib.crc32(" ".join(("3", __version__, *TABLES)).encode()) & 0x7FFFFFFF
"""What made an index. Raise the digit when the same file gives other points."""

Answer = TypeVar("Answer")
Files = dict[bytes, tuple[int, int]]
"""Path relative to the directory -> size in bytes and time of change in nanoseconds."""


def consult(folder: Path, question: Callable[[sqlite3.Connection], Answer]) -> Answer:
    """The answer of an index that agrees with the files; one that is damaged is deleted and made again."""
    *stored, last = places(folder)
    for place in stored:
        try:
            return answer(place, folder, question)
        except (sqlite3.Error, OSError) as error:
            discard(place, error)
    return answer(last, folder, question)


def answer(place: str, folder: Path, question: Callable[[sqlite3.Connection], Answer]) -> Answer:
    """The answer of the index in that place, made or brought up to date."""
    with closing(sqlite3.connect(place, timeout=BUSY_SECONDS, isolation_level=None)) as index:
        prepare(index)
        refresh(index, folder)
        return question(index)


def places(folder: Path) -> Iterator[str]:
    """Where the index may be, the best first; twice, since a damaged one is made again."""
    if os.access(folder, os.W_OK):
        yield from [str(folder / NAME)] * 2
    else:
        with suppress(OSError, RuntimeError):  # no home
            cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gpu-virt-bench"
            cache.mkdir(parents=True, exist_ok=True)
            digest = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:16]
            yield from [str(cache / f"history-{digest}.sqlite")] * 2
    yield MEMORY


def discard(place: str, error: Exception) -> None:
    """Deletes an index that cannot be used; one that another process holds is left to it."""
    if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY:
        return
    for path in (place, f"{place}-journal"):
        with suppress(OSError):
            Path(path).unlink()


def prepare(index: sqlite3.Connection) -> None:
    """Makes the tables of a fresh index; refuses one that another version made."""
    index.execute("PRAGMA synchronous = OFF")  # a power cut may damage it: it is made again
    if index.execute("PRAGMA user_version").fetchone()[0] == STAMP:
        return
    with transaction(index):
        (stamp,) = index.execute("PRAGMA user_version").fetchone()
        if stamp not in (0, STAMP):
            raise sqlite3.DatabaseError("made by another version")
        if stamp == 0:
            for statement in (*TABLES, f"PRAGMA user_version = {STAMP}"):
                index.execute(statement)


@contextmanager
def transaction(index: sqlite3.Connection) -> Iterator[None]:
    """All of the block's writes or none, one writer at a time."""
    index.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        index.execute("ROLLBACK")
        raise
    index.execute("COMMIT")


def refresh(index: sqlite3.Connection, folder: Path) -> None:
    """Brings the index to what the files are now; files are read before the index is locked."""
    present = files(folder)
    known: Files = {path: (size, time) for path, size, time in index.execute("SELECT path, size, mtime_ns FROM files")}
    gone = known.keys() - present.keys()
    fresh = [path for path, state in present.items() if known.get(path) != state]
    if not gone and not fresh:
        return
    read = [(path, *present[path], *contents(folder, path)) for path in fresh]
    with transaction(index):
        for path in (*gone, *fresh):
            index.execute("DELETE FROM points WHERE file = (SELECT id FROM files WHERE path = ?)", (path,))
            index.execute("DELETE FROM files WHERE path = ?", (path,))
        for path, size, time, error, left_out, found in read:
            add(index, (path, size, time, error, left_out), found)


def add(index: sqlite3.Connection, file: tuple[bytes, int, int, str | None, str | None], found: list[Point]) -> None:
    """Adds a file with its points."""
    row = index.execute(
        "INSERT INTO files (path, size, mtime_ns, error, left_out, run) VALUES (?, ?, ?, ?, ?, ?)",
        (*file, found[0].run if found else "{}"),
    ).lastrowid
    marks, of_point = ", ".join("?" * (len(COLUMNS) + 1)), len(COLUMNS)
    index.executemany(f"INSERT INTO points VALUES ({marks})", [(row, *astuple(point)[:of_point]) for point in found])


def files(folder: Path) -> Files:
    """All `*.json` files below the directory, without hidden ones and without following links to directories."""
    found = {}
    top = os.fsencode(folder)
    for place, folders, names in os.walk(top):
        folders[:] = [name for name in folders if not name.startswith(b".")]
        for name in names:
            if name.endswith(b".json") and not name.startswith(b"."):
                path = os.path.join(place, name)  # noqa: PTH118  bytes: names need not be text
                with suppress(OSError):  # gone since, or a broken link
                    state = os.stat(path)  # noqa: PTH116
                    # one that cannot be read now may be later, without a change of its time
                    time = state.st_mtime_ns if os.access(path, os.R_OK) else -1
                    found[os.path.relpath(path, top)] = (state.st_size, time)
    return found


def contents(folder: Path, path: bytes) -> tuple[str | None, str | None, list[Point]]:
    """Why a file is no run file, or why its run is no point, or its points."""
    whole = folder / os.fsdecode(path)
    try:
        run = load(whole)
    except RunFileError as error:
        return str(error), None, []
    reason = no_point(run)
    return (None, reason, []) if reason else (None, None, points(run))
