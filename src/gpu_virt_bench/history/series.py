"""The questions that a history answers: what there is, and how one metric went."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gpu_virt_bench.history.index import COLUMNS, consult
from gpu_virt_bench.history.points import Point
from gpu_virt_bench.model.shape import printable


class HistoryError(Exception):
    """A question without an answer; says what there is."""


@dataclass(frozen=True)
class Selection:
    """Which points are wanted: outcomes by name, a system, a part of a device's name, from when on (UTC seconds)."""

    names: Sequence[str] = ()
    system: str | None = None
    device: str | None = None
    since: float | None = None
    twins: bool = False


@dataclass(frozen=True)
class Series:
    """Points that may be compared, in the order of their time; never empty."""

    points: Sequence[Point]

    @property
    def last(self) -> Point:
        """The latest point: what all agree in can be read from it."""
        return self.points[-1]


@dataclass(frozen=True)
class Holding:
    """What the directory has of one system on one device. Times are seconds since 1970, UTC."""

    system: str
    device: str
    emulated: bool
    runs: int
    first: float
    last: float
    metrics: Sequence[str]


@dataclass(frozen=True)
class Absent:
    """A file that gives no points, and why."""

    path: str
    reason: str


@dataclass(frozen=True)
class Rest:
    """The files without points: those that are no run files, and runs that are left out."""

    unreadable: Sequence[Absent] = ()
    left_out: Sequence[Absent] = ()


def overview(folder: Path, selection: Selection) -> tuple[list[Holding], Rest]:
    """What there is, by system and device."""

    def question(index: sqlite3.Connection) -> tuple[list[Holding], Rest]:
        where, values = conditions(selection)
        rows = index.execute(
            "SELECT system, device, emulated, COUNT(DISTINCT file), MIN(began), MAX(began), "
            f"GROUP_CONCAT(DISTINCT metric) FROM points WHERE {where} GROUP BY system, device, emulated",
            values,
        )
        found = [
            Holding(system, device, bool(emulated), runs, first, last, sorted(metrics.split(",")))
            for system, device, emulated, runs, first, last, metrics in rows
        ]
        return found, rest(index)

    return consult(folder, question)


def history(folder: Path, selection: Selection) -> tuple[list[Series], Rest]:
    """The series that the selection names, sorted by metric, parameters, system and device."""

    def question(index: sqlite3.Connection) -> tuple[list[Series], Rest]:
        found = [series for name in matching(index, selection.names) for series in grouped(index, name, selection)]
        return sorted(found, key=lambda series: series.last.key), rest(index)

    return consult(folder, question)


def matching(index: sqlite3.Connection, wanted: Sequence[str]) -> list[str]:
    """The outcomes of the index that are named; every word must name one."""
    known = [name for (name,) in index.execute("SELECT DISTINCT name FROM points ORDER BY name")]
    found: list[str] = []
    for word in wanted:
        pattern = pattern_of(word)
        named = [name for name in known if pattern.fullmatch(name)]
        if not named:
            raise HistoryError(f"no run has {word!r}; there are {', '.join(known) or 'no measured outcomes'}")
        found += named
    return list(dict.fromkeys(found))


def pattern_of(word: str) -> re.Pattern[str]:
    """`OH-*` names headlines, `OH-001[path=*]` those with parameters; the case of letters does not count."""
    metric, bracket, rest = word.partition("[")
    outside, inside = (
        re.escape(part).replace(r"\*", any_text) for part, any_text in ((metric, r"[^\[]*"), (rest, ".*"))
    )
    return re.compile(outside + (re.escape(bracket) + inside if bracket else ""), re.IGNORECASE | re.DOTALL)


def conditions(selection: Selection) -> tuple[str, list[str | float | bool]]:
    """What SQL asks of a point, and the values that it asks with."""
    asked: dict[str, str | float | bool | None] = {
        "twin <= ?": selection.twins,
        "lower(system) = lower(?)": selection.system,
        "instr(lower(device), lower(?))": selection.device,
        "began >= ?": selection.since,
    }
    given = {condition: value for condition, value in asked.items() if value is not None}
    return " AND ".join(given), list(given.values())


def grouped(index: sqlite3.Connection, name: str, selection: Selection) -> list[Series]:
    """One outcome's points, those that may be compared together."""
    where, values = conditions(selection)
    columns = ", ".join(f"points.{column}" for column in COLUMNS)
    rows = index.execute(
        f"SELECT {columns}, files.path, files.run FROM points JOIN files ON files.id = file "
        f"WHERE name = ? AND {where} ORDER BY began, files.path",
        [name, *values],
    )
    found: dict[tuple[str | int, ...], list[Point]] = {}
    for row in rows:
        fields = dict(zip(COLUMNS, row, strict=False))
        flags = {name: bool(fields[name]) for name in ("emulated", "twin")}
        path, run = row[-2:]
        point = Point(**{**fields, **flags, "path": printable(os.fsdecode(path)), "run": run})
        found.setdefault(point.key, []).append(point)
    return [Series(points) for points in found.values()]


def rest(index: sqlite3.Connection) -> Rest:
    """The files without points."""
    return Rest(absent(index, "error"), absent(index, "left_out"))


def absent(index: sqlite3.Connection, column: str) -> list[Absent]:
    """The files for which that column has a reason, by name."""
    rows = index.execute(f"SELECT path, {column} FROM files WHERE {column} IS NOT NULL ORDER BY path")
    return [Absent(printable(os.fsdecode(path)), reason) for path, reason in rows]
