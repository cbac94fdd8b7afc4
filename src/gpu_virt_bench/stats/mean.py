"""Weighted means of values that have intervals, by the method of variance estimates recovery (MOVER).

Each end of the mean's interval recovers its parts' variances from the distance of their own ends (Zou and Donner,
Statistics in Medicine 27, 2008). It takes the parts for independent: outcomes of one repetition shared its processes,
so what slowed all of them at once makes the interval too narrow.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from gpu_virt_bench.model.comparison import Interval


def weighted(parts: Sequence[Interval], weights: Sequence[float]) -> Interval:
    """The weighted mean with its interval, at the lowest level of the parts; without one where a part has none."""
    total = sum(weights)
    shares = [weight / total for weight in weights]
    value = sum(share * part.value for share, part in zip(shares, parts, strict=True))
    below = [share * (part.value - part.low) for share, part in zip(shares, parts, strict=True) if part.low is not None]
    above = [
        share * (part.high - part.value) for share, part in zip(shares, parts, strict=True) if part.high is not None
    ]
    if len(below) < len(parts) or len(above) < len(parts):
        return Interval(value, None, None, 0.0)
    return Interval(value, value - math.hypot(*below), value + math.hypot(*above), min(part.level for part in parts))
