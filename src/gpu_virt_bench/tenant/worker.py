"""Does the requests of a tenant, one after the other, in one thread: a CUDA context is current in a thread."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

from gpu_virt_bench import libgvb
from gpu_virt_bench.libgvb.abi import ROUTINES
from gpu_virt_bench.model.workload import Series, Work, Workload, WorkloadError
from gpu_virt_bench.tenant.protocol import Message
from gpu_virt_bench.tenant.threads import Threads
from gpu_virt_bench.tenant.watch import Run, Watch


class Worker:
    """The thread that works."""

    def __init__(self, say: Callable[[Message], None], watch: Watch, threads: Threads) -> None:
        self._say, self._watch, self._threads = say, watch, threads
        self._works: dict[int, Work] = {}
        self._requests: queue.SimpleQueue[tuple[Message, Run]] = queue.SimpleQueue()
        self.thread = threading.Thread(target=self._work_off, daemon=True)
        self.thread.start()

    def put(self, request: Message, run: Run) -> None:
        """Takes a request; `run` is its own, also where it runs nothing."""
        self._requests.put((request, run))

    def _work_off(self) -> None:
        while True:
            request, run = self._requests.get()
            reply = answered(partial(self._answer, request, run))
            run.over = True
            self._say({"id": request["id"], **reply})

    def _answer(self, request: Message, run: Run) -> Message:
        """The reply to one request."""
        match request["do"]:
            case "facts":
                return self._facts(request)
            case "prepare":
                return self._prepare(request)
            case "run":
                return self._run(request, run)
            case "release":
                return self._release()
            case "conform":
                return conform(request["scene"], request["at_once"])
        raise WorkloadError("argument", f"no request {request['do']!r}")

    def _facts(self, request: Message) -> Message:
        open_device()
        answer = facts(request.get("symbols", []), request.get("env", []))
        self._threads.settle()
        return answer

    def _prepare(self, request: Message) -> Message:
        """Makes a workload ready; a context only for work that needs one."""
        self._works[request["work"]] = make(Workload(request["routine"], request["args"]))
        self._threads.settle()
        return {}

    def _run(self, request: Message, run: Run) -> Message:
        work = self._works[request["work"]]
        self._threads.settle()
        if work.begun():
            raise WorkloadError("argument", "begun() was true before the run, expected false: reset it when run ends")
        if request.get("began"):
            self._watch.follow(run, work)
        if isinstance(work, libgvb.Work):
            work.take_part(request.get("moment", {}))
        series = work.run(request.get("at", 0), run.stop)
        if run.failure:
            raise WorkloadError("tenant", run.failure)
        return message_of(series)

    def _release(self) -> Message:
        """Frees all prepared workloads, also when one of them fails."""
        works, self._works = self._works, {}
        replies = [answered(work.release) for work in works.values()]
        return next((reply for reply in replies if not reply["ok"]), {})


def answered(answer: Callable[[], Message | None]) -> Message:
    """A reply: what was asked for, or how it went wrong."""
    try:
        return {"ok": True, **(answer() or {})}
    except WorkloadError as error:
        return {"ok": False, "status": error.status, "message": str(error), "call": error.call, "code": error.code}
    except (Exception, SystemExit) as error:  # noqa: BLE001  the edge of the tenant loop
        return {"ok": False, "status": "tenant", "message": f"{type(error).__name__}: {error}"}


def make(workload: Workload) -> Work:
    """A prepared workload: its context, module and buffers exist."""
    if workload.is_python:
        if libgvb.is_virtual():
            why = "it reads the host's clock, and the device's is virtual: leave out --emulate clock=virtual"
            raise WorkloadError("unsupported", f"workload {workload.routine}: {why}")
        from gpu_virt_bench.tenant.python_work import PythonWork

        return PythonWork(workload)
    if workload.routine in ROUTINES and ROUTINES[workload.routine].device:
        open_device()
    return libgvb.Work(workload)


def open_device() -> None:
    """The driver and a context on the first device that this process sees."""
    libgvb.open_driver()
    libgvb.make_context()


def message_of(series: Series) -> Message:
    """A series as it crosses the pipe."""
    return {
        "columns": dict(series.columns),
        "begin": series.begin,
        "end": series.end,
        "notes": dict(series.notes),
        "conditions": dict(series.conditions),
    }


def facts(symbols: list[str], env: list[str]) -> Message:
    """The device as seen in here, and who serves the driver's symbols."""
    free_bytes, total = libgvb.memory_info()
    functions = libgvb.functions()
    names = dict.fromkeys([*symbols, *functions])
    return {
        "device": libgvb.device_facts(),
        "devices": libgvb.device_count(),
        "virtual": libgvb.is_virtual(),
        "memory_free": free_bytes,
        "memory_total": total,
        "functions": functions,
        "served_by": {name: served(libgvb.served_by, name, "handle") for name in names},
        "served_by_query": {name: served(libgvb.served_by, name, "query") for name in names},
        "served_by_variant": {
            kind: {name: served(libgvb.served_by_query, name, *asked) for name in functions} for kind, asked in VARIANTS
        },
        "mapped": mapped_files(),
        "env": {name: os.environ.get(name, "") for name in env},
    }


def conform(scene: str, at_once: int) -> Message:
    """The answers to a scene of the conformance table, asked in processes of their own."""
    from gpu_virt_bench.conform import asking, scenes

    heard = asking.asked(scenes.scene(scene), at_once)
    answers = {row: [answer.result, answer.wrote] for row, answer in heard.answers.items()}
    return {"answers": answers, "served_by": heard.served_by}


PER_THREAD = 2
"""Flag of cuGetProcAddress: for per-thread default streams."""
VARIANTS = (("CUDA 11.3", (11030, 0)), ("the driver's own CUDA", (0, 0)), ("per-thread streams", (0, PER_THREAD)))
"""Other ways to ask cuGetProcAddress: its oldest version and the newest one, as CUDA runtimes of that age do; a program
built with --default-stream per-thread."""


def served(look_up: Callable[..., str], symbol: str, *asked: str | int) -> str:
    """The file that serves a symbol by one of libgvb's look-ups, "" if none does."""
    try:
        return look_up(symbol, *asked)
    except WorkloadError:
        return ""


def mapped_files() -> list[str]:
    """Files in this process's memory maps."""
    fields = (line.split(maxsplit=5) for line in Path("/proc/self/maps").read_text().splitlines())
    return sorted({field[5] for field in fields if len(field) == 6 and field[5].startswith("/")})
