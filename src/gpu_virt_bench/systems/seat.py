"""The place of one tenant in an active system: where its processes are started and ended."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from gpu_virt_bench.model.run import Device
from gpu_virt_bench.model.system import Step, System
from gpu_virt_bench.systems.active import Active, gpu_values
from gpu_virt_bench.systems.around import Around
from gpu_virt_bench.systems.available import check_room
from gpu_virt_bench.systems.environment import clean
from gpu_virt_bench.systems.journal import Entry, run_all
from gpu_virt_bench.systems.layers import check_one_layer
from gpu_virt_bench.systems.processes import MARK
from gpu_virt_bench.systems.quota import as_variables
from gpu_virt_bench.systems.variables import (
    QUOTA,
    DefinitionError,
    Values,
    expand,
    names,
    resolve,
    resolve_env,
    tenant_names,
)
from gpu_virt_bench.tenant import Tenant, argv


def seat(
    active: Active, index: int, folder: Path, granted: Mapping[str, int | float | None], of: int, gpu: int = 0
) -> Seat:
    """The place of the tenant `index` of `of`, with its directory and what `grants` gave it on one of the devices."""
    values = {
        **dict.fromkeys(tenant_names(active.system)),
        **active.values,
        **gpu_values(active.devices, gpu),
        **as_variables(granted),
        "tenant": str(index),
        "tenants": str(of),
        "tenant_dir": str(folder),
    }
    return Seat(active, index, folder, values, gpu)


class Seat:
    """Starts the processes of one tenant and ends them; all that is done for them is in the journal."""

    def __init__(self, active: Active, index: int, folder: Path, values: dict[str, str | None], gpu: int) -> None:
        self.active = active
        self.system = active.system
        self.index = index
        self.values = values
        self.gpu = gpu
        self._folder = folder
        self._around = Around(active, values)
        self._running: dict[Tenant, Entry | None] = {}
        self._problems: list[str] = []
        self._count = 0
        check_room(self.env, folder.parent)

    @property
    def device(self) -> Device:
        """The tenant's own."""
        return self.active.devices[self.gpu]

    @property
    def env(self) -> dict[str, str]:
        """The variables of the tenant: those that lead to its device, and the definition's."""
        return {**self.active.envs[self.gpu], **resolve_env(self.system.tenant.env, self.values, self.system.id)}

    def start(self, name: str) -> Tenant:
        """The tenant's first process, after the steps before it. When anything fails, what was done is undone."""
        self._folder.mkdir(exist_ok=True)
        try:
            self._around.prepare()
            check_one_layer(self.system, self.env)
            return self._exec(name)
        except BaseException:
            self._problems += self._around.undo()
            raise

    def child(self, name: str) -> Tenant:
        """A further process of the tenant, with the same environment and quota. It ends before the first does."""
        if not self._running:
            raise RuntimeError(f"{name}: a further process needs the first; start the tenant before its child")
        return self._exec(name)

    def end(self, tenant: Tenant, grace: float | None = None) -> list[str]:
        """Ends a process and all that it started; with the first, its children and what was prepared for it. What did
        not work, in sentences."""
        running = list(self._running)
        if tenant in running:
            for one in reversed(running if tenant is running[0] else [tenant]):
                self._close(one, grace)
            if not self._running:
                self._problems += self._around.undo()
        problems, self._problems = self._problems, []
        return problems

    def _exec(self, name: str) -> Tenant:
        """Starts a process and writes it down. Only what the harness started is ever ended: with a command in front, or
        in another pid namespace, the tenant's own pid is another."""
        start = self.system.tenant
        running: list[Tenant] = []
        python = expand(start.python, self.values, f"{self.system.id}: tenant.python") or ""
        words = argv(command(self.system, self.values), {"CUDA_CACHE_DISABLE": "1", **self.env}, python, start.shell)
        log = self._folder / (f"stderr-{self._count}" if self._count else "stderr")
        self._count += 1
        base = {**clean(), MARK: str(self.active.folder)}
        tenant = Tenant(name, words, log, base, lambda: self._ask_to_end(running))
        running.append(tenant)
        try:
            if not self._running:
                self._around.began(tenant.pid)
            before_kill = self._before_kill(tenant)
            self._running[tenant] = self.active.note_process(tenant.process_id, group=True, before_kill=before_kill)
        except BaseException:
            tenant.kill()
            tenant.close()
            raise
        return tenant

    def _before_kill(self, tenant: Tenant) -> Step | None:
        """The step that must precede SIGKILL to a process."""
        step = self.system.tenant.before_kill
        return None if step is None else resolve(step, {**self.values, "pid": str(tenant.pid)}, self.system.id)

    def _ask_to_end(self, running: list[Tenant]) -> None:
        """Does what must precede SIGKILL, once the process has said its pid."""
        todo = [self._before_kill(tenant) for tenant in running]
        self._problems += run_all([step for step in todo if step is not None], self.active.step_env())

    def _close(self, tenant: Tenant, grace: float | None) -> None:
        """Ends one process, its group and its journal entry."""
        entry = self._running.pop(tenant)
        tenant.close(self.system.cleanup.grace if grace is None else grace)
        if entry is not None:
            self._problems += self.active.journal.undo(entry)


def command(system: System, values: Values) -> list[str]:
    """The words of a tenant's command; one about a quota that was not asked for is left out."""
    words = [word(system, text, values) for text in system.tenant.command]
    return [found for found in words if found is not None]


def word(system: System, text: str, values: Values) -> str | None:
    """One word, None if it is left out."""
    for name in names(text):
        if name not in QUOTA and values.get(name, "") is None:
            raise DefinitionError(f"{system.id}: the command needs {{{name}}}, which has no value")
    return expand(text, values, f"{system.id}: tenant.command")
