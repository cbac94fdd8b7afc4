"""Builds the types of model/run.py from JSON values, and stops at the first that does not fit.

pydantic, which writes the files and their schema, lists every misfit: 16 MiB of wrong values took it 10 GB.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

SCALARS: Mapping[Any, tuple[tuple[type, ...], str]] = {
    str: ((str,), "a string"),
    int: ((int,), "an integer"),
    float: ((float, int), "a number"),
    bool: ((bool,), "true or false"),
    types.NoneType: ((types.NoneType,), "null"),
}
"""Type of a field -> types of the JSON values that fit (exactly: true is no integer), and its name."""

SYMBOLS = {
    **{code: 0x2400 + code for code in range(0x20) if chr(code) not in "\t\n"},
    0x7F: 0x2421,
    **dict.fromkeys(range(0x80, 0xA0), 0xFFFD),
    **dict.fromkeys([0x061C, 0xFEFF, *range(0x200B, 0x2010), *range(0x2028, 0x202F), *range(0x2060, 0x2070)], 0xFFFD),
    **dict.fromkeys(range(0xD800, 0xE000), 0xFFFD),
}
"""What moves a terminal's cursor, reorders its text, hides in it or cannot be encoded -> what stands for it."""


class Misfit(Exception):
    """A value that does not belong where it stands; `place` leads to it."""

    def __init__(self, problem: str, *place: str | int) -> None:
        super().__init__(problem)
        self.place = list(place)

    def __str__(self) -> str:
        place = ".".join(printable(str(key))[:60] for key in self.place)
        return f"{place} {super().__str__()}".strip()


def printable(text: str) -> str:
    """The text in one line without control characters; as a Python literal if it has some."""
    return text if text.isprintable() else ascii(text)


def shown(value: object) -> str:
    """What was found, for a message: short and printable."""
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    return ascii(value[:30] + "..." if isinstance(value, str) and len(value) > 30 else value)


def visible(text: str) -> str:
    """The text with a symbol in the place of each control character but tab and newline: `␛` for escape."""
    return text if text.isprintable() else text.translate(SYMBOLS)


def build(kind: Any, value: Any) -> Any:  # noqa: ANN401  any type of model/run.py, any JSON value
    """The value as that type."""
    if is_dataclass(kind):
        return record(kind, expect(dict, value, "an object"))
    origin = get_origin(kind)
    if origin is list:
        return sequence(get_args(kind)[0], expect(list, value, "a list"))
    if origin in (dict, Mapping):
        return mapping(get_args(kind)[1], expect(dict, value, "an object"))
    if origin is Literal:
        return choice(get_args(kind), value)
    if origin in (Union, types.UnionType):
        return build(member(get_args(kind), value), value)
    return scalar(kind, value)


def expect(kind: type, value: Any, name: str) -> Any:  # noqa: ANN401
    """The value, if it is of that JSON type."""
    if type(value) is not kind:
        raise Misfit(f"is {shown(value)}, expected {name}")
    return value


def scalar(kind: Any, value: Any) -> Any:  # noqa: ANN401
    """A string (made visible), a number, true, false or null."""
    fitting, name = SCALARS[kind]
    if type(value) not in fitting:
        raise Misfit(f"is {shown(value)}, expected {name}")
    return visible(value) if kind is str else kind(value) if kind is float else value


def choice(allowed: tuple[Any, ...], value: Any) -> Any:  # noqa: ANN401
    """One of a few words."""
    if not isinstance(value, str) or value not in allowed:
        raise Misfit(f"is {shown(value)}, expected {' or '.join(allowed)}")
    return value


def member(members: tuple[Any, ...], value: Any) -> Any:  # noqa: ANN401
    """The type of a union that the value claims to be: by null, by `outcome`, or by its JSON type."""
    if value is None and types.NoneType in members:
        return types.NoneType
    others = [kind for kind in members if kind is not types.NoneType]
    if len(others) == 1:
        return others[0]
    if is_dataclass(others[0]):
        tags = {kind.outcome: kind for kind in others}
        tag = expect(dict, value, "an object").get("outcome")
        try:
            return tags[choice(tuple(tags), tag)]
        except Misfit as error:
            raise Misfit(str(error), "outcome") from None
    for kind in others:
        if type(value) in SCALARS[kind][0]:
            return kind
    raise Misfit(f"is {shown(value)}, expected {' or '.join(SCALARS[kind][1] for kind in others)}")


def sequence(kind: Any, values: list[Any]) -> list[Any]:  # noqa: ANN401
    """Every entry as that type."""
    made = []
    for index, value in enumerate(values):
        try:
            made.append(build(kind, value))
        except Misfit as error:
            error.place.insert(0, index)
            raise
    return made


def mapping(kind: Any, values: dict[str, Any]) -> dict[str, Any]:  # noqa: ANN401
    """Every value as that type; keys are made visible, and must still differ."""
    made = {}
    for key, value in values.items():
        try:
            made[visible(key)] = build(kind, value)
        except Misfit as error:
            error.place.insert(0, key)
            raise
    if len(made) < len(values):
        raise Misfit("has keys that differ in control characters alone")
    return made


@cache
def members_of(kind: Any) -> dict[str, tuple[Any, bool]]:  # noqa: ANN401
    """Fields of a type: name -> its type, and whether it may be absent."""
    hints = get_type_hints(kind)
    return {
        entry.name: (hints[entry.name], entry.default is not MISSING or entry.default_factory is not MISSING)
        for entry in fields(kind)
    }


def record(kind: Any, values: dict[str, Any]) -> Any:  # noqa: ANN401
    """An object with the fields of a type: all that it needs, none that it does not know."""
    known = members_of(kind)
    for name in values:
        if name not in known:
            raise Misfit("is an unknown key; a newer gpu-virt-bench may read it", name)
    made = {}
    for name, (expected, optional) in known.items():
        if name not in values and not optional:
            raise Misfit("is missing", name)
        if name in values:
            try:
                made[name] = build(expected, values[name])
            except Misfit as error:
                error.place.insert(0, name)
                raise
    return kind(**made)
