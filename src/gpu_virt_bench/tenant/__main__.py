"""The tenant: a process inside the system that runs timed loops and answers in JSON lines.

Started by exec, by `python -m gpu_virt_bench.tenant`. The main thread reads requests, one worker thread does them
(a CUDA context is current in a thread), so that `stop` and the end of input are seen while a loop runs.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
from pathlib import Path

from gpu_virt_bench import libgvb
from gpu_virt_bench.libgvb.abi import ROUTINES
from gpu_virt_bench.model.workload import Workload, WorkloadError
from gpu_virt_bench.tenant.protocol import PROTOCOL, Message, mark

CPUS_VARIABLE = "GVB_CPUS"


class Worker:
    """Does the requests of one tenant, one after the other."""

    def __init__(self) -> None:
        self.works: dict[int, libgvb.Work] = {}
        self.running: libgvb.Work | None = None

    def answer(self, request: Message) -> Message:
        """The reply to one request."""
        handle = {
            "facts": self.facts,
            "prepare": self.prepare,
            "run": self.run,
            "release": self.release,
        }.get(request["do"])
        if handle is None:
            raise WorkloadError("argument", f"no request {request['do']!r}")
        return handle(request)

    def facts(self, request: Message) -> Message:
        """The device as seen in here, and who serves the driver's symbols."""
        libgvb.open_driver()
        libgvb.make_context()
        free, total = libgvb.memory_info()
        symbols = request.get("symbols", [])
        return {
            "device": libgvb.device_facts(),
            "devices": libgvb.device_count(),
            "memory_free": free,
            "memory_total": total,
            "served_by": {name: served(name, "handle") for name in symbols},
            "served_by_query": {name: served(name, "query") for name in symbols},
            "mapped": mapped_files(),
            "env": {name: os.environ.get(name, "") for name in request.get("env", [])},
        }

    def prepare(self, request: Message) -> Message:
        """Makes a workload ready: context, module and buffers exist."""
        workload = Workload(request["routine"], request["args"])
        if workload.routine in ROUTINES and ROUTINES[workload.routine].device:
            libgvb.open_driver()
            libgvb.make_context()
        self.works[request["work"]] = libgvb.Work(workload)
        return {}

    def run(self, request: Message) -> Message:
        """Runs a prepared workload once."""
        work = self.works[request["work"]]
        self.running = work
        try:
            series = work.run(request.get("at", 0))
        finally:
            self.running = None
        return {"columns": series.columns, "begin": series.begin, "end": series.end, "notes": series.notes}

    def release(self, request: Message) -> Message:
        """Frees all prepared workloads."""
        del request
        works, self.works = self.works, {}
        for work in works.values():
            work.release()
        return {}


def served(symbol: str, resolution: str) -> str:
    """The file that serves a symbol, "" if none does."""
    try:
        return libgvb.served_by(symbol, resolution)
    except WorkloadError:
        return ""


def mapped_files() -> list[str]:
    """Files in this process's memory maps."""
    fields = (line.split(maxsplit=5) for line in Path("/proc/self/maps").read_text().splitlines())
    return sorted({field[5] for field in fields if len(field) == 6 and field[5].startswith("/")})


def send(message: Message) -> None:
    """Writes one reply; a harness that is gone ends the tenant."""
    try:
        sys.stdout.write(mark(message))
        sys.stdout.flush()
    except BrokenPipeError:
        os._exit(0)


def work_off(requests: queue.Queue[Message], worker: Worker) -> None:
    """The worker thread: one reply for each request, errors as values."""
    while True:
        request = requests.get()
        try:
            reply = {"ok": True, **worker.answer(request)}
        except WorkloadError as error:
            reply = {
                "ok": False,
                "status": error.status,
                "message": str(error),
                "call": error.call,
                "code": error.code,
            }
        except Exception as error:  # noqa: BLE001  the edge of the tenant loop
            reply = {"ok": False, "status": "tenant", "message": f"{type(error).__name__}: {error}"}
        send({"id": request["id"], **reply})


def hello(worker: threading.Thread) -> Message:
    """The first words: who this is, which threads are its own, and which clock and processors it has."""
    boot_id = Path("/proc/sys/kernel/random/boot_id")
    return {
        "hello": PROTOCOL,
        "python": sys.version.split()[0],
        "pid": os.getpid(),
        "boot_id": boot_id.read_text().strip() if boot_id.exists() else "",
        "threads": [threading.get_native_id(), worker.native_id],
        "cpus": sorted(os.sched_getaffinity(0)),
    }


def pin() -> None:
    """Stays on the processors that the harness chose."""
    if cpus := os.environ.get(CPUS_VARIABLE):
        os.sched_setaffinity(0, {int(cpu) for cpu in cpus.split(",")})


def main() -> None:
    """Answers until the end of input. `os._exit`: a loop stuck in the driver must not keep the process alive."""
    import json

    pin()
    requests: queue.Queue[Message] = queue.Queue()
    worker = Worker()
    thread = threading.Thread(target=work_off, args=(requests, worker), daemon=True)
    thread.start()
    send(hello(thread))
    for line in sys.stdin:
        request = json.loads(line)
        if request["do"] == "stop":
            if worker.running is not None:
                worker.running.stop()
        else:
            requests.put(request)
    os._exit(0)


if __name__ == "__main__":
    main()
