"""Ratios with a side at 0: no number says how much that is, and a total loss is a verdict all the same."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from gpu_virt_bench.compare.pairs import medians
from gpu_virt_bench.model.comparison import Verdict
from gpu_virt_bench.model.run import Definition, Measured


def loss(baseline: Measured, candidate: Measured, definition: Definition) -> tuple[Verdict, str]:
    """The verdict on a ratio of which one side is 0 in some repetition, and the counts that it rests on; `not
    comparable` where they do not tell, and "" for what has a ratio.

    A rate that is 0 in a repetition of the candidate and in none of the baseline is a total loss, however seldom: as a
    sample that failed. So is one that is 0 in all repetitions, where the baseline's median is not. A cost that
    rose from 0 is worse. One that fell to 0 is not better: it was not paid, or is too small for the clock.
    """
    if definition.compare != "ratio" or definition.unit == "pass":
        return "not comparable", ""
    before, after = medians(baseline), medians(candidate)
    zeros = [sum(value <= 0 for value in side) for side in (before, after)]
    if not any(zeros):
        return "not comparable", ""
    return named(before, after, definition.better), (
        f"0 in {zeros[1]} of {len(after)} repetitions, in {zeros[0]} of {len(before)} of the baseline: no ratio"
    )


def named(before: Sequence[float], after: Sequence[float], better: str) -> Verdict:
    """The word for it."""
    was, became = (all(value <= 0 for value in side) for side in (before, after))
    if min(before) > 0 >= min(after) or (became and median(before) > 0):
        return "worse" if better == "higher" else "not comparable"
    if was and min(after) > 0:
        return "better" if better == "higher" else "worse" if better == "lower" else "not comparable"
    return "not comparable"
