"""What must not be compared, and what a reader must know of what is: each a sentence."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping

from gpu_virt_bench.model.run import Definition, Failed, Measured, Outcome, Plan, Run, Skipped, Value, too_many_rejected
from gpu_virt_bench.model.system import FEATURES

MIB = 1 << 20
UNLIKE = 0.02
"""Quotas, and views of a device, that differ by less are alike: a layer rounds."""
EFFORT = ("warmup", "window_seconds", "settle_seconds", "quota_window_seconds", "quota_settle_seconds")


def refusal(baseline: Run, candidate: Run) -> str:
    """Why no outcome of two runs can be compared, "" if they can."""
    reasons = [*unlike_devices(baseline, candidate), *unproven(baseline), *unproven(candidate)]
    return "; ".join(dict.fromkeys([*reasons, *unlike_quotas(baseline, candidate)]))


def unlike_devices(baseline: Run, candidate: Run) -> Iterator[str]:
    """Other hardware, or a model of it."""
    kinds = ["emulated" if run.device.emulated else "real" for run in (baseline, candidate)]
    models = [run.device.profile or run.device.name for run in (baseline, candidate)]
    if kinds[0] != kinds[1]:
        yield f"the baseline's GPU is {kinds[0]}, the candidate's {kinds[1]}"
    elif models[0] != models[1]:
        yield f"other GPU: {models[0]} against {models[1]}"


def unproven(run: Run) -> Iterator[str]:
    """A run that does not show its system in force. A derived run has no tenants that could."""
    if run.status == "refused":
        yield f"{run.system.id} was refused"
    elif run.kind == "measured" and not any(record.checks for record in run.proof):
        yield f"{run.system.id} has no proof that it was in force"
    failed = (
        f"{run.system.id} was not in force: {check.name} is {check.found}, expected {check.expected}"
        for record in run.proof
        for check in record.checks
        # a feature that was not in force has failed its own outcomes already
        if not check.passed and check.name.partition(".")[0] not in FEATURES
    )
    yield from itertools.islice(failed, 1)


def unlike_quotas(baseline: Run, candidate: Run) -> Iterator[str]:
    """Quotas of both sides that differ, unless that is what a sweep asks."""
    if baseline.point != candidate.point:
        return
    for name, unit, before, after in quotas(baseline, candidate):
        if before is not None and after is not None and not alike(before, after):
            yield f"{name} quota {before:g}{unit} against {after:g}{unit}"


def quotas(baseline: Run, candidate: Run) -> Iterator[tuple[str, str, float | None, float | None]]:
    """Both sides' quotas as granted, with their unit; None where a system was measured without."""
    before, after = (granted(run, "compute_share", run.plan.compute_limit) for run in (baseline, candidate))
    yield "compute", "", before, after
    before, after = (granted(run, "memory_bytes", run.plan.memory_limit_bytes) for run in (baseline, candidate))
    yield "memory", " MiB", before and before / MIB, after and after / MIB


def granted(run: Run, key: str, asked: float | None) -> float | None:
    """What a tenant got of the session's quota: of all that tenants were granted, the nearest to what was asked."""
    found = numbers(run, key)
    return None if asked is None or not found else min(found, key=lambda value: abs(value - asked))


def numbers(run: Run, key: str) -> list[float]:
    """The values that tenants were granted, or saw; what is no number is none of them."""
    found = []
    for record in run.proof:
        try:
            found.append(float(record.granted[key]))
        except (KeyError, ValueError):
            continue
    return found


def alike(before: float, after: float) -> bool:
    """Whether two amounts differ by rounding only."""
    return abs(before - after) <= UNLIKE * max(abs(before), abs(after))


