"""Compares runs with a baseline: one verdict for each outcome, by the metric's own direction, never forced."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from gpu_virt_bench.compare.admissible import refusal, remarks
from gpu_virt_bench.compare.change import RATES, Incomparable, change_between, half_width
from gpu_virt_bench.compare.deferred import with_deferred
from gpu_virt_bench.compare.files import Loaded, find, find_twin
from gpu_virt_bench.compare.judge import FEWEST, judged
from gpu_virt_bench.compare.limits import limits
from gpu_virt_bench.compare.outlook import with_outlook
from gpu_virt_bench.compare.rows import pairing, row
from gpu_virt_bench.compare.standin import stand_ins
from gpu_virt_bench.compare.tails import sentences, tails, with_tails
from gpu_virt_bench.model.comparison import Comparison, Side
from gpu_virt_bench.model.run import Run
from gpu_virt_bench.model.text import counted
from gpu_virt_bench.policy import Policy

__all__ = [
    "RATES",
    "Incomparable",
    "Loaded",
    "change_between",
    "compare",
    "compare_chosen",
    "compare_files",
    "compare_found",
    "find_twin",
    "half_width",
]


def compare_files(baseline: Path, candidates: Sequence[Path], policy: Policy) -> list[Comparison]:
    """One comparison for each candidate: files, or directories for their newest complete run."""
    return compare_chosen(find(baseline), candidates, policy)


def compare_chosen(baseline: tuple[Loaded, list[str]], candidates: Sequence[Path], policy: Policy) -> list[Comparison]:
    """The same with a baseline that is found already, with the remarks on its choice."""
    first, notes = baseline
    twin, more = find_twin(*first)
    return compare_found(first, [find(path) for path in candidates], policy, twin, [*notes, *more])


def compare_found(
    baseline: Loaded,
    candidates: Sequence[tuple[Loaded, list[str]]],
    policy: Policy,
    twin: Run | None = None,
    notes: Sequence[str] = (),
) -> list[Comparison]:
    """The same of files that are found, each with the remarks on its choice; stand-ins are looked for among them, and
    beside them."""
    runs = [second.run for second, _ in candidates]
    found = []
    for second, chosen in candidates:
        others, lacking = stand_ins(baseline, second, runs)
        found.append(with_notes(compare(baseline, second, policy, twin, others), [*notes, *chosen, *lacking]))
    return found


def with_notes(comparison: Comparison, notes: Sequence[str]) -> Comparison:
    """The comparison, with what a reader must know of the choice of its files first, but for why nothing of
    them can be compared."""
    found = comparison.remarks
    return replace(comparison, remarks=[*found, *notes] if comparison.refused else [*notes, *found])


def compare(
    baseline: Loaded, candidate: Loaded, policy: Policy, twin: Run | None = None, others: Sequence[Run] = ()
) -> Comparison:
    """One candidate against one baseline; `twin` is the baseline's second measurement, and shows the noise floor;
    `others` are further runs of the session, in which a metric may find a baseline of its own (`stand_ins`)."""
    ours, theirs = baseline.run, candidate.run
    names, whole = sorted(ours.outcomes.keys() | theirs.outcomes.keys()), refusal(ours, theirs)
    unfit = "" if twin is None else refusal(ours, twin)
    twin = None if unfit else twin
    # a run equals itself, however few its repetitions
    rows = judged(
        [row(name, ours, theirs, policy, twin, whole, others) for name in names],
        policy.confidence,
        identical=ours == theirs,
    )
    seldom = tails(rows, ours, theirs)
    # what else differs says nothing of runs that cannot be compared at all
    found = [whole] if whole else [*sentences(seldom, rows), *remarks(ours, theirs)]
    if unfit and not whole:
        found.append(f"no noise floor, the baseline's second measurement does not count: {unfit}")
    if twin is not None and not whole and (few := twin.plan.settings.repetitions) < FEWEST:
        found.append(f"the noise floor is the largest change in {counted(few, 'repetition')}; it may be larger")
    rows = with_outlook(with_deferred(with_tails(rows, seldom), ours, theirs), ours, theirs, policy.confidence)
    return Comparison(
        side(baseline),
        side(candidate),
        pairing(ours, theirs),
        rows,
        found,
        twin is not None,
        policy.confidence,
        limits(theirs, rows),
        whole,
        one_run=ours == theirs,
    )


def side(loaded: Loaded) -> Side:
    """What tables call a run."""
    run = loaded.run
    marks = [run.label, *(f"{name}={value}" for name, value in run.point.items()), "again" if run.twin else ""]
    name = ", ".join([run.system.id, *filter(None, marks)])
    return Side(name, str(loaded.path), run.session.id, run.device.emulated, run.kind == "derived")
