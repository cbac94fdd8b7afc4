"""SVG elements and texts that are safe whatever they hold."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from markupsafe import Markup, escape

Look = dict[str, str | float]
"""Attributes of an element."""
UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]"
)
"""What neither HTML nor a reader can take: control characters, changes of direction, halves of a pair."""
NARROW = frozenset("ijlftrI.,:;'|!()[]{} -")
WIDE = frozenset("mwMW%@+=<>#~")


def clean(text: str) -> str:
    """The text with each unseen character written as what it is: `[U+202E]`."""
    if text.isascii() and text.isprintable():
        return text
    return UNSEEN.sub(lambda found: f"[U+{ord(found[0]):04X}]", text)


def element(name: str, *children: str, **attributes: str | float) -> Markup:
    """An element; texts among its children are escaped. `text_anchor` is written `text-anchor`."""
    said = "".join([f' {key.replace("_", "-")}="{written(value)}"' for key, value in attributes.items()])
    inside = "".join([child if type(child) is Markup else escape(clean(child)) for child in children])
    return Markup(f"<{name}{said}>{inside}</{name}>" if inside else f"<{name}{said}/>")


def written(value: str | float) -> str:
    """An attribute's value: numbers as short as a tenth of a pixel allows."""
    if isinstance(value, str):
        return escape(clean(value))
    rounded = round(value, 1)
    return str(int(rounded) if rounded == int(rounded) else rounded)


def joined(parts: list[Markup]) -> Markup:
    """Elements beside each other."""
    return Markup("").join(parts)


def label(x: float, y: float, text: str, **attributes: str | float) -> Markup:
    """A text, by the left end of its base line."""
    return element("text", text, x=x, y=y, **attributes)


def lines(ends: Iterable[tuple[float, float, float, float]], **attributes: str | float) -> Markup:
    """Straight lines of one look, as one path: shorter."""
    places = (f"M{written(x1)} {written(y1)}L{written(x2)} {written(y2)}" for x1, y1, x2, y2 in ends)
    return element("path", d="".join(places), **attributes)


def line(x1: float, y1: float, x2: float, y2: float, **attributes: str | float) -> Markup:
    """A straight line."""
    return lines([(x1, y1, x2, y2)], **attributes)


@lru_cache(maxsize=4096)
def letter_width(letter: str) -> float:
    """About how wide a letter is, for a size of 1, in the widest of the usual fonts."""
    if letter in NARROW:
        return 0.36
    if letter in WIDE:
        return 0.95
    if unicodedata.east_asian_width(letter) in "WF":
        return 1.0
    return 0.72 if letter.isupper() else 0.62


def width_of(text: str, size: float) -> float:
    """About how wide a text is drawn; only its first letters count, since nothing drawn is that long."""
    return size * sum(map(letter_width, clean(text[:400])))


def cut(text: str, room: float, size: float) -> str:
    """The text, or as much of its beginning as fits, with an ellipsis."""
    text = clean(text)
    if width_of(text, size) <= room:
        return text
    end, used = 0, letter_width("m") * size
    while end < len(text) and used + letter_width(text[end]) * size <= room:
        used += letter_width(text[end]) * size
        end += 1
    return text[:end].rstrip() + "…"


def wrapped(text: str, room: float, size: float, most: int) -> list[str]:
    """The text in at most so many lines; what does not fit is cut."""
    found: list[str] = []
    rest = clean(text[:400]).split()
    while rest and len(found) < most - 1:
        taken = 1
        while taken < len(rest) and width_of(" ".join(rest[: taken + 1]), size) <= room:
            taken += 1
        found.append(cut(" ".join(rest[:taken]), room, size))
        rest = rest[taken:]
    return [*found, cut(" ".join(rest), room, size)] if rest else found or [""]
