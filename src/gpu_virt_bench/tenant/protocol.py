"""The lines between harness and tenant: one JSON object a line, the tenant's marked, since layers print too."""

from __future__ import annotations

import json
from typing import Any

PROTOCOL = 1
MARK = "@gvb "

Message = dict[str, Any]


def encode(message: Message) -> str:
    """A line for the tenant's standard input."""
    return json.dumps(message, separators=(",", ":")) + "\n"


def mark(message: Message) -> str:
    """A line of the tenant's standard output. Starts with a newline: a layer may have left a line unfinished."""
    return "\n" + MARK + encode(message)


def decode(line: str) -> Message | None:
    """The message in a line of a tenant's output, None for stray output."""
    if not line.startswith(MARK):
        return None
    try:
        message = json.loads(line[len(MARK) :])
    except ValueError:
        return None
    return message if isinstance(message, dict) else None
