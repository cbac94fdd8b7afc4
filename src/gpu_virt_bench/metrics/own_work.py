"""Work of the user's own as victim or aggressor: a routine of libgvb by its name, or `module:callable`.

A callable is called with `duration`, `settle` and `busy`, nanoseconds. Its series has a column `done`, the nanoseconds
after its begin at which each piece of work ended: its value is a rate. Or `latency`, nanoseconds: its value is a time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from statistics import fmean

from gpu_virt_bench.metrics.copying import per_second
from gpu_virt_bench.metrics.neighbors import AGGRESSORS, KERNELS, When, achieved, aggression, victim
from gpu_virt_bench.metrics.quality import SPACING, chain, latencies
from gpu_virt_bench.metrics.throughput import SHAPES, Progress, full_demand
from gpu_virt_bench.model.metric import Bench, Value
from gpu_virt_bench.model.workload import NS_PER_SECOND, Series, Workload, WorkloadError

CHAIN = "chain"
Make = Callable[[Bench, When], Workload]


def requests(bench: Bench, when: When) -> Workload:
    """Requests at fixed times."""
    return chain(bench, SPACING[CHAIN], when.duration / NS_PER_SECOND)


def demand(shape: str) -> Make:
    """Full demand of one shape."""
    return lambda bench, when: full_demand(
        bench, SHAPES[shape], when.duration / NS_PER_SECOND, when.settle / NS_PER_SECOND
    )


DEMANDS: Mapping[str, Make] = {"launch_rate": demand("many-blocks"), "graph_rate": demand("graph")}
STEADY: Mapping[str, Make] = {**DEMANDS, "requests": requests}
"""Routines that have no pauses, so that their intensity is 1."""
ROUTINES: Mapping[str, Make] = {
    "alloc_storm": lambda bench, when: aggression(bench, "alloc", when),
    "launch_storm": lambda bench, when: aggression(bench, "launch", when),
    **STEADY,
}
"""What works until it is stopped, or for a time, and has no name of its own as a victim or an aggressor."""
SAME_VICTIM = {"requests": CHAIN, "launch_sync": "launch"}
SAME_AGGRESSOR = {"alloc_storm": "alloc", "launch_storm": "launch"}
"""Routines that have a name already."""


def is_own(name: Value) -> bool:
    """Whether it is an importable callable."""
    return re.fullmatch(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*", str(name)) is not None


def victim_taken(name: Value) -> str | None:
    """What a name beyond those of the victims is: a routine or a callable; None for neither."""
    found = SAME_VICTIM.get(str(name), str(name))
    return found if found in SAME_VICTIM.values() or found in ROUTINES or is_own(found) else None


def aggressor_taken(name: Value) -> str | None:
    """The same of an aggressor; `read`, `write` and `copy` are kernels that IS-009 does not list."""
    found = SAME_AGGRESSOR.get(str(name), str(name))
    return found if found in {*AGGRESSORS, *KERNELS, *ROUTINES} or is_own(found) else None


def work_of(bench: Bench, name: str, when: When) -> Workload:
    """The work of a routine or a callable at those times."""
    if name in ROUTINES:
        return ROUTINES[name](bench, when)
    return Workload(name, {"duration": when.duration, "settle": when.settle, "busy": when.busy}, timeout=when.timeout)


def any_victim(bench: Bench, name: str, when: When) -> Workload:
    """A victim's work, its own or one with a name."""
    return work_of(bench, name, when) if name in ROUTINES or is_own(name) else victim(bench, name)


def any_aggressor(bench: Bench, name: str, when: When) -> Workload:
    """The same of an aggressor."""
    return work_of(bench, name, when) if name in ROUTINES or is_own(name) else aggression(bench, name, when)


# ---- what it was


def times(work: Workload, windows: Sequence[Series]) -> list[float] | None:
    """Seconds of all requests, launches or pieces of work of some windows; None of work whose value is a rate."""
    if work.routine == "requests":
        return [value for one in windows for value in latencies(one)]
    column = "latency" if work.is_python else "round_trip" if work.routine == "launch_sync" else ""
    if any(column not in one.columns for one in windows):
        return None
    if not all(one.columns[column] for one in windows):
        raise WorkloadError("too-little", f"{work.routine} gave no {column} in a window, expected 1 at least")
    return [value for one in windows for value in one.seconds(column)]


def rate(work: Workload, windows: Sequence[Series]) -> float:
    """A victim's work per second, the mean of its windows."""
    if work.routine in DEMANDS:
        return fmean(Progress(one).whole() for one in windows)
    return fmean(done_per_second(work, one) if work.is_python else achieved(work, one, [one]) for one in windows)


def done_per_second(work: Workload, series: Series) -> float:
    """Pieces of a callable's work per second."""
    done = [series.begin + int(at) for at in ended(work, series)]
    if sum(at >= series.begin for at in done) < 2:
        raise WorkloadError(
            "too-little", f"{work.routine} ended {len(done)} pieces of work in its window, expected 2 at least"
        )
    return per_second(done, series.begin, series.end)


def ended(work: Workload, series: Series) -> Sequence[int | float]:
    """When each piece of a callable's work ended."""
    if "done" not in series.columns:
        found = ", ".join(series.columns) or "none"
        raise WorkloadError("argument", f"{work.routine} gave the columns {found}, expected `done` or `latency`")
    return series.columns["done"]


def reached(work: Workload, series: Series, windows: Sequence[Series]) -> float:
    """An aggressor's work per second while its victim's windows lasted: pieces of a callable's work, launches, or
    requests."""
    if work.routine == "requests":
        return len(series.columns["end"]) / series.duration
    if work.routine in DEMANDS:
        return fmean(Progress(series).rate(one.begin, one.end) for one in windows)
    if not work.is_python:
        return achieved(work, series, windows)
    if "latency" in series.columns:
        return len(series.columns["latency"]) / series.duration
    done = [series.begin + at for at in ended(work, series)]
    return fmean(sum(one.begin <= at <= one.end for at in done) / one.duration for one in windows)
