"""Keeps a device at work before samples, so that clocks and link are up (R18)."""

from __future__ import annotations

import time
from collections.abc import Sequence

from gpu_virt_bench.engine.course import Course
from gpu_virt_bench.engine.member import Member
from gpu_virt_bench.model.workload import Workload

IDLE_SECONDS = 1.0
"""A device that has been idle for longer is warmed before the next samples."""


def warm(course: Course, parties: Sequence[Sequence[Member]]) -> None:
    """Works for the suite's warm-up time if the device was idle.

    Every entry does its part: a tenant that alone had worked would allocate otherwise than the others. Where nobody
    stands, a native tenant works and is ended.
    """
    seconds = course.request.suite.warm_seconds
    if seconds <= 0 or time.monotonic() - course.worked <= IDLE_SECONDS:
        return
    first = [{member.share.gpu: member for member in reversed(party)}.values() for party in parties if party]
    if not first:
        course.reference.run(load(course, seconds))
    for member in (member for some in first for member in some):
        member.tenant.run(load(course, seconds / len(first)))
        member.tenant.release()


def load(course: Course, seconds: float) -> Workload:
    """Work that loads the device."""
    args = {"duration": round(seconds * 1e9), "sm_count": course.reference.devices[0].sm_count}
    return Workload("warm", args, timeout=60 + 10 * seconds)
