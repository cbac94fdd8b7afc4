"""Work of a party: at one instant, or beside each other, and what becomes of it as a reading."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import ExitStack

from gpu_virt_bench.engine.member import Member
from gpu_virt_bench.engine.readings import Reading, has_our_clock, neighbor_fault, unlike, window
from gpu_virt_bench.engine.throttle import Throttle
from gpu_virt_bench.model.workload import Series, Workload
from gpu_virt_bench.tenant import Running, Tenant, together


def at_once(work: Mapping[Member, Workload], throttles: Mapping[int, Throttle]) -> tuple[dict[Member, Series], Reading]:
    """Work of several tenants from one instant on, judged by its own window. `throttles` are by GPU."""
    tenants = {member.tenant: workload for member, workload in work.items()}
    asked = time.monotonic()
    answers = done(tenants)
    answered = time.monotonic()
    found = {member: answers[member.tenant] for member in work}
    begin, end = window(list(tenants), list(found.values()), asked, answered)
    together_at = all(tenant.is_local for tenant in tenants)  # without a common clock an overlap cannot be told
    reading = Reading(begin, end, unlike(list(found.values())) if together_at else "")
    for gpu in sorted({member.share.gpu for member in work}):
        reading.reject(throttles[gpu].reason(begin, end))
        reading.clock_hz = reading.clock_hz or throttles[gpu].clock(begin, end)
    return found, reading


def done(work: Mapping[Tenant, Workload]) -> Mapping[Tenant, Series]:
    """Every tenant's series. One alone starts at once: a common instant lies ahead, and would part the samples of a
    round."""
    if len(work) > 1:
        return together(work)
    return {tenant: tenant.run(workload) for tenant, workload in work.items()}


class Beside:
    """Neighbors at workloads without an end of their own: begun when the block is entered, stopped when it is left."""

    def __init__(self, work: Mapping[Member, Workload]) -> None:
        self.series: dict[Member, Series] = {}
        self.reading = Reading(0.0, 0.0)
        self._work = work
        self._runs: list[Running] = []
        self._early: set[Running] = set()
        self._stack = ExitStack()

    def __enter__(self) -> Beside:
        with ExitStack() as stack:
            running = [self._begin(stack, rank, *one) for rank, one in enumerate(self._work.items(), 1)]
            for run in running:
                run.began(run.workload.timeout)
            self.reading.begin = time.monotonic()
            self._stack = stack.pop_all()
        return self

    def _begin(self, stack: ExitStack, rank: int, member: Member, workload: Workload) -> Running:
        """One neighbor at work; whatever happens to the next one, this one is told to stop."""
        run = member.tenant.begin(workload, rank=rank)
        stack.callback(self._collect, member, run)
        self._runs.append(run)
        stack.callback(self._stop_all)  # every stop is said before the first answer is waited for
        return run

    def _stop_all(self) -> None:
        """Tells all neighbors to stop, once."""
        runs, self._runs = self._runs, []
        self._early.update(run for run in runs if run.is_over)
        for run in runs:
            run.stop()

    def __exit__(self, *exc: object) -> None:
        self.reading.end = time.monotonic()
        self._stack.close()

    def _collect(self, member: Member, run: Running) -> None:
        """What the neighbor did."""
        series = run.series()
        self.series[member] = series
        timed, early = has_our_clock(member.tenant), run in self._early
        fault = neighbor_fault(f"neighbor {member.index}", series, self.reading.end, timed, early)
        self.reading.reject(fault)
