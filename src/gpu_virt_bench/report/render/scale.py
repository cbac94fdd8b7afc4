"""From values to places on a figure, and the round ticks between."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

HUGE = 1e250
"""Beyond this, differences of two values may no longer be finite."""
TINY = 1e-250
TINY_POWER, LARGE_POWER = 1 / 8, 2**22
"""Powers of two beyond these are written as such."""


@dataclass(frozen=True)
class Scale:
    """An axis between two places; `ticks` are values with their texts."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False
    ticks: Sequence[tuple[float, str]] = ()

    def __call__(self, value: float) -> float:
        """Where a value lies."""
        origin, per_unit = self.line
        return self.start + ((math.log10(value) if self.log else value) - origin) * per_unit

    @cached_property
    def line(self) -> tuple[float, float]:
        """What lies at the start, and pixels per unit or per magnitude."""
        low, high = (math.log10(self.low), math.log10(self.high)) if self.log else (self.low, self.high)
        return low, (self.end - self.start) / (high - low)

    def holds(self, value: float) -> bool:
        """Whether a value lies on the axis."""
        return self.low <= value <= self.high


def drawable(value: float | None, log: bool = False) -> bool:
    """Whether a value has a place on an axis: finite, and above zero on a logarithmic one."""
    return value is not None and (TINY if log else -HUGE) < value < HUGE


def scale(values: Iterable[float], start: float, end: float, log: bool = False, spacing: float = 70) -> Scale:
    """An axis that holds all values, with a tick about every so many pixels."""
    kept = [value if abs(value) > TINY else 0.0 for value in values if drawable(value, log)]
    kept = kept or [1.0 if log else 0.0]
    count = max(2, int(abs(end - start) / spacing))
    if log:
        return log_scale(kept, start, end, count)
    low, high = apart(min(kept), max(kept))
    step = round_step((high - low) / count)
    low, high = math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step
    ticks = [low + step * index for index in range(round((high - low) / step) + 1)]
    return Scale(low, high, start, end, ticks=[(value, tick(value, step)) for value in ticks])


def apart(low: float, high: float) -> tuple[float, float]:
    """Two ends that differ, where all values are the same."""
    if high - low > 1e-9 * max(abs(low), abs(high)):
        return low, high
    room = max(abs(low), abs(high)) * 0.05 or 1.0
    return low - room, high + room


def round_step(rough: float) -> float:
    """The next step of 1, 2, 2.5 or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(rough))
    return next(step * power for step in (1, 2, 2.5, 5, 10) if step * power >= rough * (1 - 1e-9))


def tick(value: float, step: float) -> str:
    """A tick's text: as many decimals as its step has."""
    value = 0.0 if abs(value) < step * 1e-6 else value
    if abs(value) >= 1e7 or (value and step < 1e-6):
        return f"{value:.3g}".replace("e+0", "e").replace("e+", "e").replace("e-0", "e-")
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    if abs(step * 10**decimals - round(step * 10**decimals)) > 1e-6:
        decimals += 1
    return f"{value:,.{decimals}f}".replace("-", "−")  # noqa: RUF001


def log_scale(kept: Sequence[float], start: float, end: float, count: int) -> Scale:
    """An axis over magnitudes: powers of two where all values are such, else of ten."""
    binary = len(set(kept)) > 1 and all(math.log2(value).is_integer() for value in kept)
    base = 2 if binary else 10
    first, last = math.log(min(kept), base), math.log(max(kept), base)
    exponents = range(math.floor(first + 1e-9), max(math.ceil(last - 1e-9), math.floor(first + 1e-9) + 1) + 1)
    stride = max(1, math.ceil(len(exponents) / count))
    inner = (1, 2, 5) if not binary and len(exponents) * 3 <= count + 2 else (1,)
    powers = [float(base) ** exponent for exponent in exponents]
    marks = [power * part for power in powers[::stride] for part in inner if power * part <= powers[-1]]
    return Scale(powers[0], powers[-1], start, end, True, [(value, magnitude(value, binary)) for value in marks])


def magnitude(value: float, binary: bool) -> str:
    """A tick's text on a logarithmic axis."""
    return f"2^{math.log2(value):.0f}" if binary and not TINY_POWER <= value <= LARGE_POWER else short(value)


def short(value: float) -> str:
    """A number as a figure shows it: four digits."""
    if value and not 1e-4 <= abs(value) < 1e7:
        return f"{value:.4g}".replace("e+0", "e").replace("e+", "e").replace("e-0", "e-")
    digits = 0 if abs(value) >= 1000 or not value else max(0, 3 - math.floor(math.log10(abs(value))))
    text = f"{value:,.{digits}f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text).replace("-", "−")  # noqa: RUF001
