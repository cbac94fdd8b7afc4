"""Workloads of a user, as the tests of the tenant need them."""

import ctypes
import os
import sys
import threading
import time
from pathlib import Path

from gpu_virt_bench.model.workload import Series, WorkloadError


class Steps:
    """Calls a function again and again, until it was called `most` times or is told to stop."""

    def __init__(self, step, most=1, **given):
        self._step, self._most, self._given = step, most, given
        self._done = 0

    def run(self, at, stop):
        time.sleep(max(0, at - time.monotonic_ns()) / 1e9)
        begin = time.monotonic_ns()
        rows = []
        while len(rows) < self._most and not stop.is_set():
            rows.append(self._step())
            self._done = len(rows)
        self._done = 0
        return Series({"row": tuple(rows)}, begin, time.monotonic_ns(), **self._given)

    def begun(self):
        return self._done > 0

    def release(self):
        pass


def endless():
    """Ends when it is stopped."""

    def step():
        time.sleep(0.001)
        return 0.5

    return Steps(step, sys.maxsize)


def value(what):
    """One row with a value."""
    return Steps(lambda: float(what))


def described():
    """A row with notes and conditions."""
    return Steps(lambda: 1, notes={"error": 0.25}, conditions={"backend": "flash", "layers": 2})


def wrong():
    """Finds its result wrong."""

    def step():
        raise WorkloadError("wrong-result", "the sum is 3, expected 4")

    return Steps(step)


def broken():
    """Fails."""
    return Steps(lambda: {}["missing"])


def leaves():
    """Wants to end the process."""
    return Steps(sys.exit)


def number():
    """Is no work."""
    return 4


def forgetful():
    """Does not reset what it says of its beginning."""
    work = endless()
    work._most = 1
    work.begun = lambda: True
    return work


def unsure():
    """Fails when it is asked whether it has begun."""
    work = endless()
    work._asked = 0

    def begun():
        work._asked += 1
        if work._asked > 1:
            raise OSError("no such counter")
        return False

    work.begun = begun
    return work


def until(seconds):
    """Burns CPU time of this thread."""
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


def burst(threads, seconds):
    """What a layer may do: threads that burn and end. The row is what they were told to burn."""

    def step():
        burning = [threading.Thread(target=until, args=(seconds,)) for _ in range(threads)]
        for thread in burning:
            thread.start()
        for thread in burning:
            thread.join()
        return threads * seconds

    return Steps(step)


def own(seconds):
    """The tenant's own work."""

    def step():
        until(seconds)
        return seconds

    return Steps(step)


LASTING: list[threading.Thread] = []


def lasting():
    """Makes a thread that stays, as a driver does."""
    LASTING.append(threading.Thread(target=time.sleep, args=(600,), daemon=True))
    LASTING[-1].start()


class Places:
    """Where this thread and all others may run, as bits of processors; then there is one more thread."""

    def run(self, at, stop):
        now = time.monotonic_ns()
        me = threading.get_native_id()
        tasks = [int(task.name) for task in Path("/proc/self/task").iterdir()]
        bits = {task: sum(1 << cpu for cpu in os.sched_getaffinity(task)) for task in tasks}
        lasting()
        return Series({"worker": (bits.pop(me),), "others": tuple(bits.values())}, now, now)

    def begun(self):
        return False

    def release(self):
        pass


def places():
    """Makes a thread before any run, and one in each."""
    lasting()
    return Places()


def mapped():
    """Whether the driver is in this process."""
    return Steps(lambda: int("libcuda.so.1" in Path("/proc/self/maps").read_text()))


def dies():
    """Ends the process as a fault does."""
    return Steps(lambda: ctypes.string_at(0))
