"""Asks scenes in processes of their own, and takes crashes and hangs for answers."""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from gpu_virt_bench.conform.table import Row, Scene
from gpu_virt_bench.model.conformance import ENDS, Answer

ROW_SECONDS = 10.0
"""A call that takes longer hangs."""
START_SECONDS = 60.0
"""Until a process has its context: the first one after a boot takes long."""
END_SECONDS = 10.0

Message = dict[str, str]


@dataclass
class Heard:
    """What processes have said."""

    answers: dict[str, Answer] = field(default_factory=dict)
    served_by: str = ""
    """The file that serves the driver's functions in them."""

    def add(self, other: Heard) -> None:
        """What another process has said as well."""
        self.answers |= other.answers
        self.served_by = other.served_by or self.served_by


def asked(scene: Scene, at_once: int = 1) -> Heard:
    """Every row of a scene, in as many processes as it takes, so many of them at the same time."""
    found = Heard()
    while pending := [row for row in scene.rows if not row.alone and row.id not in found.answers]:
        found.add(asked_once(scene, pending))
    for heard in asked_alone(scene, [row for row in scene.rows if row.alone], at_once):
        found.add(heard)
    return found


def asked_alone(scene: Scene, rows: Sequence[Row], at_once: int) -> Iterator[Heard]:
    """Rows that have processes of their own. A layer may hold a lock for all processes: what crashed
    or hung in company is asked once more by itself."""
    with ThreadPoolExecutor(at_once) as pool:
        heard = list(pool.map(lambda row: asked_once(scene, [row]), rows))
    for row, found in zip(rows, heard, strict=True):
        yield asked_once(scene, [row]) if found.answers[row.id].result in ENDS else found


def asked_once(scene: Scene, pending: Sequence[Row]) -> Heard:
    """Rows in one process: the first of them at least, and more while it lives and is fit."""
    found, begun = Heard(), ""
    with process(scene.name, pending[0].id) as child:
        while True:
            try:
                message = child.next(ROW_SECONDS if begun else START_SECONDS)
            except TimeoutError:
                child.kill()
                return ended(found, begun, pending, Answer("hang"))
            if message is None:
                return ended(found, begun, pending, Answer(child.end()))
            if "unprepared" in message:
                return ended(found, begun, pending, Answer("unprepared", message["unprepared"]))
            found.served_by = message.get("served_by", found.served_by)
            begun = message.get("begins", "")
            if "row" in message:
                found.answers[message["row"]] = Answer(message["result"], message["wrote"])


def ended(found: Heard, begun: str, pending: Sequence[Row], answer: Answer) -> Heard:
    """How a process ended is the answer of the row that it was at; without any, of all: the next would end so too."""
    if begun:
        found.answers[begun] = answer
    elif not found.answers:
        found.answers = {row.id: answer for row in pending}
    return found


class Child:
    """A process that asks, and its lines."""

    def __init__(self, process: subprocess.Popen[bytes], descriptor: int) -> None:
        self._process, self._descriptor = process, descriptor
        self._unread = b""

    def next(self, seconds: float) -> Message | None:
        """Its next line in time, None when there is none any more; TimeoutError."""
        until = time.monotonic() + seconds
        while b"\n" not in self._unread:
            ready, _, _ = select.select([self._descriptor], [], [], max(0.0, until - time.monotonic()))
            if not ready:
                raise TimeoutError
            more = os.read(self._descriptor, 1 << 16)
            if not more:
                return None
            self._unread += more
        line, _, self._unread = self._unread.partition(b"\n")
        message: Message = json.loads(line)
        return message

    def kill(self) -> None:
        """Ends it at once."""
        self._process.kill()

    def end(self) -> str:
        """How it ended, as an answer; it has said its last word."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            status = self._process.wait(END_SECONDS)
            return "crash" if status < 0 else "exit"
        return "hang"


@contextlib.contextmanager
def process(scene: str, first: str) -> Iterator[Child]:
    """A process that asks a scene's rows from one on, in this environment. What it prints is no answer."""
    reader, writer = os.pipe()
    words = [sys.executable, "-m", "gpu_virt_bench.conform", scene, first, str(writer)]
    try:
        with subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=2, pass_fds=[writer]) as started:
            os.close(writer)
            try:
                yield Child(started, reader)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    started.wait(END_SECONDS)
            finally:
                started.kill()
    finally:
        os.close(reader)
