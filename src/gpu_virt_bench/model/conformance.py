"""What drivers and layers answer to the calls of the conformance table: plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, get_args

TABLE = 1
"""Version of the table: rises when a row asks something else under its old name. Other rows may come and go."""


Direction = Literal["forgives", "other output", "other code", "refuses", "no return"]
"""How an answer differs from the driver's, the most forgiving first."""
DIRECTIONS: tuple[Direction, ...] = get_args(Direction)
ENDS = ("crash", "exit", "hang")
"""What became of a call that did not return."""


@dataclass(frozen=True)
class Answer:
    """What came of one call.

    `result` is the CUresult's name, its number where it has none, or what else became of it: `crash` (a signal ended
    the process), `exit` (the process ended itself), `hang` (10 s), `absent` (no such function), `unprepared` (what the
    call needs could not be had; `wrote` says why). `wrote` is what stands afterwards where the call writes.
    """

    result: str
    wrote: str = ""

    @property
    def words(self) -> str:
        """`CUDA_SUCCESS: 0`."""
        return f"{self.result}: {self.wrote}" if self.wrote else self.result

    @property
    def severity(self) -> int:
        """0: the call succeeds, 1: it says that it does not, 2: it does not return."""
        return 0 if self.result == "CUDA_SUCCESS" else 2 if self.result in ENDS else 1

    def beside(self, driver: Answer) -> Direction:
        """How this answer differs from the driver's."""
        if self.severity < driver.severity:
            return "forgives"
        if self.severity > driver.severity:
            return "no return" if self.result in ENDS else "refuses"
        return "other output" if self.result == driver.result else "other code"


@dataclass(frozen=True)
class Asked:
    """One row of the table with its answer."""

    function: str
    case: str
    result: str
    wrote: str

    @property
    def answer(self) -> Answer:
        """The answer alone."""
        return Answer(self.result, self.wrote)


@dataclass(frozen=True)
class Difference:
    """A row that was answered otherwise than by the driver; with a reason it is a known one."""

    row: str
    function: str
    case: str
    driver: str
    found: str
    direction: Direction
    reason: str = ""


@dataclass(frozen=True)
class Beside:
    """Answers beside those of a driver."""

    name: str
    """The system, or `emulated`."""
    driver: str
    """Whose answers they are compared with."""
    answers: dict[str, Answer] = field(default_factory=dict)
    differences: list[Difference] = field(default_factory=list)
    refused: str = ""
    """Why there are no answers."""
    compared: int = 0
    """Rows that both have answered."""
    against: Literal["native", "real"] = "native"
    """The driver below a system, or a real one that was recorded."""

    @property
    def unexplained(self) -> list[Difference]:
        """Differences without a reason."""
        return [one for one in self.differences if not one.reason]


@dataclass(frozen=True)
class Conformance:
    """The answers of one driver, and what was compared with answers."""

    table: int
    device: str
    emulated: bool
    driver_version: str
    taken: str
    rows: dict[str, Asked]
    compared: list[Beside] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)
    """Known differences, by row or function, that none of the compared has any more."""

    @property
    def title(self) -> str:
        """`NVIDIA H200, driver 570.86.15, CUDA 12.8`."""
        return f"{self.device}, driver {self.driver_version}"
