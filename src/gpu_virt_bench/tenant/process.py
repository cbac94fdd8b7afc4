"""A process that answers requests: what a tenant's handle stands on."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import TimeoutError as FutureTimeout
from pathlib import Path

from gpu_virt_bench.model.workload import TenantDied, TenantHung
from gpu_virt_bench.tenant.channel import Call, Channel
from gpu_virt_bench.tenant.child import Child
from gpu_virt_bench.tenant.protocol import PROTOCOL, Message

HELLO_TIMEOUT = 60.0
LAST_WORDS = 5
"""Lines of standard error that an error quotes."""


class Process:
    """A running process with its lines: it answers in time, or it is killed. Its death fails what is under way."""

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        log: Path,
        env: Mapping[str, str],
        before_kill: Callable[[], object] | None = None,
    ) -> None:
        """Starts it and waits for its first words.

        `env` is the clean environment that the command itself sees; `before_kill` what must precede SIGKILL in this
        system.
        """
        self.name = name
        self._before_kill = before_kill
        began = time.monotonic()
        self._child = Child(argv, log, env)
        self.channel = Channel(*self._child.pipes, self._death)
        threading.Thread(target=self._attend, daemon=True).start()
        try:
            self.hello = self._greeting()
        except BaseException:  # Ctrl-C too: nobody has a handle on it yet
            self.kill()
            self.close()
            raise
        self.start_seconds = time.monotonic() - began
        self.process_id = self._child.pid

    def _attend(self) -> None:
        """Until the process has ended; then gives its last lines a moment, and fails what is under way."""
        self._child.attend()
        self.channel.reader.join(timeout=1)
        self.channel.fail(self._death())

    def _death(self) -> TenantDied:
        """How the process ended, with its last words."""
        self._child.exited.wait(timeout=5)  # its output may end a moment before it does
        return TenantDied(self.name, self._child.status, "\n".join(self.stderr().splitlines()[-LAST_WORDS:]))

    def _greeting(self) -> Message:
        """Its first words, in a protocol that we speak."""
        try:
            hello = self.channel.hello.result(HELLO_TIMEOUT)
        except FutureTimeout:
            raise TenantHung(f"{self.name} said nothing within {HELLO_TIMEOUT:.0f} s and was killed") from None
        if hello["hello"] != PROTOCOL:
            raise TenantHung(f"{self.name} speaks protocol {hello['hello']}, expected {PROTOCOL}: same version?")
        return hello

    def result(self, call: Call, what: str, timeout: float) -> Message:
        """A reply in time, or the end of the process."""
        try:
            return call.done.result(timeout)
        except FutureTimeout:
            raise self.hung(f"did not answer {what}", timeout) from None

    def hung(self, what: str, timeout: float) -> TenantHung:
        """Kills it for what it has not done in time; the error that says so."""
        self.kill()
        return TenantHung(f"{self.name} {what} within {timeout:g} s and was killed")

    def is_alive(self) -> bool:
        """Whether the process still runs."""
        return not self._child.exited.is_set()

    def status(self) -> int | None:
        """Its exit status, the negative number of the signal that ended it, or None while it runs."""
        return self._child.status

    def stderr(self) -> str:
        """What it has written on standard error; of much, the beginning and the end."""
        return self._child.stderr()

    def kill(self) -> None:
        """Ends the process and its group at once."""
        if self._before_kill is not None and self.is_alive():
            self._before_kill()
        self._child.kill()
        self._child.gone.wait(timeout=10)

    def close(self, grace: float = 5.0) -> None:
        """Ends it by the end of its input; kills it if it stays. Its group ends with it."""
        self.channel.close()
        if not self._child.exited.wait(grace):
            self.kill()
        self._child.gone.wait(timeout=10)
        self.channel.reader.join(timeout=grace)
