"""Texts and numbers as LaTeX, in any font encoding."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence

from gpu_virt_bench.model.shape import visible
from gpu_virt_bench.report.signs import in_ascii

MEANINGS = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "%": r"\%",
    "&": r"\&",
    "#": r"\#",
    "$": r"\$",
    "_": r"\_\allowbreak{}",
    "/": r"/\allowbreak{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': "{''}",
    "'": r"\textquotesingle{}",
    "`": r"\textasciigrave{}",
    # where an argument or a line may begin
    "[": "{[}",
    "]": "{]}",
    "*": "{*}",
    "±": r"\ensuremath{\pm}",
    "×": r"\ensuremath{\times}",  # noqa: RUF001
    "·": r"\ensuremath{\cdot}",
    "↓": r"\ensuremath{\downarrow}",
    "↑": r"\ensuremath{\uparrow}",
    "→": r"\ensuremath{\rightarrow}",
    "−": r"\ensuremath{-}",  # noqa: RUF001
    "–": r"\textendash{}",  # noqa: RUF001
    "…": r"\dots{}",
    "≤": r"\ensuremath{\leq}",
    "≥": r"\ensuremath{\geq}",
    "µ": r"\ensuremath{\mu}",
    "μ": r"\ensuremath{\mu}",
}
LIGATURES = re.compile(r"([-,!?])(?=[-,`'])")
"""Pairs that fonts draw as one sign."""
ACCENTS = {"\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0308": '"', "\u030a": "r", "\u0327": "c"}
LETTERS = {"ß": r"\ss{}", "æ": r"\ae{}", "Æ": r"\AE{}", "ø": r"\o{}", "Ø": r"\O{}", "å": r"\aa{}", "Å": r"\AA{}"}


def escaped(text: str) -> str:
    """The text in one line, without a meaning in LaTeX."""
    return "".join(map(letter, LIGATURES.sub("\\1\0", visible(" ".join(text.split())))))


def letter(sign: str) -> str:
    """One letter; what is none of Latin's is written as on a terminal without it."""
    if sign == "\0":
        return "{}"
    if sign in MEANINGS:
        return MEANINGS[sign]
    if sign.isascii():
        return sign
    base, rest = (apart := unicodedata.normalize("NFD", sign))[:1], apart[1:]
    if rest in ACCENTS and base.isascii() and base.isalpha() and base not in "ij":
        return f"\\{ACCENTS[rest]}{{{base}}}"
    return LETTERS[sign] if sign in LETTERS else escaped(in_ascii(sign))


def comment(text: str) -> str:
    """The text as a comment's: in one line of ASCII."""
    return in_ascii(visible(" ".join(text.split())))


def exact(value: float) -> str:
    """A number with all its digits."""
    return repr(float(value))


def finite(*values: float | None) -> bool:
    """Whether all are numbers that have a place on an axis."""
    return all(value is not None and math.isfinite(value) for value in values)


def coordinates(points: Sequence[tuple[float, float]]) -> str:
    """Places on a plane."""
    return " ".join(f"({exact(x)},{exact(y)})" for x, y in points)
