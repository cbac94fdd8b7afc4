"""The observer: NVML on the host, with no layer in its environment. What NVML will not say is None."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from gpu_virt_bench.model.link import Link
from gpu_virt_bench.model.run import DeviceState, now

Answer = TypeVar("Answer")

REASONS = {
    0x1: "idle",
    0x2: "applications-clocks",
    0x4: "power-cap",
    0x8: "hardware-slowdown",
    0x10: "sync-boost",
    0x20: "software-thermal",
    0x40: "hardware-thermal",
    0x80: "hardware-power-brake",
    0x100: "display-clocks",
}
COMPUTE_MODES = {0: "default", 1: "exclusive-thread", 2: "prohibited", 3: "exclusive-process"}
VIRTUALIZATION = {0: "none", 1: "passthrough", 2: "vgpu", 3: "host-vgpu", 4: "host-vsga"}


class NoNvml(Exception):
    """NVML is missing or will not start; says why."""


def open_nvml(library: Path | None = None) -> Any:  # noqa: ANN401
    """The pynvml module, initialized; with a library of ours instead of the system's if one is given."""
    import pynvml

    if library is not None:
        pynvml.nvmlLib = ctypes.CDLL(str(library))
        pynvml._nvmlGetFunctionPointer_cache.clear()
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError as error:
        raise NoNvml(str(error)) from None
    return pynvml


def real_gpus() -> tuple[list[Observer], str]:
    """Every GPU of this machine, by its index; or none, and why."""
    try:
        nvml = open_nvml()
        return [Observer(nvml, index) for index in range(nvml.nvmlDeviceGetCount())], "NVML shows no device"
    except NoNvml as error:
        return [], str(error)


def parts(nvml: Any) -> list[Observer]:  # noqa: ANN401
    """Every device, and of one that is cut into MIG instances its instances, in NVML's order."""
    found: list[Observer] = []
    for index in range(nvml.nvmlDeviceGetCount()):
        device = nvml.nvmlDeviceGetHandleByIndex(index)
        found += [Observer(nvml, len(found), handle) for handle in instances(nvml, device) or [device]]
    return found


def instances(nvml: Any, device: Any) -> list[Any]:  # noqa: ANN401
    """The MIG instances of a device; none where MIG is off, or not known."""
    try:
        if not nvml.nvmlDeviceGetMigMode(device)[0]:
            return []
        most = nvml.nvmlDeviceGetMaxMigDeviceCount(device)
    except nvml.NVMLError:
        return []
    found = []
    for k in range(most):
        try:
            found.append(nvml.nvmlDeviceGetMigDeviceHandleByIndex(device, k))
        except nvml.NVMLError:
            continue  # instances need not be numbered without gaps
    return found


@dataclass(frozen=True)
class Identity:
    """What NVML says about a device that does not change."""

    index: int
    uuid: str
    name: str
    pci_bus: str
    driver_version: str
    memory_bytes: int


