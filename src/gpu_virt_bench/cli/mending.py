"""Errors that the user can mend, as the command line says them."""

from __future__ import annotations

import click


def wrong_use(error: Exception) -> Exception:
    """An error that the user can mend, as a sentence; any other error as it is."""
    from gpu_virt_bench.conform.recorded import RecordError
    from gpu_virt_bench.emulated import EmulationError
    from gpu_virt_bench.engine.device import DeviceError
    from gpu_virt_bench.engine.observer import NoNvml
    from gpu_virt_bench.engine.plan import PlanError
    from gpu_virt_bench.engine.session import Unmeasurable
    from gpu_virt_bench.policy import PolicyError
    from gpu_virt_bench.results import RunFileError
    from gpu_virt_bench.systems.available import Unavailable
    from gpu_virt_bench.systems.variables import DefinitionError

    session = (EmulationError, DeviceError, NoNvml, PlanError, Unmeasurable, Unavailable, DefinitionError)
    if isinstance(error, (*session, PolicyError, RunFileError, RecordError)):
        return click.UsageError(str(error))
    if isinstance(error, OSError):
        return click.UsageError(f"{error.filename or 'the operating system'}: {error.strerror}")
    return error
