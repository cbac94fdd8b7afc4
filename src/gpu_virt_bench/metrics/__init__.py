"""The metrics, one module per category. The modules' namespaces are the registry."""

from __future__ import annotations

import pkgutil
from importlib import import_module, metadata
from types import ModuleType

from gpu_virt_bench.model.metric import Metric

GROUP = "gpu_virt_bench.metrics"


def modules() -> list[ModuleType]:
    """This package's modules and those that other packages name in the entry-point group."""
    own = [import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)]
    others = [entry.load() for entry in metadata.entry_points(group=GROUP)]
    return own + [module for module in others if isinstance(module, ModuleType)]


def collect(found: list[ModuleType]) -> dict[str, Metric]:
    """The metrics of some modules by id, in the order of their ids."""
    metrics: dict[str, tuple[str, Metric]] = {}
    for module in found:
        for name, value in vars(module).items():
            if not isinstance(value, Metric):
                continue
            if value.id in metrics and metrics[value.id][1] is not value:
                raise ValueError(f"metric {value.id} is declared twice: {metrics[value.id][0]}, {name}")
            metrics[value.id] = (name, value)
    return {key: metrics[key][1] for key in sorted(metrics)}


def load() -> dict[str, Metric]:
    """All metrics that are installed, by id."""
    return collect(modules())
