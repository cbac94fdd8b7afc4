"""`gpu-virt-bench doctor`: what can be measured here, and what a killed session left."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(name="doctor")
@click.option("--clean", is_flag=True, help="Undo what killed sessions left, by their journals.")
def command(clean: bool) -> None:
    """Say which devices and systems can be used here, and what killed sessions left.

    Exit status: 0 nothing is wrong; 1 killed sessions left something (without --clean) or it could not be undone.
    """
    for line in (*devices(), *systems()):
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


def devices() -> list[str]:
    """The GPUs, or why there is none."""
    from gpu_virt_bench.engine.observer import NoNvml, Observer, open_nvml

    try:
        nvml = open_nvml()
        observers = [Observer(nvml, index) for index in range(nvml.nvmlDeviceGetCount())]
    except NoNvml as error:
        return [f"devices: no NVIDIA GPU here ({error}); runs use the emulated one"]
    lines = []
    for observer in observers:
        found, state = observer.identity(), observer.state()
        busy = f", {len(state.processes)} processes on it" if state.processes else ""
        lines.append(f"devices: {found.index} {found.name}, driver {found.driver_version}, {found.uuid}{busy}")
    return lines or ["devices: NVML shows none; runs use the emulated one"]


def systems() -> list[str]:
    """Every shipped system, with what it lacks here."""
    from gpu_virt_bench.systems.available import availability
    from gpu_virt_bench.systems.load import load_all

    found = {system.id: availability(system) for system in load_all()}
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
