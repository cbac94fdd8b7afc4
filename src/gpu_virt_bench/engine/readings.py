"""Readings: what one instant of work gave, judged once, and shared by the outcomes that ask for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from gpu_virt_bench.model.metric import Value
from gpu_virt_bench.model.workload import NS_PER_SECOND, Series
from gpu_virt_bench.tenant import Tenant

Made = TypeVar("Made")
LEAST_OVERLAP = 0.9
"""Tenants that worked together for less of the longest window did not compete."""
Row = dict[str, Value]


@dataclass(eq=False)
class Reading:
    """One instant of work: its window (time.monotonic, seconds), why it does not count, and the SM clock meanwhile."""

    begin: float
    end: float
    rejected: str = ""
    clock_hz: float | None = None

    def reject(self, reason: str) -> None:
        """Marks it as not counting; the first reason stays."""
        self.rejected = self.rejected or reason


@dataclass(frozen=True)
class Common:
    """The windows of several series: the part that all share, its share of the longest one, and all of them."""

    begin: int
    end: int
    overlap: float
    first: int
    last: int


def common(series: Sequence[Series]) -> Common:
    """What the windows have in common: latest begin to earliest end."""
    begin, end = max(one.begin for one in series), min(one.end for one in series)
    longest = max(one.end - one.begin for one in series)
    overlap = max(0, end - begin) / longest if longest else float(begin <= end)
    return Common(begin, end, overlap, min(one.begin for one in series), max(one.end for one in series))


def unlike(series: Sequence[Series]) -> str:
    """Why series that should have run at the same time do not count together, "" if they do."""
    found = common(series)
    if len(series) < 2 or found.overlap >= LEAST_OVERLAP:
        return ""
    return f"overlap of {found.overlap:.2f}, less than {LEAST_OVERLAP}"


def has_our_clock(tenant: Tenant) -> bool:
    """Whether its times and the harness's can be compared."""
    return tenant.is_local and not tenant.is_virtual


def window(tenants: Sequence[Tenant], series: Sequence[Series], asked: float, answered: float) -> tuple[float, float]:
    """The outermost window in the harness's time; without a common clock, from the request to the last answer."""
    if not all(has_our_clock(tenant) for tenant in tenants):
        return asked, answered
    found = common(series)
    return found.first / NS_PER_SECOND, found.last / NS_PER_SECOND


def neighbor_fault(name: str, series: Series, left: float, is_timed: bool, was_over: bool) -> str:
    """Why what was read beside a neighbor does not count: it ended before the block was left, or did nothing. Whose
    times cannot be compared with ours has ended early if its answer was there before it was told to stop."""
    if not any(series.columns.values()):
        return f"{name} did no work"
    ended = series.end / NS_PER_SECOND
    if is_timed and ended < left:
        return f"{name} ended {left - ended:.3f} s before it was told to stop"
    if was_over and not is_timed:
        return f"{name} ended before it was told to stop"
    return ""


@dataclass
class Kept:
    """A value that was made of readings."""

    value: Any
    readings: list[Reading]
    conditions: Mapping[str, Value] = field(default_factory=dict)


@dataclass
class Shelf:
    """The shared readings of one key: outcomes find by index what another one has taken, or take it."""

    name: str
    kept: list[Kept] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)


class Book:
    """What the outcomes of one party in one repetition share: values, readings by key, and their tables."""

    def __init__(self) -> None:
        self.values: dict[object, Any] = {}
        self.shelves: dict[object, Shelf] = {}

    def once(self, key: object, make: Callable[[], Made]) -> Made:
        """The value made for a key, made at most once."""
        if key not in self.values:
            self.values[key] = make()
        value: Made = self.values[key]
        return value

    def shelf(self, key: object) -> Shelf:
        """The readings of a key."""
        return self.shelves.setdefault(key, Shelf(title(key)))

    def tables(self) -> Mapping[str, list[Row]]:
        """What the readings showed beside the samples, by key."""
        return {shelf.name: shelf.rows for shelf in self.shelves.values() if shelf.rows}


def title(key: object) -> str:
    """A key as the run file calls it: `OH-001 return cuLaunchKernel`."""
    return " ".join(map(str, key)) if isinstance(key, tuple) else str(key)


class View(Sequence[Made]):
    """One outcome's view of a shelf: what it uses is noted with the outcome, whoever took it."""

    def __init__(self, shelf: Shelf, take: Callable[[Shelf, int], Kept], use: Callable[[Kept], None]) -> None:
        self._shelf, self._take, self._use = shelf, take, use

    def __len__(self) -> int:
        return len(self._shelf.kept)

    def __getitem__(self, index: int) -> Made:  # type: ignore[override]
        while len(self._shelf.kept) <= index:
            self._shelf.kept.append(self._take(self._shelf, len(self._shelf.kept)))
        found = self._shelf.kept[index]
        self._use(found)
        value: Made = found.value
        return value

    def __iter__(self) -> Iterator[Made]:
        index = 0
        while True:
            yield self[index]
            index += 1
