"""What tenants were granted: in version 3 by outcome, as its party says; before, as far as proof records tell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gpu_virt_bench.model.run import Granted, Measured, Run

MIB = 1 << 20
UNLIKE = 0.02
"""Quotas, and views of a device, that differ by less are alike: a layer rounds."""
FEW = 4
"""More outcomes than that are counted, not listed."""
Quota = tuple[str, str, float | None, float | None]
"""Its name and unit, and what either side was granted; None without one."""


# -- by outcome


def unlike_parties(ours: Sequence[Granted], theirs: Sequence[Granted]) -> str:
    """Why two outcomes worked with unlike tenants, "" if they did not."""
    roles = [", ".join(granted.role for granted in party) or "no tenant" for party in (ours, theirs)]
    if roles[0] != roles[1]:
        return f"other tenants: {roles[0]} against {roles[1]}"
    for before, after in zip(ours, theirs, strict=True):
        for name, unit, one, other in granted_quotas(before, after):
            if one is not None and other is not None and not alike(one, other):
                of = f" of {before.role}" if len(ours) > 1 else ""
                return f"{name} quota{of} {one:g}{unit} against {other:g}{unit}"
    return ""


def granted_quotas(before: Granted, after: Granted) -> Iterator[Quota]:
    """The quotas of one tenant of either side."""
    yield "compute", "", before.compute_share, after.compute_share
    yield "memory", " MiB", mib(before.memory_bytes), mib(after.memory_bytes)


def mib(size: float | None) -> float | None:
    """Bytes in MiB."""
    return None if size is None else size / MIB


def one_sided(baseline: Run, candidate: Run, by_party: bool) -> Iterator[str]:
    """Quotas that one side alone has, with the outcomes that this holds for where it is not all."""
    found: dict[str, list[str]] = {}
    outcomes = quotas_by_outcome(baseline, candidate) if by_party else [("", [*quotas(baseline, candidate)])]
    for name, granted in outcomes:
        for quota, unit, before, after in granted:
            if (before is None) != (after is None):
                one, amount = ("baseline", before) if after is None else ("candidate", after)
                found.setdefault(f"only the {one} has a {quota} quota: {amount:g}{unit}", []).append(name)
    for text, names in found.items():
        some = list(dict.fromkeys(names))
        if len(some) == len(outcomes):
            yield text
        else:
            yield f"{text} ({', '.join(some) if len(some) <= FEW else f'{len(some)} of {len(outcomes)} outcomes'})"


def quotas_by_outcome(baseline: Run, candidate: Run) -> list[tuple[str, list[Quota]]]:
    """The quotas of both sides' tenants for every outcome that both measured."""
    return [
        (name, [quota for pair in zip(ours.party, theirs.party, strict=False) for quota in granted_quotas(*pair)])
        for name, ours in baseline.outcomes.items()
        if isinstance(ours, Measured) and isinstance(theirs := candidate.outcomes.get(name), Measured)
    ]


# -- by run, before version 3


def unlike_quotas(baseline: Run, candidate: Run) -> Iterator[str]:
    """Quotas of both sides that differ, unless that is what a sweep asks."""
    if baseline.point != candidate.point:
        return
    for name, unit, before, after in quotas(baseline, candidate):
        if before is not None and after is not None and not alike(before, after):
            yield f"{name} quota {before:g}{unit} against {after:g}{unit}"


def quotas(baseline: Run, candidate: Run) -> Iterator[Quota]:
    """Both sides' quotas as granted."""
    before, after = (granted(run, "compute_share", run.plan.compute_limit) for run in (baseline, candidate))
    yield "compute", "", before, after
    before, after = (granted(run, "memory_bytes", run.plan.memory_limit_bytes) for run in (baseline, candidate))
    yield "memory", " MiB", mib(before), mib(after)


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


# -- views


def unlike_views(baseline: Run, candidate: Run) -> Iterator[str]:
    """What tenants saw of the device, where the sides differ."""
    for view, key, size in (("SMs", "sm_count", 1), ("MiB of memory", "memory_total", MIB)):
        seen = [max(numbers(run, key), default=0.0) / size for run in (baseline, candidate)]
        if all(seen) and not alike(*seen):
            yield f"tenants saw {seen[0]:g} {view} in the baseline, {seen[1]:g} in the candidate"


def alike(before: float, after: float) -> bool:
    """Whether two amounts differ by rounding only."""
    return abs(before - after) <= UNLIKE * max(abs(before), abs(after))
