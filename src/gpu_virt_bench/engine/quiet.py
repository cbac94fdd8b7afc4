"""Waits for quiet processors before a sample.

On a shared host, work of others on the other hardware thread of a core slows ours by up to two, for milliseconds to
minutes. On one such host the same allocation took 32 or 51 us, and which of the two was told by a fixed piece of
arithmetic of 6 us on the same processor. So a sample begins when that arithmetic is as fast as it has ever been in the
session, or when the time for waiting is spent. It never looks at the sample.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence

from gpu_virt_bench import libgvb
from gpu_virt_bench.model.run import SLOWED

SLOW = 1.15
"""A processor that takes this much longer than the fastest seen is not quiet. Shared cores take 1.4 to 2."""
POLL = 0.005


def on_cpu(cpu: int) -> int:
    """The arithmetic's nanoseconds on one processor, by this thread."""
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {cpu})
    try:
        return libgvb.host_pace()
    finally:
        os.sched_setaffinity(0, allowed)


class Pace:
    """How fast processors are, each against the fastest that the session has seen it: they need not be alike."""

    def __init__(self, measure: Callable[[int], int] = on_cpu) -> None:
        self._measure = measure
        self._best: dict[int, int] = {}

    def is_quiet(self, cpus: Sequence[int]) -> bool:
        """Whether all of them are at their best now."""
        found = {cpu: self._measure(cpu) for cpu in cpus}
        for cpu, now in found.items():
            self._best[cpu] = min(now, self._best.get(cpu, now))
        return all(now <= SLOW * self._best[cpu] for cpu, now in found.items())


class Quiet:
    """The waiting of one outcome in one repetition."""

    def __init__(self, pace: Pace, cpus: Sequence[int], seconds: float) -> None:
        """`cpus` are where the timed calls run, `seconds` is how long all waits may last together."""
        self._pace, self._cpus = pace, cpus
        self._seconds = seconds
        self._waited = 0.0
        self._begun = self._slow = 0

    def wait(self) -> None:
        """Returns when the processors are quiet, or when the time for waiting is spent."""
        begin = time.monotonic()
        self._begun += 1
        while not self._pace.is_quiet(self._cpus):
            if self._waited + time.monotonic() - begin >= self._seconds:
                self._slow += 1
                break
            time.sleep(POLL)
        self._waited += time.monotonic() - begin

    def notes(self) -> list[str]:
        """What a reader should know."""
        found = []
        if self._waited >= 0.1:
            found.append(f"waited {self._waited:.1f} s for quiet processors")
        if self._slow:
            found.append(f"{self._slow} of {self._begun} samples {SLOWED}")
        return found
