"""One baseline and any number of candidates as one table: a row for each outcome, a column for each system."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from gpu_virt_bench.compare.said import size_text
from gpu_virt_bench.model.comparison import Comparison, Row
from gpu_virt_bench.model.metric import SHOWN
from gpu_virt_bench.model.text import counted
from gpu_virt_bench.report.blocks import Block, Bullets, Cell, Column, Heading, Sentence, Table, Tone
from gpu_virt_bench.report.blocks import Row as Cells
from gpu_virt_bench.report.comparison import TONES
from gpu_virt_bench.report.sentence import asked, got, sentence, shown, tail_word
from gpu_virt_bench.report.text import EMULATED, number, titled, usual_level

NONE = Cell("-", tone="muted")


def blocks(comparisons: Sequence[Comparison]) -> list[Block]:
    """The sentences, then the rows, then what a reader must know; of several baselines one after the other."""
    return [block for group in by_baseline(comparisons) for block in of_baseline(group)]


def of_baseline(group: Sequence[Comparison]) -> Iterator[Block]:
    """What is compared with one baseline."""
    yield from (Sentence(sentence(one), lead=True) for one in group)
    compared = [one for one in group if not one.is_empty]
    if compared:
        yield Heading(heading(compared))
        yield table(compared)
        yield Bullets([*remarks(compared), *notes(compared), *more(compared)])
        yield Sentence(key(compared), "muted")
    if found := choices(group):
        yield Bullets(found)


def choices(group: Sequence[Comparison]) -> list[str]:
    """What is remarked of pairs of which nothing is compared, beside the reason: which files directories stand for."""
    found = [remark for one in group if one.is_empty for remark in one.remarks if remark != one.refused]
    return list(dict.fromkeys(found))


def by_baseline(comparisons: Sequence[Comparison]) -> list[list[Comparison]]:
    """The comparisons that have a baseline and a way of pairing in common."""
    found: dict[tuple[str, str], list[Comparison]] = {}
    names = Counter(one.candidate.name for one in comparisons)
    for one in comparisons:
        if names[one.candidate.name] > 1:
            name = f"{one.candidate.name} ({Path(one.candidate.path).stem})"
            one = replace(one, candidate=replace(one.candidate, name=name))
        found.setdefault((one.baseline.path, one.pairing), []).append(one)
    return list(found.values())


def heading(group: Sequence[Comparison]) -> str:
    """Against whom, how it is paired, and the level of the intervals, which stands here once."""
    first = group[0]
    rows = [row for one in group for row in one.rows if row.change is not None]
    rounds = any(row.change.rounds for row in rows if row.change is not None)
    how = ("paired by round" if rounds else "paired by repetition") if first.pairing == "paired" else "unpaired"
    emulated = EMULATED if any(one.candidate.emulated for one in group) else ""
    return f"Against {first.baseline.name} · {how} · ± the larger half of the {level(group)}{emulated}"


def level(group: Sequence[Comparison]) -> str:
    """The level of the changes' intervals: `95 % interval`, what all of them reach, or from where to where."""
    changes = [row.change for one in group for row in one.rows if row.change is not None]
    reached = [(change.interval.level, change.repetitions) for change in changes if change.interval.low is not None]
    ends = {f"{100 * found:.0f}" for found, _ in reached}
    if len(ends) > 1:
        return f"{min(ends, key=int)} to {max(ends, key=int)} % intervals"
    return usual_level(reached, group[0].confidence)[1]


def table(group: Sequence[Comparison]) -> Table:
    """Limits first, then the outcomes by category. A cell has the verdict, and below it the change."""
    names = [Column(one.candidate.name) for one in group]
    columns = [Column("outcome"), Column(group[0].baseline.name, numeric=True), *names]
    by_id = [{row.id: row for row in one.rows} for one in group]
    rows = [
        Cells([titled_cell(row), baseline_cell(row), *(judged(rows.get(row.id)) for rows in by_id)], id=row.id)
        for row in ordered(group)
    ]
    return Table(columns, [*limit_rows(group), *rows], splits_after=2)


def limit_rows(group: Sequence[Comparison]) -> Iterator[Cells]:
    """Of each kind of limit what was asked for, and what was got."""
    for name in ("compute", "memory"):
        limits = [next((limit for limit in one.limits if limit.name == name), None) for one in group]
        if any(limits):
            cells = [NONE if one is None else lines_of(f"asked {asked(one)}\n{got(one)}") for one in limits]
            yield Cells([Cell(f"{name} limit"), Cell(""), *cells])


def lines_of(text: str, value: float | None = None, tone: Tone = "") -> Cell:
    """A text of several lines as a cell."""
    first, *below = text.split("\n")
    return Cell(first, value, tone, below)


def titled_cell(row: Row) -> Cell:
    """An outcome's name."""
    return lines_of(titled(row.id, row.title))


def baseline_cell(row: Row) -> Cell:
    """The baseline's value."""
    return Cell(baseline_value(row), None if row.baseline is None or row.against else row.baseline.value)


def judged(row: Row | None) -> Cell:
    """A verdict with its change."""
    if row is None:
        return NONE
    value = None if row.change is None else row.change.interval.value
    return lines_of(cell(row), value, TONES.get(cell(row).partition("\n")[0].removeprefix("tail "), ""))


