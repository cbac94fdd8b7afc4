"""Pass/fail outcomes: counts decide, never an interval of shares alone."""

from __future__ import annotations

from dataclasses import replace

from gpu_virt_bench.compare.pairs import medians
from gpu_virt_bench.model.comparison import Change, Row, Verdict
from gpu_virt_bench.model.run import Definition, Measured
from gpu_virt_bench.stats.proportion import Passes, proportion_difference, proportion_p


def change_of_shares(
    baseline: Measured, candidate: Measured, definition: Definition, margin: float, level: float
) -> Change:
    """The difference of two shares that passed; a test only where both sides have samples that count against them."""
    shares = passes(baseline), passes(candidate)
    both = all(bad(share, definition.better) for share in shares)
    return Change(
        "difference",
        "unpaired",
        proportion_difference(*shares, level),
        margin,
        p=proportion_p(*shares, margin) if both else None,
        repetitions=min(len(medians(side)) for side in (baseline, candidate)),
        passes=[list(share) for share in shares],
    )


def passes(outcome: Measured) -> Passes:
    """How many samples passed, of how many, over all repetitions."""
    taken = [value for repetition in outcome.repetitions for value in repetition.samples]
    return round(sum(taken)), len(taken)


def bad(share: Passes, better: str) -> int:
    """How many samples count against a side: those that failed, where passing is better."""
    passed, of = share
    return passed if better == "lower" else of - passed


def counts(change: Change) -> str:
    """`14 of 15 passed, 15 of 15 in the baseline`."""
    (before, of_before), (after, of_after) = change.passes
    return f"{after} of {of_after} passed, {before} of {of_before} in the baseline"


def decided_by_count(row: Row, change: Change, lacking: str, doubt: str) -> Row:
    """The row with its verdict: one sample is a finding where the other side has none.

    `lacking` says that repetitions are too few; `doubt` is what speaks against a difference of two shares that both
    have some.
    """
    before, after = (bad((passed, of), row.better) for passed, of in change.passes)
    verdict: Verdict = "inconclusive"
    if not before and not after:
        verdict, reason = ("inconclusive", lacking) if lacking else ("same", "")
    elif not before or not after:
        verdict, reason = ("worse" if after else "better"), ""
    elif not is_beyond(change):
        reason = lacking
    elif not (reason := lacking or doubt):
        verdict = "worse" if (change.interval.value > 0) == (row.better == "lower") else "better"
    return replace(row, verdict=verdict, reason="; ".join(filter(None, [counts(change), reason])))


def is_beyond(change: Change) -> bool:
    """Whether the whole interval lies beyond the margin."""
    low, high = change.interval.low, change.interval.high
    return low is not None and high is not None and (low > change.margin or high < -change.margin)
