"""How fast the host's processors are, which others may slow down.

On a shared host, work of others on the other hardware thread of a core slows ours by up to two, for milliseconds to
minutes; a fixed piece of arithmetic on the same processor tells it. It is recorded beside each sample and rejects none:
the samples of one round meet the same host.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from gpu_virt_bench import libgvb


def on_cpu(cpu: int) -> int:
    """The arithmetic's nanoseconds on one processor, by this thread."""
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {cpu})
    try:
        return libgvb.host_pace()
    finally:
        os.sched_setaffinity(0, allowed)


class Pace:
    """How slow a processor is now, over the fastest that the session has seen it: processors need not be alike."""

    def __init__(self, measure: Callable[[int], int] = on_cpu) -> None:
        self._measure = measure
        self._best: dict[int, int] = {}

    def of(self, cpu: int) -> float:
        """1 at its best, about 1.4 to 2 where others work on the same core."""
        found = self._measure(cpu)
        self._best[cpu] = min(found, self._best.get(cpu, found))
        return found / self._best[cpu]
