"""Which device is measured, and what its processes need in their environment."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gpu_virt_bench import emulated
from gpu_virt_bench.engine.host import numa_node
from gpu_virt_bench.engine.observer import Observer, open_nvml, parts, real_gpus
from gpu_virt_bench.model.run import Device, DeviceState
from gpu_virt_bench.tenant.protocol import Message


class DeviceError(Exception):
    """No such device, or it cannot be used; says what was found and what is expected."""


@dataclass(frozen=True)
class Gpu:
    """One device to measure: `env` leads a process to it, `observer` sees it from outside (None without NVML)."""

    index: int
    uuid: str | None
    env: Mapping[str, str]
    observer: Observer | None


@dataclass(frozen=True)
class Target:
    """The devices to measure, in the order in which shares count them."""

    devices: Sequence[Gpu]
    profile: str | None = None
    emulation: Mapping[str, str | int | float] = field(default_factory=dict)
    note: str = ""

    @property
    def is_emulated(self) -> bool:
        """Whether they are emulated GPUs, chosen by us."""
        return self.profile is not None

    @property
    def envs(self) -> list[Mapping[str, str]]:
        """What leads a process to each device."""
        return [gpu.env for gpu in self.devices]

    def states(self) -> list[DeviceState]:
        """What NVML says of each device now; nothing without NVML."""
        return [gpu.observer.state() for gpu in self.devices if gpu.observer is not None]

    def close(self) -> None:
        """Lets NVML go."""
        for gpu in self.devices:
            if gpu.observer is not None:
                gpu.observer.close()


def choose(wanted: str, emulate: Mapping[str, str], folder: Path) -> Target:
    """The devices that `--device` names: auto, indices or UUIDs (0,1), emulated or emulated:PROFILE, of which
    emulated:PROFILExN has N.

    Raises DeviceError, EmulationError or NoNvml.
    """
    kind, _, machine = wanted.partition(":")
    if kind == "emulated":
        profile, count = emulated.machine(machine or emulated.DEFAULT)
        if count and "devices" in emulate:
            raise DeviceError(
                f"--device {wanted} and --emulate devices={emulate['devices']} both say how many: leave one"
            )
        return emulated_target(profile, {**count, **emulate}, folder)
    if emulate and wanted != "auto":
        raise DeviceError(f"--emulate is for the emulated GPU, but --device is {wanted}; use --device emulated")
    if emulate:
        return emulated_target(emulated.DEFAULT, emulate, folder)
    observers, why = real_gpus()
    if wanted == "auto" and not observers:
        note = f"no NVIDIA GPU here ({why}): measuring the emulated GPU"
        return emulated_target(emulated.DEFAULT, {}, folder, note)
    if not observers:
        raise DeviceError(f"no device {wanted!r}: {why}; --device emulated needs no GPU")
    return real_target(observers, "0" if wanted == "auto" else wanted)


def profile_of(wanted: str, emulate: Mapping[str, str]) -> str | None:
    """The profile of the emulated GPU that `choose` would choose; None for devices of this machine."""
    kind, _, machine = wanted.partition(":")
    is_emulated = kind == "emulated" or (wanted == "auto" and (bool(emulate) or not real_gpus()[0]))
    return emulated.machine(machine or emulated.DEFAULT)[0] if is_emulated else None


def emulated_target(profile: str, emulate: Mapping[str, str], folder: Path, note: str = "") -> Target:
    """The emulated GPUs, as a machine of their own in `folder`."""
    values = emulated.configuration(profile, emulate)
    machine = emulated.make_machine(folder / "emulated", values)
    os.environ[emulated.VARIABLE] = str(machine)  # our own NVML reads the same machine
    nvml = open_nvml(emulated.LIBRARIES / "libnvidia-ml.so.1")
    paths = filter(None, (str(emulated.LIBRARIES), os.environ.get("LD_LIBRARY_PATH")))
    env = {emulated.VARIABLE: str(machine), "LD_LIBRARY_PATH": ":".join(paths)}
    observers = parts(nvml)
    uuids = [observer.identity().uuid for observer in observers]
    ways = [env] if len(uuids) == 1 else [env | visible(uuid) for uuid in uuids]
    gpus = [Gpu(index, uuid, ways[index], observers[index]) for index, uuid in enumerate(uuids)]
    return Target(gpus, profile, values, note)


def real_target(observers: Sequence[Observer], wanted: str) -> Target:
    """Devices of this machine, each once."""
    uuids = [observer.identity().uuid for observer in observers]
    indices = [index_of(word.strip(), uuids) for word in wanted.split(",")]
    if len(set(indices)) < len(indices):
        raise DeviceError(f"--device {wanted} names one device twice")
    return Target([Gpu(i, uuids[i], visible(uuids[i]), observers[i]) for i in indices])


def index_of(word: str, uuids: Sequence[str]) -> int:
    """The index of a device by its index or UUID."""
    index = int(word) if re.fullmatch(r"\d+", word) else uuids.index(word) if word in uuids else len(uuids)
    if index >= len(uuids):
        there = ", ".join(f"{i} = {uuid}" for i, uuid in enumerate(uuids))
        raise DeviceError(f"no device {word!r}; there are {there}, auto, emulated and emulated:PROFILE[xN]")
    return index


def visible(uuid: str) -> dict[str, str]:
    """What leads a process to one device of this machine."""
    return {"CUDA_VISIBLE_DEVICES": uuid, "CUDA_DEVICE_ORDER": "PCI_BUS_ID"}


def describe(target: Target, gpu: Gpu, facts: Message) -> Device:
    """A device's record from a native tenant's facts and from NVML."""
    seen = facts["device"]
    identity = gpu.observer.identity() if gpu.observer is not None else None
    bus = identity.pci_bus if identity else str(seen["pci_bus"]).lower()
    major, minor = divmod(int(seen["compute_capability"]), 10)
    return Device(
        name=seen["name"],
        uuid=seen["uuid"],
        emulated=target.is_emulated or emulated.is_emulated(facts["served_by"]["cuInit"]),
        index=gpu.index,
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
