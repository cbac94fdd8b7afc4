"""Processes of other programs: whether one is still the same, how it is ended, and children that end with us."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from pathlib import Path

POLL = 0.02
FOLLOW = (
    "import ctypes, os, sys\n"
    "ctypes.CDLL(None).prctl(1, 15)\n"  # PR_SET_PDEATHSIG, SIGTERM
    "os.getppid() == int(sys.argv[1]) or sys.exit(1)\n"
    "os.execvp(sys.argv[2], sys.argv[2:])"
)
"""Python that becomes another program which gets SIGTERM when its parent dies.

A process of its own instead of `preexec_fn`, which may deadlock where the harness has threads.
"""


def following(argv: list[str]) -> list[str]:
    """The argv of a child that does not outlive us."""
    return [sys.executable, "-I", "-S", "-c", FOLLOW, str(os.getpid()), *argv]


def stat(pid: int) -> list[str]:
    """The fields of /proc/<pid>/stat from the state on; empty if there is no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def start_time(pid: int) -> str | None:
    """When a process began, in clock ticks after boot; None if it is gone."""
    fields = stat(pid)
    return fields[19] if fields else None


def cpu_seconds(pid: int) -> float:
    """CPU time that all threads of a process have used, by the kernel's schedstat; 0 once it is gone."""
    used = 0
    for task in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        with contextlib.suppress(OSError):
            used += int(task.read_text().split()[0])
    return used * 1e-9


def lives(pid: int, start: str) -> bool:
    """Whether this very process still runs: a pid may be used again, a start time not. A zombie does not run."""
    fields = stat(pid)
    return bool(fields) and fields[19] == start and fields[0] not in "ZX"


def end(pid: int, start: str, grace: float, group: bool = False) -> bool:
    """SIGTERM, then SIGKILL after `grace` seconds; whether it is gone. Another process of that pid is left alone."""
    for number, patience in ((signal.SIGTERM, grace), (signal.SIGKILL, 5.0)):
        if not lives(pid, start):
            return True
        with contextlib.suppress(ProcessLookupError, PermissionError):
            (os.killpg if group and os.getpgid(pid) == pid else os.kill)(pid, number)
        wait(pid, start, patience)
    return not lives(pid, start)


def wait(pid: int, start: str, seconds: float) -> None:
    """Until it is gone, so many seconds at most."""
    until = time.monotonic() + seconds
    while lives(pid, start) and time.monotonic() < until:
        time.sleep(POLL)
