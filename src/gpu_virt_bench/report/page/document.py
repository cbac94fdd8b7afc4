"""A report of runs: everything that any format shows, in the order of a reader's questions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from gpu_virt_bench._version import __version__
from gpu_virt_bench.model.run import Measured
from gpu_virt_bench.model.shape import printable
from gpu_virt_bench.policy import Policy
from gpu_virt_bench.report.blocks import Block, Document, Heading, Remark
from gpu_virt_bench.report.page.advice import advice
from gpu_virt_bench.report.page.card import card
from gpu_virt_bench.report.page.first import first, titles
from gpu_virt_bench.report.page.groups import Chosen, Group, groups
from gpu_virt_bench.report.page.pictures import pictures
from gpu_virt_bench.report.page.tables import MOST_COLUMNS, MOST_OPENED, categories, is_wide, listed, table
from gpu_virt_bench.report.page.tails import tails
from gpu_virt_bench.report.page.unknown import unknown
from gpu_virt_bench.report.page.where import where


def document(runs: Sequence[Chosen], baseline: Chosen | None, policy: Policy, now: datetime | None = None) -> Document:
    """The report of some runs against a baseline (None: native, or the nearest to it, on each kind of hardware)."""
    found = groups(runs, baseline, policy)
    several = len(found) > 1
    blocks: list[Block] = []
    for group in found:
        blocks += first(group, several)
    blocks += [*unknown(found), *where(found)]
    for group in found:
        blocks += body(group, policy, several)
    made = f"Made {(now or datetime.now(UTC)):%Y-%m-%d %H:%M} UTC by gpu-virt-bench {__version__}"
    files = [printable(entry.path.name) for group in found for entry in group.entries]
    return Document(titles(found), blocks, made=made, files=files)


def body(group: Group, policy: Policy, several: bool) -> Iterator[Block]:
    """What follows the first screen for one kind of hardware."""
    name = f" on {group.hardware}" if several else ""
    yield from advice(group, policy)
    yield from card(group, policy)
    if is_wide(group):
        yield Remark(
            f"More than {MOST_COLUMNS} runs: headline values alone; a report of fewer runs has all and figures."
        )
    opens = sum(isinstance(one, Measured) for one in group.outcomes.values()) <= MOST_OPENED
    if not opens:
        yield Remark(
            f"More than {MOST_OPENED} outcomes: rows do not open; gpu-virt-bench show FILE has all of one run."
        )
    for category, names in categories(group).items():
        yield Heading(f"{category.capitalize()}{name}", id=f"{category}-{group.hardware}" if several else category)
        if is_wide(group):
            yield listed(group, names)
        else:
            yield table(group, names, opens)
            yield from pictures(group, names)
    yield from () if is_wide(group) else tails(group)
