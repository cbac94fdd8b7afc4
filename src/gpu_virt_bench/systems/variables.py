"""Variables in braces: which names there are, and a definition's texts with their values filled in."""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass, replace
from typing import Any, TypeVar

from gpu_virt_bench.model import text as model_text
from gpu_virt_bench.model.system import Checks, Step, System

GPU = ("gpu_uuid", "gpu_index", "gpu_sm_count", "gpu_memory_bytes")
"""A tenant's own device; in a session's steps, the first one."""
SESSION = ("session_dir", "tmp", "uid", *GPU, "gpu_uuids")
QUOTA = {
    "memory_bytes": "memory",
    "memory_mib": "memory",
    "compute_share": "compute",
    "compute_percent": "compute",
    "compute_sms": "compute",
    "priority": "priority",
}
"""Quota variables, and the quota that gives them a value."""
TENANT = ("tenant", "tenants", "tenant_dir", *QUOTA, "instance_uuid")
VARIABLES = (*SESSION, *TENANT)
"""Names that may stand in braces; a system's options and what its steps capture come on top."""

MEANINGS: Mapping[str, str] = {
    "session_dir": "the session's private directory on this machine, which goes at its end",
    "tmp": "this machine's directory for temporary files",
    "uid": "the user's number",
    "gpu_uuid": "UUID of the device",
    "gpu_index": "NVML's index of the device",
    "gpu_sm_count": "its multiprocessors",
    "gpu_memory_bytes": "its memory, bytes",
    "gpu_uuids": "UUIDs of all the session's devices, joined by commas",
    "tenant": "the tenant's number, from 0",
    "tenants": "how many tenants share the device",
    "tenant_dir": "the tenant's private directory on this machine",
    "memory_bytes": "its memory limit, bytes",
    "memory_mib": "its memory limit, MiB",
    "compute_share": "its compute limit as a share, such as 0.25",
    "compute_percent": "its compute limit in per cent, such as 25",
    "compute_sms": "its compute limit in multiprocessors",
    "priority": "its priority",
    "instance_uuid": "UUID of its part of a device; without parts, what names it is left out",
    "pid": "the tenant's process",
}
"""What each variable is."""

Values = Mapping[str, str | None]
"""Variables by name. None: known, and without a value - what uses it is left out."""
T = TypeVar("T")
_LEFT_OUT = object()


class DefinitionError(Exception):
    """A system that does not exist, or whose definition cannot be used; says what was found and what is expected."""


def nearest(name: str, known: Iterable[str]) -> str:
    """`; did you mean X?`, or what there is."""
    return model_text.nearest(name, sorted(known))


def names(text: str, where: str = "") -> list[str]:
    """The variables that a text uses."""
    try:
        parts = [part for part in string.Formatter().parse(text) if part[1] is not None]
    except ValueError as error:
        raise DefinitionError(f"{where}: {text!r} has unbalanced braces: {error}") from None
    for _, name, form, conversion in parts:
        if form or conversion:
            raise DefinitionError(f"{where}: {text!r} has more than a name in braces; for a brace write {{{{")
        del name
    return [str(name) for _, name, _, _ in parts]


def expand(text: str, values: Values, where: str = "", regex: bool = False) -> str | None:
    """The text with its variables filled in, None if one of them has no value; `{{` is a brace."""
    used = names(text, where)
    for name in used:
        if name not in values:
            raise DefinitionError(f"{where}: unknown variable {{{name}}} in {text!r}{nearest(name, values)}")
    filled = {name: values[name] for name in used}
    if None in filled.values():
        return None
    return text.format_map({name: re.escape(str(v)) if regex else v for name, v in filled.items()})


def fill(text: str, values: Mapping[str, str], where: str) -> str:
    """The text with its variables in braces replaced; all of them have a value."""
    filled = expand(text, values, where)
    assert filled is not None
    return filled


def resolve(thing: T, values: Values, where: str = "") -> T | None:
    """A part of a definition with its variables filled in; None if it must be left out.

    Of a table of checks the single check is left out, of a step, a file's field or a count the whole.
    """
    filled = _filled(thing, values, where, False, False)
    return None if filled is _LEFT_OUT else filled


def resolve_env(env: Mapping[str, str], values: Values, where: str = "") -> dict[str, str]:
    """Environment variables with their values; those without are left out."""
    filled = {name: expand(text, values, where) for name, text in env.items()}
    return {name: text for name, text in filled.items() if text is not None}


def _filled(value: Any, values: Values, where: str, regex: bool, lenient: bool) -> Any:  # noqa: ANN401
    if isinstance(value, str):
        text = expand(value, values, where, regex)
        return _LEFT_OUT if text is None else text
    if isinstance(value, tuple):
        found = [_filled(part, values, where, regex, lenient) for part in value]
        kept = tuple(part for part in found if part is not _LEFT_OUT)
        return kept if lenient or len(kept) == len(found) else _LEFT_OUT
    if isinstance(value, Mapping):
        entries = {key: _filled(part, values, where, regex, False) for key, part in value.items()}
        return {key: part for key, part in entries.items() if part is not _LEFT_OUT}
    if is_dataclass(value) and not isinstance(value, type):
        return _filled_table(value, values, where)
    return value


def _filled_table(table: Any, values: Values, where: str) -> Any:  # noqa: ANN401
    lenient, changes = isinstance(table, Checks), {}
    for part in fields(table):
        found = _filled(getattr(table, part.name), values, where, bool(part.metadata.get("regex")), lenient)
        if found is _LEFT_OUT and not lenient:
            return _LEFT_OUT
        changes[part.name] = default(part) if found is _LEFT_OUT else found
    return replace(table, **changes)


def default(part: Field[Any]) -> Any:  # noqa: ANN401
    """What a key is when it is not given."""
    return part.default_factory() if part.default_factory is not MISSING else part.default


def captured(steps: Iterable[Step]) -> list[str]:
    """Names that steps take from what they read."""
    return [name for step in steps for name in named_groups(step.expect)]


def named_groups(pattern: str) -> list[str]:
    """Names of a regular expression's groups, variables in it not yet filled in."""
    return re.findall(r"\(\?P<(\w+)>", pattern)


def value_options(system: System) -> list[str]:
    """Options that are variables; those of kind `environment` are not, they are many values under one name."""
    return [name for name, option in system.options.items() if option.kind != "environment"]


def session_names(system: System) -> list[str]:
    """Names known once the setup has run."""
    return [*SESSION, *value_options(system), *captured(system.setup)]


def tenant_names(system: System) -> list[str]:
    """Names known when a tenant starts."""
    return [*session_names(system), *TENANT, *captured(system.tenant.before)]
