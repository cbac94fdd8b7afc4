"""Whether a proof shows anything: no check that a run without the layer would pass as well, no claim without effect."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from gpu_virt_bench.model.run import Check, Run
from gpu_virt_bench.model.system import FEATURES

WEAK = ("foreign_layers", "mapped", "not_mapped", "env", "stderr", "observer", "doors", "alive", "death")
"""Checks that a run without the layer would pass as well, or that only say what a library says of itself."""
EFFECTS: Mapping[str, Sequence[str]] = {"memory": ("refused_above", "calls"), "compute": ("sm_count", "slowed")}
"""What shows a limit: what it does. A state file, a variable or the size that a tenant sees says what a layer says."""
SAID = ("command", "file")
"""Under a feature: what is said of it, by a step or a state file; what it does shows more."""
FIRST_WITH_CONDITIONS = 3
"""Since that version every tenant is asked for its proof twice, and a run without one is named."""


@dataclass(frozen=True)
class Shown:
    """What one system's tenants showed, on a device of so many SMs and bytes; `is_layer`: something is in between."""

    system: str
    is_layer: bool
    sm_count: int
    memory_bytes: int
    checks: Sequence[Check]
    granted: frozenset[str]


def unproven(shown: Shown) -> Iterator[str]:
    """Why what a system claims is not shown, in sentences."""
    if not any(is_strong(check, shown) for check in shown.checks):
        yield f"{shown.system} is unproven: no check of its definition would fail if the layer were not in force"
    for kind, quota in (("memory", "memory_bytes"), ("compute", "compute_share")):
        has_effect = any(shows_limit(check, kind, shown) for check in shown.checks)
        if quota in shown.granted and not has_effect:
            yield f"{shown.system} is unproven: nothing shows that its {kind} limit was in force"


def of_run(run: Run) -> list[str]:
    """The same of a run file. Older files and derived runs have no such proof."""
    if run.schema_version < FIRST_WITH_CONDITIONS or run.kind != "measured" or run.status == "refused":
        return []
    checks = [check for record in run.proof for check in record.checks]
    if not checks:
        return [f"{run.system.id} is unproven: {never_asked(run)}"] if run.outcomes else []
    granted = frozenset(name for record in run.proof for name in record.granted)
    is_layer = run.system.mechanism != "none"
    return [*unproven(Shown(run.system.id, is_layer, run.device.sm_count, run.device.memory_bytes, checks, granted))]


def never_asked(run: Run) -> str:
    """Why no tenant was asked for its proof."""
    cut = run.status in ("running", "interrupted", "out-of-time")
    return f"its run {run.ending} before a tenant was asked for its proof" if cut else "it was asked for nothing"


def is_strong(check: Check, shown: Shown) -> bool:
    """Whether a check that passed would have failed for want of the layer."""
    first, _, rest = check.name.partition(".")
    if first in FEATURES and rest:
        first = rest.partition(".")[0]
        if first in SAID:
            return False
    if not check.passed or first in WEAK:
        return False
    return not shown.is_layer or not is_natives(check, first, shown)


def is_natives(check: Check, kind: str, shown: Shown) -> bool:
    """Whether a native tenant shows the same: the driver's own functions, the whole device."""
    if kind.startswith("served_by") and kind != "served_by_any":
        return PurePath(check.found).name.startswith("libcuda.so")
    whole = {"sm_count": str(shown.sm_count), "memory_total": str(shown.memory_bytes)}
    return check.found == whole.get(kind)


def shows_limit(check: Check, kind: str, shown: Shown) -> bool:
    """Whether a check shows a limit by what it does.

    A probe that was not slowed shows that it does not bind, which is a result, and said first.
    """
    feature, _, name = check.name.partition(".")
    if not feature.startswith(f"{kind}-") or name not in EFFECTS[kind]:
        return False
    return name == "slowed" or (check.passed and not is_natives(check, name, shown))
