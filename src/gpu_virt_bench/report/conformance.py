"""Answers to the conformance table, for the terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from rich.padding import Padding
from rich.text import Text

from gpu_virt_bench.model.conformance import Asked, Beside, Conformance, Difference
from gpu_virt_bench.model.text import counted
from gpu_virt_bench.report.grid import Grid
from gpu_virt_bench.report.text import console

PREFIXES = ("CUDA_ERROR_", "CUDA_")


def print_conformance(found: Conformance) -> None:
    """What differs; where nothing was compared, every answer."""
    out = console()
    if not found.compared:
        out.print(Text(f"{found.title}: answers to {counted(len(found.rows), 'call')}", style="bold"))
        out.print(answers_table(found.rows))
    for one in found.compared:
        print_beside(one, len({scene_of(row) for row in found.rows}) > 1)
    if found.stale:
        console().print(Text(f"known, but no difference any more: {', '.join(found.stale)}", style="bold"))


def print_beside(one: Beside, by_scene: bool) -> None:
    """The counts first, then what nobody has explained, then the rest with its reasons."""
    out = console()
    if one.refused:
        out.print(Text(f"{one.name}: not asked: {one.refused}", style="bold"))
        return
    explained = [item for item in one.differences if item.reason]
    known = f", {len(explained)} of them known" if explained else ""
    out.print(
        Text(
            f"{one.name} beside {one.against} ({one.driver}): {counted(one.compared, 'call')},"
            f" {counted(len(one.differences), 'difference')}{known}",
            style="bold",
        )
    )
    if by_scene:
        out.print(scenes_table(one))
    if one.unexplained:
        out.print(differences_table(one, one.unexplained))
    for reason, rows in by_reason(explained).items():
        out.print(Text(f"known: {reason}"))
        out.print(Padding(Text(", ".join(rows)), (0, 0, 0, 2)))


def by_reason(found: Iterable[Difference]) -> Mapping[str, list[str]]:
    """Rows that have one reason."""
    sorted_rows: dict[str, list[str]] = {}
    for item in found:
        sorted_rows.setdefault(item.reason, []).append(item.row)
    return sorted_rows


def differences_table(one: Beside, found: Iterable[Difference]) -> Grid:
    """Both answers to each row."""
    table = Grid(expand=False)
    table.add_column("row", no_wrap=True)
    for name in ("", "call", one.against, one.name):
        table.add_column(name)
    for item in found:
        both = short(item.driver), short(item.found)
        table.add_row(Text(item.row), Text(item.direction), call(item.function, item.case), *both)
    return table


def scenes_table(one: Beside) -> Grid:
    """How much of each scene differs, and how."""
    table = Grid(expand=False)
    table.add_column("scene", no_wrap=True)
    for name in ("asked", "different", "known", "forgiving"):
        table.add_column(name, justify="right")
    asked = Counter(map(scene_of, one.answers))
    for scene, number in asked.items():
        there = [item for item in one.differences if scene_of(item.row) == scene]
        known = [item for item in there if item.reason]
        forgiving = [item for item in there if item.direction == "forgives"]
        table.add_row(scene, *(str(count or "") for count in (number, len(there), len(known), len(forgiving))))
    return table


def scene_of(row: str) -> str:
    """What is before the dot."""
    return row.partition(".")[0]


def answers_table(rows: Mapping[str, Asked]) -> Grid:
    """Every row."""
    table = Grid(expand=False)
    table.add_column("row", no_wrap=True)
    for name in ("call", "answer"):
        table.add_column(name)
    for row, asked in rows.items():
        table.add_row(Text(row), call(asked.function, asked.case), short(asked.answer.words))
    return table


def call(function: str, case: str) -> Text:
    """`cuMemFree_v2: memory that was freed`."""
    return Text(f"{function}: {case}")


def short(words: str) -> Text:
    """An answer without what all names begin with: `INVALID_VALUE`."""
    for prefix in PREFIXES:
        words = words.removeprefix(prefix)
    return Text(words)
