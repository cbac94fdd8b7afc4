"""Requests to a tenant as lines, its replies as futures."""

from __future__ import annotations

import contextlib
import itertools
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import BinaryIO

from gpu_virt_bench.model.workload import WorkloadError
from gpu_virt_bench.tenant.protocol import MARK, Message, decode, encode

LONGEST_STRAY = 1 << 16
"""Bytes of an unmarked line that are held in memory."""


@dataclass(frozen=True)
class Call:
    """A request under way: `began` is set when its work has begun, or is over."""

    number: int
    began: threading.Event = field(default_factory=threading.Event)
    done: Future[Message] = field(default_factory=Future)

    def end(self, result: Message | Exception) -> None:
        """Says how it went, to whoever waits."""
        if isinstance(result, Exception):
            self.done.set_exception(result)
        else:
            self.done.set_result(result)
        self.began.set()


class Channel:
    """The lines of one tenant. What is under way when it ends fails with the error that `why` gives."""

    def __init__(self, stdin: BinaryIO, stdout: BinaryIO, why: Callable[[], Exception]) -> None:
        self.hello: Future[Message] = Future()
        self._stdin, self._stdout, self._why = stdin, stdout, why
        self._numbers = itertools.count(1)
        self._calls: dict[int, Call] = {}
        self._end: Exception | None = None
        self._lock = threading.Lock()
        self._pen = threading.Lock()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def send(self, message: Message) -> Call:
        """Sends a request; the call holds the reply, or how it went wrong."""
        call = Call(next(self._numbers))
        with self._lock:
            end = self._end
            if end is None:
                self._calls[call.number] = call
        if end is None:
            self.tell({"id": call.number, **message})
        else:
            call.end(end)
        return call

    def tell(self, message: Message) -> None:
        """Writes one line. To a tenant that is gone it says nothing: its end fails what is under way."""
        line = encode(message)
        with self._pen, contextlib.suppress(BrokenPipeError, ValueError):  # ValueError: closed
            self._stdin.write(line)
            self._stdin.flush()

    def close(self) -> None:
        """Ends the tenant's input."""
        with self._pen, contextlib.suppress(BrokenPipeError):
            self._stdin.close()

    def fail(self, error: Exception) -> None:
        """Ends all that is under way, and whatever is asked from now on."""
        with self._lock:
            if self._end is not None:
                return
            self._end = error
            calls, self._calls = self._calls, {}
            if not self.hello.done():
                self.hello.set_exception(error)
        for call in calls.values():
            call.end(error)

    def _read(self) -> None:
        """Sorts the tenant's lines until its output ends."""
        try:
            with self._stdout as stdout:
                for line in lines(stdout):
                    if (message := decode(line)) is not None:
                        self._sort(message)
        finally:
            self.fail(self._why())

    def _sort(self, message: Message) -> None:
        """Gives a message to whoever waits for it. A layer can print marked lines too: what fits nowhere is stray."""
        number = message.get("id")
        with self._lock:
            if "hello" in message and self._end is None and not self.hello.done():
                self.hello.set_result(message)
            call = self._calls.get(number) if isinstance(number, int) else None
            if call is not None and "ok" in message:
                del self._calls[call.number]
        if call is not None and "ok" in message:
            call.end(message if message["ok"] else error_of(message))
        elif call is not None and message.get("began"):
            call.began.set()


def lines(stream: BinaryIO) -> Iterator[bytes]:
    """The lines of a stream. Of a long one without a mark only the beginning: it may have no end."""
    while line := stream.readline(LONGEST_STRAY):
        if not line.endswith(b"\n") and line.startswith(MARK):
            line += stream.readline()
        part = line
        while part and not part.endswith(b"\n"):
            part = stream.readline(LONGEST_STRAY)
        yield line


def error_of(reply: Message) -> WorkloadError:
    """The error that a tenant answered with."""
    return WorkloadError(
        str(reply.get("status", "tenant")), str(reply.get("message", "")), reply.get("call", ""), reply.get("code", 0)
    )
