"""Processes that a tenant leaves behind: they end with it."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path

PATIENCE = {signal.SIGTERM: 1.0, signal.SIGKILL: 5.0}
"""Seconds that each signal has to do its work."""
POLL = 0.01


def members(leader: int) -> list[int]:
    """The living processes of a leader's session or group, without the leader itself."""
    pids = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return [pid for pid in pids if pid != leader and belongs(pid, leader)]


def belongs(pid: int, leader: int) -> bool:
    """Whether a process lives and is of this session or group."""
    try:
        state, _, group, session = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[:4]
    except (OSError, ValueError):
        return False
    return state not in "ZX" and str(leader) in (group, session)


def end_group(leader: int) -> None:
    """Ends what is left of a leader's session and group.

    The leader has ended and is not reaped yet: as long as that is so, nobody else can have its number.
    """
    for number, patience in PATIENCE.items():
        until = time.monotonic() + patience
        while time.monotonic() < until:
            if not (left := members(leader)):
                return
            for pid in left:  # anew each time: one of them may have forked
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, number)
            time.sleep(POLL)
