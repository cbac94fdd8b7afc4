"""A system in use: set up once per session, and undone from its journal."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from gpu_virt_bench.model.run import Device
from gpu_virt_bench.model.system import Step, System
from gpu_virt_bench.systems import steps
from gpu_virt_bench.systems.available import Here, Unavailable, availability, check_room, tool_path
from gpu_virt_bench.systems.environment import clean
from gpu_virt_bench.systems.journal import Entry, Journal
from gpu_virt_bench.systems.options import configured
from gpu_virt_bench.systems.processes import MARK
from gpu_virt_bench.systems.proof.evidence import Driver
from gpu_virt_bench.systems.variables import GPU, resolve, resolve_env, session_names

TEMPORARY = "/tmp"
"""Where several layers hard-code files, whatever TMPDIR says."""


class Active:
    """One system in one session: its variables, what its steps captured, and the journal that undoes it."""

    def __init__(
        self,
        system: System,
        devices: Sequence[Device],
        folder: Path,
        options: Mapping[str, str] | None = None,
        envs: Sequence[Mapping[str, str]] = (),
        driver: Driver | None = None,
        here: Here | None = None,
    ) -> None:
        """`folder` is the session's directory, `options` are resolved, `envs[i]` leads a process to `devices[i]`,
        `driver` is what a native tenant found. Devices that are not read yet are none. Nothing happens before
        `setup`."""
        self.options = dict(options or {})
        self.system = configured(system, self.options)
        self.devices = tuple(devices)
        self.envs = [dict(env) for env in envs] or [{} for _ in devices] or [{}]
        self.driver = driver or next((Driver("", d.driver_version, d.emulated) for d in devices), Driver(""))
        self.folder = folder
        self.journal = Journal(folder)
        self._here = replace(here or Here(), devices=self.devices)
        self._background: list[steps.Background] = []
        self._teardown: Entry | None = None
        self.values: dict[str, str | None] = {}

    def setup(self) -> None:
        """Runs the setup; if it fails, what it began is undone first. In the main thread: background steps end when
        the thread that started them does."""
        reason = availability(self.system, self._here, self.options)
        if reason:
            raise Unavailable(f"{self.system.id} is unavailable: {reason}")
        try:
            self._enter()
            for step in self.system.setup:
                self._run(step)
            for background in self._background:
                background.check()
        except BaseException:
            self.teardown()
            raise

    def _enter(self) -> None:
        """Makes the private directory, and writes down how all will be undone."""
        number = next(n for n in range(1_000_000) if not (self.folder / f"s{n}").exists())
        place = self.folder / f"s{number}"
        self.journal.path(place)
        place.mkdir(mode=0o700)
        self.values = session_values(self, place)
        check_room(resolve_env(self.system.env, self.values), self.folder)
        self._note_teardown()

    def _note_teardown(self) -> None:
        """Writes down the teardown as it can be filled in by now, in place of the last one."""
        filled = [resolve(step, self.values, self.system.id) for step in self.system.teardown]
        last = self._teardown
        self._teardown = self.journal.steps([step for step in filled if step is not None], self.step_env())
        if last is not None:
            self.journal.done(last)

    def _run(self, step: Step) -> None:
        """One step of the setup."""
        filled = resolve(step, self.values, self.system.id)
        if filled is None:
            return
        if filled.background:
            background = steps.Background(filled, self.step_env())
            self._background.append(background)
            self.note_process(background.process.pid, group=True)
        else:
            try:
                self.capture(steps.run(filled, self.step_env()), self.values)
            except steps.StepFailed:
                for background in self._background:
                    background.check()  # the cause, if it has ended
                raise
        self._note_teardown()

    def capture(self, found: Mapping[str, str], values: dict[str, str | None]) -> list[Entry]:
        """Keeps what a step captured; a name that ends in `_pid` is a process to end, and gives its journal entry."""
        values.update(found)
        noted = [self.note_process(pid) for pid in pids(found)]
        return [entry for entry in noted if entry is not None]

    def note_process(self, pid: int, group: bool = False, before_kill: Step | None = None) -> Entry | None:
        """Writes a process down that must end; None if it has."""
        return self.journal.process(pid, self.system.cleanup.grace, group, before_kill, self.step_env())

    def daemons(self) -> list[int]:
        """The processes that the set-up started: background steps, and pids that it captured."""
        found = [background.process.pid for background in self._background]
        return sorted({*found, *pids({name: text or "" for name, text in self.values.items()})})

    def step_env(self) -> dict[str, str]:
        """The environment of steps: clean, with what leads to the first device and what the definition sets."""
        own = {"PATH": tool_path(self.devices), MARK: str(self.folder)}
        return {**clean(), **self.envs[0], **own, **resolve_env(self.system.env, self.values, self.system.id)}

    def record(self) -> dict[str, str]:
        """What the record steps printed, by their titles; a step that failed says so."""
        filled = [resolve(step, self.values, self.system.id) for step in self.system.record]
        return {step.title: printed(step, self.step_env()) for step in filled if step is not None}

    def teardown(self) -> list[str]:
        """Undoes everything, backwards; what did not work, in sentences."""
        problems = self.journal.undo_all()
        for background in self._background:
            background.close()
        self._background, self._teardown = [], None
        return problems

    def restart(self) -> list[str]:
        """Tears down and sets up again, after a fault or a kill."""
        problems = self.teardown()
        self.setup()
        return problems


def session_values(active: Active, place: Path) -> dict[str, str | None]:
    """A session's variables before its first step: `place` is its private directory."""
    return {
        **dict.fromkeys(session_names(active.system)),
        **{name: value for name, value in active.options.items() if "." not in name},
        "session_dir": str(place),
        "tmp": TEMPORARY,
        "uid": str(os.getuid()),
        **gpu_values(active.devices, 0),
        "gpu_uuids": ",".join(device.uuid for device in active.devices) or None,
    }


def gpu_values(devices: Sequence[Device], gpu: int) -> dict[str, str | None]:
    """The variables of one of the devices; without a value before the devices are read."""
    if gpu >= len(devices):
        return dict.fromkeys(GPU)
    device = devices[gpu]
    return {
        "gpu_uuid": device.uuid,
        "gpu_index": str(device.index),
        "gpu_sm_count": str(device.sm_count),
        "gpu_memory_bytes": str(device.memory_bytes),
    }


def pids(found: Mapping[str, str]) -> list[int]:
    """The processes among what steps captured: what ends in `_pid`."""
    return [int(text) for name, text in found.items() if name.endswith("_pid") and text.isdigit()]


def printed(step: Step, env: Mapping[str, str]) -> str:
    """What a step printed, or how it failed."""
    try:
        return steps.once(step, env).output.strip()
    except steps.StepFailed as error:
        return str(error)
