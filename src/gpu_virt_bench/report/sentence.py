"""A comparison in one sentence that can be pasted, and a change as people say it."""

from __future__ import annotations

import math
from collections.abc import Sequence

from gpu_virt_bench.model.comparison import Change, Comparison, Limit, Row
from gpu_virt_bench.model.metric import SHOWN
from gpu_virt_bench.model.text import counted

MOST = 6
"""So many outcomes of one verdict are named, those that changed most; the others are counted."""
TWICE = 2.0
"""From this ratio on a change is said in times, not in per cent."""
WORDS = {"inconclusive": "not told", "not comparable": "not compared", "informational": "not judged"}
"""Verdicts as sentences and tables say them, where another word is plainer."""
TAIL = "tail worse"
"""What a table says of an outcome whose median does not tell what its mean or its tail does."""
BINDS = {True: "binds", False: "leaks", None: "not tried"}
"""What becomes of memory above a limit."""
GIB = 1 << 30


def sentence(comparison: Comparison) -> str:
    """`mps against native: worse: Driver API call time +215 +-10 ns; better: ...; same in 6 outcomes.`"""
    seen = [row for row in comparison.rows if not row.tail]
    seldom = [f"{TAIL}: {named(row)}, {row.verdict} in the median, {row.tail}" for row in comparison.rows if row.tail]
    parts = seldom + [part for verdict in ORDER if (part := of_verdict(verdict, seen))]
    emulated = " (emulated GPU)" if comparison.candidate.emulated else ""
    limits = [limit(one) for one in comparison.limits if one.name == "compute"]
    told = "; ".join([*limits, *parts]) or "no outcome was compared"
    return f"{comparison.candidate.name} against {comparison.baseline.name}{emulated}: {told}."


ORDER = (
    "worse",
    "slightly worse",
    "deferred or elided",
    "better",
    "slightly better",
    "same",
    "informational",
    "inconclusive",
    "not comparable",
)


def of_verdict(verdict: str, rows: Sequence[Row]) -> str:
    """The outcomes of one verdict, in words; "" for none."""
    found = sorted((row for row in rows if row.verdict == verdict), key=lambda row: (-size(row), row.id))
    if not found:
        return ""
    word = WORDS.get(verdict, verdict)
    if verdict in ("same", "not comparable", "informational"):
        usual, others = [row for row in found if not row.against], [named(row) for row in found if row.against]
        whole = [named(usual[0])] if len(usual) == 1 else [counted(len(usual), "outcome")] if usual else []
        return f"{word}{': ' if len(found) == 1 else ' in '}{' and '.join([*whole, *others])}"
    told = [f"{named(row)} {shown(row)}".rstrip() for row in found[:MOST]]
    if len(found) > MOST:
        told.append(f"{len(found) - MOST} more")
    return f"{word}: {', '.join(told)}"


def named(row: Row) -> str:
    """An outcome's title; with its id if it is not its metric's headline, and with what it was compared with if that is
    not the baseline."""
    marks = [*([] if row.headline else [row.id]), *([f"against {row.against}"] if row.against else [])]
    return row.title + (f" ({', '.join(marks)})" if marks else "")


def size(row: Row) -> float:
    """How far a change lies from none, in margins, so that changes of different units can be put in order."""
    if row.change is None:
        return 0.0
    change = row.change
    far = abs(change.interval.value if change.kind == "difference" else math.log(change.interval.value))
    return round(far / change.margin if change.margin else far, 6)


def limit(found: Limit) -> str:
    """`compute: asked 50 %, got 80.4 ±0.6 %`."""
    return f"{found.name}: asked {asked(found)}, {got(found)}"


def asked(found: Limit) -> str:
    """What was asked for, and what was granted where that is something else."""
    whole = amount(found, found.asked)
    granted = amount(found, found.granted)
    return whole if whole == granted else f"{whole} ({granted} granted)"


def got(found: Limit) -> str:
    """What a tenant got of the compute, with half of its interval; or sees of the memory, and if the limit binds."""
    if found.name == "memory":
        seen = "sees: not known" if found.got is None else f"sees {amount(found, found.got.value)}"
        return f"{seen}\n{BINDS[found.binds]}"
    if found.got is None:
        return "got: not known"
    low, high = found.got.low, found.got.high
    if low is None or high is None:
        return f"got {amount(found, found.got.value)}"
    return f"got {with_half(100 * found.got.value, 100 * low, 100 * high, sign=False)} %"


def amount(found: Limit, value: float) -> str:
    """A share in per cent, memory in GiB."""
    return f"{value / GIB:.3g} GiB" if found.unit == "B" else f"{100 * value:.3g} %"


def shown(row: Row) -> str:
    """The change of an outcome: `+4.6 ±1.0 %`, `2.38 ±0.14 times`, `+241 ±23 ns`; "" without one."""
    return "" if row.change is None else change_text(row.change, row.shown_unit)


def change_text(change: Change, unit: str) -> str:
    """A change with half of its interval. A difference of per cents is in percentage points,
    a rate under a compute share is what it is of that share."""
    value, low, high = change.interval.value, change.interval.low, change.interval.high
    if change.kind == "difference":
        factor, name = SHOWN[unit][1], "pp" if unit == "%" else unit
        value, low, high = factor * value, *(None if end is None else factor * end for end in (low, high))
    elif change.shares:
        return f"{with_half(value, low, high, sign=False, none=1.0)} of share"
    elif value >= TWICE:
        return f"{with_half(value, low, high, sign=False, none=1.0)} times"
    else:
        value, low, high = 100 * (value - 1), *(None if end is None else 100 * (end - 1) for end in (low, high))
        name = "%"
    return f"{with_half(value, low, high, most=3 if change.kind == 'difference' else 2)} {name}"


def with_half(
    value: float, low: float | None, high: float | None, sign: bool = True, most: int = 2, none: float = 0.0
) -> str:
    """`+4.6 ±1.0`: the larger half of the interval, decimals so that it has two digits, `most` of them at most. Where
    that would hold no change, at `none`, and the interval does not: its ends, `+1.03 (+0.90 .. +2.31)`."""
    half = None if low is None or high is None else max(high - value, value - low)
    digits = 2 if not half else min(most, max(0, 1 - math.floor(math.log10(half))))

    def written(number: float) -> str:
        text = f"{number:+,.{digits}f}" if sign else f"{number:,.{digits}f}"
        return text if text.strip("+-0.,") else text.lstrip("+-")

    if half is None or low is None or high is None:
        return written(value)
    if abs(value - none) <= half and not low <= none <= high:
        return f"{written(value)} ({written(low)} .. {written(high)})"
    return f"{written(value)} ±{half:,.{digits}f}"
