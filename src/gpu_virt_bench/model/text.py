"""What users write: small files that they name, and names that they meant."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable
from pathlib import Path

MOST = 1 << 20
"""Bytes of the largest file that is read."""
NEAREST = 4
"""Of names that are equally near, so many are offered."""
MANY = 40
"""More names than this help nobody."""


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


def percents(shares: Iterable[float]) -> str:
    """Parts of the whole as people read them: `50/25/25 %`."""
    return "/".join(f"{100 * share:g}" for share in shares) + " %"


def write_whole(path: Path, text: str | bytes | Iterable[str]) -> None:
    """Writes a file, of one text, of bytes or of pieces of text, whole or not at all; OSError names it.

    What is no regular file, such as a FIFO, is written to.
    """
    try:
        whole = [text] if isinstance(text, str | bytes) else text
        pieces = (piece if isinstance(piece, bytes) else piece.encode() for piece in whole)
        if path.exists() and not path.is_file():
            with path.open("wb") as file:
                file.writelines(pieces)
            return
        place = path.resolve()
        fresh = place.with_name(f".gvb-{os.getpid()}.new")
        try:
            with fresh.open("wb") as file:
                file.writelines(pieces)
            fresh.replace(place)
        finally:
            fresh.unlink(missing_ok=True)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None


def nearest(name: str, known: Iterable[str], shown_by: str = "") -> str:
    """`; did you mean X or Y?`, or what there is; of very many, the command that shows them."""
    names = list(known)
    if near := equally_near(name, names):
        return f"; did you mean {' or '.join(near)}?"
    if shown_by:
        return f"; `gpu-virt-bench {shown_by}` shows all"
    return f"; there are {', '.join(names)}" if 0 < len(names) <= MANY else ""


def closest(name: str, known: Iterable[str], least: float = 0.6) -> str:
    """The known name that is most like this one in any case of letters; "" where none is `least` like it."""
    near = equally_near(name, known, least)
    return near[0] if near else ""


def equally_near(name: str, known: Iterable[str], least: float = 0.6) -> list[str]:
    """The known names that are most like this one, a few at most; none where none is `least` like it."""
    import difflib

    folded = {one.casefold(): one for one in known}
    near = difflib.get_close_matches(name.casefold(), folded, n=NEAREST, cutoff=least)
    likeness = [difflib.SequenceMatcher(None, one, name.casefold()).ratio() for one in near]
    found = [folded[one] for one, like in zip(near, likeness, strict=True) if like == likeness[0]]
    return sorted(found)


def told(seconds: float) -> str:
    """A duration in words: `40 s`, `2 min 10 s`, `67 min`, `3 h`."""
    if seconds < 100:
        return f"{max(1, round(seconds))} s"
    if 600 <= seconds < 6000:
        return f"{round(seconds / 60)} min"
    if seconds < 6000:
        minutes, rest = divmod(10 * round(seconds / 10), 60)
        return f"{minutes} min" + (f" {rest} s" if rest else "")
    return f"{seconds / 3600:.1f} h"


def span(least: float, most: float) -> str:
    """Two durations in words: `40 s`, `40 s to 3 min`."""
    return told(least) if told(least) == told(most) else f"{told(least)} to {told(most)}"
