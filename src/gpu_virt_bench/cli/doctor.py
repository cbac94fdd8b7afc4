"""`gpu-virt-bench doctor`: what can be measured here, and what a killed session left."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gpu_virt_bench.model.text import counted

if TYPE_CHECKING:
    from gpu_virt_bench.engine.observer import Observer


@click.command(name="doctor")
@click.option("--clean", is_flag=True, help="Undo what killed sessions left, by their journals.")
def command(clean: bool) -> None:
    """Say which devices and systems can be used here, and what killed sessions left.

    Exit status: 0 nothing is wrong; 1 killed sessions left something (without --clean) or it could not be undone.
    """
    from gpu_virt_bench.engine.observer import real_gpus

    gpus, why = real_gpus()
    for line in devices(gpus) or [f"devices: no NVIDIA GPU here ({why}); runs use the emulated one"]:
        click.echo(line)
    for line in systems(emulated=not gpus):
        click.echo(line)
    left = leftovers()
    if not left:
        click.echo("sessions: nothing was left behind")
        return
    for path in left:
        click.echo(f"sessions: {path} was left by a harness that is gone")
    if not clean:
        click.echo("`gpu-virt-bench doctor --clean` undoes it; so does the next run")
        raise SystemExit(1)
    raise SystemExit(undo())


def devices(observers: Sequence[Observer]) -> list[str]:
    """The GPUs, a line each."""
    lines = []
    for observer in observers:
        found, state = observer.identity(), observer.state()
        busy = f", {counted(len(state.processes), 'process', 'processes')} on it" if state.processes else ""
        lines.append(f"devices: {found.index} {found.name}, driver {found.driver_version}, {found.uuid}{busy}")
    return lines


def systems(emulated: bool) -> list[str]:
    """Every shipped system, with what it lacks here; the emulated GPU brings some programs."""
    from gpu_virt_bench.systems.available import Here, availability, with_programs
    from gpu_virt_bench.systems.load import load_all

    here = Here(path=with_programs() if emulated else None)
    found = {system.id: availability(system, here) for system in load_all()}
    return [f"system {name}: {'unavailable: ' + reason if reason else 'available'}" for name, reason in found.items()]


def leftovers() -> list[Path]:
    """Directories of sessions whose harness is gone."""
    from gpu_virt_bench.engine.folder import dead

    return dead()


def undo() -> int:
    """Undoes them; says what did not work, and returns the exit status."""
    from gpu_virt_bench.engine.folder import sweep

    problems = sweep()
    for problem in problems:
        click.echo(f"sessions: {problem}", err=True)
    click.echo("sessions: undone" if not problems else "sessions: not everything could be undone")
    return 1 if problems else 0
