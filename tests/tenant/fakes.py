"""What the tests of the tenant share."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

HELLO = 'print(\'@gvb {"hello": 2, "pid": 1, "boot_id": "", "cpus": [0]}\', flush=True)\n'
"""First words of a fake."""


def lives(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def eventually(holds: Callable[[], bool], seconds: float = 20.0) -> bool:
    """Whether something comes true, given much time."""
    until = time.monotonic() + seconds
    while not holds() and time.monotonic() < until:
        time.sleep(0.01)
    return holds()
