"""Native tenants and proofs on the emulated GPU, with real processes."""

import ctypes
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pynvml
import pytest
from places import DEVICE, place, short_folder

from gpu_virt_bench import emulated
from gpu_virt_bench.model.run import Device
from gpu_virt_bench.model.system import Quota
from gpu_virt_bench.systems.active import Active
from gpu_virt_bench.systems.available import Here
from gpu_virt_bench.systems.journal import Journal
from gpu_virt_bench.systems.load import load
from gpu_virt_bench.systems.native import Native
from gpu_virt_bench.systems.proof.evidence import Driver
from gpu_virt_bench.systems.proof.outside import seen
from gpu_virt_bench.systems.proof.probes import iterations_per_millisecond
from gpu_virt_bench.systems.proof.prover import Prover
from gpu_virt_bench.systems.proof.verdict import activated, withdrawn

folder = pytest.fixture(short_folder)
MIB = 1 << 20
LIBRARIES = os.pathsep.join([str(emulated.LIBRARIES), os.environ.get("LD_LIBRARY_PATH", "")]).strip(os.pathsep)


@pytest.fixture
def envs(folder: Path) -> list[dict[str, str]]:
    """What leads a process to a small emulated GPU."""
    machine = emulated.make_machine(folder / "emulated", emulated.configuration("tiny", {}))
    return [{emulated.VARIABLE: str(machine), "LD_LIBRARY_PATH": LIBRARIES}]


@pytest.fixture
def native(envs: list[dict[str, str]], folder: Path) -> Iterator[Native]:
    found = Native(envs, folder)
    yield found
    found.close()
    assert found.problems == []
    assert Journal(folder).open() == []


def described(native: Native) -> tuple[Device, Driver]:
    """The device and its driver as a native tenant finds them."""
    with native.tenant() as tenant:
        facts = tenant.facts(["cuInit"])
    device, path = facts["device"], facts["served_by"]["cuInit"]
    found = replace(DEVICE, emulated=True, sm_count=device["sm_count"], memory_bytes=facts["memory_total"])
    return replace(found, uuid=device["uuid"], sm_clock_hz=device["sm_clock_hz"]), Driver(path, "unknown", True)


@dataclass
class Watched:
    """The emulated GPU by its NVML, and who of ours is on it."""

    tenants: list[int]
    started: list[int]
    lists_processes = True

    def __post_init__(self) -> None:
        self._handle = pynvml.nvmlDeviceGetHandleByIndex(0)

    def processes(self) -> list[int] | None:
        return [process.pid for process in pynvml.nvmlDeviceGetComputeRunningProcesses(self._handle)]

    def memory_used(self) -> int | None:
        return int(pynvml.nvmlDeviceGetMemoryInfo(self._handle).used)

    def ours(self) -> list[int]:
        return [*self.tenants, *self.started]

    def daemons(self) -> list[int]:
        return self.started


@pytest.fixture
def nvml(envs: list[dict[str, str]], monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Our own NVML looks at the emulated machine."""
    monkeypatch.setenv(emulated.VARIABLE, envs[0][emulated.VARIABLE])
    monkeypatch.setattr(pynvml, "nvmlLib", ctypes.CDLL(str(emulated.LIBRARIES / "libnvidia-ml.so.1")))
    pynvml._nvmlGetFunctionPointer_cache.clear()
    pynvml.nvmlInit()
    yield
    pynvml.nvmlShutdown()
    pynvml._nvmlGetFunctionPointer_cache.clear()


def test_a_native_tenant_starts_before_the_devices_are_known_and_leaves_nothing(native: Native, folder: Path) -> None:
    with native.tenant() as tenant:
        environment = Path(f"/proc/{tenant.process_id}/environ").read_bytes()
        assert f"CUDA_MPS_PIPE_DIRECTORY={folder}/native-1".encode() in environment
        assert "libcuda.so.1" in tenant.facts(["cuInit"])["served_by"]["cuInit"]
    assert not tenant.is_alive()


def test_the_probes_work_is_about_a_millisecond_of_the_device() -> None:
    assert iterations_per_millisecond(replace(DEVICE, sm_clock_hz=1_000_000_000)) == 15625  # 1e6 cycles, 64 a pass


def test_mps_is_proved_beside_a_native_tenant_and_each_is_alone(
    native: Native, envs: list[dict[str, str]], folder: Path, nvml: None
) -> None:
    device, driver = described(native)
    here = Here(system_preload=folder / "none")
    mps, single = (Active(load(name), [device], folder, None, envs, driver, here) for name in ("mps", "native"))
    quota = Quota(256 * MIB, 0.5)
    for system in (mps, single):
        system.setup()
    seats = [place(mps, folder / f"t{n}", quota, of=2) for n in (0, 1)] + [place(single, folder / "t2")]
    tenants = [seat.start(f"tenant-{n}") for n, seat in enumerate(seats)]
    for tenant in tenants:
        tenant.facts()
    outside = Watched([tenant.process_id for tenant in tenants], mps.daemons())
    prover = Prover(native, window_seconds=0.5)
    asked = [prover.ask(seat, tenant, outside) for seat, tenant in zip(seats, tenants, strict=True)]
    assert [check for one in asked for check in one.checks if not check.passed] == []
    assert {"memory-limit.refused_above", "compute-limit.sm_count"} <= {check.name for check in asked[0].checks}
    assert {"observer.alone", "observer.listed"} <= {check.name for check in asked[2].checks}
    assert asked[0].granted["compute_percent"] == "50"
    pair = prover.ask_pair((seats[0], tenants[0]), (seats[1], tenants[1]))
    assert [(check.name, check.passed) for check in pair] == [("overlap", True)]
    unknown = Watched([tenant.process_id for tenant in tenants[:2]], mps.daemons())
    lost = prover.ask(seats[2], tenants[2], unknown)
    assert [check.name for check in lost.checks if not check.passed] == ["observer.alone"]
    assert not activated(lost.checks) and withdrawn(lost.checks) == {}
    for seat, tenant in zip(seats, tenants, strict=True):
        assert seat.end(tenant) == []
    assert mps.teardown() == single.teardown() == []


def test_nobody_is_left_on_the_device_when_a_tenant_has_ended(native: Native, nvml: None) -> None:
    with native.tenant() as tenant:
        tenant.facts()
        here = seen(Watched([tenant.process_id], []), tenant.process_id, None)
        assert here is not None and list(here.processes) == [tenant.process_id]
    gone = seen(Watched([], []), tenant.process_id, None)
    assert gone is not None and gone.processes == []
