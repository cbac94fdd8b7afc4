"""Turns words from the command line and from a TOML file into what the engine asks for."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any

import click

from gpu_virt_bench.model.text import nearest, small_text, write_whole

if TYPE_CHECKING:
    from gpu_virt_bench.report.blocks import Block

MOST_INTEGER = (1 << 63) - 1
"""Run files hold integers of 64 bits."""
Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def check_words(options: Mapping[str, Any]) -> None:
    """Refuses empty words and bytes that are not UTF-8: what a run was asked for stands in its file, as text."""
    for name, value in options.items():
        for word in [value] if isinstance(value, str) else value if isinstance(value, list | tuple) else []:
            if isinstance(word, str) and not word.strip(" ,") and name != "label":
                raise click.UsageError(f"--{name.replace('_', '-')} is empty: leave it out, or say what you mean")
            if isinstance(word, str) and any("\ud800" <= letter <= "\udfff" for letter in word):
                raise click.UsageError(
                    f"--{name.replace('_', '-')} is {word!r}, expected UTF-8 text: it is kept in the run file"
                )


def check_folder(text: str) -> Path:
    """The directory for run files, if it can be one; what it lacks is made later."""
    path = Path(text)
    try:
        nearest_there = next(one for one in (path, *path.absolute().parents) if is_there(one))
    except OSError as error:
        raise click.UsageError(f"--output is {text!r}: {error.strerror}") from None
    if not nearest_there.is_dir():
        what = "which is a file" if nearest_there == path else f"but {nearest_there} is no directory"
        raise click.UsageError(f"--output is {text!r}, {what}; expected a directory")
    if not os.access(nearest_there, os.W_OK | os.X_OK):
        raise click.UsageError(f"--output is {text!r}: no permission to write in {nearest_there}")
    if reason := unwritable(nearest_there):
        raise click.UsageError(f"--output is {text!r}: {nearest_there} cannot be written in: {reason}")
    return path


def unwritable(folder: Path) -> str:
    """Why no file can be made in a directory, "" if one can: a read-only file system and /proc refuse root as well."""
    try:
        with TemporaryFile(dir=folder):
            return ""
    except OSError as error:
        return error.strerror or "the operating system refuses"


def check_file(context: click.Context, parameter: click.Parameter, path: Path | None) -> Path | None:
    """A click callback: the file that is written at the end, if it can be; said before the work and not after it."""
    if path is not None:
        check_writable(path)
    return path


def check_writable(path: Path) -> None:
    """Refuses what cannot be written as a file."""
    if not path.exists():
        reason = unwritable(path.absolute().parent)
    else:
        reason = "Is a directory" if path.is_dir() else "" if os.access(path, os.W_OK) else "Permission denied"
    if reason:
        raise click.UsageError(f"cannot write {path}: {reason}")


def is_there(path: Path) -> bool:
    """Whether anything has that name, a link that leads nowhere too; OSError if the name cannot be looked up."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def written(*forms: str) -> Decorator:
    """The options of every command that writes something: --format and -o."""

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        kinds = click.Choice(["text", *forms])
        path = click.Path(path_type=Path)
        named = click.option("-o", "--output", type=path, metavar="FILE", callback=check_file, help="Write it there.")
        command = named(command)
        return click.option("--format", "form", type=kinds, default="text", help="How to write it.  [text]")(command)

    return add


def write(text: str, output: Path | None) -> None:
    """To standard output, or to a file."""
    write_pieces([text], output)


def write_pieces(pieces: Iterable[str], output: Path | None) -> None:
    """The same of a long text."""
    if output is None:
        for piece in ended(pieces):
            click.echo(piece, nl=False)
        return
    write_file(ended(pieces), output)


def write_file(content: bytes | Iterable[str], output: Path) -> None:
    """A file, whole or not at all."""
    try:
        write_whole(output, content)
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


def shown(blocks: Sequence[Block], form: str, output: Path | None) -> None:
    """A report for people, as text or as Markdown."""
    from gpu_virt_bench.report.render.markdown import markdown
    from gpu_virt_bench.report.render.text import print_blocks
    from gpu_virt_bench.report.text import console

    if form == "markdown":
        write(markdown(blocks), output)
    else:
        printed(lambda: print_blocks(blocks, console()), output)


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
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
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
    name, is_switch = str(option.name).replace("_", "-"), bool(getattr(option, "is_flag", False))
    if isinstance(value, Mapping) and "VALUE" in str(option.metavar):
        return [f"{key}={entry}" for key, entry in flat(value)]
    if isinstance(value, list) and not option.multiple:
        raise click.UsageError(f"{path}: {name} is a list, expected one value")
    entries = value if isinstance(value, list) else [value]
    for entry in entries:
        if not isinstance(entry, str | int | float) or isinstance(entry, bool) is not is_switch:
            expected = "true or false" if is_switch else option.metavar or "a word"
            raise click.UsageError(f"{path}: {name} has {entry!r}, expected {expected}")
    words = entries if is_switch else [str(entry) for entry in entries]
    return words if option.multiple else words[0]


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
