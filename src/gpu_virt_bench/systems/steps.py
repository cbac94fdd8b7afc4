"""Runs the steps of a definition: one command each, without a shell."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO

from gpu_virt_bench.model.system import Step
from gpu_virt_bench.systems.processes import following

LAST_LINES = 5
RETRY_PAUSE = 0.1


class StepFailed(Exception):
    """A step that did not succeed; quotes the command and the last lines it printed."""

    def __init__(self, step: Step, how: str, output: str = "") -> None:
        lines = "\n".join(output.strip().splitlines()[-LAST_LINES:])
        printed = f"; it printed: {lines}" if lines else "; it printed nothing"
        title = f"step {step.name!r}, " if step.name else ""
        super().__init__(f"{title}`{' '.join(step.run)}` {how}{printed}")


@dataclass(frozen=True)
class Ran:
    """How one command ended. `status` is None if it ran past its time."""

    status: int | None
    output: str
    errors: str

    @property
    def printed(self) -> str:
        """All that it wrote."""
        return f"{self.output}\n{self.errors}"


def run(step: Step, env: Mapping[str, str]) -> dict[str, str]:
    """Runs a step whose variables are filled in, until it succeeds or its time is up; what `expect` captured."""
    until = time.monotonic() + step.retry_for
    while True:
        ran = once(step, env)
        found = re.search(step.expect, ran.output)
        if found and ran.status in step.ok:
            return {name: text for name, text in found.groupdict().items() if text is not None}
        if time.monotonic() >= until:
            raise StepFailed(step, why(step, ran), ran.printed)
        time.sleep(RETRY_PAUSE)


def why(step: Step, ran: Ran) -> str:
    """How a command failed."""
    for_long = f" for {step.retry_for:g} s" if step.retry_for else ""
    if ran.status is None:
        return f"did not end within {step.timeout:g} s and was killed"
    if ran.status not in step.ok:
        expected = ", ".join(map(str, step.ok))
        return f"exited with status {ran.status}, expected {expected}{for_long}"
    return f"did not print {step.expect!r}{for_long}"


def once(step: Step, env: Mapping[str, str]) -> Ran:
    """Runs the command once. Its output goes to files: what it leaves in the background may hold them open."""
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        process = start(step, env, output, errors, subprocess.PIPE)
        assert process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(step.stdin.encode())
            process.stdin.flush()
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()
        try:
            status: int | None = process.wait(step.timeout)
        except subprocess.TimeoutExpired:
            status = None
        finally:
            if process.poll() is None:
                kill(process)
        return Ran(status, text(output), text(errors))


def kill(process: subprocess.Popen[bytes]) -> None:
    """Ends a command that took too long, with its children."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def text(file: IO[bytes]) -> str:
    """All that was written to a file."""
    file.seek(0)
    return file.read().decode(errors="replace")


def start(
    step: Step, env: Mapping[str, str], output: IO[bytes], errors: IO[bytes], stdin: int = subprocess.DEVNULL
) -> subprocess.Popen[bytes]:
    """Starts a step's command, in a session of its own: Ctrl-C is the harness's business."""
    environment = {**env, **step.env}
    if shutil.which(step.run[0], path=environment.get("PATH")) is None:
        raise StepFailed(step, f"cannot start: there is no program {step.run[0]!r}")
    argv = following(list(step.run)) if step.background else list(step.run)
    try:
        return subprocess.Popen(
            argv, stdin=stdin, stdout=output, stderr=errors, env=environment, start_new_session=True
        )
    except OSError as error:
        raise StepFailed(step, f"cannot start: {error.strerror}") from None


class Background:
    """A step that stays up: a child that gets SIGTERM when the harness dies."""

    def __init__(self, step: Step, env: Mapping[str, str]) -> None:
        self.step = step
        self._output = tempfile.TemporaryFile()  # noqa: SIM115  as long as the process
        self.process = start(step, env, self._output, self._output)

    def check(self) -> None:
        """Raises if it has ended."""
        status = self.process.poll()
        if status is not None:
            raise StepFailed(self.step, f"ended with status {status}, expected to stay up", text(self._output))

    def close(self) -> None:
        """Takes note of its end."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=5)
        self._output.close()
