"""A process that the harness started, with all that descends from it in its session."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from gpu_virt_bench.tenant.group import end_group

KEPT = 256 * 1024
"""Bytes of standard error that are read from its beginning, and from its end: a layer may write gigabytes."""


class Child:
    """A process in a session of its own. `attend` waits for its end, in a thread, and ends what it leaves behind."""

    def __init__(self, argv: Sequence[str], log: Path, env: Mapping[str, str]) -> None:
        with log.open("wb") as stderr:
            self._popen = subprocess.Popen(
                list(argv),
                bufsize=1 << 16,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                env=dict(env),
                start_new_session=True,  # Ctrl-C is the harness's business
            )
        self.pid = self._popen.pid
        self._log = log
        self._lock = threading.Lock()
        self.status: int | None = None  # exit status, or the negative signal
        self.exited = threading.Event()
        self.gone = threading.Event()  # reaped, and nothing of its session is left

    @property
    def pipes(self) -> tuple[BinaryIO, BinaryIO]:
        """Its standard input and output."""
        assert self._popen.stdin is not None and self._popen.stdout is not None
        return self._popen.stdin, self._popen.stdout  # type: ignore[return-value]  # typeshed: IO[bytes]

    def attend(self) -> None:
        """Waits for the process's end, ends its session, and only then reaps it: until then its number is ours."""
        self.status = self._await_exit()
        self.exited.set()
        end_group(self.pid)
        with self._lock:
            self._popen.wait()
        self.gone.set()

    def _await_exit(self) -> int:
        try:
            end = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)
        except ChildProcessError:  # a harness started with SIGCHLD ignored: the kernel reaps, and keeps no status
            return 0
        assert end is not None
        return end.si_status if end.si_code == os.CLD_EXITED else -end.si_status

    def kill(self) -> None:
        """SIGKILL to the whole group, unless it is gone."""
        with self._lock, contextlib.suppress(ProcessLookupError, PermissionError):
            if self._popen.returncode is None:
                os.killpg(self.pid, signal.SIGKILL)

    def stderr(self) -> str:
        """What it wrote on standard error: all of it, or its beginning and its end."""
        if not self._log.exists():
            return ""
        with self._log.open("rb") as log:
            size = log.seek(0, os.SEEK_END)
            log.seek(0)
            text = log.read(2 * KEPT if size <= 2 * KEPT else KEPT)
            if size > 2 * KEPT:
                log.seek(-KEPT, os.SEEK_END)
                text += b"\n...\n" + log.read(KEPT)
        return text.decode(errors="replace")
