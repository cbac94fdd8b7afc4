"""Changes against a reference and their weighted means, with the draws of one bootstrap over repetitions.

Every array holds the value first, then DRAWS values of resampled repetitions: a mean over outcomes is a mean of arrays,
and its interval the quantiles of the result (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, ch. 13).
Equal seeds and equally many repetitions are resampled alike, since all outcomes of a repetition shared its tenants.

The percentile interval of a median lies between the extremes of its n repetitions, so it covers the truth in at most
1 - 2^(1-n) of all cases: 75 % with three repetitions, 94 % with five, whatever level is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Draws = NDArray[np.float64]
Kind = Literal["ratio", "difference"]

DRAWS = 2000
BLOCK = 1_000_000
"""Values that are resampled at a time, so that memory stays bounded."""
SEEDS = 2**64 - 1
"""Of a seed these bits count: numpy takes no negative one."""


def changes(
    reference: Mapping[int, float],
    values: Mapping[int, float],
    kind: Kind,
    middle: Callable[..., Any],
    paired: bool,
    seed: int,
) -> Draws:
    """Value over reference, or less it, from each repetition's figure by its index; `middle` is numpy's mean or median.

    Paired: the middle of the repetitions' changes. Unpaired: the change of the middles, each side resampled on its own.
    """
    change = np.divide if kind == "ratio" else np.subtract
    if paired:
        both = sorted(reference.keys() & values.keys())
        own = change([values[index] for index in both], [reference[index] for index in both])
        return middles(own, middle, (seed, 0))
    after, before = (np.array(list(side.values())) for side in (values, reference))
    return np.asarray(change(middles(after, middle, (seed, 0)), middles(before, middle, (seed, 1))))


def middles(values: Draws, middle: Callable[..., Any], seed: tuple[int, int]) -> Draws:
    """The middle of the values, then of DRAWS resamplings of them."""
    rng, n = np.random.default_rng(tuple(part & SEEDS for part in seed)), len(values)
    block = max(1, BLOCK // n)
    rows = [min(block, DRAWS - start) for start in range(0, DRAWS, block)]
    return np.concatenate([[middle(values)], *(middle(values[rng.integers(n, size=(r, n))], axis=1) for r in rows)])


def parity(change: Draws, kind: Kind, better: str, scale: float, ceiling: float) -> Draws:
    """1 where nothing changed, less where it got worse, at most the ceiling; worse by `scale` is 0."""
    if kind == "ratio":
        found = 1 / change if better == "lower" else change
    else:
        found = 1 - change / scale if better == "lower" else 1 + change / scale
    return np.minimum(found, ceiling)


def weighted(parts: Sequence[Draws], weights: Sequence[float]) -> Draws:
    """The weighted mean, draw by draw."""
    return np.asarray(np.average(np.stack(parts), axis=0, weights=weights))


def interval(draws: Draws, level: float) -> tuple[float, float]:
    """The percentile interval."""
    tail = (1 - level) / 2
    low, high = np.quantile(draws[1:], [tail, 1 - tail])
    return float(low), float(high)
