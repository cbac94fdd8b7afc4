"""What a tenant is asked to do, and what it answers: plain data that crosses a pipe."""

from __future__ import annotations

from collections.abc import Mapping
from ctypes import c_int32
from dataclasses import dataclass, field
from typing import Protocol

NS_PER_SECOND = 1e9
Value = str | int | float


@dataclass(frozen=True)
class Workload:
    """One timed routine with its arguments.

    `routine` is a routine of libgvb, whose `args` are integers or the words that abi.py knows ("cuLaunchKernel",
    "pool", "spin"); or `module:callable`, which is imported in the tenant and called with `args` to make a Work.
    `timeout` is how many seconds the tenant may take before it counts as hung.
    """

    routine: str
    args: Mapping[str, Value] = field(default_factory=dict)
    timeout: float = 60.0

    @property
    def key(self) -> str:
        """Equal workloads have equal keys; a tenant prepares each once."""
        return self.routine + "(" + ",".join(f"{name}={self.args[name]!r}" for name in sorted(self.args)) + ")"

    @property
    def is_python(self) -> bool:
        """Whether it is an importable callable."""
        return ":" in self.routine


@dataclass(frozen=True)
class Series:
    """What one run gave: columns of numbers, the window they lie in (CLOCK_MONOTONIC, nanoseconds), and its notes.

    Intervals are nanoseconds. `conditions` say with what it ran (back end, model, transport): outcomes whose
    conditions differ are not compared.
    """

    columns: Mapping[str, tuple[int | float, ...]]
    begin: int
    end: int
    notes: Mapping[str, int | float] = field(default_factory=dict)
    conditions: Mapping[str, Value] = field(default_factory=dict)

    def seconds(self, column: str) -> list[float]:
        """One column of intervals in seconds."""
        return [value / NS_PER_SECOND for value in self.columns[column]]

    @property
    def duration(self) -> float:
        """Length of the run's window in seconds."""
        return (self.end - self.begin) / NS_PER_SECOND


class Work(Protocol):
    """A prepared workload, in the tenant."""

    def run(self, at: int, stop: Stop) -> Series:
        """Runs once, from the CLOCK_MONOTONIC time `at` on (nanoseconds; 0: at once), until done or told to stop."""

    def begun(self) -> bool:
        """Whether the run at hand has done its first piece of work; false between runs. Another thread asks."""

    def release(self) -> None:
        """Frees what the work holds."""


class Stop:
    """Whether a run should end soon. Each run has its own, so that one which comes before the run is not lost."""

    def __init__(self) -> None:
        self.flag = c_int32(0)  # C loops look at it too

    def set(self) -> None:
        """Asks the run to end; from any thread."""
        self.flag.value = 1

    def is_set(self) -> bool:
        """Whether it was asked."""
        return self.flag.value != 0


class WorkloadError(Exception):
    """A routine answered with an error: its status, the driver call and code if the driver refused, a sentence."""

    def __init__(self, status: str, message: str, call: str = "", code: int = 0) -> None:
        super().__init__(message)
        self.status = status
        self.call = call
        self.code = code


def ended(status: int | None) -> str:
    """How a process ended, in words; None: it did not, and cannot be reached."""
    if status is None:
        return "closed its output, and runs on"
    return f"was ended by signal {-status}" if status < 0 else f"exited with status {status}"


class TenantDied(Exception):
    """The tenant's process ended while it was needed."""

    def __init__(self, name: str, status: int | None, stderr: str) -> None:
        last = f"; its last words: {stderr.strip()}" if stderr.strip() else "; it wrote nothing on stderr"
        super().__init__(f"{name} {ended(status)}{last}")
        self.status = status
        self.stderr = stderr


class TenantHung(Exception):
    """The tenant did not answer in time and was killed."""
