"""The threads of a tenant's process: its own, and those that the driver and a layer made."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from pathlib import Path

from gpu_virt_bench.model.workload import WorkloadError


class Threads:
    """Where threads run, and what those that are not the tenant's own have used."""

    def __init__(self) -> None:
        self._may = os.sched_getaffinity(0)
        self._clocks: list[int] = []
        self._timed = 0  # thread id of the one that makes timed calls
        self._places: tuple[set[int], set[int]] | None = None  # of timed calls, of everything else

    def own(self, thread: threading.Thread, timed: bool = False) -> None:
        """Counts a thread among the tenant's own. It never ends: an ended one's time could not be told apart."""
        assert thread.ident is not None and thread.native_id is not None
        self._clocks.append(time.pthread_getcpuclockid(thread.ident))
        if timed:
            self._timed = thread.native_id

    def foreign_nanoseconds(self) -> int:
        """CPU time of the process, threads that have ended included, less the tenant's own threads.

        Theirs is read first: reading it brings the process's up to date, and the difference cannot be negative.
        """
        own = sum(time.clock_gettime_ns(clock) for clock in self._clocks)
        return time.clock_gettime_ns(time.CLOCK_PROCESS_CPUTIME_ID) - own

    def pin(self, timed: int, others: list[int]) -> None:
        """Keeps timed calls on one processor and all other threads on others."""
        missing = sorted({timed, *others} - self._may)
        if missing or not others:
            has = ", ".join(map(str, sorted(self._may)))
            found = f"processor {missing[0]}" if missing else "no processor for the other threads"
            raise WorkloadError("argument", f"asked for {found}, but this tenant has {has}")
        self._places = ({timed}, set(others))
        self.settle()

    def settle(self) -> None:
        """Moves threads that have appeared since to their place: they inherit that of the thread that made them."""
        if self._places is None:
            return
        timed, others = self._places
        for task in Path("/proc/self/task").iterdir():
            thread = int(task.name)
            self._move(thread, timed if thread == self._timed else others)

    def _move(self, thread: int, cpus: set[int]) -> None:
        try:
            with contextlib.suppress(ProcessLookupError):  # it has ended
                os.sched_setaffinity(thread, cpus)
        except OSError as error:
            raise WorkloadError("argument", f"thread {thread} cannot run on processors {cpus}: {error}") from None