def ordered(group: Sequence[Comparison]) -> list[Row]:
    """Each outcome once, categories together; of several rows that of a candidate that was compared."""
    found: dict[str, Row] = {}
    for row in (row for one in group for row in one.rows):
        if row.id not in found or (found[row.id].change is None and row.change is not None):
            found[row.id] = row
    categories = list(dict.fromkeys(row.category for row in found.values()))
    return sorted(found.values(), key=lambda row: (categories.index(row.category), row.id))


def baseline_value(row: Row) -> str:
    """The baseline's value; its interval is in the file."""
    if row.against:
        return "0" if row.against == "zero" else row.against
    if row.baseline is None:
        return "-"
    return f"{number(row.baseline.value * SHOWN[row.shown_unit][1])} {row.shown_unit}"


def cell(row: Row) -> str:
    """The verdict, and below it the change."""
    word = tail_word(row) or row.verdict
    return f"{word}\n{shown(row)}".replace(" (", "\n(").replace(" of share", "\nof share") if row.change else word


def remarks(group: Sequence[Comparison]) -> list[str]:
    """What limits the comparisons: what holds for all of them once, what systems share once with their names."""
    if len(group) == 1:
        return group[0].remarks
    whole = [remark for remark in group[0].remarks if all(remark in one.remarks for one in group)]
    systems = {side.name.partition(",")[0] for one in group for side in (one.baseline, one.candidate)}
    found: dict[str, list[str]] = {}
    for one in group:
        for remark in one.remarks:
            names, colon, text = remark.partition(": ")
            known = bool(colon) and set(names.split(", ")) <= systems
            if remark not in whole:
                found.setdefault(text if known else remark, []).extend(
                    names.split(", ") if known else [one.candidate.name]
                )
    return [*whole, *(f"{', '.join(dict.fromkeys(names))}: {text}" for text, names in found.items())]


def notes(group: Sequence[Comparison]) -> list[str]:
    """Reasons and outlooks with the outcomes and systems that they are about, and the margins."""
    found: dict[str, list[str]] = {}
    for one in group:
        for row in one.rows:
            for text in filter(None, (row.reason, row.outlook)):
                who = row.id if len(group) == 1 else f"{row.id} ({one.candidate.name})"
                found.setdefault(text, []).append(who)
    told = [f"{', '.join(joined(whose, group))}: {text}" for text, whose in found.items()]
    return [*told, *margins(group)]


def joined(whose: Sequence[str], group: Sequence[Comparison]) -> list[str]:
    """An outcome of all candidates is named once, without them."""
    counts = Counter(name.partition(" (")[0] for name in whose)
    everyone = [name for name, count in counts.items() if count == len(group) and len(group) > 1]
    return [*everyone, *(name for name in whose if name.partition(" (")[0] not in everyone)]


def more(group: Sequence[Comparison]) -> list[str]:
    """How many outcomes are not in the table, and how to see them."""
    hidden = max(one.hidden for one in group)
    return [f"{counted(hidden, 'more outcome')}: gpu-virt-bench compare --all"] if hidden else []


def margins(group: Sequence[Comparison]) -> list[str]:
    """`margins: 2 %; OH-005 50 ns`, and the same of the noise floor, which the baseline shows against itself."""
    found: dict[str, dict[str, list[str]]] = {"margins": {}, "noise floor": {}}
    for row in ordered(group):
        if row.change is not None:
            sizes = {"margins": row.change.margin, "noise floor": row.change.floor}
            for name, value in sizes.items():
                if value is not None:
                    found[name].setdefault(size_text(value, row.change, row.shown_unit), []).append(row.id)
    return [f"{name}: {listed(sizes)}" for name, sizes in found.items() if sizes]


def listed(sizes: Mapping[str, Sequence[str]]) -> str:
    """Sizes with their outcomes, the most common first, and without them where it is that of several."""
    usual = max(sizes, key=lambda text: len(sizes[text]))
    alone = len(sizes[usual]) > 1 or len(sizes) == 1
    others = [f"{', '.join(ids)} {text}" for text, ids in sizes.items() if text != usual or not alone]
    return "; ".join([*([usual] if alone else []), *others])


def key(group: Sequence[Comparison]) -> str:
    """How to read the cells."""
    floor = ", or inside the noise floor, the baseline against itself" if any(o.has_floor for o in group) else ""
    limits = {limit.name for one in group for limit in one.limits}
    share = " of share: of the rate that was granted, 100 % is right and more is a leak." if "compute" in limits else ""
    sees = (
        " sees: what the driver tells a tenant. binds: it refused more, by every call if it does not say by how many; "
        "leaks: not by every call; per process: each process of a tenant has a limit of its own."
        if "memory" in limits
        else ""
    )
    return (
        "better, worse: certain, and beyond the margin; slightly: certain; same: within the margin; inconclusive: "
        f"neither{floor}. %: candidate over baseline; others: their difference; in parentheses both ends of an "
        "interval whose halves are unlike."
        f"{share}{sees} Every value with its interval: gpu-virt-bench compare --long, or show FILE."
    )
