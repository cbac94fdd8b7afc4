"""Two tenants' fingerprints: did their kernels run at the same instants, and on the same multiprocessors?

Every block of a probe kernel notes its multiprocessor and the device's clock at its begin and end. A block that is
preempted in between must be given as several intervals, cut where its clock jumped.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gpu_virt_bench.model.run import Check

Block = tuple[int, int, int]
"""Multiprocessor, begin and end in nanoseconds of the device's clock."""
Span = tuple[int, int]

ALWAYS = 0.5
"""Tenants side by side overlap for at least this share of the shorter one's time: between launches each pauses."""


def overlap_check(name: str, expected: str, first: Sequence[Block], second: Sequence[Block], resolution: int) -> Check:
    """Whether two tenants run at the same instants `always` or `never`. `resolution` is the clock's smallest step."""
    a, b = spans(first), spans(second)
    if not a or not b or min(a[-1][1], b[-1][1]) <= max(a[0][0], b[0][0]):
        return Check(name, expected, "the two tenants' kernels were not busy at the same time", expected == "any")
    shared = together(a, b, resolution)
    share = shared / min(total(a), total(b))
    found = "never" if shared == 0 else f"for {share:.0%} of the shorter one's time"
    passed = {"always": share >= ALWAYS, "never": shared == 0, "any": True}[expected]
    return Check(name, expected, found, passed)


def sm_sets_check(name: str, expected: str, first: Sequence[Block], second: Sequence[Block]) -> Check:
    """Whether two tenants use different multiprocessors."""
    a, b = ({block[0] for block in blocks} for blocks in (first, second))
    found = f"{len(a)} and {len(b)} SMs, {len(a & b)} of them shared"
    return Check(name, expected, found, expected == "any" or (bool(a) and bool(b) and not a & b))


def spans(blocks: Iterable[Block]) -> list[Span]:
    """When any block ran: intervals that do not touch, in order."""
    found: list[Span] = []
    for begin, end in sorted((begin, end) for _, begin, end in blocks):
        if found and begin <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((begin, end))
    return found


def together(a: Sequence[Span], b: Sequence[Span], resolution: int = 0) -> int:
    """Nanoseconds in both; what the clock cannot tell from nothing does not count."""
    shared, i, j = 0, 0, 0
    while i < len(a) and j < len(b):
        both = min(a[i][1], b[j][1]) - max(a[i][0], b[j][0])
        shared += both if both > resolution else 0
        if a[i][1] < b[j][1]:
            i += 1
        else:
            j += 1
    return shared


def total(parts: Iterable[Span]) -> int:
    """Nanoseconds of all spans together."""
    return sum(end - begin for begin, end in parts) or 1
