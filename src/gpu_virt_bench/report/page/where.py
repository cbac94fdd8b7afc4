"""What was measured where: device, host, suite, limits, proof of each run."""

from __future__ import annotations

from collections.abc import Sequence

from gpu_virt_bench.model.shape import printable
from gpu_virt_bench.report.about import about, lines
from gpu_virt_bench.report.blocks import Block, Box, Bullets, Cell, Column, Fold, Heading, Row, Table
from gpu_virt_bench.report.page.groups import Entry, Group
from gpu_virt_bench.report.text import remarks

FACTS = ("device", "host", "suite", "limits", "proof", "when", "label", "point", "file")
"""The lines of a run that stand here; the others are in what opens. What is the same for all is said once."""


def where(found: Sequence[Group]) -> list[Block]:
    """What all runs have in common, a table of the rest, then what a reader must know of the runs."""
    blocks: list[Block] = [Heading("What was measured where", id="where")]
    for group in found:
        every = [facts(one) for one in group.entries]
        common = {
            name: every[0][name] for name in FACTS if len({one.get(name) for one in every}) == 1 and name in every[0]
        }
        blocks += [Bullets([f"{name}: {text}" for name, text in common.items()])] if common else []
        blocks.append(
            table(group, every, [name for name in FACTS if name not in common and any(name in one for one in every)])
        )
        told = [f"{names}: {text}" for text, names in shared(group).items()]
        blocks += [Box("To be known of these runs", [Bullets(told)], "unsure")] if told else []
    return blocks


def facts(entry: Entry) -> dict[str, str]:
    """The lines of one run."""
    found = dict(lines(entry.run, about(printable(entry.path.name), entry.run)))
    return found | {"suite": found["suite"].partition("; in one session")[0]}


def table(group: Group, every: Sequence[dict[str, str]], names: Sequence[str]) -> Table:
    """A row for each run, which opens to all that is known of it."""
    columns = [Column("system"), *map(Column, names)]
    rows = [row(one, found, names) for one, found in zip(group.entries, every, strict=True)]
    return Table(columns, rows, f"Runs on {group.hardware}")


def row(entry: Entry, found: dict[str, str], names: Sequence[str]) -> Row:
    """The facts of one run."""
    whole = [Row([Cell(name), Cell(text)]) for name, text in found.items()]
    return Row(
        [Cell(entry.name), *(Cell(found.get(name, "-")) for name in names)],
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
