"""What a reader must know of the measuring of a run, beside what its proofs say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import median

from gpu_virt_bench.model.memory import memory_limits
from gpu_virt_bench.model.run import Repetition, Run, Value
from gpu_virt_bench.model.text import counted

BUSY = 1.15
"""From this pace on a host counts as busy: its processors take so many times their best time."""


def cautions(run: Run) -> list[str]:
    """What its memory limits came to, its warnings, its rejected samples, slow links, whether its host was busy, what
    was not taken in rounds."""
    taken = repetitions(run)
    rejected = sum(len(repetition.rejected) for repetition in taken)
    found = [*memory_limits(run), *run.warnings]
    if rejected:
        were, whose = ("was", "its reason is") if rejected == 1 else ("were", "their reasons are")
        found.append(f"{counted(rejected, 'sample')} {were} rejected; {whose} in the file")
    return [*found, *downgraded(run), *busy(taken), *in_turns(taken)]


def downgraded(run: Run) -> list[str]:
    """Which outcomes copied over a link that was below its best, for each way in which it was."""
    found: dict[str, list[str]] = {}
    for name, outcome in run.outcomes.items():
        rows = [row for one in getattr(outcome, "repetitions", ()) for row in one.detail.get("link", ())]
        for below in dict.fromkeys(map(below_best, rows)):
            if below:
                found.setdefault(below, []).append(name)
    return [f"downgraded link: {', '.join(names)} copied over {below}" for below, names in found.items()]


def below_best(row: Mapping[str, Value]) -> str:
    """The link of a row and what it could be, "" if it is at its best."""
    if not row.get("downgraded"):
        return ""
    now, best = (f"PCIe {row[prefix + 'generation']}.0 x{row[prefix + 'width']}" for prefix in ("", "max_"))
    return f"{now}, where card and slot can do {best}"


def repetitions(run: Run) -> list[Repetition]:
    """All that a run has, of every outcome."""
    return [repetition for outcome in run.outcomes.values() for repetition in getattr(outcome, "repetitions", ())]


def busy(taken: Sequence[Repetition]) -> list[str]:
    """That others used the host's processors meanwhile."""
    paces = [pace for repetition in taken for pace in repetition.paces]
    if not paces or (middle := median(paces)) <= BUSY:
        return []
    return [
        f"the host was busy: its processors were at {middle:.2g} of their best time in the median; "
        "changes within rounds are not touched by it, absolute values are"
    ]


def in_turns(taken: Sequence[Repetition]) -> list[str]:
    """How many repetitions were not taken in rounds, for each reason; older files give none."""
    reasons = Counter(repetition.why for repetition in taken if repetition.taken == "turns" and repetition.why)
    return [
        f"{count} of {counted(len(taken), 'repetition')} {'was' if count == 1 else 'were'} taken in turns,"
        f" not in rounds: {why}"
        for why, count in reasons.items()
    ]
