"""A system in use: set up once per session, entered by its tenants, proved, and undone from its journal."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from gpu_virt_bench.model.run import Device
from gpu_virt_bench.model.system import FULL, Quota, Step, System
from gpu_virt_bench.systems import steps
from gpu_virt_bench.systems.available import Here, Unavailable, availability, check_room, tool_path
from gpu_virt_bench.systems.environment import clean
from gpu_virt_bench.systems.evidence import Driver
from gpu_virt_bench.systems.journal import Entry, Journal
from gpu_virt_bench.systems.options import configured
from gpu_virt_bench.systems.quota import as_variables, quota_values
from gpu_virt_bench.systems.seat import Seat
from gpu_virt_bench.systems.variables import resolve, resolve_env, session_names, tenant_names

TEMPORARY = "/tmp"
"""Where several layers hard-code files, whatever TMPDIR says."""


class Active:
    """One system in one session: its variables, what its steps captured, and the journal that undoes it."""

    def __init__(
        self,
        system: System,
        device: Device,
        folder: Path,
        options: Mapping[str, str] | None = None,
        env: Mapping[str, str] | None = None,
        driver: Driver | None = None,
        tenants: int = 1,
        here: Here | None = None,
    ) -> None:
        """`folder` is the session's directory, `options` are resolved, `env` leads a process to the device, `driver` is
        what a native tenant found. Nothing happens before `setup`."""
        self.options = dict(options or {})
        self.system = configured(system, self.options)
        self.device = device
        self.driver = driver or Driver("", device.driver_version, device.emulated)
        self.env = dict(env or {})
        self._folder = folder
        self._here = here or Here()
        self._tenants = tenants
        self._journal = Journal(folder)
        self._entries: list[Entry] = []
        self._background: list[steps.Background] = []
        self._teardown: Entry | None = None
        self.values: dict[str, str | None] = {}

    # -- once per session

    def setup(self) -> None:
        """Runs the setup; if it fails, what it began is undone first. In the main thread: background steps end when
        the thread that started them does."""
        reason = availability(self.system, replace(self._here, device=self.device), self.options)
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
        number = next(n for n in range(1_000_000) if not (self._folder / f"s{n}").exists())
        place = self._folder / f"s{number}"
        self._entries.append(self._journal.path(place))
        place.mkdir(mode=0o700)
        self.values = {
            **dict.fromkeys(session_names(self.system)),
            **{name: value for name, value in self.options.items() if "." not in name},
            "session_dir": str(place),
            "tmp": TEMPORARY,
            "uid": str(os.getuid()),
            "gpu_uuid": self.device.uuid,
            "gpu_index": str(self.device.index),
            "gpu_sm_count": str(self.device.sm_count),
            "gpu_memory_bytes": str(self.device.memory_bytes),
            "tenants": str(self._tenants),
        }
        check_room(resolve_env(self.system.env, self.values), self._folder)
        self._note_teardown()

    def _note_teardown(self) -> None:
        """Writes down the teardown as it can be filled in by now, in place of the last one."""
        filled = [resolve(step, self.values, self.system.id) for step in self.system.teardown]
        entry = self._journal.steps([step for step in filled if step is not None], self.step_env())
        if self._teardown is not None:
            self._journal.done(self._teardown)
            self._entries.remove(self._teardown)
        self._teardown = entry
        self._entries.append(entry)

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

    def capture(self, found: Mapping[str, str], values: dict[str, str | None]) -> None:
        """Keeps what a step captured; a name that ends in `_pid` is a process to end."""
        values.update(found)
        for name, text in found.items():
            if name.endswith("_pid") and text.isdigit():
                self.note_process(int(text))

    def daemons(self) -> list[int]:
        """The processes that the set-up started and that are still up: background steps, and pids that it captured."""
        values = self.values.items()
        captured = {int(text) for name, text in values if name.endswith("_pid") and text is not None and text.isdigit()}
        return sorted({background.process.pid for background in self._background} | captured)

    def note_process(self, pid: int, group: bool = False, before_kill: Step | None = None) -> None:
        """Writes a process down that must end."""
        entry = self._journal.process(pid, self.system.cleanup.grace, group, before_kill, self.step_env())
        if entry is not None:
            self._entries.append(entry)

    def note_steps(self, todo: Sequence[Step]) -> Entry:
        """Writes steps down that must run at the end."""
        self._entries.append(self._journal.steps(todo, self.step_env()))
        return self._entries[-1]

    def note_path(self, path: str) -> None:
        """Writes a path down that must go."""
        self._entries.append(self._journal.path(Path(path)))

    def undo(self, entry: Entry) -> list[str]:
        """Undoes one entry before its time."""
        if entry not in self._entries:
            return []
        self._entries.remove(entry)
        return self._journal.undo(entry)

    def forget(self, entry: Entry) -> None:
        """Takes an entry out that somebody else undoes."""
        self._entries.remove(entry)
        self._journal.done(entry)

    def step_env(self) -> dict[str, str]:
        """The environment of steps: clean, with what leads to the device and what the definition sets."""
        path = {"PATH": tool_path(self.device)}
        return {**clean(), **self.env, **path, **resolve_env(self.system.env, self.values, self.system.id)}

    def record(self) -> dict[str, str]:
        """What the record steps printed, by their titles; a step that failed says so."""
        found = {}
        for step in self.system.record:
            filled = resolve(step, self.values, self.system.id)
            if filled is not None:
                try:
                    found[step.title] = steps.once(filled, self.step_env()).output.strip()
                except steps.StepFailed as error:
                    found[step.title] = str(error)
        return found

    def teardown(self) -> list[str]:
        """Undoes everything, backwards; what did not work, in sentences."""
        problems: list[str] = []
        while self._entries:
            problems += self.undo(self._entries[-1])
        for background in self._background:
            background.close()
        self._background, self._teardown = [], None
        return problems

    def restart(self) -> list[str]:
        """Tears down and sets up again, after a fault or a kill."""
        problems = self.teardown()
        self.setup()
        return problems

    # -- per tenant

    def tenant(
        self, index: int, folder: Path, quota: Quota = FULL, of: int = 1, memory_free: int | None = None
    ) -> Seat:
        """The place of a tenant that will be started; refuses a quota that the system cannot give."""
        granted = quota_values(self.system, quota, self.device.memory_bytes, self.device.sm_count, of, memory_free)
        values = {
            **dict.fromkeys(tenant_names(self.system)),
            **self.values,
            **as_variables(granted),
            "tenant": str(index),
            "tenant_dir": str(folder),
            "tenants": str(of),
        }
        return Seat(self, index, values)
