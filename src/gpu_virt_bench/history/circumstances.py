"""What a run file holds of the circumstances of a run: what may explain that a series changed."""

from __future__ import annotations

from pathlib import PurePath
from statistics import median
from zlib import crc32

from gpu_virt_bench.model.run import Device, DeviceState, Host, Measured, Plan, Run, Value

MEASURED = ("SM clock", "pace of the host's processors", "temperature")
"""Circumstances that are measured, and differ a little between any two runs."""
UNITS = {
    "SM clock": "Hz",
    "nominal SM clock": "Hz",
    "nominal memory clock": "Hz",
    "temperature": "degrees Celsius",
    "power limit": "W",
    "memory of the host": "B",
}
"""Units of those that have one."""
STATE = ("persistence", "compute_mode", "mig_mode", "ecc", "virtualization", "pcie_width")
DIGITS = 8
"""Of a digest, as it stands in a history."""

Circumstances = dict[str, Value]


def of_run(run: Run) -> Circumstances:
    """What all outcomes of a run were measured with and on, by name; what the file does not say is not in it."""
    found: dict[str, Value | None] = {
        **device(run.device),
        "GPU": ", ".join(one.uuid for one in run.devices),
        **(state(run.before[0]) if run.before else {}),
        **host(run.host),
        "tool version": run.tool_version,
        "libgvb ABI": run.libgvb_abi,
        **{PurePath(one.path).name: one.sha256[:DIGITS] for one in run.libraries},
        "definition of the system": f"{crc32(run.system.definition.encode()):0{DIGITS}x}",
        **{f"option {name}": value for name, value in run.system.options.items()},
        **{f"recorded {name}": value for name, value in run.recorded.items()},
        **plan(run.plan),
        "systems of the session": ", ".join(run.session.systems),
        "label": run.label,
    }
    return {name: value for name, value in found.items() if value not in (None, "")}


def device(found: Device) -> dict[str, Value | None]:
    """What is fixed of a device, beside its model."""
    return {
        "driver": found.driver_version,
        "CUDA version of the driver": found.cuda_driver_version,
        "nominal SM clock": found.sm_clock_hz,
        "nominal memory clock": found.memory_clock_hz,
    }


def state(before: DeviceState) -> dict[str, Value | None]:
    """The device before the first sample."""
    return {
        **{name.replace("_", " "): getattr(before, name) for name in STATE},
        "power limit": before.power_limit_watts,
        "temperature": before.temperature_celsius,
    }


def host(found: Host) -> dict[str, Value | None]:
    """The machine."""
    return {
        "CPU": found.cpu,
        "processors": found.cpu_count,
        "processors allowed": len(found.allowed_cpus),
        "memory of the host": found.memory_bytes,
        "kernel": found.kernel,
        "distribution": found.distribution,
        "hypervisor": found.hypervisor,
        "container": "yes" if found.container else None,
        "Python": found.python,
        "boot of the host": found.boot_id[:DIGITS],
    }


def plan(found: Plan) -> dict[str, Value | None]:
    """How much was measured; limits stand apart, since those that a system has make another series."""
    return {
        "suite": found.suite,
        "warm-up samples": found.settings.warmup,
        **{f"samples of {kind}": count for kind, count in found.settings.rounds.items()},
    }


def of_outcome(outcome: Measured) -> Circumstances:
    """What one outcome was measured with: its conditions, its clock in Hz, its host's pace (1 is undisturbed)."""
    taken = outcome.repetitions
    clocks = [clock for repetition in taken for clock in repetition.clocks_hz]
    paces = [pace for repetition in taken for pace in repetition.paces]
    return {
        **{f"condition {name}": value for name, value in outcome.conditions.items()},
        "taken in": " and ".join(sorted({repetition.taken for repetition in taken})),
        **({"SM clock": median(clocks)} if clocks else {}),
        **({"pace of the host's processors": median(paces)} if paces else {}),
    }
