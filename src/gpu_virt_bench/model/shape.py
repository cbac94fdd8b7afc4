"""Builds the types of model/run.py from JSON values, and stops at the first that does not fit.

pydantic, which writes the files and their schema, lists every misfit: 16 MiB of wrong values took it 10 GB.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from functools import cache, partial
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

Builder = Callable[[Any], Any]
SCALARS: Mapping[Any, tuple[tuple[type, ...], str]] = {
    str: ((str,), "a string"),
    int: ((int,), "an integer"),
    float: ((float, int), "a number"),
    bool: ((bool,), "true or false"),
    types.NoneType: ((types.NoneType,), "null"),
}
"""Type of a field -> types of the JSON values that fit (exactly: true is no integer), and its name."""

PLAIN = (str, int, float)
"""The members of a table's cells: most values of a file are such."""
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
    return builder(kind)(value)


@cache
def builder(kind: Any) -> Builder:  # noqa: ANN401
    """What builds values of a type; a file has thousands of each."""
    origin, inner = get_origin(kind), get_args(kind)
    if is_dataclass(kind):
        return partial(record, kind)
    if origin is list:
        return partial(sequence, inner[0])
    if origin in (dict, Mapping):
        return partial(mapping, inner[1])
    if origin is Literal:
        return partial(choice, inner)
    if origin in (Union, types.UnionType):
        return union(inner)
    return partial(scalar, kind)


def union(members: tuple[Any, ...]) -> Builder:
    """What builds one of several types."""
    if set(members) <= set(SCALARS):
        by_type = {one: partial(scalar, kind) for kind in reversed(members) for one in SCALARS[kind][0]}
        refused = partial(member, members)
        return lambda value: by_type.get(type(value), refused)(value)
    return lambda value: build(member(members, value), value)


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


def sequence(kind: Any, values: Any) -> list[Any]:  # noqa: ANN401
    """Every entry as that type."""
    expect(list, values, "a list")
    if kind is float and all_numbers(values):
        return [float(value) for value in values]
    make, made = builder(kind), []
    for index, value in enumerate(values):
        try:
            made.append(make(value))
        except Misfit as error:
            error.place.insert(0, index)
            raise
    return made


def all_numbers(values: list[Any]) -> bool:
    """Whether every entry is a number: most of a file are such lists."""
    return set(map(type, values)) <= {float, int}


def mapping(kind: Any, values: Any) -> dict[str, Any]:  # noqa: ANN401
    """Every value as that type; keys are made visible, and must still differ."""
    expect(dict, values, "an object")
    if get_args(kind) == PLAIN and set(map(type, values.values())) <= {str, int, float}:
        made = {visible(key): visible(value) if type(value) is str else value for key, value in values.items()}
        return unlike_keys(made, values)
    make, made = builder(kind), {}
    for key, value in values.items():
        try:
            made[visible(key)] = make(value)
        except Misfit as error:
            error.place.insert(0, key)
            raise
    return unlike_keys(made, values)


def unlike_keys(made: dict[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """What was made, if it has as many keys as the file."""
    if len(made) < len(values):
        raise Misfit("has keys that differ in control characters alone")
    return made


@cache
def members_of(kind: Any) -> dict[str, tuple[Builder, bool]]:  # noqa: ANN401
    """Fields of a type: name -> what builds it, and whether it may be absent."""
    hints = get_type_hints(kind)
    return {
        entry.name: (builder(hints[entry.name]), entry.default is not MISSING or entry.default_factory is not MISSING)
        for entry in fields(kind)
    }


def record(kind: Any, values: Any) -> Any:  # noqa: ANN401
    """An object with the fields of a type: all that it needs, none that it does not know."""
    known = members_of(kind)
    for name in expect(dict, values, "an object"):
        if name not in known:
            raise Misfit("is an unknown key; a newer gpu-virt-bench may read it", name)
    made = {}
    for name, (make, optional) in known.items():
        if name not in values and not optional:
            raise Misfit("is missing", name)
        if name in values:
            try:
                made[name] = make(values[name])
            except Misfit as error:
                error.place.insert(0, name)
                raise
    return kind(**made)
