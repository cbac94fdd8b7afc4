"""The metrics, one module per category. The modules' namespaces are the registry.

Other packages name theirs in an entry-point group: a module for all that is in it, or one metric.
"""

from __future__ import annotations

import pkgutil
import warnings
from collections.abc import Mapping
from functools import cache
from importlib import import_module, metadata
from importlib.metadata import EntryPoint
from types import ModuleType

from gpu_virt_bench.model.metric import Metric
from gpu_virt_bench.model.plugin import left_out

GROUP = "gpu_virt_bench.metrics"


def modules() -> list[ModuleType]:
    """This package's own modules."""
    return [import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)]


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


def brought(entry: EntryPoint, known: Mapping[str, Metric]) -> dict[str, Metric]:
    """What another package has, a module or one metric; a broken one is named in a warning, and left out."""
    try:
        thing = entry.load()
        if not isinstance(thing, ModuleType | Metric):
            raise TypeError(f"it names a {type(thing).__name__}, expected a module with metrics, or one metric")
        found = collect([thing]) if isinstance(thing, ModuleType) else {thing.id: thing}
        for name in found:
            if name in known and known[name] is not found[name]:
                raise ValueError(f"metric {name} is declared twice, in {known[name].category} too")
    except (Exception, SystemExit) as error:  # noqa: BLE001  another's code
        warnings.warn(left_out(entry, error), stacklevel=1)
        return {}
    return found


@cache
def load() -> Mapping[str, Metric]:
    """All metrics that are installed, by id."""
    found = collect(modules())
    for entry in metadata.entry_points(group=GROUP):
        found |= brought(entry, found)
    return {key: found[key] for key in sorted(found)}
