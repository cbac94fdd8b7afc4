"""Reads a system's definition and checks it; what is wrong with it, it says in one sentence."""

from __future__ import annotations

import json
import tomllib
import warnings
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from importlib import metadata, resources
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args, get_origin, get_type_hints

from gpu_virt_bench.model import earlier
from gpu_virt_bench.model.plugin import left_out
from gpu_virt_bench.model.system import FEATURES, Checks, System
from gpu_virt_bench.model.text import small_text
from gpu_virt_bench.systems.variables import DefinitionError, nearest
from gpu_virt_bench.systems.wellformed import check_definition

if TYPE_CHECKING:
    from pydantic import TypeAdapter

GROUP = "gpu_virt_bench.systems"
OURS = ("id", "source")
"""Fields that the reader fills, not the file."""


@cache
def shipped() -> Mapping[str, Path]:
    """Definition files by id: this package's, and those in packages of the entry-point group."""
    folders = [Path(str(resources.files(__name__.rpartition(".")[0])))]
    found = {path.stem: path for folder in folders for path in sorted(folder.glob("*.toml"))}
    for entry in metadata.entry_points(group=GROUP):
        found |= {path.stem: path for path in brought(entry, found)}
    return found


def brought(entry: EntryPoint, known: Mapping[str, Path]) -> list[Path]:
    """The definitions of another package; a broken one is named in a warning, and left out."""
    try:
        paths = sorted(path for place in entry.load().__path__ for path in Path(place).glob("*.toml"))
        for path in paths:
            if path.stem in known:
                raise DefinitionError(f"it has a second system {path.stem!r}")
            read(path)
    except (Exception, SystemExit) as error:  # noqa: BLE001  another's code
        warnings.warn(left_out(entry, error), stacklevel=1)
        return []
    return paths


def load(name: str) -> System:
    """The system of that name, alias or file."""
    if name.endswith(".toml"):
        return read(own_file(Path(name)))
    if name in shipped():
        return read(shipped()[name])
    aliases = {alias: system for system in load_all() for alias in system.aliases}
    if name not in aliases and (known_before := earlier.system(name)):
        raise DefinitionError(f"no system {name!r}: {known_before}; `gpu-virt-bench list systems` shows what it has")
    if name not in aliases:
        raise DefinitionError(f"no system {name!r}{nearest(name, [*shipped(), *aliases])}; or give a file, ./mine.toml")
    return aliases[name]


def own_file(path: Path) -> Path:
    """A user's definition, which must not pass for a shipped one."""
    there = shipped().get(path.stem)
    if there is not None and path.resolve() != there.resolve():
        raise DefinitionError(
            f"{path} would pass for the shipped system {path.stem!r}: its name is the id, so rename it"
        )
    return path


def load_all() -> list[System]:
    """Every shipped system."""
    return [read(path) for path in shipped().values()]


def read(path: Path) -> System:
    """The system in a file."""
    try:
        text = small_text(path)
    except OSError as error:
        raise DefinitionError(f"cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise DefinitionError(f"{path} is not text: a system's definition is a TOML file") from None
    try:
        values = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise DefinitionError(f"{path} is not TOML: {error}") from None
    return parse(path.stem, values, text, str(path))


def parse(id: str, values: Mapping[str, Any], text: str = "", where: str = "") -> System:
    """The system that a definition's values describe; every key, feature and variable is checked."""
    from pydantic import ValidationError

    where = where or id
    for reserved in OURS:
        if reserved in values:
            raise DefinitionError(f"{where}: {reserved!r} is not a key; the id is the file's name")
    given = {**values, "proof": sorted_proof(values.get("proof", {}), where), "id": id, "source": text}
    try:
        # through JSON: there, and only there, strict types let a list become a tuple
        system = adapter().validate_json(json.dumps(given, default=str), strict=True)
    except ValidationError as error:
        raise DefinitionError(f"{where}: {complaint(error.errors()[0])}") from None
    check_definition(system, where)
    return system


@cache
def adapter() -> TypeAdapter[System]:
    """The checker of a definition's types; made once, which takes longer than to check all shipped definitions."""
    from pydantic import TypeAdapter

    return TypeAdapter(System)


def sorted_proof(proof: Any, where: str) -> Any:  # noqa: ANN401
    """The proof with its features' tables under `features`, as the model holds it."""
    if not isinstance(proof, Mapping):
        return proof
    if "features" in proof:
        raise DefinitionError(f"{where}: unknown key 'proof.features'; name a feature, [proof.memory-limit]")
    tables = {key: value for key, value in proof.items() if isinstance(value, Mapping)}
    checks = {part.name for part in fields(Checks)}
    for key in tables:
        if key not in checks and key not in FEATURES:
            raise DefinitionError(f"{where}: unknown key 'proof.{key}'{nearest(key, [*checks, *FEATURES])}")
    own = {key: value for key, value in proof.items() if key not in FEATURES}
    return {**own, "features": {key: value for key, value in proof.items() if key in FEATURES}}


def complaint(error: Mapping[str, Any]) -> str:
    """One sentence about pydantic's first error."""
    location = tuple(part for part in error["loc"] if part not in ("features", "[key]") or part == error["loc"][0])
    place = ".".join(str(part) for part in location)
    if error["type"] in ("unexpected_keyword_argument", "extra_forbidden"):
        return f"unknown key {place!r}{nearest(str(location[-1]), keys_beside(error['loc']))}"
    if error["loc"][-1] == "[key]":
        return f"unknown key {place!r}: {error['msg'][0].lower()}{error['msg'][1:]}"
    if error["type"] == "missing":
        return f"the key {place!r} is missing"
    if location[-1] in ("int", "str") and len(location) > 1:
        return f"{place.rpartition('.')[0]} is {error['input']!r}: expected a number, or a variable in braces"
    return f"{place} is {error['input']!r}: {error['msg'][0].lower()}{error['msg'][1:]}"


def keys_beside(location: tuple[Any, ...]) -> list[str]:
    """The keys that may stand where an unknown one was found."""
    kind: Any = System
    for part in location[:-1]:
        kind = inside(kind, part)
    hidden = (*OURS, "features") if isinstance(kind, type) and issubclass(kind, Checks) else OURS
    return [part.name for part in fields(kind) if part.name not in hidden] if is_dataclass(kind) else []


def inside(kind: Any, part: object) -> Any:  # noqa: ANN401
    """The type of a part of a table, a list or a mapping; of an optional one, what it may be."""
    if is_dataclass(kind):
        found = get_type_hints(kind).get(str(part), object)
    elif get_origin(kind) is tuple:
        found = get_args(kind)[0]
    else:
        found = (get_args(kind) or (object,))[-1]
    tables = [option for option in get_args(found) if is_dataclass(option)]
    optional = bool(tables) and type(None) in get_args(found)
    return tables[0] if optional else found
