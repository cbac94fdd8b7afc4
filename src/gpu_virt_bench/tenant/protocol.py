"""The lines between harness and tenant: one JSON object a line, the tenant's marked, since layers print too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

PROTOCOL = 2
MARK = b"@gvb "

Message = dict[str, Any]


def encode(message: Message) -> bytes:
    """A line for the tenant's standard input."""
    return json.dumps(message, separators=(",", ":"), allow_nan=False).encode() + b"\n"


def mark(message: Message) -> bytes:
    """A line of the tenant's standard output. Starts with a newline: a layer may have left a line unfinished."""
    return b"\n" + MARK + encode(message)


def decode(line: bytes) -> Message | None:
    """The message in a line of a tenant's output, None for stray output."""
    if not line.startswith(MARK):
        return None
    try:
        message = json.loads(line[len(MARK) :])
    except (ValueError, RecursionError):
        return None
    return message if isinstance(message, dict) else None


def boot_id() -> str:
    """Which boot of which kernel this is, "" where that is not said: equal ids have one CLOCK_MONOTONIC."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""
