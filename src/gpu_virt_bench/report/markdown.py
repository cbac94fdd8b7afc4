"""Tables in Markdown, from words that anyone may have written."""

from __future__ import annotations

import re
from collections.abc import Sequence

from gpu_virt_bench.model.shape import visible

SPECIAL = re.compile(r"([\\`*_\[\]|~#!$])")
MENTION = re.compile(r"@(?=\w)")


def escaped(text: str) -> str:
    """The text in one line, without a meaning in Markdown or HTML."""
    plain = visible(" ".join(text.split())).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return unmentioned(SPECIAL.sub(r"\\\1", plain))


def unmentioned(text: str) -> str:
    """The text with no `@name` that GitHub would write to: it looks for them when all escapes are gone."""
    return MENTION.sub("@<!-- -->", text)


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table with a line for each row."""
    lines = [headings, ["---"] * len(headings), *([escaped(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
