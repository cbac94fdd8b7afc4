"""Histories for the terminal (80 columns) and as JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from textwrap import wrap
from typing import Any

from gpu_virt_bench.history.changes import AlsoChanged, also_changed
from gpu_virt_bench.history.points import Point
from gpu_virt_bench.history.series import Holding, Rest, Series
from gpu_virt_bench.history.trend import DAY, FEWEST_FOR_CHANGE, FEWEST_FOR_TREND, Course, course
from gpu_virt_bench.model.metric import SHOWN, Value
from gpu_virt_bench.model.text import counted
from gpu_virt_bench.report.envelope import envelope
from gpu_virt_bench.report.signs import LEVELS
from gpu_virt_bench.report.text import ARROWS, number

WIDTH = 80
ROWS = 20
"""Runs that a table shows; JSON has them all."""
NAMED = 5
LONGEST = 60
"""Letters of a circumstance: a definition's `[[record]]` step may print pages."""
MIB = 1 << 20
UNITS = {"Hz": ("MHz", 1e-6), "B": ("GiB", 2.0**-30)}
"""SI unit of a circumstance -> the unit that people expect, and the factor from one to the other."""


def overview_text(holdings: Sequence[Holding], rest: Rest) -> str:
    """What there is, by system and device, and how to see more of it."""
    lines: list[str] = []
    for held in holdings:
        runs = f"{held.runs} run{'s' * (held.runs != 1)}, {date(held.first)} .. {date(held.last)}"
        lines += [*wrapped(f"{held.system} on {held.device}"), f"  {runs} UTC"]
        lines += [*wrapped(f"  {', '.join(held.metrics)}"), ""]
    return "\n".join([*lines, "--metric OH-001 shows one metric over time.", *complaints(rest)])


def history_text(series: Sequence[Series], rest: Rest) -> str:
    """A table for each series."""
    return "\n".join([*(line for one in series for line in (*series_lines(one), "")), *complaints(rest)]).strip("\n")


def history_json(folder: str, series: Sequence[Series], rest: Rest) -> str:
    """All points of the series with their trends and changes, in SI units."""
    content = {
        "directory": folder,
        "series": [series_object(one) for one in series],
        **asdict(rest),
    }
    return envelope("history", content)


def overview_json(folder: str, holdings: Sequence[Holding], rest: Rest) -> str:
    """What there is."""
    content = {
        "directory": folder,
        "holdings": [{**asdict(held), "first": iso(held.first), "last": iso(held.last)} for held in holdings],
        **asdict(rest),
    }
    return envelope("history", content)


# -- one series


def found_in(series: Series) -> Course:
    """Its changes and its trend."""
    return course([point.began for point in series.points], [point.value for point in series.points])


def series_lines(series: Series) -> Iterator[str]:
    """Heading, sparkline, table, changes, trend."""
    last, points = series.last, series.points
    found, factor = found_in(series), SHOWN[last.unit][1]
    unit = f"{last.unit}{' (emulated)' * last.emulated} {ARROWS[last.better]}".strip()
    yield from wrapped(f"{last.name} {last.title}, {unit}")
    yield from wrapped("  " + " · ".join([f"{last.system} on {last.device}", *conditions(last)]))
    values = [point.value * factor for point in points]
    yield f"  {sparkline(values)}  {number(min(values))} .. {number(max(values))}"
    yield f"  {'began (UTC)':<18}{'value':>10}  {'interval':<24}{'n':>8}  label"
    changed = {change.position for change in found.changes}
    if len(points) > ROWS:
        yield f"  {counted(len(points) - ROWS, 'earlier run')}: --format json has all"
    for position, point in list(enumerate(points))[-ROWS:]:
        yield f"{'>' if position in changed else ' '} {row(point, factor)}".rstrip()
    yield from change_lines(series, found)
    yield from wrapped(trend_line(series, found))


def conditions(point: Point) -> list[str]:
    """What else the series' runs have in common."""
    found = [amount(name, value) for name, value in json.loads(point.quota).items()]
    return [*found, *([f"revision {point.revision}"] if point.revision > 1 else [])]


def amount(name: str, value: Any) -> str:  # noqa: ANN401  a JSON value
    """One quota as people read it; a sweep's names are the command line's already."""
    if name == "memory_bytes":
        return f"memory {value / MIB:g} MiB"
    if name == "compute_share":
        return f"compute {value * 100:g} %"
    return f"{value} {name}" if name == "tenants" else f"{name} {value}"


def row(point: Point, factor: float) -> str:
    """One run."""
    interval = "none"
    if point.low is not None and point.high is not None:
        interval = f"{number(point.low * factor)} .. {number(point.high * factor)}"
    count = f"{point.repetitions} x {point.samples // point.repetitions}"
    label = clip("(A/A) " * point.twin + point.label, 12)
    return f"{date(point.began):<18}{number(point.value * factor):>10}  {interval:<24}{count:>8}  {label}"


def sparkline(values: Sequence[float], width: int = 40) -> str:
    """The values from lowest to highest as bars; of many, the last ones."""
    shown = values[-width:]
    low, reach = min(shown), max(shown) - min(shown)
    return "".join(LEVELS[int((value - low) / reach * (len(LEVELS) - 1)) if reach else 0] for value in shown)


