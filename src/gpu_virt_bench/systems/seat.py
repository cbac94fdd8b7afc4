"""The place of one tenant in an active system."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gpu_virt_bench.model.run import Check
from gpu_virt_bench.model.system import FEATURE_QUOTA, Checks, Step
from gpu_virt_bench.systems import proof, steps
from gpu_virt_bench.systems.available import check_room
from gpu_virt_bench.systems.evidence import Attempt, Evidence, Seen, Wanted
from gpu_virt_bench.systems.fingerprint import Block, overlap_check, sm_sets_check
from gpu_virt_bench.systems.journal import Entry, run_all
from gpu_virt_bench.systems.layers import check_one_layer
from gpu_virt_bench.systems.variables import QUOTA, DefinitionError, expand, names, resolve, resolve_env
from gpu_virt_bench.systems.wellformed import OVERLAPS, SM_SETS, check_word

if TYPE_CHECKING:
    from gpu_virt_bench.systems.active import Active


class Seat:
    """The place of one tenant in an active system: how it is started, entered, proved and left."""

    def __init__(self, active: Active, index: int, values: dict[str, str | None]) -> None:
        self.active = active
        self.system = active.system
        self.index = index
        self.values = values
        self._after: Entry | None = None
        check_room(self.env, Path(str(values["tenant_dir"])).parent)

    # -- start and end

    @property
    def command(self) -> list[str]:
        """The argv prefix that enters the place where the layer holds."""
        words = [self._word(text) for text in self.system.tenant.command]
        return [word for word in words if word is not None]

    def _word(self, text: str) -> str | None:
        """One word of the command; one about a quota that was not asked for is left out."""
        for name in names(text):
            if name not in QUOTA and self.values.get(name, "") is None:
                raise DefinitionError(f"{self.system.id}: the command needs {{{name}}}, which has no value")
        return expand(text, self.values, f"{self.system.id}: tenant.command")

    @property
    def env(self) -> dict[str, str]:
        """The variables of the tenant: those that lead to the device, and the definition's."""
        return {**self.active.env, **resolve_env(self.system.tenant.env, self.values, self.system.id)}

    @property
    def asked(self) -> set[str]:
        """The kinds of quota that this tenant has."""
        return {kind for name, kind in QUOTA.items() if self.values[name] is not None}

    def before(self) -> None:
        """Runs the steps before the tenant starts, and looks at what its environment leads to."""
        for path in self.system.cleanup.remove:
            place = expand(path, self.values, f"{self.system.id}: cleanup.remove")
            if place is not None and "tenant_dir" in names(path):
                self.active.note_path(place)
        for step in self.system.tenant.before:
            filled = resolve(step, self.values, self.system.id)
            if filled is not None:
                self.active.capture(steps.run(filled, self.active.step_env()), self.values)
        self._note_after()
        check_one_layer(self.system, self.env)

    def _leaving(self) -> list[Step]:
        """The steps after the tenant, as far as they can be filled in by now."""
        filled = [resolve(step, {"pid": None, **self.values}, self.system.id) for step in self.system.tenant.after]
        return [step for step in filled if step is not None]

    def _note_after(self) -> None:
        """Writes the steps after the tenant down, in place of what was written before."""
        last = self._after
        self._after = self.active.note_steps(self._leaving()) if self.system.tenant.after else None
        if last is not None:
            self.active.forget(last)

    def started(self, pid: int, process: int | None = None) -> None:
        """Notes the running tenant: its own pid, and that of the process which the harness started for it - with a
        command in front, or in another pid namespace, another one. Only the harness's own is ever ended."""
        self.values["pid"] = str(pid)
        self._note_after()
        if process is not None:
            self.active.note_process(process, group=True, before_kill=self._before_kill())

    def _before_kill(self) -> Step | None:
        step = self.system.tenant.before_kill
        return None if step is None else resolve(step, {"pid": None, **self.values}, self.system.id)

    def before_kill(self) -> list[str]:
        """Runs what must precede SIGKILL; what did not work, in sentences."""
        step = self._before_kill()
        return run_all([step], self.active.step_env()) if step is not None else []

    def after(self) -> list[str]:
        """Runs the steps after the tenant's last sample, once; what did not work, in sentences."""
        if self._after is None:
            return []
        problems = run_all(self._leaving(), self.active.step_env())
        self.active.forget(self._after)
        self._after = None
        return problems

    # -- proof

    def tables(self) -> dict[str, Checks]:
        """The tables of checks for this tenant, filled in: "" is the activation's. A feature's table is asked only
        of a system that lists it, and one that is about a quota only where that was asked for."""
        values = {"pid": None, **self.values}
        wanted: dict[str, Checks] = {"": self.system.proof}
        for feature, table in self.system.proof.features.items():
            if feature in self.system.features and FEATURE_QUOTA.get(feature) in {None, *self.asked}:
                wanted[feature] = table
        filled = {feature: resolve(table, values, self.system.id) for feature, table in wanted.items()}
        return {feature: table for feature, table in filled.items() if table is not None}

    def granted(self, facts: Mapping[str, Any]) -> dict[str, str]:
        """The quota as it was asked for by variable, and what the tenant sees of it."""
        asked = {name: value for name in QUOTA if (value := self.values[name]) is not None}
        return {**asked, "memory_total": str(facts["memory_total"]), "sm_count": str(facts["device"]["sm_count"])}

    def wanted(self) -> Wanted:
        """What the engine must ask or try before the proof."""
        tables = list(self.tables().values())
        limits = [table.refused_above for table in tables if table.refused_above is not None]
        return Wanted(
            symbols=proof.symbols(self.system),
            env=proof.variables(self.system),
            attempts=[size for limit in limits for size in proof.probes(limit)],
            observer=any(t.observer.alone or t.observer.listed or t.observer.memory for t in tables),
            observer_memory=any(table.observer.memory for table in tables),
            stderr=any(table.stderr for table in tables),
            slowed=next((table.slowed.probe for table in tables if table.slowed is not None), ""),
            pair=any({table.overlap, table.sm_sets} - {"", "any"} for table in tables),
        )

    def prove(
        self,
        facts: Mapping[str, Any],
        attempts: Sequence[Attempt] = (),
        control: Sequence[Attempt] = (),
        stderr: str = "",
        seen: Seen | None = None,
        rate: float | None = None,
    ) -> list[Check]:
        """The checks of this tenant. `proof.activated` and `proof.withdrawn` say what follows from them."""
        device, driver = self.active.device, self.active.driver
        whole = (device.sm_count, device.memory_bytes)
        evidence = Evidence(facts, driver, attempts, control, stderr, seen, rate, *whole)
        found = [proof.foreign_layers(facts["mapped"], proof.own_files(self.system, self.values))]
        for feature, table in self.tables().items():
            found += proof.check(table, evidence, feature)
            if table.command is not None:
                found.append(proof.prefixed(self._command(table.command), feature))
        return found

    def _command(self, step: Step) -> Check:
        """A check that asks a command."""
        expected = f"{step.title}: {step.expect or 'status 0'}"
        try:
            steps.run(step, self.active.step_env())
        except steps.StepFailed as error:
            return Check("command", expected, str(error), False)
        return Check("command", expected, "as expected", True)

    def prove_pair(self, first: Sequence[Block], second: Sequence[Block], resolution: int = 0) -> list[Check]:
        """The checks that need two tenants at work: this one and another, by their fingerprints."""
        found = []
        for feature, table in self.tables().items():
            where = f"{self.system.id}: proof"
            check_word(table.overlap, OVERLAPS, f"{where}.overlap")
            check_word(table.sm_sets, SM_SETS, f"{where}.sm_sets")
            if table.overlap:
                item = overlap_check("overlap", table.overlap, first, second, resolution)
                found.append(proof.prefixed(item, feature))
            if table.sm_sets:
                found.append(proof.prefixed(sm_sets_check("sm_sets", table.sm_sets, first, second), feature))
        return found
