"""Rows of the conformance table, and the scenes that they are asked in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gpu_virt_bench.conform.cells import Cell
from gpu_virt_bench.conform.driver import Absent, Cuda, Unprepared
from gpu_virt_bench.conform.results import name
from gpu_virt_bench.model.conformance import Answer

Said = int | tuple[int | Cell | str, ...]
"""A result, the places that the call may have written, and words on what stands there."""
Ask = Callable[[Cuda], Said]


@dataclass(frozen=True)
class Row:
    """One call in one case. `alone`: in a process of its own, since it may end the context."""

    id: str
    function: str
    case: str
    ask: Ask
    alone: bool = False

    def answered(self, cuda: Cuda) -> Answer:
        """What the driver answers."""
        try:
            said = self.ask(cuda)
        except Absent as error:
            return Answer("absent", str(error))
        except Unprepared as error:
            return Answer("unprepared", str(error))
        code, *cells = said if isinstance(said, tuple) else (said,)
        assert isinstance(code, int)
        return Answer(name(code), ", ".join(cell.shown if isinstance(cell, Cell) else str(cell) for cell in cells))


class Scene:
    """Rows that share a process while all goes well. Each makes what it needs, and none needs what another made."""

    def __init__(self, name: str, prepare: Callable[[Cuda], None], keeps_context: bool = True) -> None:
        """`keeps_context`: after a row the context that was prepared must be current and well, or a new process goes
        on with the next row."""
        self.name = name
        self.prepare = prepare
        self._keeps_context = keeps_context
        self._rows: list[Row] = []

    @property
    def rows(self) -> list[Row]:
        """The rows in the order in which they are asked: those last that have a process of their own."""
        return sorted(self._rows, key=lambda row: row.alone)

    def row(self, function: str, case: str, alone: bool = False) -> Callable[[Ask], Ask]:
        """Declares a row. Its id is the scene's name and the name of what asks it."""

        def declare(ask: Ask) -> Ask:
            self._rows.append(Row(f"{self.name}.{ask.__name__}", function, case, ask, alone))
            return ask

        return declare

    def is_well(self, cuda: Cuda) -> bool:
        """Whether the next row may be asked in this process."""
        if not self._keeps_context or not cuda.context:
            return True
        return cuda.cuCtxSetCurrent(cuda.context) == 0 and cuda.cuCtxSynchronize() == 0


def nothing(cuda: Cuda) -> None:
    """No preparation: not even cuInit."""
    del cuda


def initialized(cuda: Cuda) -> None:
    """After cuInit, without a context."""
    cuda.need("cuInit", 0)


def in_context(cuda: Cuda) -> None:
    """The first device's primary context is current."""
    initialized(cuda)
    cuda.context = cuda.made("cuDevicePrimaryCtxRetain", 0)
    cuda.need("cuCtxSetCurrent", cuda.context)