def obstacle(name: str, baseline: Run, candidate: Run) -> str:
    """Why one outcome cannot be compared, "" if it can."""
    for side, run in (("baseline", baseline), ("candidate", candidate)):
        if reason := unusable(run.outcomes.get(name), side):
            return reason
    ours, theirs = baseline.outcomes[name], candidate.outcomes[name]
    if ours.params != theirs.params:
        return f"other parameters: {listed(ours.params)} against {listed(theirs.params)}"
    return redefined(baseline.metrics[ours.metric], candidate.metrics[theirs.metric])


def unusable(outcome: Outcome | None, side: str) -> str:
    """Why an outcome has no samples to compare."""
    match outcome:
        case None:
            return f"not measured in the {side}"
        case Skipped(reason=reason):
            return f"skipped in the {side}: {reason}"
        case Failed(error=error):
            return f"failed in the {side}: {error}"
        case Measured(repetitions=repetitions):
            if not any(repetition.samples for repetition in repetitions):
                return f"no samples in the {side}"
            return too_many_rejected(repetitions, f" of the {side}") or ""
    return ""


def listed(params: dict[str, Value]) -> str:
    """`path=start, n=4`."""
    return ", ".join(f"{name}={value}" for name, value in params.items()) or "none"


def redefined(ours: Definition, theirs: Definition) -> str:
    """Whether the metric was another one."""
    for field in ("revision", "unit", "compare", "better"):
        before, after = getattr(ours, field), getattr(theirs, field)
        if before != after:
            return f"other definition: {field} {before} against {after}"
    return ""


def remarks(baseline: Run, candidate: Run) -> Iterator[str]:
    """What limits a comparison without forbidding it."""
    if baseline == candidate:
        yield "baseline and candidate are the same run: nothing can differ"
    elif baseline.session.id != candidate.session.id:
        yield "the runs are of two sessions: what else changed between them counts as a change"
    for run in (baseline, candidate):
        if run.kind == "derived":
            yield f"{run.system.id} is derived: a model's values, nothing was measured"
        if run.status in ("running", "interrupted"):
            yield f"the run of {run.system.id} is {run.status}: what is missing is not compared"
    yield from unlike_conditions(baseline, candidate)
    for name, unit, before, after in quotas(baseline, candidate):
        if (before is None) != (after is None):
            one = "candidate" if before is None else "baseline"
            yield f"only the {one} has a {name} quota: {after or before:g}{unit}"
    for view, key, size in (("SMs", "sm_count", 1), ("MiB of memory", "memory_total", MIB)):
        seen = [max(numbers(run, key), default=0.0) / size for run in (baseline, candidate)]
        if all(seen) and not alike(*seen):
            yield f"tenants saw {seen[0]:g} {view} in the baseline, {seen[1]:g} in the candidate"


def unlike_conditions(baseline: Run, candidate: Run) -> Iterator[str]:
    """Settings and versions that differ."""
    ours, theirs = baseline.device, candidate.device
    if ours.emulated and ours.profile == theirs.profile:
        for key, change in unlike(ours.emulation, theirs.emulation):
            yield f"emulation differs: {key} is {change}"
    if ours.driver_version != theirs.driver_version:
        yield f"other driver: {ours.driver_version} against {theirs.driver_version}"
    if baseline.tool_version != candidate.tool_version:
        yield f"other version of this program: {baseline.tool_version} against {candidate.tool_version}"
    for key, change in unlike(effort(baseline.plan), effort(candidate.plan)):
        yield f"other effort: {key} {change}"


def unlike(ours: Mapping[str, Value], theirs: Mapping[str, Value]) -> Iterator[tuple[str, str]]:
    """The keys whose values differ, and how."""
    for key in sorted(ours.keys() | theirs.keys()):
        if ours.get(key) != theirs.get(key):
            yield key, f"{ours.get(key, 'unset')} against {theirs.get(key, 'unset')}"


def effort(plan: Plan) -> dict[str, Value]:
    """What a sample cost. How many repetitions there are stands beside each outcome."""
    fields = {name: getattr(plan, name) for name in EFFORT}
    return {**fields, **{f"samples of {kind}": count for kind, count in plan.samples.items()}}
