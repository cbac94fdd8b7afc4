"""`gpu-virt-bench list`: what there is."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import click

from gpu_virt_bench.cli.settings import printed, write, written

KINDS = ("metrics", "systems", "suites", "policies", "devices", "emulator")
Rows = list[dict[str, Any]]


@click.command(name="list")
@click.argument("kind", type=click.Choice(KINDS))
@click.option("--device", metavar="emulated:PROFILE", help="Of `emulator`: with that profile's values.  [h200]")
@click.option("--json", "as_json", is_flag=True, hidden=True)
@written("json")
def command(kind: str, device: str | None, as_json: bool, form: str, output: Path | None) -> None:
    """List metrics, systems, suites, policies, devices or the emulated GPU's keys."""
    from gpu_virt_bench.cli.mending import wrong_use

    if device is not None and kind != "emulator":
        raise click.UsageError(f"--device is for `list emulator`, not for `list {kind}`")
    try:
        rows = ROWS[kind]() if device is None else emulator(device)
    except Exception as error:
        raise wrong_use(error) from None
    if as_json or form == "json":
        from gpu_virt_bench.report.envelope import envelope

        write(envelope("list", rows), output)
        return
    from gpu_virt_bench.report.keys import print_keys
    from gpu_virt_bench.report.text import print_table

    printed(partial(print_keys if kind == "emulator" else print_table, rows), output)


def metrics() -> Rows:
    """Every metric with its unit, direction and parameters."""
    from gpu_virt_bench.metrics import load

    return [
        {
            "id": m.id,
            "title": m.title,
            "unit": m.unit,
            "better": m.better,
            "category": m.category,
            "parameters": "; ".join(f"{name} = {values}" for name, values in m.described.items()),
        }
        for m in load().values()
    ]


def systems() -> Rows:
    """Every shipped system with its features."""
    from gpu_virt_bench.systems.load import load_all

    return [
        {"id": s.id, "title": s.title, "mechanism": s.mechanism, "features": ", ".join(s.features)} for s in load_all()
    ]


def suites() -> Rows:
    """Every suite."""
    from gpu_virt_bench.engine.plan import load_suite, suites

    found = {name: load_suite(name) for name in suites()}
    return [
        {
            "name": name,
            "repetitions": f"{s.repetitions} to {s.max_repetitions}",
            "parameters": s.parameters,
            "description": s.description,
        }
        for name, s in found.items()
    ]


def policies() -> Rows:
    """Every shipped policy."""
    from gpu_virt_bench import policy

    found = {name: policy.load(Path(name)) for name in policy.policies()}
    return [
        {
            "name": name,
            "title": p.title,
            "margin": f"{100 * p.margin.ratio:g} %",
            "regressions that pass": p.gate.regressions,
        }
        for name, p in found.items()
    ]


def devices() -> Rows:
    """The GPUs of this machine, and the profiles of the emulated one."""
    from gpu_virt_bench.emulated import profiles
    from gpu_virt_bench.engine.observer import real_gpus

    gpus, why = real_gpus()
    if not gpus:
        click.echo(f"no NVIDIA GPU here: {why}", err=True)
    rows: Rows = [
        {"device": str(found.index), "name": found.name, "uuid": found.uuid, "driver": found.driver_version}
        for found in (gpu.identity() for gpu in gpus)
    ]
    rows += [
        {
            "device": f"emulated:{name}",
            "name": f"{name} (emulated); emulated:{name}xN has N of them, at most 8",
            "uuid": "",
            "driver": "",
        }
        for name in profiles()
    ]
    return rows


def emulator(device: str = "emulated") -> Rows:
    """Every key of `--emulate` with its value under a profile, its range and its meaning; a family of keys once."""
    from gpu_virt_bench.emulated import DEFAULT, FAMILIES, EmulationError, configuration, keys, machine

    kind, _, words = device.partition(":")
    if kind != "emulated":
        raise EmulationError(f"--device is {device!r}, expected emulated:PROFILE")
    profile, settings = machine(words or DEFAULT)
    values = configuration(profile, settings)
    rows: Rows = [
        {
            "key": k.name,
            "default": str(values.get(k.name, k.default)),
            "range": k.range,
            "unit": k.unit,
            "meaning": k.meaning,
        }
        for k in keys().values()
    ]
    rows += [
        {"key": f"{name}.API", "default": "", "range": "", "unit": "", "meaning": text}
        for name, text in FAMILIES.items()
    ]
    return rows


ROWS = {
    "metrics": metrics,
    "systems": systems,
    "suites": suites,
    "policies": policies,
    "devices": devices,
    "emulator": emulator,
}
