"""The link between a device and its host."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

LANE_BYTES_PER_SECOND: Mapping[int, float] = {
    1: 2.5e9 / 10,
    2: 5e9 / 10,
    3: 8e9 / 8 * 128 / 130,
    4: 16e9 / 8 * 128 / 130,
    5: 32e9 / 8 * 128 / 130,
    6: 64e9 / 8 * 242 / 256,
}
"""What a lane of each PCIe generation carries, one way, less the coding: transfers per second by their bits."""


@dataclass(frozen=True)
class Link:
    """A PCIe link as it is now, and the most that card and slot can do."""

    generation: int
    width: int
    max_generation: int
    max_width: int

    @property
    def bytes_per_second(self) -> float | None:
        """What it carries one way now, headers included; None for a generation that is not known."""
        return carries(self.generation, self.width)

    @property
    def max_bytes_per_second(self) -> float | None:
        """What it would carry at its best."""
        return carries(self.max_generation, self.max_width)

    @property
    def is_downgraded(self) -> bool:
        """Whether it is slower or narrower than it could be."""
        return self.generation < self.max_generation or self.width < self.max_width


def carries(generation: int, width: int) -> float | None:
    """Bytes per second, one way, of so many lanes."""
    lane = LANE_BYTES_PER_SECOND.get(generation)
    return None if lane is None else lane * width
