"""Processes of other programs: whether one is still the same, how it and its group are ended, and children that end
with us."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

POLL = 0.02
MARK = "GVB_SESSION"
"""Variable that a session's processes carry: its directory. Their children have it from them."""
FOLLOW = (
    "import ctypes, os, sys\n"
    "ctypes.CDLL(None).prctl(1, 15)\n"  # PR_SET_PDEATHSIG, SIGTERM
    "os.getppid() == int(sys.argv[1]) or sys.exit(1)\n"
    "os.execvp(sys.argv[2], sys.argv[2:])"
)
"""Python that becomes another program which gets SIGTERM when its parent dies.

A process of its own instead of `preexec_fn`, which may deadlock where the harness has threads.
"""


class Gone(Exception):
    """A process that has ended while its CPU time was counted."""


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
    """CPU time that all threads of a process have used, those that have ended too.

    Raises Gone for a process that has ended: a zombie's clock stands still, and nobody could tell.
    """
    try:
        used = time.clock_gettime_ns((~pid << 3) | 2)  # its CPU clock, as clock_getcpuclockid(3) makes it
    except OSError:
        used = None
    if used is None or not runs(stat(pid)):
        raise Gone(f"process {pid} has ended while its CPU time was counted: what it used since then is not known")
    return used * 1e-9


def runs(fields: list[str]) -> bool:
    """Whether these are a running process's: a zombie does not run."""
    return bool(fields) and fields[0] not in "ZX"


def lives(pid: int, start: str) -> bool:
    """Whether this very process still runs: a pid may be used again, a start time not."""
    fields = stat(pid)
    return runs(fields) and fields[19] == start


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


def members(group: int) -> list[int]:
    """The running processes of a process group."""
    found = [(int(path.name), stat(int(path.name))) for path in Path("/proc").iterdir() if path.name.isdigit()]
    return sorted(pid for pid, fields in found if runs(fields) and int(fields[2]) == group)


def end_members(group: int, mark: str, patience: float = 5.0) -> list[int]:
    """SIGKILL to what is left of a group whose leader has ended; those that still run then.

    The group's number may have been given to others meanwhile: only a process that carries our mark is ended.
    """
    for pid in carriers(members(group), mark):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)
    until = time.monotonic() + patience
    while (left := carriers(members(group), mark)) and time.monotonic() < until:
        time.sleep(POLL)
    return left


def carriers(pids: Sequence[int], mark: str) -> list[int]:
    """Those in whose environment the session's mark is."""
    return [pid for pid in pids if f"{MARK}={mark}".encode() in environment(pid)]


def environment(pid: int) -> list[bytes]:
    """The variables that a process started with; none where they cannot be read."""
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return []


def owner(pid: int, ours: Sequence[int]) -> int:
    """Which of our processes one belongs to, itself or the leader of its session; the pid itself if to none."""
    try:
        leader = os.getsid(pid)
    except OSError:
        return pid
    return leader if pid not in ours and leader in ours else pid
