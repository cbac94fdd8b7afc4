"""Two tenants' fingerprints: did their kernels run at the same instants, and on the same multiprocessors?

Every block of one long kernel notes its multiprocessor and when it ran by the device's clock, cut wherever that clock
jumped: then its context was suspended.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import median

from gpu_virt_bench.model.run import Check
from gpu_virt_bench.model.workload import Series, Workload

Block = tuple[int, int, int]
"""Multiprocessor, begin and end in nanoseconds of the device's clock: a segment of a block."""
Span = tuple[int, int]

DURATION = 50_000_000
"""Nanoseconds of the kernel: many slices, which last about 2 ms."""
GAP = 20_000
"""Nanoseconds between two reads of the clock that mean a suspended block: a read loop takes less than 2 us, no clock
steps by more than about 1 us, and a switch of contexts and back takes longer."""
ALWAYS = 0.5
"""Tenants side by side overlap for more than this share of the time that the less busy one ran."""
NEVER = 0.05
"""Tenants that take turns overlap for less than this share: 0.1 ms of a slice of 2 ms, about what a switch of contexts
takes; meanwhile blocks of one may still run and blocks of the other run already. Side by side it is near 1."""


def workload(sm_count: int) -> Workload:
    """The fingerprint of one tenant: a block for each multiprocessor, so small that another tenant's fits beside it."""
    return Workload("fingerprint", {"duration": DURATION, "gap": GAP, "blocks": sm_count})


def blocks(series: Series) -> list[Block]:
    """The segments that a fingerprint noted."""
    columns = series.columns
    rows = zip(columns["smid"], columns["begin"], columns["end"], strict=True)
    return [(int(smid), int(begin), int(end)) for smid, begin, end in rows]


def overlap_check(name: str, expected: str, first: Sequence[Block], second: Sequence[Block], resolution: int) -> Check:
    """Whether two tenants run at the same instants `always` or `never`. `resolution` is the clock's smallest step."""
    a, b = spans(first), spans(second)
    window = common_window(a, b)
    if window is None:
        return Check(name, expected, "the two tenants' kernels were not at work at the same time", expected == "any")
    busy = [total(clipped(part, window)) for part in (a, b)]
    share = together(a, b, resolution) / max(min(busy), 1)
    figure = f" ({share:.1%} of the less busy one's time)" if share else ""
    return Check(name, expected, f"{turns(share)}{figure}{slices(a, b)}", expected in {"any", turns(share)})


def turns(share: float) -> str:
    """The word for a share of time that two tenants have in common."""
    if share > ALWAYS:
        return "always"
    return "never" if share < NEVER else "neither always nor never"


def slices(*tenants: Sequence[Span]) -> str:
    """The median time that a tenant had before it was suspended, in words; nothing where none was suspended twice. The
    first and the last span of a kernel are cut by its own begin and end."""
    whole = [end - begin for spans in tenants for begin, end in spans[1:-1]]
    return f", in slices of {median(whole) / 1e6:.2f} ms" if whole else ""


def common_window(a: Sequence[Span], b: Sequence[Span]) -> Span | None:
    """When both kernels had begun and not ended, suspended or not; None if that is less than half of the shorter one:
    kernels that hardly met show nothing."""
    if not a or not b:
        return None
    begin, end = max(a[0][0], b[0][0]), min(a[-1][1], b[-1][1])
    shorter = min(part[-1][1] - part[0][0] for part in (a, b))
    return (begin, end) if end > begin and 2 * (end - begin) >= shorter else None


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


def clipped(parts: Iterable[Span], window: Span) -> list[Span]:
    """What of the spans lies in a window."""
    cut = ((max(begin, window[0]), min(end, window[1])) for begin, end in parts)
    return [(begin, end) for begin, end in cut if begin < end]


def total(parts: Iterable[Span]) -> int:
    """Nanoseconds of all spans together."""
    return sum(end - begin for begin, end in parts)
