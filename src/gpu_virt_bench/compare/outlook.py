"""What would tell where a comparison does not: how many repetitions more, and about how long they take."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache
from statistics import NormalDist

from gpu_virt_bench.compare.change import edge, half_width, place
from gpu_virt_bench.compare.judge import clock, inside_floor, is_beyond, needed
from gpu_virt_bench.model.comparison import Change, Row
from gpu_virt_bench.model.run import Measured, Run
from gpu_virt_bench.model.text import told
from gpu_virt_bench.stats.order import median_interval

FEWEST = 3
MOST = 200
"""More repetitions than that are no advice."""
SURE = 0.7
"""How much of the room an interval is planned to take, so that it fits most times and not half of them."""


def with_outlook(rows: Sequence[Row], baseline: Run, candidate: Run, confidence: float) -> list[Row]:
    """The rows; where more repetitions would tell, they say how many and how long those take."""
    seconds = seconds_each(candidate)
    apart = baseline.session.id != candidate.session.id
    return [told_more(row, confidence, seconds, apart) for row in rows]


def told_more(row: Row, confidence: float, seconds: float | None, apart: bool) -> Row:
    """One row; only what is inconclusive for its width, or for few repetitions, gets an outlook."""
    change = row.change
    if row.verdict != "inconclusive" or change is None or change.passes or change.shares:
        return row
    if inside_floor(row, change) or clock(change):
        return row
    return replace(row, outlook=outlook(change, confidence, seconds, apart))


def outlook(change: Change, confidence: float, seconds: float | None, apart: bool) -> str:
    """`about 12 repetitions would tell (--repetitions 12, about 4 min)`, "" where that cannot be said: repetitions are
    not added to a session, so the time is that of a new one."""
    total = enough(change, confidence)
    if total is None or total <= change.repetitions:
        return ""
    total = rounded_up(total)
    if total > MOST:
        return f"more than {MOST} repetitions would be needed to tell"
    takes = "" if seconds is None else f", about {told(total * seconds)}"
    return f"about {total} repetitions{' in each run' * apart} would tell (--repetitions {total}{takes})"


def rounded_up(total: int) -> int:
    """A forecast without digits that it does not have: 13, 25, 190."""
    step = 1 if total <= 20 else 5 if total <= 100 else 10
    return total if total > MOST else -(-total // step) * step


def enough(change: Change, confidence: float) -> int | None:
    """How many repetitions would probably give a verdict if their spread and their middle stay; None without an
    interval, and for fewer than FEWEST, whose spread is not known.

    An interval tells as soon as it lies within the margin or does not hold 0, whichever comes first; where it does that
    already, the test has to.
    """
    n, half = change.repetitions, half_width(change)
    if half is None or n < FEWEST:
        return None
    least = needed(confidence)
    if is_beyond(change, 0.0):
        return max(least, tested(change, confidence))
    distance = abs(place(change, change.interval.value))
    room = SURE * max(distance, edge(change.kind, change.margin) - distance)
    wide = edge(change.kind, half) / typical(n, confidence)
    counts = range(max(least, n + 1), MOST + 1)
    return next((count for count in counts if wide * typical(count, confidence) <= room), MOST + 1)


@cache
def typical(n: int, level: float) -> float:
    """Half of the median's interval of n values of a standard normal distribution, at their expected places (Blom,
    Statistical Estimates and Transformed Beta-Variables, 1958)."""
    normal = NormalDist()
    found = median_interval([normal.inv_cdf((i + 0.625) / (n + 0.25)) for i in range(n)], level)
    assert found.low is not None and found.high is not None
    return (found.high - found.low) / 2


def tested(change: Change, confidence: float) -> int:
    """How many repetitions the test of any change needs, with Holm's factor of now."""
    p, adjusted = change.p_any, change.adjusted_any
    if not p or not adjusted or p >= 1:
        return 0
    normal, limit = NormalDist(), (1 - confidence) * min(1.0, p / adjusted)
    found = normal.inv_cdf(1 - p / 2)
    return 0 if found <= 0 else math.ceil(change.repetitions * (normal.inv_cdf(1 - limit / 2) / found) ** 2)


def seconds_each(run: Run) -> float | None:
    """How long one repetition of the whole session took; None for a run that did not end."""
    counts = [len(found.repetitions) for found in run.outcomes.values() if isinstance(found, Measured)]
    if run.ended is None or not max(counts, default=0):
        return None
    lasted = datetime.fromisoformat(run.ended) - datetime.fromisoformat(run.began)
    return lasted.total_seconds() / max(counts)
