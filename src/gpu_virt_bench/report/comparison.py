"""Comparisons as tables: what both renderings share, and the terminal's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from gpu_virt_bench.compare.said import ends_text, size_text, value_text
from gpu_virt_bench.model.comparison import Change, Comparison, Interval, Row, Verdict
from gpu_virt_bench.model.metric import SHOWN
from gpu_virt_bench.report.grid import Grid
from gpu_virt_bench.report.sentence import refused
from gpu_virt_bench.report.text import ARROWS, EMULATED, level_note, number, usual_level

STYLES = {
    "better": "green",
    "slightly better": "green",
    "worse": "red",
    "slightly worse": "red",
    "deferred or elided": "yellow",
    "inconclusive": "yellow",
    "not comparable": "dim",
    "informational": "dim",
}


def estimate_lines(found: Interval | None, unit: str, repetitions: int, confidence: float) -> list[str]:
    """One side's value, interval, and the level where it is not the one asked for."""
    if found is None:
        return ["-"]
    factor = SHOWN[unit][1]
    if found.low is None or found.high is None:
        return [number(found.value * factor), "one repetition"]
    ends = f"{number(found.low * factor)} .. {number(found.high * factor)}"
    return [number(found.value * factor), ends, *level_note(found.level, repetitions, confidence)]


def change_lines(change: Change | None, unit: str, confidence: float) -> list[str]:
    """The change, the ends of its interval, and the noise floor."""
    if change is None:
        return ["-"]
    lines = [value_text(change, unit)]
    if ends := ends_text(change, unit):
        lines += [ends, *level_note(change.interval.level, change.repetitions, confidence)]
    return lines if change.floor is None else [*lines, f"floor {size_text(change.floor, change, unit)}"]


def name_of(row: Row) -> str:
    """`OH-001 Kernel launch latency, us ↓`; a difference says so."""
    difference = ", difference" if row.change is not None and row.change.kind == "difference" else ""
    difference += f" from {row.against}" * bool(row.against)
    return f"{row.id} {row.title}, {row.shown_unit} {ARROWS[row.better]}".rstrip() + difference


def heading(comparison: Comparison) -> str:
    """Who is compared with whom, and how."""
    rounds = any(row.change is not None and row.change.rounds for row in comparison.rows)
    paired = "paired by round" if rounds else "paired by repetition"
    how = paired if comparison.pairing == "paired" else "unpaired"
    sides = (comparison.candidate, comparison.baseline)
    emulated = EMULATED if any(side.emulated for side in sides) and not comparison.is_empty else ""
    names = [side.name + (" (derived)" if side.derived else "") for side in sides]
    if names[0] == names[1]:
        names = [f"{name} ({Path(side.path).name})" for name, side in zip(names, sides, strict=True)]
    return f"{' against '.join(names)} · {how}{emulated}"


def tally(rows: Sequence[Row]) -> str:
    """`1 better, 4 same, 2 worse`."""
    found = Counter(row.verdict for row in rows)
    return ", ".join(f"{found[verdict]} {verdict}" for verdict in get_args(Verdict) if found[verdict]) or "no outcomes"


def categories(comparison: Comparison) -> dict[str, list[Row]]:
    """The rows by category."""
    found: dict[str, list[Row]] = {}
    for row in comparison.rows:
        found.setdefault(row.category, []).append(row)
    return found


def notes(rows: Sequence[Row]) -> list[str]:
    """The reasons of some rows and the margins that hold for them, each with the outcomes that it is about."""
    found: dict[str, list[str]] = {}
    for row in rows:
        if row.reason:
            found.setdefault(row.reason, []).append(row.id)
    for row in rows:
        if row.change is not None:
            found.setdefault(f"margin {size_text(row.change.margin, row.change, row.shown_unit)}", []).append(row.id)
    return [f"{', '.join(ids)}: {text}" for text, ids in found.items()]


def key(comparison: Comparison) -> str:
    """How to read the columns."""
    floor = "; floor: the baseline against itself" if comparison.has_floor else ""
    return (
        f"value and {usual_of(comparison)[1]}; change in %: of candidate / baseline, "
        f"else candidate - baseline where it says difference{floor}"
    )


def usual_of(comparison: Comparison) -> tuple[float, str]:
    """The level that most intervals of a comparison reach, and how a header says it."""
    found = [
        (side.level, count)
        for row in comparison.rows
        for side, count in ((row.baseline, row.baseline_repetitions), (row.candidate, row.candidate_repetitions))
        if side is not None and side.low is not None
    ]
    return usual_level(found, comparison.confidence)


def print_comparisons(comparisons: Sequence[Comparison], out: Console) -> None:
    """A table for each category and candidate."""
    for index, comparison in enumerate(comparisons):
        if index:
            out.print()
        out.print(heading(comparison), style="bold", markup=False)
        if comparison.is_empty:
            out.print(f"nothing is compared: {refused(comparison)}", markup=False)
            continue
        out.print(tally(comparison.rows), markup=False)
        for remark in comparison.remarks:
            out.print(Padding(Text(remark), (0, 0, 0, 2)), style="yellow")
        for category, rows in categories(comparison).items():
            out.print()
            out.print(table(category, rows, comparison, out.width))
            for note in notes(rows):
                out.print(Padding(Text(note), (0, 0, 0, 2)))
        out.print()
        out.print(key(comparison), style="dim", markup=False)


def table(category: str, rows: Sequence[Row], comparison: Comparison, width: int) -> Grid:
    """The outcomes of one category. From 80 columns on only titles are wrapped; below, everything may be."""
    figures, verdicts = len("range of 5, 94 %"), len("informational")
    titles = width - 3 * (figures + 1) - (verdicts + 1) - 1
    made = Grid(title=Text(category), title_justify="left", box=None, padding=(0, 1, 1, 0), pad_edge=False)
    made.add_column("outcome", overflow="fold", max_width=titles if width >= 80 else None)
    for name in ("baseline", "candidate", "change"):
        made.add_column(name, overflow="fold", min_width=figures if width >= 80 else None)
    made.add_column("verdict", overflow="fold", min_width=verdicts if width >= 80 else None)
    usual = usual_of(comparison)[0]
    for row in rows:
        sides = (
            estimate_lines(row.baseline, row.shown_unit, row.baseline_repetitions, usual),
            estimate_lines(row.candidate, row.shown_unit, row.candidate_repetitions, usual),
            change_lines(row.change, row.shown_unit, usual),
        )
        cells = [name_of(row), *("\n".join(lines) for lines in sides)]
        made.add_row(*map(Text, cells), Text(row.verdict, style=STYLES.get(row.verdict, "")))
    return made
