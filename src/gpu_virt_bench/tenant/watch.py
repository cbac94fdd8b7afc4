"""Says that a run has begun, while the worker is busy with it."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from gpu_virt_bench.model.workload import Stop, Work
from gpu_virt_bench.tenant.protocol import Message

PERIOD = 0.0002


@dataclass
class Run:
    """One run of a work, from its request to its reply. It may be stopped before it begins."""

    number: int
    stop: Stop = field(default_factory=Stop)
    over: bool = False
    failure: str = ""  # of the question whether it has begun


class Watch:
    """Looks at a run until it has begun or is over. One thread for all runs, asleep while there is none to look at."""

    def __init__(self, say: Callable[[Message], None]) -> None:
        self._say = say
        self._runs: queue.SimpleQueue[tuple[Run, Work]] = queue.SimpleQueue()
        self.thread = threading.Thread(target=self._look, daemon=True)
        self.thread.start()

    def follow(self, run: Run, work: Work) -> None:
        """Looks at a run that is about to start."""
        self._runs.put((run, work))

    def _look(self) -> None:
        while True:
            run, work = self._runs.get()
            try:
                self._await(run, work)
            except Exception as error:  # noqa: BLE001  a user's begun(); the run's reply says so
                run.failure = f"begun() raised {type(error).__name__}: {error}"
                run.stop.set()

    def _await(self, run: Run, work: Work) -> None:
        while not run.over:
            if work.begun():
                self._say({"id": run.number, "began": True})
                return
            time.sleep(PERIOD)
