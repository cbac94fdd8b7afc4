"""Workloads that are importable callables: `module:callable`, called in the tenant, gives a Work."""

from __future__ import annotations

import importlib
import math
import sys
from collections.abc import Iterable
from typing import Any

from gpu_virt_bench.model.workload import Series, Stop, Work, Workload, WorkloadError


class PythonWork:
    """A user's Work: what it gives is looked at before it crosses the pipe."""

    def __init__(self, workload: Workload) -> None:
        self.routine = workload.routine
        self._work = made(workload)

    def run(self, at: int, stop: Stop) -> Series:
        """Runs once; a series that cannot stand in a run file is refused."""
        return checked(self.routine, self._work.run(at, stop))

    def begun(self) -> bool:
        """What the user's work says."""
        return self._work.begun()

    def release(self) -> None:
        """Frees what the user's work holds."""
        self._work.release()


def refusal(routine: str, sentence: str) -> WorkloadError:
    """An error about what a user wrote."""
    return WorkloadError("argument", f"workload {routine}: {sentence}")


def made(workload: Workload) -> Work:
    """The Work that the callable gives for the workload's arguments."""
    work = imported(workload.routine)(**workload.args)
    missing = [name for name in ("run", "begun", "release") if not callable(getattr(work, name, None))]
    if missing:
        found = f"a {type(work).__name__} without {', '.join(missing)}"
        raise refusal(workload.routine, f"gave {found}, expected an object with run, begun and release")
    return work  # type: ignore[no-any-return]


def imported(routine: str) -> Any:  # noqa: ANN401
    """The callable that `module:callable` names."""
    name, _, attribute = routine.partition(":")
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise  # the module is there, and lacks one of its own
        raise refusal(
            routine, f"no module {error.name}: put its folder into PYTHONPATH, or install it for {sys.executable}"
        ) from None
    found = getattr(module, attribute, None)
    if not callable(found):
        what = "nothing" if found is None else f"a {type(found).__name__}"
        raise refusal(
            routine, f"{module.__file__} has {what} named {attribute!r}, expected a callable that gives a Work"
        )
    return found


def checked(routine: str, series: object) -> Series:
    """A series whose numbers are finite, with a window."""
    if not isinstance(series, Series):
        raise refusal(routine, f"run gave a {type(series).__name__}, expected a Series")
    for name, column in series.columns.items():
        need_numbers(routine, f"the column {name}", column)
    need_numbers(routine, "the notes", series.notes.values())
    need_numbers(routine, "the conditions", (v for v in series.conditions.values() if not isinstance(v, str)))
    if not (isinstance(series.begin, int) and isinstance(series.end, int) and 0 < series.begin <= series.end):
        window = f"the window {series.begin} to {series.end}"
        raise refusal(routine, f"gave {window}, expected time.monotonic_ns() before and after the work")
    return series


def need_numbers(routine: str, where: str, values: Iterable[object]) -> None:
    """Refuses what is no finite number: a value that was not measured is left out."""
    for value in values:
        if not isinstance(value, int | float) or not math.isfinite(value):
            raise refusal(
                routine, f"gave {value!r} in {where}, expected finite numbers: leave out what was not measured"
            )
