"""Answers to the conformance table, as blocks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from gpu_virt_bench.model.conformance import Asked, Beside, Conformance, Difference
from gpu_virt_bench.model.text import counted
from gpu_virt_bench.report.blocks import Block, Box, Bullets, Cell, Column, Heading, Row, Sentence, Table

PREFIXES = ("CUDA_ERROR_", "CUDA_")


def blocks(found: Conformance) -> list[Block]:
    """What differs; where nothing was compared, every answer."""
    by_scene = len({scene_of(row) for row in found.rows}) > 1
    told = [block for one in found.compared for block in beside(one, by_scene)]
    if not found.compared:
        told = [Heading(f"{found.title}: answers to {counted(len(found.rows), 'call')}"), answers_table(found.rows)]
    if found.stale:
        told.append(Sentence(f"known, but no difference any more: {', '.join(found.stale)}", lead=True))
    return told


def beside(one: Beside, by_scene: bool) -> Iterator[Block]:
    """The counts first, then what nobody has explained, then the rest with its reasons."""
    if one.refused:
        yield Heading(f"{one.name}: not asked: {one.refused}")
        return
    explained = [item for item in one.differences if item.reason]
    known = f", {len(explained)} of them known" if explained else ""
    yield Heading(
        f"{one.name} beside {one.against} ({one.driver}): {counted(one.compared, 'call')},"
        f" {counted(len(one.differences), 'difference')}{known}"
    )
    if by_scene:
        yield scenes_table(one)
    if one.unexplained:
        yield differences_table(one, one.unexplained)
    yield from (Box(f"known: {reason}", [Bullets([", ".join(rows)])]) for reason, rows in by_reason(explained).items())


def by_reason(found: Iterable[Difference]) -> Mapping[str, list[str]]:
    """Rows that have one reason."""
    sorted_rows: dict[str, list[str]] = {}
    for item in found:
        sorted_rows.setdefault(item.reason, []).append(item.row)
    return sorted_rows


def differences_table(one: Beside, found: Iterable[Difference]) -> Table:
    """Both answers to each row."""
    columns = [Column(name) for name in ("row", "", "call", one.against, one.name)]
    rows = [
        (item.row, item.direction, call(item.function, item.case), short(item.driver), short(item.found))
        for item in found
    ]
    return Table(columns, [Row([*map(Cell, row)]) for row in rows])


def scenes_table(one: Beside) -> Table:
    """How much of each scene differs, and how."""
    names = ("asked", "different", "known", "forgiving")
    rows = []
    for scene, number in Counter(map(scene_of, one.answers)).items():
        there = [item for item in one.differences if scene_of(item.row) == scene]
        known = [item for item in there if item.reason]
        forgiving = [item for item in there if item.direction == "forgives"]
        counts = (number, len(there), len(known), len(forgiving))
        rows.append(Row([Cell(scene), *(Cell(str(count or ""), count) for count in counts)]))
    return Table([Column("scene"), *(Column(name, numeric=True) for name in names)], rows)


def scene_of(row: str) -> str:
    """What is before the dot."""
    return row.partition(".")[0]


def answers_table(rows: Mapping[str, Asked]) -> Table:
    """Every row."""
    found = [(row, call(asked.function, asked.case), short(asked.answer.words)) for row, asked in rows.items()]
    return Table([Column("row"), Column("call"), Column("answer")], [Row([*map(Cell, row)]) for row in found])


def call(function: str, case: str) -> str:
    """`cuMemFree_v2: memory that was freed`."""
    return f"{function}: {case}"


def short(words: str) -> str:
    """An answer without what all names begin with: `INVALID_VALUE`."""
    for prefix in PREFIXES:
        words = words.removeprefix(prefix)
    return words
