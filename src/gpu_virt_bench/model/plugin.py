"""What another package brings through an entry point, when it cannot be used."""

from __future__ import annotations

from importlib.metadata import EntryPoint


def left_out(entry: EntryPoint, error: BaseException) -> str:
    """A sentence that names the package, what it wanted to bring, and what is wrong with it."""
    package = entry.dist.name if entry.dist is not None else "a package"
    why = " ".join((str(error) or type(error).__name__).split())
    return f"{package} is left out: its entry point {entry.name} = {entry.value!r} ({entry.group}) is broken: {why}"
