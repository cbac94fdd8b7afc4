"""How long sessions take, over how long was announced.

    .venv/bin/python benchmarks/announcement.py [--device emulated:h200]

Prints one JSON object: of each session the announced and the taken seconds, both from the announcement to the end, and
their ratio. Repetitions are fixed, so that the announcement is one figure. What was left when half was done is beside
it, with what that half then took.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from gpu_virt_bench import metrics
from gpu_virt_bench.cli.progress import Silent
from gpu_virt_bench.engine.plan import load_suite
from gpu_virt_bench.engine.request import Request
from gpu_virt_bench.engine.session import run_session
from gpu_virt_bench.systems.load import load

GIB = 1 << 30
SESSIONS: dict[str, tuple[str, int, tuple[str, ...], dict[str, object]]] = {
    "quick, native": ("quick", 5, ("native",), {}),
    "quick, native and time-slicing": ("quick", 5, ("native", "time-slicing"), {}),
    "quick, native and mps, in turns": ("quick", 3, ("native", "mps"), {"turns": True}),
    "quick, native twice and mps with 8 GiB": ("quick", 3, ("native", "mps"), {"again": True, "memory_limit": 8 * GIB}),
    "standard, native and mps with 8 GiB": ("standard", 2, ("native", "mps"), {"memory_limit": 8 * GIB}),
}
"""Suite, repetitions, systems, and what else is asked for."""


class Clock(Silent):
    """When a session began, and what was left at its half."""

    def __init__(self) -> None:
        self.began_at = self.announced = 0.0
        self.half: tuple[float, float] | None = None
        self._left: Callable[[], tuple[float, float]] = lambda: (0.0, 0.0)

    def began(self, least: int, most: int, left: Callable[[], tuple[float, float]]) -> None:
        """The announcement."""
        del least, most
        self.began_at, self._left, self.announced = time.monotonic(), left, left()[0]

    def done(self, system: str, repetition: int, outcome: str, result: str) -> None:
        """Half of the announced time is over."""
        del system, repetition, outcome, result
        now = time.monotonic()
        if self.half is None and now - self.began_at > self.announced / 2:
            self.half = now, self._left()[0]


def measured(request: Request) -> dict[str, float | None]:
    """One session."""
    clock = Clock()
    run_session(request, clock)
    end = time.monotonic()
    taken = end - clock.began_at
    found: dict[str, float | None] = {
        "announced_seconds": round(clock.announced, 1),
        "taken_seconds": round(taken, 1),
        "taken_over_announced": round(taken / clock.announced, 3),
    }
    if clock.half is not None:
        at, left = clock.half
        found |= {"left_at_half_seconds": round(left, 1), "taken_after_half_seconds": round(end - at, 1)}
    return found


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--device", default="emulated:h200")
    device = parser.parse_args().device
    result = {}
    for name, (suite, repetitions, systems, more) in SESSIONS.items():
        effort = replace(load_suite(suite), repetitions=repetitions, max_repetitions=repetitions)
        with tempfile.TemporaryDirectory() as folder:
            request = Request(
                systems=[load(system) for system in systems],
                metrics=effort.metrics,
                suite=effort,
                suite_name=suite,
                registry=metrics.load(),
                device=device,
                output=Path(folder),
                **more,  # type: ignore[arg-type]
            )
            result[name] = measured(request)
        print(name, result[name], file=sys.stderr)
    print(json.dumps({"device": device, "sessions": result}, indent=1))


if __name__ == "__main__":
    main()
