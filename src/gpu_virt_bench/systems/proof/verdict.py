"""What follows from a tenant's checks: whether the layer is in force, and which of its features are."""

from __future__ import annotations

from collections.abc import Sequence

from gpu_virt_bench.model.run import Check
from gpu_virt_bench.model.system import FEATURES, System


def feature_of(item: Check) -> str:
    """The feature that a check belongs to, "" if it belongs to the activation."""
    first = item.name.partition(".")[0]
    return first if first in FEATURES else ""


def activated(checks: Sequence[Check]) -> bool:
    """Whether the layer is in force: whatever is not under a feature's name must hold."""
    return all(item.passed for item in checks if not feature_of(item))


def withdrawn(checks: Sequence[Check]) -> dict[str, str]:
    """Features whose proof failed, each with the sentence that fails the metrics that need it."""
    failed = [item for item in checks if not item.passed and feature_of(item)]
    sentences: dict[str, list[str]] = {}
    for item in failed:
        sentences.setdefault(feature_of(item), []).append(explained(item))
    return {feature: f"{feature} not in force: {'; '.join(parts)}" for feature, parts in sentences.items()}


def only_unbound(checks: Sequence[Check], feature: str) -> bool:
    """Whether all that is wrong with a feature is that its limit does not bind: a result, and no refusal."""
    failed = [item.name for item in checks if not item.passed and feature_of(item) == feature]
    return failed == [f"{feature}.slowed"]


def explained(item: Check) -> str:
    """What a failed check found. A refusal's sentence stands for itself."""
    name = item.name.removeprefix(f"{feature_of(item)}.")
    if name == "slowed":
        return f"the limit does not bind: {item.found}, expected {item.expected}"
    return item.found if name in ("refused_above", "calls") else f"{name} is {item.found}, expected {item.expected}"


def refusal(system: System, checks: Sequence[Check]) -> str:
    """One sentence about the checks of the activation that failed."""
    failed = [item for item in checks if not item.passed and not feature_of(item)]
    serving = [item for item in checks if item.name.startswith("served_by")]
    if serving and serving[0].expected.startswith("/") and not any(item.passed for item in serving):
        # whatever else failed follows from it
        missed = f"{serving[0].expected} serves none of these functions, so it is not a layer, or no build of this one"
        return f"{system.id} is not in force: {missed}: {'; '.join(map(explained, serving))}"
    return f"{system.id} is not in force: {'; '.join(map(explained, failed))}"
