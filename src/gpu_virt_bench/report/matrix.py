"""One baseline and any number of candidates as one table: a row for each outcome, a column for each system."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from gpu_virt_bench.compare.said import size_text
from gpu_virt_bench.model.comparison import Comparison, Row
from gpu_virt_bench.model.metric import SHOWN
from gpu_virt_bench.model.text import counted
from gpu_virt_bench.report.comparison import STYLES
from gpu_virt_bench.report.grid import Grid
from gpu_virt_bench.report.sentence import asked, got, sentence, shown, tail_word
from gpu_virt_bench.report.text import EMULATED, number, titled, usual_level

NARROWEST = 22
"""Columns that titles keep, however many systems there are."""


def print_matrix(comparisons: Sequence[Comparison], out: Console) -> None:
    """The sentences, then the rows, then what a reader must know; of several baselines one after the other."""
    for index, group in enumerate(by_baseline(comparisons)):
        if index:
            out.print()
        for one in group:
            out.print(sentence(one), style="bold", markup=False)
            out.print()
        print_group([one for one in group if not one.is_empty], out)
        for line in choices(group):
            out.print(Padding(Text(line), (0, 0, 0, 2)))


def print_group(group: Sequence[Comparison], out: Console) -> None:
    """The rows of what is compared, and what a reader must know of them."""
    if not group:
        return
    out.print(heading(group), markup=False)
    for part in fitting(group, out.width):
        out.print()
        out.print(table(part, out.width))
    out.print()
    for line in [*remarks(group), *notes(group), *more(group)]:
        out.print(Padding(Text(line), (0, 0, 0, 2)))
    out.print()
    out.print(key(group), style="dim", markup=False)


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


def fitting(group: Sequence[Comparison], width: int) -> Iterator[Sequence[Comparison]]:
    """As many candidates at a time as the width holds."""
    first = max(len(line) for line in baseline_cells(group))
    widest = max(len(line) for one in group for line in cells_of(one))
    names = max(len(one.candidate.name) for one in group)
    count = max(1, (width - NARROWEST - first - 2) // (max(widest, min(names, 18)) + 2))
    for start in range(0, len(group), count):
        yield group[start : start + count]


def baseline_cells(group: Sequence[Comparison]) -> list[str]:
    """All cells of the baseline's column."""
    return [group[0].baseline.name, *(baseline_value(row) for one in group for row in one.rows)]


def table(group: Sequence[Comparison], width: int) -> Grid:
    """The grid for a terminal."""
    headings, *rows = grid(group)
    made = Grid(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold", width=min(width, 110))
    made.add_column(headings[0], overflow="fold", ratio=1)
    made.add_column(Text(headings[1]), justify="right", no_wrap=True)
    for name, one in zip(headings[2:], group, strict=True):
        made.add_column(Text(name), min_width=max(len(line) for line in cells_of(one)))
    for outcome, baseline, *cells in rows:
        made.add_row(Text(outcome), Text(baseline), *map(styled, cells))
    return made


def grid(group: Sequence[Comparison]) -> list[list[str]]:
    """The headings and the rows: limits first, then the outcomes by category. Cells have a line for the verdict and one
    for the change."""
    found = [["outcome", group[0].baseline.name, *(one.candidate.name for one in group)]]
    for name in ("compute", "memory"):
        limits = [next((limit for limit in one.limits if limit.name == name), None) for one in group]
        if any(limits):
            texts = ["-" if one is None else f"asked {asked(one)}\n{got(one)}" for one in limits]
            found.append([f"{name} limit", "", *texts])
    by_id = [{row.id: row for row in one.rows} for one in group]
    for row in ordered(group):
        cells = [cell(rows[row.id]) if row.id in rows else "-" for rows in by_id]
        found.append([titled(row.id, row.title), baseline_value(row), *cells])
    return found


def cells_of(one: Comparison) -> list[str]:
    """Every line of a candidate's column."""
    return [line for row in one.rows for line in cell(row).splitlines()] or [""]


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


def styled(text: str) -> Text:
    """A cell in its verdict's colour."""
    verdict = text.partition("\n")[0]
    return Text(text, style=STYLES.get(verdict.removeprefix("tail "), ""))


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
