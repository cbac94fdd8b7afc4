"""Recorded answers of real drivers, which ship with the program, and files of known differences."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gpu_virt_bench.conform.scenes import rows
from gpu_virt_bench.model.conformance import TABLE, Asked, Conformance
from gpu_virt_bench.model.text import equally_near, nearest, small_text

FOLDER = Path(__file__).parent / "recorded"
"""One file for each model and driver, as `gpu-virt-bench conform --format json` wrote it."""
KNOWN = Path(__file__).parent / "emulated.toml"
"""Where the emulated GPU differs from them, and why."""
KIND, VERSION = "conformance", 1


class RecordError(Exception):
    """A file that is no record of answers, or no list of known differences; says what was found and expected."""


def recorded() -> list[Path]:
    """The files that ship."""
    return sorted(FOLDER.glob("*.json"))


def load(path: Path) -> Conformance:
    """The driver's answers in a file."""
    try:
        found = json.loads(path.read_text())
    except OSError as error:
        raise RecordError(f"cannot read {path}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise RecordError(f"{path} is not JSON: {error}") from None
    try:
        return understood(path, found)
    except (KeyError, TypeError, AttributeError) as error:
        raise RecordError(f"{path} is no record of answers: {type(error).__name__} {error}") from None


def understood(path: Path, found: Any) -> Conformance:  # noqa: ANN401
    """The content of a file of a version that we know."""
    if found["kind"] != KIND or found["version"] != VERSION:
        raise RecordError(f"{path} is {found['kind']} {found['version']}, expected {KIND} {VERSION}")
    content = found[KIND]
    if content["table"] != TABLE:
        raise RecordError(f"{path} has answers to table {content['table']}, expected {TABLE}: record it again")
    asked = {row: Asked(**answer) for row, answer in content["rows"].items()}
    named = {name: content[name] for name in ("table", "device", "emulated", "driver_version", "taken")}
    return Conformance(**named, rows=asked)


def nearest_to(device: str) -> Conformance | None:
    """The recording of the same model, or the last one; None where none ships."""
    found = [load(path) for path in recorded()]
    return next((one for one in found if device.startswith(one.device)), found[-1] if found else None)


def reasons(path: Path) -> dict[str, str]:
    """Reasons by row, and by function for what is not supported on purpose."""
    try:
        found = tomllib.loads(small_text(path))
    except OSError as error:
        raise RecordError(f"cannot read {path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RecordError(f"{path} is not TOML: {error}") from None
    tables = {"rows": set(rows()), "functions": {row.function for row in rows().values()}}
    for table in found:
        if table not in tables:
            raise RecordError(f"{path}: no table {table!r}{nearest(table, tables)}")
    return {name: reason for table in found for name, reason in named(path, table, found[table], tables[table])}


def named(path: Path, table: str, found: Mapping[str, Any], known: set[str]) -> list[tuple[str, str]]:
    """The entries of a table, each of which names something that there is, with a reason."""
    for name, reason in found.items():
        if name not in known:
            raise RecordError(f"{path}: the table has no {table.removesuffix('s')} {name!r}{meant(name, known)}")
        if not isinstance(reason, str) or not reason.strip():
            raise RecordError(f"{path}: {name} has {reason!r}, expected a reason")
    return list(found.items())


def meant(name: str, known: set[str]) -> str:
    """What may have been meant: of a row in a scene that there is, the likeness of the scene's name says nothing."""
    scene, dot, case = name.partition(".")
    cases = {row.removeprefix(f"{scene}."): row for row in known if row.startswith(f"{scene}.")}
    if not dot or not cases:
        return nearest(name, known)
    near = [cases[one] for one in equally_near(case, cases)]
    every = f"`gpu-virt-bench conform --scene {scene}` shows all"
    return f"; did you mean {' or '.join(near)}?" if near else f"; {every}"
