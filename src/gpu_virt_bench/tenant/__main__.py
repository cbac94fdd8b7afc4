"""The tenant: a process inside the system that runs timed loops and answers in JSON lines.

Started by exec, by `python -m gpu_virt_bench.tenant`. The main thread reads requests and answers what must not wait
for work: `stop`, `cpu`, `pin`, the end of input. One worker thread does the rest.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable

from gpu_virt_bench.tenant.protocol import PROTOCOL, Message, boot_id, mark
from gpu_virt_bench.tenant.threads import Threads
from gpu_virt_bench.tenant.watch import Run, Watch
from gpu_virt_bench.tenant.worker import Worker, answered


class Voice:
    """Standard output, for all threads. Its own descriptor: a workload may redirect or close the usual one."""

    def __init__(self) -> None:
        self._descriptor = os.dup(1)
        self._lock = threading.Lock()

    def say(self, message: Message) -> None:
        """Writes one message; a harness that is gone ends the tenant."""
        rest = memoryview(mark(message))
        try:
            with self._lock:
                while rest:
                    rest = rest[os.write(self._descriptor, rest) :]
        except BrokenPipeError:
            os._exit(0)


class Desk:
    """Takes requests as they come in: answers what must not wait, and hands the rest to the worker."""

    def __init__(self, say: Callable[[Message], None]) -> None:
        self._say = say
        self._threads = Threads()
        self._runs: dict[int, Run] = {}
        watch = Watch(say)
        self._worker = Worker(say, watch, self._threads)
        for thread in (threading.main_thread(), watch.thread):
            self._threads.own(thread)
        self._threads.own(self._worker.thread, timed=True)

    def take(self, request: Message) -> None:
        """One request."""
        match request["do"]:
            case "stop":
                self._stop(request["run"])
            case "cpu":
                self._answer(request, lambda: {"nanoseconds": self._threads.foreign_nanoseconds()})
            case "pin":
                self._answer(request, lambda: self._threads.pin(request["timed"], request["others"]))
            case _:
                self._worker.put(request, self._known(request["id"]))

    def _answer(self, request: Message, answer: Callable[[], Message | None]) -> None:
        self._say({"id": request["id"], **answered(answer)})

    def _known(self, number: int) -> Run:
        """The run of a request, known before the worker takes it up: a stop that comes first is kept."""
        self._runs = {number: run for number, run in self._runs.items() if not run.over}
        return self._runs.setdefault(number, Run(number))

    def _stop(self, number: int) -> None:
        if number in self._runs:  # else it is over
            self._runs[number].stop.set()


def hello() -> Message:
    """The first words: who this is, and which clock and processors it has."""
    return {
        "hello": PROTOCOL,
        "python": sys.version.split()[0],
        "pid": os.getpid(),
        "boot_id": boot_id(),
        "cpus": sorted(os.sched_getaffinity(0)),
    }


def main() -> None:
    """Answers until the end of input. `os._exit`: a loop stuck in the driver must not keep the process alive."""
    say = Voice().say
    desk = Desk(say)
    say(hello())
    for line in sys.stdin:
        desk.take(json.loads(line))
    os._exit(0)


if __name__ == "__main__":
    main()
