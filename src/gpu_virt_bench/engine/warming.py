"""Keeps a device at work before samples, so that clocks and link are up."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from gpu_virt_bench.engine.course import Course
from gpu_virt_bench.engine.member import Member
from gpu_virt_bench.model.workload import Workload

IDLE_SECONDS = 1.0
"""A device that has been idle for longer is warmed before the next samples."""


def warming(course: Course, parties: Mapping[str, Sequence[Member]]) -> list[tuple[str, Callable[[], None]]]:
    """What each entry does for the suite's warm-up time, if the device was idle.

    Every entry does its part: a tenant that alone had worked would allocate otherwise than the others. Where nobody
    stands, a native tenant works and is ended.
    """
    seconds = course.request.suite.warm_seconds
    standing = {key: party for key, party in parties.items() if party}
    if seconds <= 0 or time.monotonic() - course.worked <= IDLE_SECONDS or not parties:
        return []
    if not standing:
        return [(next(iter(parties)), partial(course.reference.run, load(course, seconds)))]
    return [(key, partial(heat, party, load(course, seconds / len(standing)))) for key, party in standing.items()]


def heat(party: Sequence[Member], work: Workload) -> None:
    """One tenant of each device works."""
    for member in {member.share.gpu: member for member in reversed(party)}.values():
        member.tenant.run(work)
        member.tenant.release()


def load(course: Course, seconds: float) -> Workload:
    """Work that loads the device."""
    args = {"duration": round(seconds * 1e9), "sm_count": course.reference.devices[0].sm_count}
    return Workload("warm", args, timeout=60 + 10 * seconds)
