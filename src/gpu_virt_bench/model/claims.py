"""What a run's proofs say of its limits and doors, in sentences: the first that a reader should see."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gpu_virt_bench.model.evidence import of_run
from gpu_virt_bench.model.run import Check, Run

NEAR = 0.05
"""How far from the granted share the probe's rate may be before it is said."""
ROUNDED = 0.04
"""How far a granted share may be from what was asked; one farther off is a metric's own."""
CALLS = (
    "cuMemAlloc",
    "cuMemAllocPitch",
    "cuMemAllocManaged",
    "cuMemAllocAsync",
    "cuMemCreate",
    "cuArrayCreate",
    "cuMemAlloc in parts",
)
"""What a proof tries a memory limit by. In parts: for less than the limit, while half of the limit is held."""
OWN = "each process has a limit of its own"
LONGEST = 5.0
"""Seconds of the probe, where the suite's window under a quota is not shorter."""


def claims(run: Run) -> list[str]:
    """The sentences of one run, each once: what is unproven, a limit that does not bind, one that binds elsewhere, what
    lies open or was not tried, and a limit of each process."""
    has_values = any(outcome.outcome == "measured" for outcome in run.outcomes.values())
    lacking = [sentence + "; its values are compared with nothing" * has_values for sentence in of_run(run)]
    return list(dict.fromkeys([*lacking, *effects(run), *opens(run), *half_doors(run)]))


def named(run: Run, name: str) -> Iterator[tuple[Check, dict[str, str]]]:
    """The checks of a name, under whichever feature, each with what its tenant was granted."""
    for record in run.proof:
        for check in record.checks:
            if check.name.rpartition(".")[2] == name:
                yield check, record.granted


def effects(run: Run) -> Iterator[str]:
    """What a compute limit does to the probe, where that is not what was granted."""
    found: dict[float, list[float]] = {}
    unbound: set[float] = set()
    for check, granted in named(run, "slowed"):
        share, rate = number(granted.get("compute_share", "")), number(check.found)
        if share is not None and rate is not None:
            found.setdefault(share, []).append(rate)
            unbound |= set() if check.passed else {share}
    for share, rates in found.items():
        rate = max(rates)
        plan = run.plan
        session = plan.compute_quota if plan.compute_limit is None else [plan.compute_limit]
        told = next((f"asked {100 * one:g} %, " for one in session if abs(one - share) <= ROUNDED * one), "")
        seconds = min(LONGEST, run.plan.settings.quota_window_seconds)
        probe = f"of the native rate in a probe of {seconds:g} s"
        got = f"{told}granted {100 * share:g} %, got {100 * rate:.1f} % {probe}"
        if share in unbound:
            yield f"{run.system.id}: the compute limit does not bind: {got}"
        elif abs(rate - share) > NEAR:
            yield f"{run.system.id}: the compute limit binds elsewhere than asked: {got}"


def number(text: str) -> float | None:
    """The number that a text begins with; a file may hold anything."""
    found = re.match(r"\d{1,9}(\.\d{1,9})?", text)
    return float(found[0]) if found else None


def opens(run: Run) -> Iterator[str]:
    """Allocation calls that give memory above the limit, or refuse it with an odd code."""
    for check, _ in named(run, "calls"):
        for said in open_calls(check):
            yield f"{run.system.id}: {said}"
    if untried := untried_calls(run):
        yield f"{run.system.id}: memory limit: not tried by {', '.join(untried)}"
    if is_per_process(run):
        yield f"{run.system.id}: memory limit: {OWN}"


def untried_calls(run: Run) -> list[str]:
    """The calls by which no proof tried the memory limit that it tried by others; none where nothing was tried."""
    limited = run.plan.memory_limit_bytes is not None or any("memory_bytes" in one.granted for one in run.proof)
    if not limited or not any(named(run, "refused_above")):
        return []
    said = [part for check, _ in named(run, "calls") for part in re.split("; |, |open: |refused by ", check.found)]
    return [name for name in CALLS[1:] if not any(re.fullmatch(f"{name}( (by|in a|answers) .*)?", one) for one in said)]


def is_per_process(run: Run) -> bool:
    """Whether a second process of a tenant was given what the first one's limit would have refused."""
    return any(OWN in check.found.split("; ") for check, _ in named(run, "calls"))


def open_calls(check: Check) -> list[str]:
    """What a memory limit's check of every call found wrong: what is open, and odd codes."""
    parts = check.found.split("; ")
    return [f"memory limit: {part}" for part in parts if part.startswith("open: ") or " answers " in part]


def half_doors(run: Run) -> Iterator[str]:
    """Functions that the layer serves in one way only."""
    for check, _ in named(run, "doors"):
        _, separator, text = check.found.partition("; half a door: ")
        if separator:
            yield f"{run.system.id}: half a door: {text}"
