"""A tenant: a process started by exec inside the system, and the harness's handle on it.

The handle's names are loaded on first use, since the process itself imports this package and must start fast.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gpu_virt_bench.tenant.command import argv
    from gpu_virt_bench.tenant.handle import Running, Tenant, together

__all__ = ["Running", "Tenant", "argv", "together"]

_HOMES = {"argv": "command", "Running": "handle", "Tenant": "handle", "together": "handle"}


def __getattr__(name: str) -> Any:  # noqa: ANN401
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"gpu_virt_bench.tenant.{_HOMES[name]}"), name)
