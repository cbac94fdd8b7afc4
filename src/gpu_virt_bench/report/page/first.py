"""The first screen: an answer for each system, and one chart that says what sharing gives and what it costs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gpu_virt_bench.model.metric import SHOWN
from gpu_virt_bench.report.blocks import Axis, Block, Curves, Figure, Heading, Point, Remark, Series
from gpu_virt_bench.report.page.answers import answers
from gpu_virt_bench.report.page.groups import Group
from gpu_virt_bench.report.page.pictures import changes
from gpu_virt_bench.report.page.tables import is_wide
from gpu_virt_bench.stats.estimate import Estimate

KEPT = ("IS-006", "BW-001", "BW-002")
"""Throughput: the first of them that two systems have."""
PAID = ("IS-009[statistic=p99]", "IS-009", "BW-004", "CACHE-004")
"""What a victim pays for a neighbor: likewise."""
FEWEST = 2
EMULATED = "EMULATED GPU: every figure is a model's. It shows how a layer behaves, not what hardware does."


def first(group: Group, whole: bool) -> list[Block]:
    """The answers and the chart; with a heading where there is other hardware too."""
    head: list[Block] = [Heading(group.hardware, id=f"hardware-{group.hardware}")] if whole else []
    banner: list[Block] = []
    if group.is_emulated:
        banner.append(Remark(EMULATED))
    return [*head, *banner, *answers(group), *chart(group)]


def chart(group: Group) -> Iterator[Figure]:
    """Throughput kept against what a victim pays, else what changed."""
    if (found := trade(group)) is not None:
        yield found
    elif not is_wide(group):
        yield from changes(group, list(group.outcomes))


def trade(group: Group) -> Curves | None:
    """A point for each system that has both; None where fewer than two have."""
    pairs = [(x, y) for x in KEPT for y in PAID]
    for x, y in pairs:
        found = [(one, one.estimates.get(x), one.estimates.get(y)) for one in group.entries]
        series = [Series(one.name, [at(kept, paid)]) for one, kept, paid in found if kept and paid]
        if len(series) >= FEWEST:
            return Curves(title(group, x, y), axis(group, x), axis(group, y), series, marks=group.marks)
    return None


def at(kept: Estimate, paid: Estimate) -> Point:
    """The point of one system."""
    return Point(paid.value, paid.low, paid.high, x=kept.value, x_low=kept.low, x_high=kept.high)


def title(group: Group, x: str, y: str) -> str:
    """`Aggregate bandwidth against Noisy neighbor impact`."""
    kept, paid = (name_of(group, name) for name in (x, y))
    return f"What sharing keeps, {kept}, and what a victim pays, {paid}"


def name_of(group: Group, name: str) -> str:
    """An outcome's title and id."""
    return f"{group.definition(name).title} ({name})"


def axis(group: Group, name: str) -> Axis:
    """An outcome's axis."""
    of = group.definition(name)
    return Axis(f"{of.title}, {of.shown_unit}", SHOWN[of.shown_unit][1], zero=True)


def titles(found: Sequence[Group]) -> str:
    """The document's title: systems and hardware."""
    systems = list(dict.fromkeys(one.run.system.id for group in found for one in group.entries))
    models = [group.hardware for group in found]
    shown = ", ".join(systems[:6]) + (f" and {len(systems) - 6} more" if len(systems) > 6 else "")
    return f"{shown} on {' and '.join(models[:3])}" + (f" and {len(models) - 3} more" if len(models) > 3 else "")
