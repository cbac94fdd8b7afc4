"""Our signs, and what stands for them where an encoding lacks them."""

from __future__ import annotations

SIGNS = {"↓": "v", "↑": "^", "→": "->", "·": "-", "×": "x", "±": "+-", "…": "...", "␛": "^[", "−": "-", "–": "-"}  # noqa: RUF001
LEVELS = "▁▂▃▄▅▆▇█"
"""Bars, from low to high."""
SIGNS |= dict(zip(LEVELS, "_.-:=+*#", strict=True))
"""Our signs in ASCII; a letter that is none of ours is written as Python writes it: \\xfc."""


def in_ascii(text: str) -> str:
    """The text in ASCII."""
    if text.isascii():
        return text
    return "".join(SIGNS.get(sign) or sign.encode("ascii", "backslashreplace").decode() for sign in text)


def writable(text: str, encoding: str) -> str:
    """The text with those letters in ASCII that an encoding lacks: before it is laid out, since they are longer."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return "".join(sign if can(sign, encoding) else in_ascii(sign) for sign in text)
    except LookupError:
        return text
    return text


def can(sign: str, encoding: str) -> bool:
    """Whether an encoding has a letter."""
    try:
        sign.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
