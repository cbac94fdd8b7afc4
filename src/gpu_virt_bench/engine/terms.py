"""What holds for an outcome in all entries of a session: how many, how long, and which window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from gpu_virt_bench.engine.place import Place
from gpu_virt_bench.engine.plan import Item
from gpu_virt_bench.engine.quotas import granted, unmet
from gpu_virt_bench.engine.sampling import Rule
from gpu_virt_bench.model.metric import Window
from gpu_virt_bench.model.run import Suite

SITTING = 1_000_000
"""Numbers between the first rounds of two sittings of one outcome in a repetition: no sitting has so many."""


@dataclass(frozen=True)
class Span:
    """Seconds of throughput after seconds of settling."""

    duration: float
    settle: float


DAY = 86400.0


@dataclass(frozen=True)
class Settings:
    """What an outcome gets in every entry alike."""

    seed: str
    window: Window
    polling_seconds: float


@dataclass
class Terms:
    """How the suite's effort falls on the outcomes of a session."""

    suite: Suite
    seed: int
    floor: float
    places: Sequence[Place]
    sittings: dict[tuple[int, str], int] = field(default_factory=dict)
    spent: dict[str, float] = field(default_factory=dict)
    """Seconds that each outcome took, those in which its tenants were started included, for one entry."""

    def rule(self, item: Item) -> Rule:
        """When the samples of an outcome end. A window settles by itself, a fresh process has nothing to warm.

        In virtual time nothing depends on how long the host takes, nor does the number of samples.
        """
        effort = item.metric.effort_of(item.params)
        warmup = self.suite.warmup if effort in ("latency", "tail") else 0
        seconds = DAY if self.places[0].device.is_virtual else self.suite.seconds_per_outcome / self.suite.repetitions
        return Rule(self.suite.rounds[effort], warmup, seconds, self.floor)

    def settings(self, item: Item, repetition: int) -> Settings:
        """Seed and windows of an outcome."""
        seed = f"{self.seed}/{item.id}/{repetition}"
        return Settings(seed, self.window(item), self.suite.polling_seconds)

    def window(self, item: Item) -> Span:
        """The longer window where any entry limits the compute share of this outcome."""
        if any(is_limited(place, item) for place in self.places):
            return Span(self.suite.quota_window_seconds, self.suite.quota_settle_seconds)
        return Span(self.suite.window_seconds, self.suite.settle_seconds)

    def first_round(self, item: Item, repetition: int) -> int:
        """Rounds of an outcome count on through a repetition: only those of one sitting have a number in common."""
        sitting = self.sittings.get((repetition, item.id), 0)
        self.sittings[repetition, item.id] = sitting + 1
        return sitting * SITTING

    def is_spent(self, item: Item) -> bool:
        """Whether an outcome has had the suite's time; the planned repetitions are taken all the same."""
        return self.spent.get(item.id, 0.0) >= self.suite.seconds_per_outcome

    def spend(self, items: Sequence[Item], seconds: float) -> None:
        """Notes what outcomes took, for each of their entries."""
        for item in items:
            self.spent[item.id] = self.spent.get(item.id, 0.0) + seconds / len(items)


def is_limited(place: Place, item: Item) -> bool:
    """Whether an entry limits the compute share of an outcome's tenants."""
    if unmet(place.entry, item, place.devices):
        return False
    return any(found["compute_share"] is not None for found in granted(place.entry, item.party, place.devices))
