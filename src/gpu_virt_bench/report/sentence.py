"""A comparison in one sentence that can be pasted, and a change as people say it."""

from __future__ import annotations

import math
from collections.abc import Sequence

from gpu_virt_bench.compare.said import change_text, share_text
from gpu_virt_bench.model.claims import CALLS
from gpu_virt_bench.model.comparison import Comparison, Limit, Row
from gpu_virt_bench.model.text import counted

MOST = 6
"""So many outcomes of one verdict are named, those that changed most; the others are counted."""
BINDS = {True: "binds", False: "leaks", None: "not tried"}
"""What becomes of memory above a limit."""
ONE_RUN = "baseline and candidate are one run, nothing can differ"
GIB = 1 << 30


def sentence(comparison: Comparison) -> str:
    """`mps against native: worse: Driver API call time +215 +-10 ns; better: ...; same in 6 outcomes.`"""
    if comparison.is_empty:
        sides = f"{comparison.candidate.name} against {comparison.baseline.name}"
        return f"{sides}: nothing is compared: {refused(comparison)}."
    seen = [row for row in comparison.rows if not row.tail]
    seldom = [
        f"{tail_word(row)}: {named(row)}, {row.verdict} in the median, {row.tail}"
        for row in sorted(comparison.rows, key=tail_word, reverse=True)
        if row.tail
    ]
    parts = seldom + [part for verdict in ORDER if (part := of_verdict(verdict, seen))]
    emulated = " (emulated GPU)" if comparison.candidate.emulated else ""
    limits = [limit(one) for one in comparison.limits if one.name == "compute"]
    told = ONE_RUN if comparison.one_run else "; ".join([*nothing(comparison), *limits, *parts])
    return f"{comparison.candidate.name} against {comparison.baseline.name}{emulated}: {told}."


def tail_word(row: Row) -> str:
    """What a table says of an outcome whose median does not tell what its mean or its tail does; "" for any other."""
    if not row.tail:
        return ""
    return "tail slightly worse" if row.tail.startswith("slightly ") else "tail worse"


def nothing(comparison: Comparison) -> list[str]:
    """That no outcome was compared, of those that are shown."""
    if any(row.verdict != "not comparable" for row in comparison.rows):
        return []
    return [f"no {'headline ' if comparison.hidden else ''}outcome was compared"]


def refused(comparison: Comparison) -> str:
    """Why nothing of a pair can be compared, and what to do where that is not a matter of measuring anew."""
    kinds = {comparison.baseline.emulated, comparison.candidate.emulated}
    mixed = "; compare runs of one and the same GPU, real or emulated" if len(kinds) > 1 else ""
    return f"{comparison.refused}{mixed}"


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
    if verdict in ("same", "not comparable", "informational"):
        usual, others = [row for row in found if not row.against], [named(row) for row in found if row.against]
        whole = [named(usual[0])] if len(usual) == 1 else [counted(len(usual), "outcome")] if usual else []
        return f"{verdict}{': ' if len(found) == 1 else ' in '}{' and '.join([*whole, *others])}"
    told = [f"{named(row)} {shown(row) or f'({row.reason})'}" for row in found[:MOST]]
    if len(found) > MOST:
        told.append(f"{len(found) - MOST} more")
    return f"{verdict}: {', '.join(told)}"


def named(row: Row) -> str:
    """An outcome's title; with its id if it is not its metric's headline, and with what it was compared with if that is
    not the baseline."""
    marks = [*([] if row.headline else [row.id]), *([f"against {row.against}"] if row.against else [])]
    return row.title + (f" ({', '.join(marks)})" if marks else "")


def size(row: Row) -> float:
    """How far a change lies from none, in margins, so that changes of different units can be put in order; without a
    number it is a total loss, and farther than any."""
    if row.change is None:
        return math.inf
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
    """What a tenant got of the compute, with its interval; or sees of the memory, and if the limit binds."""
    if found.name == "memory":
        seen = "sees: not known" if found.got is None else f"sees {amount(found, found.got.value)}"
        return f"{seen}\n{effect(found)}"
    return "got: not known" if found.got is None else f"got {share_text(found.got)}"


def effect(found: Limit) -> str:
    """What becomes of memory above a limit, how many of the calls were tried if not all, and whether each process has a
    limit of its own: in lines that leave a table's other columns room."""
    some = f"{len(CALLS) - len(found.untried)} of {len(CALLS)} tried" if found.binds and found.untried else ""
    return "\n".join(filter(None, [BINDS[found.binds], some, "per process" * found.per_process]))


def amount(found: Limit, value: float) -> str:
    """A share in per cent, memory in GiB."""
    return f"{value / GIB:.3g} GiB" if found.unit == "B" else f"{100 * value:.3g} %"


def shown(row: Row) -> str:
    """The change of an outcome: `+4.6 ±1.0 %`, `+241 ±23 ns`; "" without one."""
    return "" if row.change is None else change_text(row.change, row.shown_unit)
