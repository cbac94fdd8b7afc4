"""Comparisons with every value and interval, as blocks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import get_args

from gpu_virt_bench.compare.said import ends_text, size_text, value_text
from gpu_virt_bench.model.comparison import Change, Comparison, Interval, Row, Verdict
from gpu_virt_bench.model.metric import SHOWN
from gpu_virt_bench.report.blocks import Block, Bullets, Cell, Column, Heading, Remark, Sentence, Table, Tone
from gpu_virt_bench.report.blocks import Row as Cells
from gpu_virt_bench.report.sentence import refused
from gpu_virt_bench.report.text import ARROWS, EMULATED, level_note, number, titled, usual_level

TONES: dict[str, Tone] = {
    "better": "good",
    "slightly better": "good",
    "worse": "bad",
    "slightly worse": "bad",
    "deferred or elided": "unsure",
    "inconclusive": "unsure",
    "not comparable": "muted",
    "informational": "muted",
}
COLUMNS = (
    Column("outcome"),
    *(Column(name, numeric=True) for name in ("baseline", "candidate", "change")),
    Column("verdict"),
)


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


def name_of(row: Row) -> Cell:
    """`OH-001 Kernel launch latency, us ↓`, its parameters below; a difference says so."""
    difference = ", difference" if row.change is not None and row.change.kind == "difference" else ""
    difference += f" from {row.against}" * bool(row.against)
    name, *params = titled(row.id, row.title).split("\n")
    return Cell(f"{name}, {row.shown_unit} {ARROWS[row.better]}".rstrip() + difference, below=params)


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


def blocks(comparisons: Sequence[Comparison]) -> list[Block]:
    """A section for each candidate, with a table for each category."""
    return [block for one in comparisons for block in section(one)]


def section(comparison: Comparison) -> Iterator[Block]:
    """One candidate against the baseline."""
    yield Heading(heading(comparison))
    if comparison.is_empty:
        yield Sentence(f"nothing is compared: {refused(comparison)}")
        return
    yield Sentence(tally(comparison.rows))
    yield from (Remark(remark) for remark in comparison.remarks)
    usual = usual_of(comparison)[0]
    for category, rows in categories(comparison).items():
        yield Heading(category, 3)
        yield Table(COLUMNS, [cells(row, usual) for row in rows])
        if told := notes(rows):
            yield Bullets(told)
    yield Sentence(key(comparison), "muted")


def cells(row: Row, usual: float) -> Cells:
    """One outcome: both sides and the change with their intervals, and the verdict."""
    change = None if row.change is None else row.change.interval
    sides = (
        (row.baseline, estimate_lines(row.baseline, row.shown_unit, row.baseline_repetitions, usual)),
        (row.candidate, estimate_lines(row.candidate, row.shown_unit, row.candidate_repetitions, usual)),
        (change, change_lines(row.change, row.shown_unit, usual)),
    )
    found = [Cell(first, None if side is None else side.value, below=below) for side, (first, *below) in sides]
    return Cells([name_of(row), *found, Cell(row.verdict, tone=TONES.get(row.verdict, ""))], id=row.id)
