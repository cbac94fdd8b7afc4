"""Reads a system's definition, checks it, and says in one sentence what is wrong with it."""

from __future__ import annotations

import difflib
import os
import string
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import metadata, resources
from pathlib import Path
from typing import Any

from gpu_virt_bench.model.system import FEATURES, System

GROUP = "gpu_virt_bench.systems"
VARIABLES = ("session_dir", "tenant_dir", "tenant", "gpu_uuid", "gpu_index", "uid", "tmp", "tenants")
"""Names that may stand in braces; a system's options come on top."""

ALIASES: Mapping[str, str] = {"hami": "hami-core", "fcsp": "bud-fcsp"}

SCRUBBED = [
    "LD_PRELOAD",
    "LD_AUDIT",
    "CUDA_VISIBLE_DEVICES",
    "CUDA_TASK_PRIORITY",
    "CUDA_REDIRECT",
    "CUDA_OVERSUBSCRIBE",
    "CUDA_DISABLE_CONTROL",
    "GPU_CORE_UTILIZATION_POLICY",
    "ACTIVE_OOM_KILLER",
    "RECORD_KERNEL_INTERVAL",
    "LIBCUDA_LOG_LEVEL",
    "BATCH_TOKENS_DEFAULT_SIZE",
    "TF_CUDA_SM_PERCENT_LIMIT",
    "TF_GPU_MEMORY_LIMIT",
    "TF_SHM_PATH",
    "TF_ISOLATION_MODE",
    "CUDA_INJECTION64_PATH",
    "NVTX_INJECTION64_PATH",
    "CUDA_LAUNCH_BLOCKING",
    "CUDA_MODULE_LOADING",
    "CUDA_DEVICE_MAX_CONNECTIONS",
]
SCRUBBED_PREFIXES = [
    "CUDA_MPS_",
    "CUDA_DEVICE_MEMORY_",
    "CUDA_DEVICE_SM_",
    "BUD_",
    "PID_DEFAULT_",
    "NVSHARE_",
    "XSCHED_",
    "NVIDIA_GPU_MEMORY_",
    "ALIYUN_COM_GPU_",
    "CUDA_CACHE_",
]
ALLOWED = ("PATH", "HOME", "USER", "LANG", "TZ", "LD_LIBRARY_PATH")


class DefinitionError(Exception):
    """A system that does not exist, or whose definition cannot be used; says what was found and what is expected."""


@cache
def shipped() -> Mapping[str, Path]:
    """Definition files by id: this package's, and those in packages of the entry-point group."""
    folders = [Path(str(resources.files(__name__.rpartition(".")[0])))]
    folders += [Path(str(resources.files(entry.load()))) for entry in metadata.entry_points(group=GROUP)]
    return {path.stem: path for folder in folders for path in sorted(folder.glob("*.toml"))}


def load(name: str) -> System:
    """The system of that name, alias or file."""
    if name.endswith(".toml"):
        return read(Path(name))
    systems = {found: read(path) for found, path in shipped().items()}
    aliases = {alias: found for found, system in systems.items() for alias in system.aliases}
    wanted = aliases.get(name, ALIASES.get(name, name))
    if wanted not in systems:
        raise DefinitionError(f"no system {name!r}{nearest(name, [*systems, *aliases])}; or give a file, ./mine.toml")
    return systems[wanted]


def load_all() -> list[System]:
    """Every shipped system."""
    return [read(path) for path in shipped().values()]


def nearest(name: str, known: Iterable[str]) -> str:
    """`; did you mean X?`, or what there is."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1)
    return f"; did you mean {near[0]}?" if near else f"; there are {', '.join(names)}"


def read(path: Path) -> System:
    """The system in a file."""
    try:
        text = path.read_text()
    except OSError as error:
        raise DefinitionError(f"cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise DefinitionError(f"{path} is not text: a system's definition is a TOML file") from None
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise DefinitionError(f"{path} is not TOML: {error}") from None
    return parse(path.stem, values, text, str(path))


def parse(id: str, values: Mapping[str, Any], text: str = "", where: str = "") -> System:
    """The system that a definition's values describe; every key, feature and variable is checked."""
    from pydantic import TypeAdapter, ValidationError

    for reserved in ("id", "source"):
        if reserved in values:
            raise DefinitionError(f"{where or id}: {reserved!r} is not a key; the id is the file's name")
    try:
        system = TypeAdapter(System).validate_python({**values, "id": id, "source": text})
    except ValidationError as error:
        raise DefinitionError(f"{where or id}: {complaint(error.errors()[0])}") from None
    for feature in system.features:
        if feature not in FEATURES:
            raise DefinitionError(f"{where or id}: no feature {feature!r}{nearest(feature, FEATURES)}")
    for value in (*system.tenant.env.values(), *system.tenant.command):
        fill(value, dict.fromkeys((*VARIABLES, *system.options), ""), where or id)
    return system


def complaint(error: Mapping[str, Any]) -> str:
    """One sentence about pydantic's first error."""
    place = ".".join(str(part) for part in error["loc"])
    if error["type"] in ("unexpected_keyword_argument", "extra_forbidden"):
        return f"unknown key {place!r}{nearest(str(error['loc'][-1]), keys_beside(error['loc']))}"
    if error["type"] == "missing":
        return f"the key {place!r} is missing"
    return f"{place} is {error['input']!r}: {error['msg'][0].lower()}{error['msg'][1:]}"


def keys_beside(location: tuple[Any, ...]) -> list[str]:
    """The keys that may stand where an unknown one was found."""
    from dataclasses import fields, is_dataclass
    from typing import get_type_hints

    kind: Any = System
    for part in location[:-1]:
        hints = get_type_hints(kind) if is_dataclass(kind) else {}
        kind = hints.get(str(part), kind)
    return [f.name for f in fields(kind) if f.name not in ("id", "source")] if is_dataclass(kind) else []


def fill(text: str, values: Mapping[str, str], where: str) -> str:
    """The text with its variables in braces replaced; `{{` is a brace."""
    try:
        names = [name for _, name, _, _ in string.Formatter().parse(text) if name is not None]
    except ValueError as error:
        raise DefinitionError(f"{where}: {text!r} has unbalanced braces: {error}") from None
    for name in names:
        if name not in values:
            raise DefinitionError(f"{where}: unknown variable {{{name}}} in {text!r}{nearest(name, values)}")
    return text.format_map(values)


def is_scrubbed(name: str) -> bool:
    """Whether a variable belongs to a layer or moves results, and is kept from every tenant."""
    return name in SCRUBBED or name.startswith(tuple(SCRUBBED_PREFIXES))


def scrubbed(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """The variables that were set and are kept from tenants, for the run file."""
    found = os.environ if environment is None else environment
    return {name: value for name, value in sorted(found.items()) if is_scrubbed(name)}


def clean(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment a tenant's command starts from: an allow list."""
    found = os.environ if environment is None else environment
    return {name: found[name] for name in ALLOWED if name in found}