def change_lines(series: Series, found: Course) -> Iterator[str]:
    """Every change point, or why none can be found."""
    runs, factor = len(series.points), SHOWN[series.last.unit][1]
    if runs < FEWEST_FOR_CHANGE:
        yield f"  changes: too few runs to tell ({runs}, needs {FEWEST_FOR_CHANGE})"
    elif not found.changes:
        yield "  changes: none"
    for change, others in zip(found.changes, also_changed(series.points, found.changes), strict=True):
        point = series.points[change.position]
        values = f"{number(change.before * factor)} -> {number(change.after * factor)}"
        ratio = share(change.after - change.before, change.before)
        yield from wrapped(f"> changed with {date(point.began)}: {values}{ratio}")
        yield from wrapped(f"    {point.path}")
        yield "    also changed:" if others else "    nothing else that the run files hold changed with it"
        yield from (line for other in others for line in wrapped(f"      {other_line(other)}", 8))


def other_line(other: AlsoChanged) -> str:
    """What else changed, and of how many runs that is true where it is not true of all."""
    before, after = (people(value, other.unit) for value in (other.before, other.after))
    is_whole = (other.before_with, other.after_with) == (other.before_runs, other.after_runs)
    counts = f"{other.before_with} of {other.before_runs} runs before, {other.after_with} of {other.after_runs} after"
    return f"{other.name}: {before} -> {after}" + ("" if is_whole else f" ({counts})")


def people(value: Value, unit: str) -> str:
    """A circumstance as people read it."""
    if isinstance(value, str):
        return clip(value, LONGEST)
    shown, factor = UNITS.get(unit, (unit, 1.0))
    return f"{value * factor:,.4g} {shown}" if shown else f"{value:.4g}" if isinstance(value, float) else str(value)


def trend_line(series: Series, found: Course) -> str:
    """The slope per day of the runs since the last change, or why there is none."""
    since = f" since {date(series.points[found.since].began)}" if found.changes else ""
    runs, per_day = len(series.points) - found.since, DAY * SHOWN[series.last.unit][1]
    if found.slope is None:
        reason = "all began at once" if runs >= FEWEST_FOR_TREND else f"needs {FEWEST_FOR_TREND}"
        return f"  trend: too few runs{since} to tell ({runs}, {reason})"
    low, high = (number(end * per_day) for end in (found.slope.low, found.slope.high))
    middle = series.points[found.since + runs // 2].value
    relative = share(found.slope.value * DAY, middle)
    value = number(found.slope.value * per_day)
    return f"  trend: {value} a day ({low} .. {high}){relative}, {found.slope.runs} runs{since}"


def share(change: float, whole: float) -> str:
    """A change relative to the value it departs from, where that is a size."""
    return f" ({change / whole * 100:+.2g} %)" if whole > 0 else ""


def series_object(series: Series) -> Mapping[str, Any]:
    """A series for programs."""
    last, found = series.last, found_in(series)
    return {
        **{name: getattr(last, name) for name in ("metric", "name", "title", "system", "device", "emulated")},
        "params": json.loads(last.params),
        "quota": json.loads(last.quota),
        "revision": last.revision,
        "unit": SHOWN[last.unit][0],
        "better": last.better,
        "runs": [run_object(point) for point in series.points],
        "changes": [
            {**asdict(change), "began": iso(series.points[change.position].began), "also_changed": others}
            for change, others in zip(found.changes, also_changed_objects(series, found), strict=True)
        ],
        "trend": None
        if found.slope is None
        else {"since": iso(series.points[found.since].began), **asdict(found.slope)},
    }


def also_changed_objects(series: Series, found: Course) -> list[list[dict[str, Any]]]:
    """For each change, what else changed."""
    return [[asdict(other) for other in others] for others in also_changed(series.points, found.changes)]


def run_object(point: Point) -> Mapping[str, Any]:
    """One run of a series for programs."""
    names = ("path", "label", "twin", "value", "low", "high", "repetitions", "samples")
    return {"began": iso(point.began), **{name: getattr(point, name) for name in names}}


# -- words


def date(seconds: float) -> str:
    """Day and minute, UTC."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M}"


def iso(seconds: float) -> str:
    """The time as run files write it."""
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def wrapped(text: str, indent: int = 4) -> list[str]:
    """Lines of at most 80 columns, those after the first indented."""
    return wrap(text, WIDTH, subsequent_indent=" " * indent)


def clip(text: str, width: int) -> str:
    """The text in one line of that width; `...` where something is missing."""
    line = " ".join(text.split())
    return line if len(line) <= width else line[: width - 3] + "..."


def complaints(rest: Rest) -> list[str]:
    """What gave no points, one line each, the first few of a kind."""
    unread, left_out = rest.unreadable, rest.left_out
    files = f"{counted(len(unread), 'file')} {'is no run file' if len(unread) == 1 else 'are no run files'}"
    reasons = ", ".join(f"{count} {reason}" for reason, count in Counter(file.reason for file in left_out).items())
    runs = f"{len(left_out)} run{'s are' if len(left_out) > 1 else ' is'} left out: {reasons}"
    return [
        *listed(files + ":", [file.reason for file in unread]),
        *listed(runs, [f"{file.path}: {file.reason}" for file in left_out]),
    ]


def listed(title: str, entries: Sequence[str]) -> list[str]:
    """A title and the first few entries; nothing without entries."""
    if not entries:
        return []
    more = [f"  and {len(entries) - NAMED} more"] if len(entries) > NAMED else []
    return ["", *wrapped(title), *(f"  {clip(entry, WIDTH - 2)}" for entry in entries[:NAMED]), *more]
