"""What a tenant is asked to do, and what it answers: plain data that crosses a pipe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

NS_PER_SECOND = 1e9


@dataclass(frozen=True)
class Workload:
    """One timed routine of libgvb with its arguments.

    `args` are integers, or the words that abi.py knows for an argument ("cuLaunchKernel", "pool", "spin").
    `timeout` is how many seconds the tenant may take before it counts as hung.
    """

    routine: str
    args: Mapping[str, int | str] = field(default_factory=dict)
    timeout: float = 60.0

    @property
    def key(self) -> str:
        """Equal workloads have equal keys; a tenant prepares each once."""
        return self.routine + "(" + ",".join(f"{name}={self.args[name]}" for name in sorted(self.args)) + ")"


@dataclass(frozen=True)
class Series:
    """The intervals of one run: nanoseconds by column, the window they lie in, and the routine's notes."""

    columns: Mapping[str, tuple[int, ...]]
    begin: int
    end: int
    notes: Mapping[str, int] = field(default_factory=dict)

    def seconds(self, column: str) -> list[float]:
        """One column in seconds."""
        return [value / NS_PER_SECOND for value in self.columns[column]]

    @property
    def duration(self) -> float:
        """Length of the run's window in seconds."""
        return (self.end - self.begin) / NS_PER_SECOND


class WorkloadError(Exception):
    """A routine answered with an error: its status, the driver call and code if the driver refused, a sentence."""

    def __init__(self, status: str, message: str, call: str = "", code: int = 0) -> None:
        super().__init__(message)
        self.status = status
        self.call = call
        self.code = code


class TenantDied(Exception):
    """The tenant's process ended while it was needed."""

    def __init__(self, name: str, status: int | None, stderr: str) -> None:
        how = f"was ended by signal {-status}" if status is not None and status < 0 else f"exited with status {status}"
        last = f"; its last words: {stderr.strip()}" if stderr.strip() else "; it wrote nothing on stderr"
        super().__init__(f"{name} {how}{last}")
        self.status = status
        self.stderr = stderr


class TenantHung(Exception):
    """The tenant did not answer in time and was killed."""
