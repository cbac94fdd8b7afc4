"""Rates under a compute share: what is right is the share that was granted, and more of it is a leak, no merit."""

from __future__ import annotations

from dataclasses import replace

from gpu_virt_bench.compare.quotas import granted
from gpu_virt_bench.model.comparison import Change
from gpu_virt_bench.model.run import Measured, Run

BOUNDED = ("cycles/s",)
"""Units of rates that go with the share of the compute: those of whole work. Bandwidth needs few multiprocessors."""
FIRST_WITH_PARTIES = 3
"""Before that version the session's limit held for every tenant that the metric gave no share of its own."""


def shares(name: str, baseline: Run, candidate: Run) -> list[float]:
    """The shares of the device that a rate's tenant had in the baseline and in the candidate, 1 without a limit; empty
    where neither had one, or where the outcome is no rate that a share bounds."""
    outcome = candidate.outcomes[name]
    definition = candidate.metrics[outcome.metric]
    if definition.unit not in BOUNDED or definition.compare != "ratio":
        return []
    found = [share_of(run, name) for run in (baseline, candidate)]
    return [1.0 if share is None else share for share in found] if any(found) else []


def share_of(run: Run, name: str) -> float | None:
    """The share of an outcome's only tenant; None for the whole device, and where several share it."""
    outcome = run.outcomes[name]
    if run.schema_version < FIRST_WITH_PARTIES:
        return granted(run, "compute_share", run.plan.compute_limit)
    party = outcome.party if isinstance(outcome, Measured) else []
    return party[0].compute_share if len(party) == 1 else None


def of_share(candidate: Measured, found: list[float]) -> Measured:
    """The candidate's rates over what its share of the baseline's would be."""
    before, after = found
    scale = before / after
    return replace(
        candidate,
        repetitions=[
            replace(repetition, samples=[scale * value for value in repetition.samples])
            for repetition in candidate.repetitions
        ],
    )


def rate_of(change: Change) -> str:
    """What was granted and what was got, as people say it; "" for what no share bounds."""
    if not change.shares:
        return ""
    before, after = change.shares
    got = change.interval.value * after / before
    of = "the baseline" if before == 1 else f"the baseline, which had {100 * before:g} %"
    return f"granted {100 * after:g} % of the device, got {100 * got:.1f} % of {of}"
