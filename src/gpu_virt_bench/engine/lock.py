"""One session at a time on a GPU: two would be each other's neighbors, and neither would know."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from gpu_virt_bench.engine.device import DeviceError
from gpu_virt_bench.engine.folder import home

PREFIX = "gpu-virt-bench-"


@contextmanager
def held(uuids: Sequence[str]) -> Iterator[None]:
    """Locks these GPUs for this process, whoever runs the other session; raises DeviceError if one is in use.

    A lock belongs to an open file: it goes with the process, however that ends.
    """
    with ExitStack() as stack:
        for uuid in sorted(uuids):
            stack.enter_context(one(uuid))
        yield


@contextmanager
def one(uuid: str) -> Iterator[None]:
    """The lock of one GPU. Its file is removed by whoever held it, so one that is locked may be nobody's any more."""
    path = home() / f"{PREFIX}{uuid}.lock"
    while True:
        descriptor = opened(path)
        try:
            take(descriptor, uuid)
            if is_at(descriptor, path):
                break
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):  # another user's file
            path.unlink()
        os.close(descriptor)


def take(descriptor: int, uuid: str) -> None:
    """Locks an open file, or says who has."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        by = holder(descriptor)
        who = f"process {by}" if by else "another process"
        raise DeviceError(
            f"a session measures {uuid} already ({who}): wait until it has ended, or choose another GPU by --device"
        ) from None


def is_at(descriptor: int, path: Path) -> bool:
    """Whether an open file still has that name."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat(follow_symlinks=False))
    except FileNotFoundError:
        return False


def opened(path: Path) -> int:
    """The lock's file, which another user may have made: in a shared directory that one cannot be opened to be made."""
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return os.open(path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)


def holder(descriptor: int) -> str:
    """The process id that the kernel names for the lock, "" if it names none that is here."""
    inode = os.fstat(descriptor).st_ino
    try:
        locks = Path("/proc/locks").read_text()
    except OSError:
        return ""
    found = re.search(rf"FLOCK +ADVISORY +WRITE +(\d+) +\S+:{inode} ", locks)
    return found[1] if found and found[1] != "0" else ""
