"""What must not be compared, and what a reader must know of what is: each a sentence."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping

from gpu_virt_bench.compare.quotas import one_sided, unlike_parties, unlike_quotas, unlike_views
from gpu_virt_bench.model import evidence
from gpu_virt_bench.model.cautions import cautions
from gpu_virt_bench.model.claims import claims
from gpu_virt_bench.model.evidence import FIRST_WITH_CONDITIONS
from gpu_virt_bench.model.run import (
    Check,
    Definition,
    Failed,
    Measured,
    Outcome,
    Plan,
    ProofRecord,
    Run,
    Skipped,
    Value,
    too_many_rejected,
)
from gpu_virt_bench.model.system import FEATURES

WINDOWS = ("window_seconds", "settle_seconds", "quota_window_seconds", "quota_settle_seconds")


def refusal(baseline: Run, candidate: Run) -> str:
    """Why no outcome of two runs can be compared, "" if they can."""
    reasons = [*unlike_devices(baseline, candidate), *unproven(baseline), *unproven(candidate)]
    if not say_conditions(baseline, candidate):
        reasons += unlike_quotas(baseline, candidate)
    return "; ".join(dict.fromkeys(reasons))


def unlike_devices(baseline: Run, candidate: Run) -> Iterator[str]:
    """Other hardware, or a model of it."""
    kinds = ["emulated" if run.device.emulated else "real" for run in (baseline, candidate)]
    models = [", ".join(device.profile or device.name for device in run.devices) for run in (baseline, candidate)]
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
    elif run.kind == "measured":
        yield from evidence.of_run(run)
    if run.schema_version >= FIRST_WITH_CONDITIONS and (count := unasked(run)):
        who, whose = ("tenants were", "their") if count > 1 else ("tenant was", "its")
        yield f"{run.system.id} is unproven: {count} {who} not asked for {whose} proof after {whose} last sample"
    failed = (
        f"{run.system.id} was not in force: {check.name} is {check.found}, expected {check.expected}"
        for record in run.proof
        for check in record.checks
        # a feature that was not in force, and a tenant that was lost, have failed their own outcomes already
        if not check.passed and check.name.partition(".")[0] not in FEATURES and not is_loss(record, check)
    )
    yield from itertools.islice(failed, 1)


def is_loss(record: ProofRecord, check: Check) -> bool:
    """Whether a tenant had died, or did not answer, when it was asked for its last proof."""
    return record.when == "after" and check.name == "alive" and not check.passed


def unasked(run: Run) -> int:
    """How many tenants were asked for their proof before their first sample and not after their last."""
    asked = {"before": Counter[tuple[int | None, int]](), "after": Counter[tuple[int | None, int]]()}
    for record in run.proof:
        asked[record.when][record.serial, record.child] += 1
    return (asked["before"] - asked["after"]).total()


def obstacle(name: str, baseline: Run, candidate: Run) -> str:
    """Why one outcome cannot be compared, "" if it can."""
    for side, run in (("baseline", baseline), ("candidate", candidate)):
        if reason := unusable(run.outcomes.get(name), side):
            return reason
    ours, theirs = baseline.outcomes[name], candidate.outcomes[name]
    if ours.params != theirs.params:
        return f"other parameters: {listed(ours.params)} against {listed(theirs.params)}"
    if reason := redefined(baseline.metrics[ours.metric], candidate.metrics[theirs.metric]):
        return reason
    if not say_conditions(baseline, candidate) or not (isinstance(ours, Measured) and isinstance(theirs, Measured)):
        return ""
    unlike_ones = [f"{key} {change}" for key, change in unlike(ours.conditions, theirs.conditions)]
    if unlike_ones:
        return f"other conditions: {', '.join(unlike_ones)}"
    return "" if baseline.point != candidate.point else unlike_parties(ours.party, theirs.party)


def say_conditions(baseline: Run, candidate: Run) -> bool:
    """Whether the outcomes of both say with what they were measured."""
    return min(baseline.schema_version, candidate.schema_version) >= FIRST_WITH_CONDITIONS


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
        yield from claims(run)
        if run.kind == "derived":
            yield f"{run.system.id} is derived: a model's values, nothing was measured"
        if run.status in ("running", "interrupted", "out-of-time"):
            yield f"the run of {run.system.id} {run.ending}: what is missing is not compared"
        yield from lost_tenants(run)
        yield from half_asked(run)
    yield from cautioned(baseline, candidate)
    yield from unlike_conditions(baseline, candidate)
    yield from one_sided(baseline, candidate, by_party=say_conditions(baseline, candidate))
    yield from unlike_views(baseline, candidate)


def cautioned(baseline: Run, candidate: Run) -> Iterator[str]:
    """The warnings of both runs, each once."""
    names = list(dict.fromkeys([baseline.system.id, candidate.system.id]))
    ours, theirs = cautions(baseline), cautions(candidate)
    for sentence in dict.fromkeys([*ours, *theirs]):
        if any(sentence.startswith(f"{name} ") for name in names):
            yield sentence
        elif sentence in ours and sentence in theirs:
            yield f"{', '.join(names)}: {sentence}"
        else:
            yield f"{(baseline if sentence in ours else candidate).system.id}: {sentence}"


def lost_tenants(run: Run) -> Iterator[str]:
    """That tenants did not live, or did not answer, until their last proof."""
    count = sum(is_loss(record, check) for record in run.proof for check in record.checks)
    if count:
        who, whose = ("tenants", "their") if count > 1 else ("tenant", "its")
        yield (
            f"{count} {who} of {run.system.id} died or did not answer when asked for {whose} last proof: "
            f"what {'they' if count > 1 else 'it'} measured is failed or left out"
        )


def half_asked(run: Run) -> Iterator[str]:
    """That an older run's tenants were not all asked for their proof at the end: versions 1 and 2 forgot most."""
    if run.schema_version >= FIRST_WITH_CONDITIONS or not run.proof:
        return
    before, after = (
        Counter((record.repetition, record.tenant) for record in run.proof if record.when == when)
        for when in ("before", "after")
    )
    if before != after:
        yield (
            f"the run of {run.system.id} was written before version 3: {before.total()} proofs before first samples, "
            f"{after.total()} after last ones, not all of the same tenants"
        )


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
    sides = [effort(run.plan, windows=not say_conditions(baseline, candidate)) for run in (baseline, candidate)]
    for key, change in unlike(*sides):
        yield f"other effort: {key} {change}"


def unlike(ours: Mapping[str, Value], theirs: Mapping[str, Value]) -> Iterator[tuple[str, str]]:
    """The keys whose values differ, and how."""
    for key in sorted(ours.keys() | theirs.keys()):
        if ours.get(key) != theirs.get(key):
            yield key, f"{ours.get(key, 'unset')} against {theirs.get(key, 'unset')}"


def effort(plan: Plan, windows: bool) -> dict[str, Value]:
    """What a sample cost; `windows` where outcomes do not state theirs. Repetitions stand beside each outcome."""
    suite = plan.settings
    fields = {name: getattr(suite, name) for name in ("warmup", *(WINDOWS if windows else ()))}
    return {**fields, **{f"samples of {kind}": count for kind, count in suite.rounds.items()}}
