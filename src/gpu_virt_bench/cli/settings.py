"""Turns words from the command line and from a TOML file into what the engine asks for."""

from __future__ import annotations

import os
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import click

from gpu_virt_bench.model.text import nearest, small_text

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def written(*forms: str) -> Decorator:
    """The options of every command that writes something: --format and -o."""

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        kinds = click.Choice(["text", *forms])
        path = click.Path(path_type=Path)
        command = click.option("-o", "--output", type=path, metavar="FILE", help="Write it there.")(command)
        return click.option("--format", "form", type=kinds, default="text", help="How to write it.  [text]")(command)

    return add


def write(text: str, output: Path | None) -> None:
    """To standard output, or to a file."""
    write_pieces([text], output)


def write_pieces(pieces: Iterable[str], output: Path | None) -> None:
    """The same of a long text. Where the reader of standard output has gone (`| head`), the rest is dropped, and the
    exit status is the command's own."""
    if output is None:
        try:
            for piece in ended(pieces):
                click.echo(piece, nl=False)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is still buffered goes there
        return
    try:
        with output.open("w", encoding="utf-8") as file:
            file.writelines(ended(pieces))
    except OSError as error:
        raise click.UsageError(f"cannot write {output}: {error.strerror}") from None


def ended(pieces: Iterable[str]) -> Iterator[str]:
    """The pieces of a text that ends with its line."""
    last = ""
    for last in pieces:
        yield last
    if not last.endswith("\n"):
        yield "\n"


def printed(print_it: Callable[[], object], output: Path | None) -> None:
    """What a report prints, with colours on a terminal, or to a file."""
    if output is None:
        print_it()
        return
    with redirect_stdout(StringIO()) as text:
        print_it()
    write(text.getvalue(), output)


def pairs(words: Sequence[str], option: str) -> dict[str, str]:
    """`name=value` words as a mapping."""
    found = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise click.UsageError(f"{option} is {word!r}, expected name=value")
        found[name] = value
    return found


def split(words: Sequence[str]) -> list[str]:
    """Names that stand apart or are joined by commas; commas in brackets belong to a name."""
    names: list[str] = []
    for word in words:
        depth, current = 0, ""
        for letter in word:
            depth += (letter == "[") - (letter == "]")
            if letter == "," and depth == 0:
                names.append(current)
                current = ""
            else:
                current += letter
        names.append(current)
    return [name.strip() for name in names if name.strip()]


def load_config(context: click.Context, parameter: click.Parameter, path: str | None) -> None:
    """A click callback: the values of a TOML file become the defaults of the command's other options."""
    if path is None:
        return
    try:
        values = tomllib.loads(small_text(Path(path)))
    except OSError as error:
        raise click.UsageError(f"cannot read {path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise click.UsageError(f"{path} is not TOML: {error}") from None
    options = {str(one.name): one for one in context.command.params if one is not parameter}
    known = [name.replace("_", "-") for name in options]
    defaults = {}
    for key, value in values.items():
        name = key.replace("-", "_")
        if name not in options:
            raise click.UsageError(f"{path}: unknown key {key!r}{nearest(name.replace('_', '-'), known)}")
        defaults[name] = default(path, options[name], value)
    context.default_map = {**(context.default_map or {}), **defaults}


def default(path: str, option: click.Parameter, value: Any) -> Any:  # noqa: ANN401
    """One value of a TOML file as click takes it."""
    if isinstance(value, Mapping):
        return [f"{key}={entry}" for key, entry in flat(value)]
    if option.multiple:
        return [value] if isinstance(value, str) else [str(entry) for entry in value]
    if isinstance(value, list):
        raise click.UsageError(f"{path}: {str(option.name).replace('_', '-')} is a list, expected one value")
    return value if isinstance(value, bool) else str(value)


def flat(values: Mapping[str, Any], before: str = "") -> list[tuple[str, Any]]:
    """Nested tables as dotted names."""
    found: list[tuple[str, Any]] = []
    for key, value in values.items():
        found += flat(value, f"{before}{key}.") if isinstance(value, Mapping) else [(f"{before}{key}", value)]
    return found


def by_system(
    options: Mapping[str, str], accepts: Mapping[str, Callable[[str], bool]], known: Mapping[str, Sequence[str]]
) -> dict[str, dict[str, str]]:
    """Options given as NAME=VALUE or SYSTEM.NAME=VALUE, sorted to the systems that accept them."""
    sorted_options: dict[str, dict[str, str]] = {name: {} for name in accepts}
    for key, value in options.items():
        system, dot, rest = key.partition(".")
        owners = [(system, rest)] if dot and system in accepts else [(found, key) for found in accepts]
        taken = [(owner, name) for owner, name in owners if accepts[owner](name)]
        if not taken:
            there = ", ".join(f"{found}.{option}" for found in known for option in known[found]) or "none for these"
            raise click.UsageError(f"no option {key!r} for {', '.join(accepts)}; there are {there}")
        for owner, name in taken:
            sorted_options[owner][name] = value
    return sorted_options
