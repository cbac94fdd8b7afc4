"""A system's options: the user's values checked, and the system that follows from them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from gpu_virt_bench.model.system import FEATURES, Option, System
from gpu_virt_bench.systems.variables import QUOTA, DefinitionError, expand, names, nearest, tenant_names

LOADER_VARIABLES = ("LD_PRELOAD", "LD_AUDIT")
COMMANDS = ("command", "shell-command")
FEATURE_OF = {"memory": "memory-limit", "compute": "compute-limit", "priority": "priority"}


def accepts(system: System, name: str) -> bool:
    """Whether `--option name=value` is for this system."""
    table, dot, _ = name.partition(".")
    option = system.options.get(table if dot else name)
    return option is not None and (option.kind == "environment") == bool(dot)


def resolve_options(system: System, given: Mapping[str, str]) -> dict[str, str]:
    """Every option's value, checked: the user's, else its default. Options without a value do not appear."""
    for name in given:
        if not accepts(system, name):
            raise DefinitionError(f"{system.id} has no option {name!r}{nearest(name, shown(system))}")
    values = {name: str(o.default) for name, o in system.options.items() if o.default is not None}
    values |= given
    if lacking := missing(system, values):
        raise DefinitionError(f"{system.id} {lacking}")
    return {name: checked(system, name, value) for name, value in values.items()}


def shown(system: System) -> list[str]:
    """Options as the user writes them."""
    return [f"{name}.VARIABLE" if o.kind == "environment" else name for name, o in system.options.items()]


def missing(system: System, given: Mapping[str, str]) -> str | None:
    """The first required option that was not given, and how to give it."""
    for name, option in system.options.items():
        if option.required and name not in given:
            help = f" ({option.help})" if option.help else ""
            return f"needs --option {name}={option.kind.upper()}{help}"
    return None


def checked(system: System, name: str, value: str) -> str:
    """One option's value, as it will be used."""
    table, dot, variable = name.partition(".")
    if dot:
        return checked_variable(system, variable, name, value)
    option = system.options[table]
    if option.kind in ("file", "directory"):
        return checked_path(system, name, option, value)
    if option.kind == "integer" and not re.fullmatch(r"-?\d+", value):
        raise DefinitionError(f"option {name} is {value!r}: expected an integer")
    if option.kind in COMMANDS:
        for word in checked_words(name, value):
            expand(word, dict.fromkeys(tenant_names(system), "0"), f"option {name}")
    if option.kind == "features":
        for feature in split(value):
            if feature not in FEATURES:
                raise DefinitionError(f"option {name}: no feature {feature!r}{nearest(feature, FEATURES)}")
    return value


def checked_path(system: System, name: str, option: Option, value: str) -> str:
    """An absolute path of the right kind. A relative library is refused: the loader of a tenant that starts in another
    directory would not find it, say nothing, and run without the layer."""
    path = Path(value)
    if not path.is_absolute() and is_preloaded(system, name):
        raise DefinitionError(
            f"option {name} is {value!r}, a relative library path: a tenant in another directory would not load it; "
            f"give the absolute path, --option {name}={path.absolute()}"
        )
    if not path.exists():
        raise DefinitionError(f"option {name} is {value!r}: no such {option.kind}")
    if option.kind == "file" and not path.is_file():
        raise DefinitionError(f"option {name} is {value!r}, which is not a regular file")
    if option.kind == "directory" and not path.is_dir():
        raise DefinitionError(f"option {name} is {value!r}, which is not a directory")
    if is_preloaded(system, name) and not is_library(path):
        raise DefinitionError(f"option {name} is {value!r}, which is not a shared library (ELF): the loader ignores it")
    return str(path.absolute())


def is_library(path: Path) -> bool:
    """Whether the dynamic loader could take a file; it says so of one that cannot be read, and goes on."""
    try:
        with path.open("rb") as file:
            return file.read(4) == b"\x7fELF"
    except OSError as error:
        raise DefinitionError(f"cannot read {path}: {error.strerror}") from None


def is_preloaded(system: System, name: str) -> bool:
    """Whether the dynamic loader of a tenant gets this option's file."""
    return any(name in names(system.tenant.env.get(variable, "")) for variable in LOADER_VARIABLES)


def checked_variable(system: System, variable: str, name: str, value: str) -> str:
    """An environment variable for the tenants; it may use what any text of the definition may."""
    if not re.fullmatch(r"[A-Za-z_]\w*", variable):
        raise DefinitionError(f"option {name}: {variable!r} is not the name of a variable")
    if variable in system.tenant.env:
        raise DefinitionError(f"option {name}: {system.id} sets {variable} itself")
    if variable in LOADER_VARIABLES and any(part and not part.startswith(("/", "{")) for part in value.split(":")):
        raise DefinitionError(f"option {name} is {value!r}, a relative library path; give the absolute path")
    expand(value, dict.fromkeys(tenant_names(system), "0"), f"option {name}")
    return value


def checked_words(name: str, value: str) -> list[str]:
    """A command's words, quoted as in a shell."""
    try:
        return shlex.split(value)
    except ValueError as error:
        raise DefinitionError(f"option {name} is {value!r}: {str(error).lower()}") from None


def split(value: str) -> list[str]:
    """The names in a comma-separated list."""
    return [name.strip() for name in value.split(",") if name.strip()]


def configured(system: System, options: Mapping[str, str]) -> System:
    """The system that its resolved options make of it: variables, features and command that the user stated.

    What stands behind a user's command is not known - a container here, or a machine that has the device to itself - so
    the system's tenants do not stand beside others'.
    """
    kinds = {name: option.kind for name, option in system.options.items()}
    env = {name.partition(".")[2]: value for name, value in options.items() if "." in name}
    features = [name for key, value in options.items() if kinds.get(key) == "features" for name in split(value)]
    features += [FEATURE_OF[QUOTA[name]] for value in env.values() for name in names(value) if name in QUOTA]
    command: list[str] = []
    for word in system.tenant.command:
        key = word.strip("{}")
        is_command = word == f"{{{key}}}" and kinds.get(key) in COMMANDS
        command += checked_words(key, options.get(key, "")) if is_command else [word]
    given = {kinds.get(name) for name in options}
    shell = system.tenant.shell or "shell-command" in given
    start = replace(system.tenant, command=tuple(command), shell=shell, env={**system.tenant.env, **env})
    return replace(
        system,
        tenant=start,
        features=tuple(dict.fromkeys([*system.features, *features])),
        beside=system.beside and given.isdisjoint(COMMANDS),
    )
