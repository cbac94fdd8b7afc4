"""The harness's side of a tenant: a handle on a process started by exec inside the system."""

from __future__ import annotations

import contextlib
import itertools
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from pathlib import Path

from gpu_virt_bench.model.workload import NS_PER_SECOND, Series, TenantDied, TenantHung, Workload, WorkloadError
from gpu_virt_bench.tenant.protocol import PROTOCOL, Message, decode, encode

HELLO_TIMEOUT = 60.0
LEAD = 20_000_000
"""Nanoseconds from the request to a common start: long enough for every tenant to be waiting for it."""
SOURCE = Path(__file__).resolve().parents[2]


def argv(command: Sequence[str], env: Mapping[str, str], python: str = sys.executable) -> list[str]:
    """How a tenant is started. `env` sets the variables, so that they reach it through ssh and docker too, and a
    preloaded layer never touches the ssh or docker client."""
    settings = [f"{name}={value}" for name, value in env.items()]
    return [*command, "env", *settings, python, "-m", "gpu_virt_bench.tenant"]


class Process:
    """A running tenant. Requests go out as lines, replies come back as futures; its death fails what is pending."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        env: Mapping[str, str],
        log: Path,
        base_env: Mapping[str, str],
        cpus: Sequence[int] = (),
        before_kill: Callable[[], object] | None = None,
    ) -> None:
        """Starts the process and waits for its first words.

        `env` is what the system gives the tenant; `base_env` the clean environment that the command itself sees.
        `before_kill` is what must precede SIGKILL in this system.
        """
        self.name = name
        self._log = log
        self._before_kill = before_kill
        self._ids = itertools.count(1)
        self._pending: dict[int, Future[Message]] = {}
        self._works: dict[str, int] = {}
        self._hello: queue.Queue[Message] = queue.Queue()
        self._lock = threading.Lock()
        given = {"PYTHONPATH": str(SOURCE), "PYTHONDONTWRITEBYTECODE": "1", **env}
        if cpus:
            given["GVB_CPUS"] = ",".join(map(str, cpus))
        began = time.monotonic()
        with log.open("wb") as stderr:
            self._process = subprocess.Popen(
                argv(command, given),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                env=dict(base_env),
                text=True,
                start_new_session=True,  # Ctrl-C is the harness's business
            )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        try:
            self.hello = self._greeting()
        except (TenantDied, TenantHung):
            self.kill()
            self.close()
            raise
        self.start_seconds = time.monotonic() - began

    def _greeting(self) -> Message:
        """The tenant's first words, in a protocol that we speak."""
        try:
            hello = self._hello.get(timeout=HELLO_TIMEOUT)
        except queue.Empty:
            raise TenantHung(f"{self.name} said nothing within {HELLO_TIMEOUT:.0f} s and was killed") from None
        if "died" in hello:
            raise self._death()
        if hello["hello"] != PROTOCOL:
            raise TenantHung(f"{self.name} speaks protocol {hello['hello']}, expected {PROTOCOL}: same version?")
        return hello

    @property
    def pid(self) -> int:
        """Process id as the tenant sees it (another pid namespace may show another)."""
        return int(self.hello["pid"])

    @property
    def process_id(self) -> int:
        """Process id of what the harness started: the tenant's own, or its command's."""
        return self._process.pid

    def stderr(self) -> str:
        """What the tenant has written on standard error."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def request(self, message: Message, timeout: float) -> Message:
        """Sends a request and waits for its reply; a tenant that does not answer is killed."""
        return self._wait(self.send(message), str(message.get("routine", message["do"])), timeout)

    def _wait(self, reply: Future[Message], what: str, timeout: float) -> Message:
        """A reply in time, or the end of the tenant."""
        try:
            return reply.result(timeout)
        except FutureTimeout:
            self.kill()
            raise TenantHung(f"{self.name} did not answer {what} within {timeout:.0f} s and was killed") from None

    def send(self, message: Message) -> Future[Message]:
        """Sends a request; the future holds the reply, or how it went wrong."""
        number = next(self._ids)
        future: Future[Message] = Future()
        with self._lock:
            self._pending[number] = future
        if not self._say({"id": number, **message}):
            self._reader.join(timeout=5)  # it fails all that is pending
            if not future.done():
                future.set_exception(self._death())
        return future

    def _say(self, message: Message) -> bool:
        """Writes one line to the tenant; false if it is gone."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(encode(message))
            self._process.stdin.flush()
        except (BrokenPipeError, ValueError):
            return False
        return True

    def facts(self, symbols: Sequence[str] = (), env: Sequence[str] = (), timeout: float = 120.0) -> Message:
        """The device as the tenant sees it, and who serves the driver's symbols. Makes a context."""
        return self.request({"do": "facts", "symbols": list(symbols), "env": list(env)}, timeout)

    def prepare(self, workload: Workload) -> int:
        """Makes a workload ready, once; returns its number."""
        if workload.key not in self._works:
            number = len(self._works)
            message = {"do": "prepare", "work": number, "routine": workload.routine, "args": dict(workload.args)}
            self.request(message, workload.timeout)
            self._works[workload.key] = number
        return self._works[workload.key]

    def run(self, workload: Workload) -> Series:
        """Runs a workload once and waits for its samples."""
        message = {"do": "run", "work": self.prepare(workload), "routine": workload.routine}
        return series(self.request(message, workload.timeout))

    def begin(self, workload: Workload, at: int = 0) -> Future[Message]:
        """Starts a prepared workload, at a time of CLOCK_MONOTONIC (nanoseconds) or at once."""
        return self.send({"do": "run", "work": self.prepare(workload), "at": at})

    def result(self, reply: Future[Message], workload: Workload) -> Series:
        """The samples of a workload that was begun."""
        return series(self._wait(reply, workload.routine, workload.timeout))

    @contextlib.contextmanager
    def busy(self, workload: Workload) -> Iterator[Future[Message]]:
        """Keeps the tenant at a workload that has no end of its own, for as long as the block lasts."""
        running = self.send({"do": "run", "work": self.prepare(workload)})
        try:
            yield running
        finally:
            self._say({"do": "stop"})
            self._wait(running, workload.routine, workload.timeout)

    def cpu_seconds(self) -> float:
        """CPU time that threads of this process have used, except Python's own two and those of libgvb.

        What is left belongs to the driver and to the layer. Nanoseconds of /proc/<pid>/task/<tid>/schedstat.
        """
        own = set(self.hello["threads"])
        tasks = Path(f"/proc/{self._process.pid}/task")
        used = (
            int((task / "schedstat").read_text().split()[0]) for task in tasks.iterdir() if int(task.name) not in own
        )
        return sum(used) / NS_PER_SECOND

    def release(self) -> None:
        """Frees what prepared workloads hold."""
        if self._works:
            self.request({"do": "release"}, 60.0)
            self._works = {}

    def is_alive(self) -> bool:
        """Whether the process still runs."""
        return self._process.poll() is None

    def kill(self) -> None:
        """Ends the process at once."""
        if self._before_kill is not None and self.is_alive():
            self._before_kill()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=10)

    def close(self, grace: float = 5.0) -> None:
        """Ends the tenant by the end of its input; kills it if it stays."""
        if self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()
        try:
            self._process.wait(timeout=grace)
        except subprocess.TimeoutExpired:
            self.kill()
        self._reader.join(timeout=grace)
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _read(self) -> None:
        """Sorts the tenant's lines until its output ends."""
        assert self._process.stdout is not None
        with contextlib.suppress(ValueError):  # closed while reading
            for line in self._process.stdout:
                message = decode(line)
                if message is None:
                    continue
                if "hello" in message:
                    self._hello.put(message)
                else:
                    self._settle(message)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=5)
        self._hello.put({"died": True})
        with self._lock:
            pending, self._pending = self._pending, {}
        for future in pending.values():
            future.set_exception(self._death())

    def _settle(self, message: Message) -> None:
        """Gives a reply to whoever waits for it."""
        with self._lock:
            future = self._pending.pop(message["id"], None)
        if future is None:
            return
        if message["ok"]:
            future.set_result(message)
        else:
            error = WorkloadError(
                message["status"], message["message"], message.get("call", ""), message.get("code", 0)
            )
            future.set_exception(error)

    def _death(self) -> TenantDied:
        """How the process ended, with its last words."""
        return TenantDied(self.name, self._process.poll(), "\n".join(self.stderr().splitlines()[-5:]))


def together(tenants: Sequence[Process], workload: Workload) -> list[Series]:
    """The same workload in several tenants from one instant on; without a common clock, each on receipt."""
    for tenant in tenants:
        tenant.prepare(workload)
    clocks = {tenant.hello["boot_id"] for tenant in tenants}
    at = time.monotonic_ns() + LEAD if len(clocks) == 1 else 0
    replies = [tenant.begin(workload, at) for tenant in tenants]
    return [tenant.result(reply, workload) for tenant, reply in zip(tenants, replies, strict=True)]


def series(reply: Message) -> Series:
    """The samples in a reply to `run`."""
    columns = {name: tuple(values) for name, values in reply["columns"].items()}
    return Series(columns, reply["begin"], reply["end"], reply["notes"])
