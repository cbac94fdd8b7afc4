"""The metrics, one module per category. The modules' namespaces are the registry.

Other packages name theirs in an entry-point group: a module for all that is in it, or one metric.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module, metadata
from types import ModuleType

from gpu_virt_bench.model.metric import Metric

GROUP = "gpu_virt_bench.metrics"


def modules() -> list[ModuleType]:
    """This package's modules and those that other packages name in the entry-point group."""
    own = [import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)]
    return own + [named(entry) for entry in metadata.entry_points(group=GROUP)]


def named(entry: metadata.EntryPoint) -> ModuleType:
    """The module of an entry point; of one that names a metric, a module that holds it alone."""
    found = entry.load()
    if isinstance(found, ModuleType):
        return found
    if not isinstance(found, Metric):
        raise TypeError(
            f"the entry point {entry.name} = {entry.value!r} of {GROUP} is a {type(found).__name__}, expected a module "
            f"or a metric: 'package.module' or 'package.module:metric'"
        )
    module = ModuleType(entry.module)
    setattr(module, entry.attr.rpartition(".")[2], found)
    return module


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
