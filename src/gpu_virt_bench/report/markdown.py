"""Words in Markdown that anyone may have written."""

from __future__ import annotations

import re

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
