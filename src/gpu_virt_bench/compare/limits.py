"""The limits of a run: what was asked for, what its tenants were granted, and what they got."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gpu_virt_bench.compare.quotas import granted, numbers
from gpu_virt_bench.model import claims
from gpu_virt_bench.model.comparison import Interval, Limit, Row
from gpu_virt_bench.model.run import Run


def limits(run: Run, rows: Sequence[Row]) -> list[Limit]:
    """The limits that a run's tenants had; none where the system has no such feature."""
    return [*compute(run, rows), *memory(run)]


def compute(run: Run, rows: Sequence[Row]) -> Iterator[Limit]:
    """The compute share; what was got is a rate of whole work over the baseline's, which had all of the device."""
    share = granted(run, "compute_share", run.plan.compute_limit)
    if run.plan.compute_limit is not None and share is not None:
        yield Limit("compute", "", run.plan.compute_limit, share, next(got(rows), None))


def got(rows: Sequence[Row]) -> Iterator[Interval]:
    """The rates of headline outcomes under a share, over the whole device's."""
    for row in rows:
        if row.headline and row.change is not None and row.change.shares:
            before, after = row.change.shares
            found, scale = row.change.interval, after / before
            low, high = (None if end is None else scale * end for end in (found.low, found.high))
            if before == 1:
                yield Interval(scale * found.value, low, high, found.level)


def memory(run: Run) -> Iterator[Limit]:
    """Bytes of memory; what was got is what a tenant sees of the device."""
    asked = run.plan.memory_limit_bytes
    size = granted(run, "memory_bytes", asked)
    if asked is not None and size is not None:
        seen = max(numbers(run, "memory_total"), default=None)
        got = None if seen is None else Interval(seen, None, None, 0.0)
        untried, own = claims.untried_calls(run), claims.is_per_process(run)
        yield Limit("memory", "B", asked, size, got, binds(run), untried, own)


def binds(run: Run) -> bool | None:
    """Whether every call that was tried refused memory above the limit."""
    tried = [check for check, _ in claims.named(run, "refused_above")]
    leaks = any(": open: " in said for check, _ in claims.named(run, "calls") for said in claims.open_calls(check))
    return all(check.passed for check in tried) and not leaks if tried else None
