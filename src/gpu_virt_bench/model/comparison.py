"""A comparison: what one candidate run is to one baseline run, metric by metric. Pure data; compare.py makes it."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass, field, replace
from typing import Literal

Verdict = Literal[
    "better",
    "slightly better",
    "same",
    "slightly worse",
    "worse",
    "deferred or elided",
    "inconclusive",
    "not comparable",
    "informational",
]
"""`slightly`: the change is certain, and not certainly beyond the margin. `deferred or elided`: a call is cheaper than
native, which nothing can be; its work is done later, or not at all. `informational`: the metric has no better
direction; its change is shown and never judged."""

Pairing = Literal["paired", "unpaired"]
"""`paired`: both runs are of one session: repetition i of one belongs to repetition i of the other, and within it round
j to round j."""


@dataclass(frozen=True)
class Interval:
    """A value with an interval that covers the truth with probability `level`; no interval: `low` and `high` are None.

    With few repetitions no 95 % interval of a median exists; `level` then says what is reached (0.75 with three).
    """

    value: float
    low: float | None
    high: float | None
    level: float


@dataclass(frozen=True)
class Change:
    """Candidate over baseline (`ratio`, 1 = equal) or candidate less baseline (`difference`, SI units, 0 = equal).

    `p` tests whether the change lies beyond the margin, `p_any` whether there is any; `adjusted` and `adjusted_any` are
    they after Holm's correction over the judged outcomes of one category: its headline ones as one family, in all their
    statistics, all others as another. `margin` is relative for ratios (0.02 = 2 %), in SI units for differences.
    `floor` is the change that the baseline shows against itself (A/A), in the margin's unit; None if not measured.
    """

    kind: Literal["ratio", "difference"]
    pairing: Pairing
    interval: Interval
    margin: float
    p: float | None = None
    adjusted: float | None = None
    p_any: float | None = None
    adjusted_any: float | None = None
    floor: float | None = None
    repetitions: int = 0
    """How many it rests on: pairs, or those of the side that has fewer."""
    rounds: int = 0
    """How many rounds the pairs are made of; 0 where they are of the repetitions' medians."""
    cycles: Interval | None = None
    """The ratio of rates per cycle of the SM clock (B/s and cycles/s alone), where both sides have clocks."""
    clocks_hz: list[float] = field(default_factory=list)
    """Median SM clock of the baseline and of the candidate; empty where one has none."""
    shares: list[float] = field(default_factory=list)
    """Of a rate under a compute limit: the shares of the device that the baseline and the candidate were granted, 1
    without a limit. The change is then of the rate over its share: 1 is what was granted, and more is a leak."""
    passes: list[list[int]] = field(default_factory=list)
    """Of a pass/fail outcome: how many samples passed, of how many, in the baseline and in the candidate."""


@dataclass(frozen=True)
class Row:
    """One outcome of a comparison. Without samples, or with 0 in a ratio, there is no change; `reason` says why."""

    id: str
    metric: str
    title: str
    category: str
    unit: str
    """The unit of all values here, SI: `s`, `B/s`."""
    shown_unit: str
    """The unit that reports show: `us`, `GB/s`."""
    better: Literal["lower", "higher", "none"]
    headline: bool
    verdict: Verdict
    reason: str = ""
    """Why there is no verdict, or what limits it; empty where the interval speaks for itself."""
    tail: str = ""
    """What is worse in the mean or in the tail while the median does not, the worst first; `reason` says it too."""
    outlook: str = ""
    """Of an inconclusive outcome: how many repetitions would tell, and about how long they take."""
    baseline: Interval | None = None
    candidate: Interval | None = None
    baseline_repetitions: int = 0
    candidate_repetitions: int = 0
    change: Change | None = None
    against: str = ""
    """What the change is from, where the comparison's baseline cannot have the outcome: a system of the session, or
    `zero` for a value that is a difference already; "" for the comparison's baseline."""


@dataclass(frozen=True)
class Side:
    """One run in a comparison."""

    name: str
    """What tables call it: the system, with its label and sweep point."""
    path: str
    session: str
    emulated: bool
    derived: bool = False


@dataclass(frozen=True)
class Limit:
    """A limit of the candidate's tenants: a share of the device's compute, 1 is all of it, or bytes of its memory."""

    name: Literal["compute", "memory"]
    unit: Literal["", "B"]
    asked: float
    granted: float
    """What the layer says it grants: shares are rounded to what it can do."""
    got: Interval | None
    """Compute: the rate of whole work (OH-010) over the baseline's; memory: what a tenant sees. None: not measured."""
    binds: bool | None = None
    """Memory: whether more was refused, by every call that was tried; False: a remark says by which it was given. None:
    no proof tried it."""
    untried: list[str] = field(default_factory=list)
    """Memory: the allocation calls that were not tried."""
    per_process: bool = False
    """Memory: whether each process of a tenant has a limit of its own."""


@dataclass(frozen=True)
class Comparison:
    """One candidate against one baseline. `remarks` hold for the whole pair, in sentences."""

    baseline: Side
    candidate: Side
    pairing: Pairing
    rows: list[Row]
    remarks: list[str] = field(default_factory=list)
    has_floor: bool = False
    """Whether the baseline was measured twice (A/A)."""
    confidence: float = 0.95
    """The level that intervals were asked for; where one reached another, its own `level` says so."""
    limits: list[Limit] = field(default_factory=list)
    """The candidate's."""
    refused: str = ""
    """Why nothing of the pair can be compared; "" where it can. An outcome that has a baseline of its own (`against`)
    is judged by that all the same."""
    hidden: int = 0
    """How many outcomes beside the headline ones stand in the files and not here."""
    one_run: bool = False
    """Whether both are the same run: nothing can differ, and nothing is judged."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing of the pair is compared, for a reason that holds for all of it."""
        return bool(self.refused) and all(row.change is None for row in self.rows)

    def headlines(self, beside: Set[str] = frozenset()) -> Comparison:
        """The comparison with its headline outcomes, and all others of the metrics `beside`; or with all where it has
        none."""
        rows = [row for row in self.rows if row.headline or row.metric in beside] or self.rows
        return replace(self, rows=rows, hidden=len(self.rows) - len(rows))
