"""What users write: small files that they name, and names that they meant."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable
from pathlib import Path

MOST = 1 << 20
"""Bytes of the largest file that is read."""


def small_text(path: Path) -> str:
    """The text of a file; OSError for what is none or too large, UnicodeDecodeError for what is not UTF-8."""
    # not blocking: a FIFO without a writer would never open
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "it is a device, a pipe or a socket, expected a file", str(path))
        found = file.read(MOST + 1)
    if len(found) > MOST:
        raise OSError(errno.EFBIG, "it has more than 1 MiB, expected a few lines", str(path))
    return found.decode()


def counted(number: int, noun: str, plural: str = "") -> str:
    """`1 run`, `3 runs`."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def told(seconds: float) -> str:
    """A duration in words: `40 s`, `2 min 10 s`, `3 h`."""
    if seconds < 100:
        return f"{max(1, round(seconds))} s"
    if seconds < 6000:
        minutes, rest = divmod(10 * round(seconds / 10), 60)
        return f"{minutes} min" + (f" {rest} s" if rest else "")
    return f"{seconds / 3600:.1f} h"


def span(least: float, most: float) -> str:
    """Two durations in words: `40 s`, `40 s to 3 min`."""
    return told(least) if told(least) == told(most) else f"{told(least)} to {told(most)}"


def nearest(name: str, known: Iterable[str]) -> str:
    """`; did you mean X?`, or what there is."""
    import difflib

    names = list(known)
    near = difflib.get_close_matches(name, names, n=1)
    return f"; did you mean {near[0]}?" if near else f"; there are {', '.join(names)}" if names else ""
