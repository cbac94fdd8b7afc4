"""A change as people say it, in one unit everywhere: per cent where it is a ratio, else the unit of its values."""

from __future__ import annotations

import math
from typing import NamedTuple

from gpu_virt_bench.model.comparison import Change, Interval
from gpu_virt_bench.model.metric import SHOWN

LOPSIDED = 2.0
"""From here on the larger half of an interval over the smaller says too little: its ends are said."""


class Scaled(NamedTuple):
    """A change in the unit that people expect, with the value that means no change and the most decimals."""

    interval: Interval
    unit: str
    none: float
    digits: int


def change_text(change: Change, unit: str) -> str:
    """`+4.6 ±1.0 %`, `+3.1 % (+2.9 to +5.0)`, `+241 ±23 ns`, `161 ±37 % of share`."""
    return spoken(scaled(change, unit))


def share_text(found: Interval) -> str:
    """A share of a device: `80.4 ±0.6 %`."""
    return spoken(Scaled(moved(found, 100.0), "%", 100.0, 2))


def value_text(change: Change, unit: str) -> str:
    """The value alone, with the digits that its interval leaves: `+4.6 %`."""
    found = scaled(change, unit)
    return f"{written(found.interval.value, found)} {found.unit}"


def ends_text(change: Change, unit: str) -> str:
    """The ends of its interval: `+2.9 to +5.0`; "" without one."""
    found = scaled(change, unit)
    low, high = found.interval.low, found.interval.high
    return "" if low is None or high is None else f"{written(low, found)} to {written(high, found)}"


def size_text(value: float, change: Change, unit: str, digits: int = 3) -> str:
    """A margin or a floor in the unit of the change: `2 %`, `50 ns`, `0.5 pp`."""
    factor, name = (100.0, "%") if change.kind == "ratio" else of_difference(unit)
    return f"{value * factor:.{digits}g} {name}"


def of_difference(unit: str) -> tuple[float, str]:
    """The factor from SI units, and the name: a difference of per cents is in percentage points."""
    return SHOWN[unit][1], "pp" if unit == "%" else unit


def scaled(change: Change, unit: str) -> Scaled:
    """The change as a reader has it; a rate under a compute share is what it is of that share, where 100 % is right."""
    if change.shares:
        return Scaled(moved(change.interval, 100.0), "% of share", 100.0, 2)
    if change.kind == "ratio":
        return Scaled(moved(change.interval, 100.0, 1.0), "%", 0.0, 2)
    factor, name = of_difference(unit)
    return Scaled(moved(change.interval, factor), name, 0.0, 3)


def moved(found: Interval, factor: float, zero: float = 0.0) -> Interval:
    """The interval on another scale."""
    value, low, high = (None if end is None else factor * (end - zero) for end in (found.value, found.low, found.high))
    assert value is not None
    return Interval(value, low, high, found.level)


def spoken(found: Scaled) -> str:
    """The value with the larger half of its interval. Its ends instead, where one half is more than twice the other, or
    where the half would hold no change and the interval does not."""
    value, low, high = found.interval.value, found.interval.low, found.interval.high
    if low is None or high is None:
        return f"{written(value, found)} {found.unit}"
    halves = sorted((value - low, high - value))
    hides = abs(value - found.none) <= halves[1] and not low <= found.none <= high
    if (halves[1] > LOPSIDED * halves[0] and is_seen(found)) or hides:
        return f"{written(value, found)} {found.unit} ({written(low, found)} to {written(high, found)})"
    return f"{written(value, found)} ±{halves[1]:,.{decimals(found)}f} {found.unit}"


def is_seen(found: Scaled) -> bool:
    """Whether the ends differ from the value in the digits that are shown."""
    return len({written(end, found) for end in (found.interval.low, found.interval.high, found.interval.value)}) > 1


def decimals(found: Scaled) -> int:
    """So many that the larger half of the interval has two digits; without one, two."""
    value, low, high = found.interval.value, found.interval.low, found.interval.high
    half = 0.0 if low is None or high is None else max(high - value, value - low)
    return min(found.digits, max(0, 1 - math.floor(math.log10(half)))) if half else 2


def written(number: float | None, found: Scaled) -> str:
    """A number with its sign, where it is a change and not a share, and no sign before a zero."""
    assert number is not None
    digits = decimals(found)
    text = f"{number:,.{digits}f}" if found.none else f"{number:+,.{digits}f}"
    return text if text.strip("+-0.,") else text.lstrip("+-")
