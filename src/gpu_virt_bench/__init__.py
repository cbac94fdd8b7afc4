"""GPU-Virt-Bench: what GPU virtualization costs, and how well it isolates.

The names a metric author needs; everything else has its own module. Loaded on first use, since a tenant
imports this package too and must start fast.
"""

from gpu_virt_bench._version import __version__

TYPE_CHECKING = False  # as of `typing`, whose import takes longer than all else before Ctrl-C is heard
if TYPE_CHECKING:
    from gpu_virt_bench.model.metric import Bench, Death, Metric, Samples, Share, Skip, metric
    from gpu_virt_bench.model.system import Quota
    from gpu_virt_bench.model.workload import Series, Workload

__all__ = [
    "Bench",
    "Death",
    "Metric",
    "Quota",
    "Samples",
    "Series",
    "Share",
    "Skip",
    "Workload",
    "__version__",
    "metric",
]

_HOMES = {
    "Bench": "metric",
    "Metric": "metric",
    "Death": "metric",
    "Share": "metric",
    "Samples": "metric",
    "Skip": "metric",
    "metric": "metric",
    "Quota": "system",
    "Series": "workload",
    "Workload": "workload",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"gpu_virt_bench.model.{_HOMES[name]}"), name)
