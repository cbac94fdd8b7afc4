"""The harness's handle on a tenant, and on work that is under way in one or several of them."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping, Sequence
from functools import cached_property

from gpu_virt_bench.model.conformance import Answer
from gpu_virt_bench.model.workload import NS_PER_SECOND, Series, TenantDied, TenantHung, Workload, WorkloadError
from gpu_virt_bench.tenant.channel import Call
from gpu_virt_bench.tenant.moment import Moments
from gpu_virt_bench.tenant.process import Process
from gpu_virt_bench.tenant.protocol import Message, boot_id

LEAD = 20_000_000
"""Nanoseconds from the request to a common start: long enough for every tenant to be waiting for it."""
PROMPT = 60.0
"""Seconds that a request which is not work may take."""


class Tenant(Process):
    """A process inside the system that does workloads.

    `pid` is as it sees itself, `process_id` what the harness started: the tenant, or its command. Where `is_local`,
    its processor numbers are the harness's, and so is its clock, unless its device has one of its own (`is_virtual`,
    known after `facts`). What it does in virtual time is a function of `origin`, text that tells it from other tenants.
    """

    is_virtual = False
    origin = ""

    @property
    def pid(self) -> int:
        """Its process id, as it sees it itself."""
        return int(self.hello["pid"])

    @cached_property
    def is_local(self) -> bool:
        """Whether it runs under the harness's kernel."""
        return bool(self.hello["boot_id"]) and self.hello["boot_id"] == boot_id()

    @cached_property
    def moments(self) -> Moments:
        """How its runs take part in virtual time."""
        return Moments(self.origin or self.name)

    @cached_property
    def _works(self) -> dict[str, int]:
        """The numbers of prepared workloads, by their keys."""
        return {}

    def _request(self, message: Message, timeout: float) -> Message:
        return self.result(self.channel.send(message), str(message.get("routine", message["do"])), timeout)

    def facts(self, symbols: Sequence[str] = (), env: Sequence[str] = (), timeout: float = 120.0) -> Message:
        """The device as the tenant sees it, and who serves the driver's symbols. Makes a context."""
        found = self._request({"do": "facts", "symbols": list(symbols), "env": list(env)}, timeout)
        self.is_virtual = bool(found["virtual"])
        return found

    def prepare(self, workload: Workload) -> int:
        """Makes a workload ready, once; returns its number."""
        if workload.key not in self._works:
            number = len(self._works)
            message = {"do": "prepare", "work": number, "routine": workload.routine, "args": dict(workload.args)}
            self._request(message, workload.timeout)
            self._works[workload.key] = number
        return self._works[workload.key]

    def run(self, workload: Workload) -> Series:
        """Runs a workload once and waits for its samples."""
        return start(self, workload).series()

    def begin(self, workload: Workload, at: int = 0, rank: int = 1) -> Running:
        """Starts a workload that works beside others until it is stopped, and will be heard of when it has begun: at a
        time of CLOCK_MONOTONIC, or at once.

        In virtual time a rank, different from theirs, says whose turn is first.
        """
        return start(self, workload, at, moment=self.moments.next(workload, rank, 0, follows=True), began=True)

    def cpu_seconds(self) -> float:
        """CPU time of the driver's and the layer's threads, those that have ended too: the process's less its own.

        Asked of the tenant, which answers while it works: behind a command the harness sees only the command.
        """
        return float(self._request({"do": "cpu"}, PROMPT)["nanoseconds"] / NS_PER_SECOND)

    def pin(self, timed: int, others: Sequence[int]) -> bool:
        """Keeps timed calls on one processor, and all other threads on others; whether that can be.

        Only a tenant that has these processors is pinned: another machine's have nothing to do with the harness's.
        """
        has = self.is_local and bool(others) and {timed, *others} <= set(self.hello["cpus"])
        if has:
            self._request({"do": "pin", "timed": timed, "others": list(others)}, PROMPT)
        return has

    def release(self) -> None:
        """Frees what prepared workloads hold."""
        if self._works:
            self._works.clear()
            self._request({"do": "release"}, PROMPT)


class Running:
    """A workload under way in a tenant."""

    def __init__(self, tenant: Tenant, workload: Workload, call: Call) -> None:
        self.tenant = tenant
        self.workload = workload
        self._call = call

    def began(self, timeout: float) -> None:
        """Waits until it has begun, or is over; raises what it raised."""
        if not self._call.began.wait(timeout):
            raise self.tenant.hung(f"did not begin {self.workload.routine}", timeout)
        if self._call.done.done():
            self._call.done.result()

    @property
    def is_over(self) -> bool:
        """Whether its answer has come."""
        return self._call.done.done()

    def stop(self) -> None:
        """Asks it to end soon; nothing if it has ended."""
        self.tenant.channel.tell({"do": "stop", "run": self._call.number})

    def series(self) -> Series:
        """Waits for its end, as long as the workload may take; raises what it raised."""
        return series(self.tenant.result(self._call, self.workload.routine, self.workload.timeout))


def start(
    tenant: Tenant, workload: Workload, at: int = 0, moment: Message | None = None, began: bool = False
) -> Running:
    """Starts a workload. To tell when it began, the tenant looks often: only where it was asked."""
    number = tenant.prepare(workload)
    moment = moment or tenant.moments.next(workload)
    call = tenant.channel.send({"do": "run", "work": number, "at": at, "moment": moment, "began": began})
    return Running(tenant, workload, call)


def together(work: Mapping[Tenant, Workload]) -> dict[Tenant, Series]:
    """Workloads of several tenants from one instant on; without a common clock, each on receipt.

    When one fails, the others are stopped and awaited before its error is raised.
    """
    for tenant, workload in work.items():
        tenant.prepare(workload)
    at = time.monotonic_ns() + LEAD if all(tenant.is_local for tenant in work) else 0
    moments = [one.moments.next(work[one], rank, len(work)) for rank, one in enumerate(work)]
    runs = [start(*one, at, moment) for one, moment in zip(work.items(), moments, strict=True)]
    try:
        return {run.tenant: run.series() for run in runs}
    except (WorkloadError, TenantDied, TenantHung):
        end_all(runs)
        raise


def end_all(runs: Sequence[Running]) -> None:
    """Stops what still runs, and waits for it."""
    for run in runs:
        run.stop()
    for run in runs:
        with contextlib.suppress(WorkloadError, TenantDied, TenantHung):
            run.series()


def series(reply: Message) -> Series:
    """The samples in a reply to `run`."""
    columns = {name: tuple(values) for name, values in reply["columns"].items()}
    return Series(columns, reply["begin"], reply["end"], reply["notes"], reply["conditions"])


def conform(tenant: Tenant, scene: str, at_once: int, timeout: float) -> tuple[dict[str, Answer], str]:
    """What the driver answers to a scene of the conformance table, by row, and the file that serves it there."""
    call = tenant.channel.send({"do": "conform", "scene": scene, "at_once": at_once})
    found = tenant.result(call, f"the scene {scene}", timeout)
    return {row: Answer(*words) for row, words in found["answers"].items()}, str(found["served_by"])