class Observer:
    """One device as NVML sees it."""

    def __init__(self, nvml: Any, index: int, handle: Any = None) -> None:  # noqa: ANN401
        """`handle` names a MIG instance of a device; without it the device of that index is meant."""
        self._nvml = nvml
        self._handle = handle if handle is not None else nvml.nvmlDeviceGetHandleByIndex(index)
        self._index = index

    def close(self) -> None:
        """Lets NVML go: the next session may look at another device."""
        self._ask(self._nvml.nvmlShutdown)

    def _ask(self, question: Callable[[], Answer]) -> Answer | None:
        """The answer, None if this device or driver has none."""
        try:
            return question()
        except (self._nvml.NVMLError, AttributeError):
            return None

    def identity(self) -> Identity:
        """Name, UUID, place and driver."""
        nvml, handle = self._nvml, self._handle
        return Identity(
            self._index,
            text(nvml.nvmlDeviceGetUUID(handle)),
            text(nvml.nvmlDeviceGetName(handle)),
            text(nvml.nvmlDeviceGetPciInfo(handle).busId).lower()[-12:],
            text(nvml.nvmlSystemGetDriverVersion()),
            int(nvml.nvmlDeviceGetMemoryInfo(handle).total),
        )

    def processes(self) -> list[int] | None:
        """Pids with a compute context on the device."""
        found = self._ask(lambda: self._nvml.nvmlDeviceGetComputeRunningProcesses(self._handle))
        return None if found is None else sorted(process.pid for process in found)

    def memory_used(self) -> int | None:
        """Bytes of device memory in use, by anybody."""
        return self._ask(lambda: int(self._nvml.nvmlDeviceGetMemoryInfo(self._handle).used))

    def throttle_mask(self) -> int | None:
        """The bits of the throttle reasons."""
        return self._ask(lambda: int(self._nvml.nvmlDeviceGetCurrentClocksThrottleReasons(self._handle)))

    def sm_clock(self) -> int | None:
        """The SM clock in Hz."""
        return mega(self._ask(lambda: self._nvml.nvmlDeviceGetClockInfo(self._handle, self._nvml.NVML_CLOCK_SM)))

    def link(self) -> Link | None:
        """The link to the host; an idle one may show a low generation."""
        nvml, handle = self._nvml, self._handle

        def ask() -> Link:
            return Link(
                int(nvml.nvmlDeviceGetCurrPcieLinkGeneration(handle)),
                int(nvml.nvmlDeviceGetCurrPcieLinkWidth(handle)),
                int(nvml.nvmlDeviceGetMaxPcieLinkGeneration(handle)),
                int(nvml.nvmlDeviceGetMaxPcieLinkWidth(handle)),
            )

        return self._ask(ask)

    def state(self) -> DeviceState:
        """Everything that may move a result, now."""
        nvml, handle, ask = self._nvml, self._handle, self._ask
        mask = self.throttle_mask()
        power, limit = (
            ask(lambda: nvml.nvmlDeviceGetPowerUsage(handle)),
            ask(lambda: nvml.nvmlDeviceGetEnforcedPowerLimit(handle)),
        )
        load = ask(lambda: nvml.nvmlDeviceGetUtilizationRates(handle).gpu)
        return DeviceState(
            at=now(),
            sm_clock_hz=self.sm_clock(),
            memory_clock_hz=mega(ask(lambda: nvml.nvmlDeviceGetClockInfo(handle, nvml.NVML_CLOCK_MEM))),
            temperature_celsius=ask(lambda: int(nvml.nvmlDeviceGetTemperature(handle, nvml.NVML_TEMPERATURE_GPU))),
            power_watts=None if power is None else power / 1000,
            power_limit_watts=None if limit is None else limit / 1000,
            throttle_reasons=None if mask is None else [name for bit, name in REASONS.items() if mask & bit],
            utilization=None if load is None else load / 100,
            memory_used_bytes=self.memory_used(),
            pcie_generation=ask(lambda: int(nvml.nvmlDeviceGetCurrPcieLinkGeneration(handle))),
            pcie_width=ask(lambda: int(nvml.nvmlDeviceGetCurrPcieLinkWidth(handle))),
            pcie_max_generation=ask(lambda: int(nvml.nvmlDeviceGetMaxPcieLinkGeneration(handle))),
            pcie_max_width=ask(lambda: int(nvml.nvmlDeviceGetMaxPcieLinkWidth(handle))),
            persistence=ask(lambda: ("disabled", "enabled")[nvml.nvmlDeviceGetPersistenceMode(handle)]),
            compute_mode=ask(lambda: COMPUTE_MODES[nvml.nvmlDeviceGetComputeMode(handle)]),
            mig_mode=ask(lambda: ("disabled", "enabled")[nvml.nvmlDeviceGetMigMode(handle)[0]]),
            ecc=ask(lambda: ("disabled", "enabled")[nvml.nvmlDeviceGetEccMode(handle)[0]]),
            virtualization=ask(lambda: VIRTUALIZATION[nvml.nvmlDeviceGetVirtualizationMode(handle)]),
            processes=self.processes(),
        )


def text(value: str | bytes) -> str:
    """NVML strings are bytes in old versions of pynvml."""
    return value.decode() if isinstance(value, bytes) else value


def mega(value: int | None) -> int | None:
    """MHz to Hz."""
    return None if value is None else int(value) * 1_000_000
