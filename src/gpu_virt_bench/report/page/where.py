"""What was measured where: device, host, suite, limits, proof of each run."""

from __future__ import annotations

from collections.abc import Sequence

from gpu_virt_bench.model.shape import printable
from gpu_virt_bench.report.about import about, lines
from gpu_virt_bench.report.blocks import Block, Cell, Column, Fold, Heading, Remark, Row, Table
from gpu_virt_bench.report.page.groups import Entry, Group
from gpu_virt_bench.report.text import remarks

FACTS = ("device", "limits", "proof", "when", "suite", "host", "file")
"""The lines of a run that stand in the table; the others are in what opens."""


def where(found: Sequence[Group]) -> list[Block]:
    """A table for each kind of hardware, then what a reader must know of the runs."""
    blocks: list[Block] = [Heading("What was measured where", id="where")]
    for group in found:
        blocks.append(table(group))
        blocks += [Remark(f"{names}: {text}") for text, names in shared(group).items()]
    return blocks


def table(group: Group) -> Table:
    """A row for each run."""
    columns = [Column("system"), *(Column(name) for name in FACTS)]
    return Table(columns, [row(one) for one in group.entries], f"Runs on {group.hardware}")


def row(entry: Entry) -> Row:
    """The facts of one run."""
    found = dict(lines(entry.run, about(printable(entry.path.name), entry.run)))
    whole = [Row([Cell(name), Cell(text)]) for name, text in found.items()]
    return Row(
        [Cell(entry.name), *(Cell(found.get(name, "-")) for name in FACTS)],
        id=f"run-{entry.name}",
        opens=[Table([Column("what"), Column("of this run")], whole), *libraries(entry)],
    )


def libraries(entry: Entry) -> list[Block]:
    """The files that took part."""
    columns = [Column("library"), Column("bytes", "B", numeric=True), Column("SHA-256")]
    rows = [Row([Cell(one.path), Cell(f"{one.bytes:,}", one.bytes), Cell(one.sha256)]) for one in entry.run.libraries]
    return [Fold("Libraries that took part", [Table(columns, rows)])] if rows else []


def shared(group: Group) -> dict[str, str]:
    """Remarks, each once with the names of its runs."""
    found: dict[str, list[str]] = {}
    for entry in group.entries:
        for text in remarks(entry.run):
            found.setdefault(text.removeprefix(f"{entry.run.system.id}: "), []).append(entry.name)
    return {text: ", ".join(names) for text, names in found.items()}


def marks(group: Group) -> list[str]:
    """What every figure of a group says inside."""
    found = ["EMULATED"] if group.is_emulated else []
    if any(one.run.kind == "derived" for one in group.entries):
        found.append("DERIVED")
    if lacking := unproven_ones(group):
        found.append(f"UNPROVEN: {', '.join(lacking)}")
    if throttled(group):
        found.append("THROTTLED")
    return found


def unproven_ones(group: Group) -> list[str]:
    """The runs that do not show their system in force."""
    from gpu_virt_bench.compare.admissible import unproven

    return [one.name for one in group.entries if next(unproven(one.run), "")]


def throttled(group: Group) -> bool:
    """Whether a sample of any run was rejected because the device was throttled."""
    return any(
        "throttl" in rejected.reason
        for one in group.entries
        for outcome in one.run.outcomes.values()
        for repetition in getattr(outcome, "repetitions", ())
        for rejected in repetition.rejected
    )
