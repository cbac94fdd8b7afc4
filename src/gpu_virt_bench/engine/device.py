"""Which device is measured, and what its processes need in their environment."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gpu_virt_bench import emulated
from gpu_virt_bench.engine.host import numa_node
from gpu_virt_bench.engine.observer import Observer, open_nvml, real_gpus
from gpu_virt_bench.model.run import Device
from gpu_virt_bench.tenant.protocol import Message


class DeviceError(Exception):
    """No such device, or it cannot be used; says what was found and what is expected."""


@dataclass(frozen=True)
class Target:
    """The device to measure: `env` leads a process to it, `observer` sees it from outside (None without NVML)."""

    index: int
    uuid: str | None
    env: Mapping[str, str]
    observer: Observer | None
    profile: str | None = None
    emulation: Mapping[str, str | int | float] = field(default_factory=dict)
    note: str = ""

    @property
    def is_emulated(self) -> bool:
        """Whether it is the emulated GPU, chosen by us."""
        return self.profile is not None


def choose(wanted: str, emulate: Mapping[str, str], folder: Path) -> Target:
    """The device that `--device` names: auto, an index, a UUID, emulated or emulated:PROFILE."""
    kind, _, profile = wanted.partition(":")
    if kind == "emulated":
        return emulated_target(profile or "h200", emulate, folder)
    if emulate and wanted != "auto":
        raise DeviceError(f"--emulate is for the emulated GPU, but --device is {wanted}; use --device emulated")
    if emulate:
        return emulated_target("h200", emulate, folder)
    observers, why = real_gpus()
    if wanted == "auto" and not observers:
        note = f"no NVIDIA GPU here ({why}): measuring the emulated GPU"
        return emulated_target("h200", {}, folder, note)
    if not observers:
        raise DeviceError(f"no device {wanted!r}: {why}; --device emulated needs no GPU")
    return real_target(observers, wanted)


def emulated_target(profile: str, emulate: Mapping[str, str], folder: Path, note: str = "") -> Target:
    """The emulated GPU, as a machine of its own in `folder`."""
    values = emulated.configuration(profile, emulate)
    machine = emulated.make_machine(folder / "emulated", values)
    os.environ[emulated.VARIABLE] = str(machine)  # our own NVML reads the same machine
    nvml = open_nvml(emulated.LIBRARIES / "libnvidia-ml.so.1")
    paths = filter(None, (str(emulated.LIBRARIES), os.environ.get("LD_LIBRARY_PATH")))
    env = {emulated.VARIABLE: str(machine), "LD_LIBRARY_PATH": ":".join(paths)}
    observer = Observer(nvml, 0)
    return Target(0, observer.identity().uuid, env, observer, profile, values, note)


def real_target(observers: Sequence[Observer], wanted: str) -> Target:
    """A device of this machine."""
    uuids = [observer.identity().uuid for observer in observers]
    if wanted == "auto":
        index = 0
    elif re.fullmatch(r"\d+", wanted):
        index = int(wanted)
    else:
        index = uuids.index(wanted) if wanted in uuids else len(uuids)
    if index >= len(uuids):
        there = ", ".join(f"{i} = {uuid}" for i, uuid in enumerate(uuids))
        raise DeviceError(f"no device {wanted!r}; there are {there}, auto, emulated and emulated:PROFILE")
    env = {"CUDA_VISIBLE_DEVICES": uuids[index], "CUDA_DEVICE_ORDER": "PCI_BUS_ID"}
    return Target(index, uuids[index], env, observers[index])


def describe(target: Target, facts: Message) -> Device:
    """The device's record from a native tenant's facts and from NVML."""
    seen = facts["device"]
    identity = target.observer.identity() if target.observer is not None else None
    bus = identity.pci_bus if identity else str(seen["pci_bus"]).lower()
    major, minor = divmod(int(seen["compute_capability"]), 10)
    return Device(
        name=seen["name"],
        uuid=seen["uuid"],
        emulated=target.is_emulated or emulated.is_emulated(facts["served_by"]["cuInit"]),
        index=target.index,
        pci_bus=bus,
        numa_node=numa_node(bus),
        compute_capability=f"{major}.{minor}",
        sm_count=seen["sm_count"],
        threads_per_sm=seen["threads_per_sm"],
        memory_bytes=facts["memory_total"],
        l2_bytes=seen["l2_bytes"],
        memory_clock_hz=seen["memory_clock_hz"],
        memory_bus_bits=seen["memory_bus_bits"],
        sm_clock_hz=seen["sm_clock_hz"],
        driver_version=identity.driver_version if identity else "unknown",
        cuda_driver_version=seen["driver_version"],
        profile=target.profile,
        emulation=dict(target.emulation),
    )
