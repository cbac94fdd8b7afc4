"""What is done around a tenant: the steps before and after it, helpers that they start, and files of the layer."""

from __future__ import annotations

from pathlib import Path

from gpu_virt_bench.systems import steps
from gpu_virt_bench.systems.active import Active
from gpu_virt_bench.systems.journal import Entry
from gpu_virt_bench.systems.variables import expand, names, resolve


class Around:
    """Prepares the place of one tenant, and undoes that after it; what must be undone is in the journal first."""

    def __init__(self, active: Active, values: dict[str, str | None]) -> None:
        """`values` are the tenant's variables: what the steps capture is added to them."""
        self._active = active
        self._system = active.system
        self._values = values
        self._entries: list[Entry] = []
        self._after: Entry | None = None

    def prepare(self) -> None:
        """Runs the steps before the tenant starts."""
        for path in self._system.cleanup.remove:
            place = expand(path, self._values, f"{self._system.id}: cleanup.remove")
            if place is not None and "tenant_dir" in names(path):
                self._entries.append(self._active.journal.path(Path(place)))
        for step in self._system.tenant.before:
            self._note_after()
            filled = resolve(step, self._values, self._system.id)
            if filled is not None:
                found = steps.run(filled, self._active.step_env())
                self._entries += self._active.capture(found, self._values)
        self._note_after()

    def began(self, pid: int) -> None:
        """The tenant runs, and calls itself by this pid: the steps after it may use that."""
        self._values["pid"] = str(pid)
        self._note_after()

    def _note_after(self) -> None:
        """Writes the steps after the tenant down, as they can be filled in by now, in place of what was written."""
        if not self._system.tenant.after:
            return
        filled = [resolve(step, {"pid": None, **self._values}, self._system.id) for step in self._system.tenant.after]
        last = self._after
        todo = [step for step in filled if step is not None]
        self._after = self._active.journal.steps(todo, self._active.step_env())
        if last is not None:
            self._active.journal.done(last)

    def undo(self) -> list[str]:
        """Runs the steps after the tenant, ends helpers and removes its files; what did not work, in sentences."""
        entries = [*self._entries, *([self._after] if self._after is not None else [])]
        self._entries, self._after = [], None
        return [problem for entry in reversed(entries) for problem in self._active.journal.undo(entry)]
