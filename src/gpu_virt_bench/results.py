"""Run files: saved whole or not at all, loaded with every field checked."""

from __future__ import annotations

import json
import os
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gpu_virt_bench.model.run import SCHEMA_VERSION, Run

if TYPE_CHECKING:
    from pydantic import TypeAdapter


READABLE = (1, SCHEMA_VERSION)
"""Version 2 adds fields that have defaults: a file of version 1 is read as it is, and keeps its number."""


class RunFileError(Exception):
    """A run file that cannot be read; says what was found and what is expected."""


@cache
def adapter() -> TypeAdapter[Run]:
    """The validator that belongs to model/run.py."""
    from pydantic import TypeAdapter

    return TypeAdapter(Run)


def schema() -> dict[str, Any]:
    """The JSON Schema of a run file."""
    return {
        **adapter().json_schema(),
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"GPU-Virt-Bench run file, version {SCHEMA_VERSION}",
    }


def dump(run: Run) -> str:
    """The run as JSON text."""
    return adapter().dump_json(run, indent=1).decode() + "\n"


def save(run: Run, path: Path) -> None:
    """Writes the file beside its place and renames it: a reader never sees half of it, whatever ends the harness."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    with fresh.open("w") as file:
        file.write(dump(run))
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def load(path: Path) -> Run:
    """The run in a file."""
    from pydantic import ValidationError

    try:
        text = path.read_bytes()
    except OSError as error:
        raise RunFileError(f"cannot read {path}: {error.strerror}") from None
    try:
        version = json.loads(text).get("schema_version")
    except (ValueError, AttributeError, RecursionError):
        raise RunFileError(f"{path} is no run file: it is not a JSON object") from None
    if version not in READABLE:
        raise RunFileError(f"{path} has schema version {version!r}, this program reads {READABLE[0]} to {READABLE[-1]}")
    try:
        return adapter().validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise RunFileError(f"{path} is no valid run file: {place}: {first['msg']}") from None


def file_name(system: str, began: str) -> str:
    """`native_20261121T130501Z.json` from the system and the UTC time of a run."""
    stamp = re.sub(r"[-:]|\.\d+", "", began).replace("+0000", "Z")
    return f"{system}_{stamp}.json"


def new_path(folder: Path, system: str, began: str) -> Path:
    """A path that does not exist yet: <folder>/<system>/<system>_<UTC time>.json."""
    path = folder / system / file_name(system, began)
    number = 2
    while path.exists():
        path = path.with_name(f"{Path(file_name(system, began)).stem}-{number}.json")
        number += 1
    return path
