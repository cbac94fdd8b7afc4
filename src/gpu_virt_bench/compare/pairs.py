"""The values of two runs of one session that belong together: those of one round, else the medians of a repetition."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median
from typing import NamedTuple

from gpu_virt_bench.model.run import Measured, Repetition

Place = Callable[[float], float]
"""Where a value lies on the line on which changes are differences: as it is, or as a logarithm."""


class Pair(NamedTuple):
    """One repetition of both runs: values before and after that met the same host."""

    met: list[tuple[float, float]]
    rounds: int
    """How many of them are rounds; 0 where the only one is of the repetition's medians."""

    def change(self, place: Place) -> float:
        """The median of the changes on that line."""
        return median(place(after) - place(before) for before, after in self.met)


def pairs(baseline: Measured, candidate: Measured, above_zero: bool = False) -> list[Pair]:
    """A pair for each repetition of which both runs have samples; `above_zero`: a repetition of which some round is not
    counts by its medians, since a ratio would leave that round out."""
    before, after = filled(baseline), filled(candidate)
    return [pair(before[index], after[index], above_zero) for index in sorted(before.keys() & after.keys())]


def filled(outcome: Measured) -> dict[int, Repetition]:
    """The repetitions with samples, by index."""
    return {repetition.index: repetition for repetition in outcome.repetitions if repetition.samples}


def pair(before: Repetition, after: Repetition, above_zero: bool = False) -> Pair:
    """The rounds that both have; without any, the two medians."""
    ours, theirs = by_round(before), by_round(after)
    common = sorted(ours.keys() & theirs.keys())
    met = [(ours[number], theirs[number]) for number in common]
    if not met or (above_zero and min(map(min, met)) <= 0):
        return Pair([(median(before.samples), median(after.samples))], 0)
    return Pair(met, len(met))


def by_round(repetition: Repetition) -> dict[int, float]:
    """The sample of each round that no rejected sample voids; none where rounds were not recorded."""
    void = {entry.round for entry in repetition.rejected}
    taken = zip(repetition.rounds, repetition.samples, strict=False)
    return {number: sample for number, sample in taken if number not in void}


def medians(outcome: Measured) -> list[float]:
    """The median of each repetition, for runs that have no pairs."""
    return [median(repetition.samples) for repetition in filled(outcome).values()]


def values(found: Sequence[Pair], side: int) -> list[float]:
    """All values of one side, 0 before and 1 after."""
    return [met[side] for pair in found for met in pair.met]
