"""What an outcome of one repetition leaves beside its samples."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from gpu_virt_bench.engine.readings import Kept, Reading, Row, Shelf
from gpu_virt_bench.model.metric import Value
from gpu_virt_bench.model.workload import Series


class Inconsistent(Exception):
    """Conditions that changed within one outcome: its samples are not of one thing."""


@dataclass
class Noted:
    """The readings of the sample at hand, and an outcome's tables and conditions."""

    repetition: int
    used: list[Reading] = field(default_factory=list)
    tables: dict[str, list[Row]] = field(default_factory=dict)
    conditions: dict[str, Value] = field(default_factory=dict)
    shelf: Shelf | None = None
    """The shared readings that the outcome uses."""
    neighbors: int = 0
    """How many blocks with neighbors at work are open."""
    _taking: int | None = None
    """The index of the shared reading that is being taken."""

    def use(self, reading: Reading, series: Iterable[Series]) -> None:
        """A reading is the sample's that is being taken; the conditions of its series are the outcome's."""
        self.used.append(reading)
        for one in series:
            for name, value in one.conditions.items():
                self.condition(name, value)

    def condition(self, name: str, value: Value) -> None:
        """States something that must be equal for two outcomes to be compared."""
        before = self.conditions.setdefault(name, value)
        if before != value:
            raise Inconsistent(f"{name} changed from {before} to {value} within the outcome")

    def detail(self, name: str, row: Mapping[str, Value]) -> None:
        """A row for the reader: the outcome's, or that of the shared reading which is being taken."""
        if self.shelf is None or self._taking is None:
            self.tables.setdefault(name, []).append(dict(row))
            return
        self.shelf.rows.append({"table": name, "repetition": self.repetition, "reading": self._taking, **row})

    def keep(self, shelf: Shelf, index: int, take: Callable[[int], object]) -> Kept:
        """Takes a reading for the shelf: what it uses is the reading's, and each outcome's that asks for it."""
        outer, conditions = self.used, self.conditions
        self.used, self.conditions, self.shelf, self._taking = [], {}, shelf, index
        try:
            return Kept(take(index), self.used, self.conditions)
        finally:
            self.used, self.conditions, self._taking = outer, conditions, None

    def adopt(self, kept: Kept) -> None:
        """A shared reading is the sample's, whoever took it, and its conditions are the outcome's."""
        self.used.extend(kept.readings)
        for name, value in kept.conditions.items():
            self.condition(name, value)
