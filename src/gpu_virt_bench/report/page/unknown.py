"""What a page cannot tell, and why: skipped, failed, unproven, undecided, and what nobody measured."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from gpu_virt_bench.compare.admissible import unproven
from gpu_virt_bench.model.run import Failed, Skipped
from gpu_virt_bench.report.blocks import Block, Box, Bullets, Sentence
from gpu_virt_bench.report.page.groups import Entry, Group
from gpu_virt_bench.report.text import lacking

CATEGORIES = (
    "overhead",
    "isolation",
    "llm",
    "bandwidth",
    "cache",
    "pcie",
    "nccl",
    "scheduling",
    "fragmentation",
    "error-recovery",
)
"""What a whole picture of a sharing layer has."""
SAID_ELSEWHERE = ("skipped", "failed", "not measured")
"""Reasons that stand here as what a run lacks, or that are no question of a reader."""
MOST_NAMES = 12
"""So many metrics of one reason are named, the others counted."""


def unknown(found: Sequence[Group]) -> list[Block]:
    """The box; of several kinds of hardware with their names."""
    lines = [line for group in found for line in of_group(group, f"{group.hardware}: " if len(found) > 1 else "")]
    lines += [f"{', '.join(missing)}: no outcome of {'this category' if len(missing) == 1 else 'these categories'} was"
              " asked for" for missing in [unmeasured(found)] if missing]  # fmt: skip
    body: list[Block] = [Bullets(lines)] if lines else [Sentence("Nothing was skipped, failed or left undecided.")]
    return [Box("What this page cannot tell you", body, "unsure" if lines else "")]


def unmeasured(found: Sequence[Group]) -> list[str]:
    """The categories of which no run has an outcome."""
    have = {one.category for group in found for entry in group.entries for one in entry.run.metrics.values()}
    return [name for name in CATEGORIES if name not in have]


def of_group(group: Group, name: str) -> Iterator[str]:
    """The lines of one group, each reason once."""
    if group.is_emulated:
        yield f"{name}anything about hardware: the GPU is emulated, its figures are a model's"
    for reason, whose in merged(group).items():
        yield f"{name}{'; '.join(whose)} {reason}"


def merged(group: Group) -> dict[str, list[str]]:
    """Each reason with whose it is: the outcomes of each system."""
    found: dict[str, list[str]] = {}
    for entry in group.entries:
        mine: dict[str, list[str]] = {}
        for what, reason in [*of_run(entry), *undecided(entry)]:
            mine.setdefault(reason, []).extend([what] if what else [])
        for reason, names in mine.items():
            who = f"{', '.join(condensed(names))} of {entry.name}" if names else entry.name
            found.setdefault(reason, []).append(who)
    return found


def condensed(names: Sequence[str]) -> list[str]:
    """The outcomes by metric: `IS-009 (10 outcomes)`; of very many metrics the first, and how many more."""
    counts = Counter(name.partition("[")[0] for name in names)
    told = [metric if count == 1 else f"{metric} ({count} outcomes)" for metric, count in counts.items()]
    more = len(told) - MOST_NAMES
    return [*told[:MOST_NAMES], *([f"{more} more"] if more > 0 else [])]


def of_run(entry: Entry) -> Iterator[tuple[str, str]]:
    """What a run itself lacks."""
    for reason in dict.fromkeys(unproven(entry.run)):
        yield "", f"is not shown to be what it says: {reason}"
    if lack := lacking(entry.run.missing):
        yield "", f"lacks {lack}: its run {entry.run.ending}"
    for name, outcome in sorted(entry.run.outcomes.items()):
        if isinstance(outcome, Failed):
            yield name, f"failed: {outcome.error}"
        elif isinstance(outcome, Skipped):
            yield name, f"skipped: {outcome.reason}"


def undecided(entry: Entry) -> Iterator[tuple[str, str]]:
    """What a comparison could not tell, with what would."""
    for row in () if entry.comparison is None else entry.comparison.rows:
        if row.verdict == "inconclusive" and row.headline:
            yield row.id, f"is not decided{': ' + row.outlook if row.outlook else ': the interval crosses the margin'}"
        elif row.verdict == "not comparable" and row.reason and not row.reason.startswith(SAID_ELSEWHERE):
            yield row.id, f"is not compared: {row.reason}"
