"""Asks tenants, native tenants and the observer for what the proof of a system needs."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from gpu_virt_bench.model.claims import LONGEST, OWN
from gpu_virt_bench.model.run import Check
from gpu_virt_bench.model.system import Step
from gpu_virt_bench.systems import steps
from gpu_virt_bench.systems.native import Native
from gpu_virt_bench.systems.proof import tables
from gpu_virt_bench.systems.proof.checks import check, prefixed
from gpu_virt_bench.systems.proof.doors import doors, doors_check
from gpu_virt_bench.systems.proof.evidence import Attempt, Evidence, Seen
from gpu_virt_bench.systems.proof.fingerprint import blocks, overlap_check, sm_sets_check, workload
from gpu_virt_bench.systems.proof.limits import BY, FIRST, SECOND, Try, beside_half, calls_check, in_parts, tried
from gpu_virt_bench.systems.proof.outside import Outside, seen
from gpu_virt_bench.systems.proof.probes import attempt, rate, write_margin
from gpu_virt_bench.systems.proof.served import foreign_layers
from gpu_virt_bench.systems.proof.tables import Tables
from gpu_virt_bench.systems.seat import Seat
from gpu_virt_bench.systems.variables import QUOTA, Values
from gpu_virt_bench.tenant import Tenant, together


@dataclass(frozen=True)
class Asked:
    """What one tenant showed, and what it was granted."""

    checks: list[Check]
    granted: dict[str, str]


class Prover:
    """Proves the tenants of a session. What native tenants must show beside them is taken once and kept."""

    def __init__(self, native: Native, window_seconds: float = LONGEST) -> None:
        """`window_seconds`: the suite's window under a quota; the probe of `slowed` takes no longer."""
        self._native = native
        self._seconds = min(LONGEST, window_seconds)
        self._controls: dict[tuple[int, int], Attempt] = {}
        self._rates: dict[int, float] = {}
        self._known: set[Hashable] = set()
        self._given: dict[tuple[int, int], list[Try]] = {}

    def is_known(self, key: Hashable) -> bool:
        """Whether this session has had an answer to it."""
        return key in self._known

    def know(self, key: Hashable) -> None:
        """That has been answered."""
        self._known.add(key)

    def ask(self, seat: Seat, tenant: Tenant, outside: Outside, slowed: bool = False) -> Asked:
        """The checks of one tenant. `slowed`: also what takes seconds, its rate under its quota, and a memory limit
        through every call, in a second process too."""
        values = {**seat.values, "pid": str(tenant.pid)}
        wanted = tables.filled(seat.system, values)
        facts = tenant.facts(tables.symbols(seat.system), tables.variables(seat.system))
        evidence = self._evidence(seat, tenant, wanted, facts, self._seen(tenant, outside, wanted), slowed)
        own = tables.own_files(seat.system, values)
        checks = [foreign_layers(facts, own, seat.active.driver, seat.system.mechanism == "external" and not own)]
        if slowed and (found := doors_check(doors(facts), own)) is not None:
            checks.append(found)
        for feature, table in wanted.items():
            checks += check(table, evidence, feature)
            if slowed and table.refused_above is not None:
                checks.append(prefixed(self._calls(seat, tenant, int(table.refused_above)), feature))
            if table.command is not None:
                checks.append(prefixed(answer(table.command, seat.active.step_env()), feature))
        return Asked(checks, granted(values, facts))

    def ask_pair(self, first: tuple[Seat, Tenant], second: tuple[Seat, Tenant]) -> list[Check]:
        """The checks that need two tenants of one device at work at the same time."""
        seat, tenant = first
        wanted = tables.filled(seat.system, {**seat.values, "pid": str(tenant.pid)})
        work = workload(seat.device.sm_count)
        series = together({tenant: work, second[1]: work})
        one, other = blocks(series[tenant]), blocks(series[second[1]])
        resolution, found = int(series[tenant].notes["timer_step"]), []
        for feature, table in tables.shares(seat.system, wanted):
            if table.overlap:
                found.append(prefixed(overlap_check("overlap", table.overlap, one, other, resolution), feature))
            if table.sm_sets:
                found.append(prefixed(sm_sets_check("sm_sets", table.sm_sets, one, other), feature))
        return found

    def _evidence(
        self, seat: Seat, tenant: Tenant, wanted: Tables, facts: Mapping[str, Any], seen: Seen | None, slowed: bool
    ) -> Evidence:
        """What the checks ask, tried in the tenant and in native ones."""
        sizes = tables.sizes(wanted)
        return Evidence(
            facts,
            seat.active.driver,
            [attempt(tenant, size, way) for size in sizes for way in BY],
            [self._control(size, seat.gpu) for size in sizes],
            tenant.stderr(),
            seen,
            self._slowed(seat, tenant) if slowed and any(table.slowed for table in wanted.values()) else None,
            None if (share := seat.values["compute_share"]) is None else float(share),
            seat.device.sm_count,
            seat.device.memory_bytes,
        )

    def _calls(self, seat: Seat, tenant: Tenant, limit: int) -> Check:
        """A limit through every allocation call, in the tenant and in a process that it might start."""
        above = tables.probes(limit)[1]
        tries = [*tried(tenant, above, FIRST), *in_parts(tenant, limit, above, FIRST)]
        child = seat.child(f"{tenant.name}'s second process")
        try:
            tries += [*tried(child, above, SECOND), *in_parts(child, limit, above, SECOND)]
            together = beside_half(tenant, child, limit, above, "query")
        finally:
            self._native.problems += seat.end(child)
        if (above, seat.gpu) not in self._given:
            with self._native.tenant(seat.gpu) as native:
                self._given[above, seat.gpu] = [*tried(native, above, FIRST), *in_parts(native, limit, above, FIRST)]
        found = calls_check(limit, above, tries, self._given[above, seat.gpu])
        own = not together and found.passed
        return found if not own else replace(found, found=f"{found.found}; {OWN}")

    def _control(self, size: int, gpu: int) -> Attempt:
        """One allocation in a native tenant, once per size and device: what a limit refuses must be given there."""
        if (size, gpu) not in self._controls:
            with self._native.tenant(gpu) as tenant:
                self._controls[size, gpu] = attempt(tenant, size)
        return self._controls[size, gpu]

    def _slowed(self, seat: Seat, tenant: Tenant) -> float:
        """The rate of the probe under the quota over its native rate, which is taken once per device."""
        limited = rate(tenant, seat.device, self._seconds)
        if seat.gpu not in self._rates:
            with self._native.tenant(seat.gpu) as native:
                self._rates[seat.gpu] = rate(native, seat.device, self._seconds)
        return limited / self._rates[seat.gpu]

    def _seen(self, tenant: Tenant, outside: Outside, wanted: Tables) -> Seen | None:
        """What the observer sees, if any table asks for it."""
        rules = [table.observer for table in wanted.values()]
        if not outside.lists_processes or not any(rule.alone or rule.listed or rule.memory for rule in rules):
            return None
        grown = grown_bytes(tenant, outside) if any(rule.memory for rule in rules) else None
        return seen(outside, tenant.process_id, grown)


def grown_bytes(tenant: Tenant, outside: Outside) -> int | None:
    """By how many bytes the device's use grows when the tenant writes to MARGIN bytes."""
    before = outside.memory_used()
    write_margin(tenant)
    after = outside.memory_used()
    tenant.release()
    return None if before is None or after is None else after - before


def answer(step: Step, env: Mapping[str, str]) -> Check:
    """A check that asks a command."""
    expected = f"{step.title}: {step.expect or 'status 0'}"
    try:
        steps.run(step, env)
    except steps.StepFailed as error:
        return Check("command", expected, str(error), False)
    return Check("command", expected, "as expected", True)


def granted(values: Values, facts: Mapping[str, Any]) -> dict[str, str]:
    """The quota by variable, and what the tenant sees of it."""
    quota = {name: value for name in QUOTA if (value := values[name]) is not None}
    return {**quota, "memory_total": str(facts["memory_total"]), "sm_count": str(facts["device"]["sm_count"])}
