"""What a prover asks of tenants, native ones and the observer, and the checks that come of it."""

import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from places import GIB, LIMITS, definition, in_use, place, short_folder

from gpu_virt_bench.model.run import Check
from gpu_virt_bench.model.system import FULL, Quota
from gpu_virt_bench.model.workload import Series, Workload
from gpu_virt_bench.systems.active import Active
from gpu_virt_bench.systems.load import load
from gpu_virt_bench.systems.proof.prover import Prover
from gpu_virt_bench.systems.proof.verdict import activated, refusal, withdrawn
from gpu_virt_bench.systems.seat import Seat

folder = pytest.fixture(short_folder)
MIB = 1 << 20
FACTS: dict[str, Any] = {
    "functions": [],
    "served_by": {},
    "served_by_query": {},
    "mapped": [],
    "env": {},
    "memory_total": 4 * GIB,
    "device": {"sm_count": 33, "uuid": "GPU-1", "name": "GPU"},
}


@dataclass(eq=False)
class FakeTenant:
    """A tenant that gets memory up to a limit, and does a number of launches per second; `open_calls` know no limit."""

    name: str = "t0"

    pid: int = 42
    process_id: int = 42
    limit: int = 80 * GIB
    open_calls: tuple[tuple[str, str], ...] = ()
    rate: int = 100
    facts_given: Mapping[str, Any] = field(default_factory=lambda: FACTS)
    device: list[int] = field(default_factory=lambda: [0])
    held: list[int] = field(default_factory=lambda: [0])
    asked: list[Workload] = field(default_factory=list)

    def facts(self, symbols: object, env: object) -> Mapping[str, Any]:
        return self.facts_given

    def stderr(self) -> str:
        return ""

    def run(self, workload: Workload) -> Series:
        self.asked.append(workload)
        size = int(workload.args.get("bytes", 0))
        if workload.routine == "try_alloc":
            is_open = (workload.args["api"], workload.args["resolution"]) in self.open_calls
            is_given = is_open or self.held[0] + size <= self.limit
            self.held[0] += size * int(workload.args["keep"]) * is_given
            return Series({"code": (0 if is_given else 2,)}, 0, 1)
        if workload.routine == "probe":
            self.device[0] += size
            return Series({}, 0, 1)
        notes = {"rows_left_out": 0, "launches_per_row": 1}
        return Series({"done": tuple(range(self.rate))}, 0, 10**9, notes)

    def release(self) -> None:
        self.device[0] = self.held[0] = 0


class FakeNative:
    """Native tenants, counted."""

    def __init__(self, tenant: FakeTenant) -> None:
        self.given = tenant
        self.gpus: list[int] = []
        self.problems: list[str] = []

    @contextmanager
    def tenant(self, gpu: int = 0) -> Iterator[FakeTenant]:
        self.gpus.append(gpu)
        yield self.given


@dataclass
class FakeOutside:
    """A device as it is seen from outside."""

    on_it: list[int] | None = field(default_factory=lambda: [42])
    used: list[int] = field(default_factory=lambda: [0])
    lists_processes: bool = True

    def processes(self) -> list[int] | None:
        return self.on_it

    def memory_used(self) -> int | None:
        return self.used[0]

    def ours(self) -> list[int]:
        return [42]

    def daemons(self) -> list[int]:
        return []


def with_child(seat: Seat, child: FakeTenant) -> Seat:
    """A place whose tenant may start a second process."""
    seat.child = lambda name: child  # type: ignore[method-assign,assignment,return-value]
    seat.end = lambda tenant, grace=None: []  # type: ignore[method-assign]
    return seat


def ask(seat: Seat, tenant: FakeTenant, native: FakeNative | None = None, **more: Any) -> list[Check]:
    outside = more.pop("outside", FakeOutside())
    with_child(seat, more.pop("child", replace(tenant, asked=[])))
    prover = Prover(native or FakeNative(FakeTenant()))  # type: ignore[arg-type]
    return prover.ask(seat, tenant, outside, **more).checks  # type: ignore[arg-type]


PROOF = {
    "command": {"run": ["cat", "{session_dir}/clients"], "expect": "(?m)^{pid}$"},
    "overlap": "never",
    "memory-limit": {"memory_total": "{memory_bytes}", "refused_above": "{memory_bytes}"},
    "compute-limit": {"sm_count": {"at_most": "{compute_sms}"}, "slowed": {"probe": "many-blocks"}},
}


@pytest.fixture
def proved(folder: Path) -> Iterator[Active]:
    with in_use(folder, definition(**LIMITS, proof=PROOF)) as system:
        (folder / "s0" / "clients").write_text("41\n42\n")
        yield system


def names(checks: list[Check]) -> list[str]:
    return [check.name for check in checks]


def test_without_a_quota_only_the_activation_is_asked(proved: Active, folder: Path) -> None:
    native = FakeNative(FakeTenant())
    assert names(ask(place(proved, folder / "t0"), FakeTenant(), native, slowed=True)) == ["foreign_layers", "command"]
    assert native.gpus == []


def test_with_a_quota_its_checks_come_under_the_features_name(proved: Active, folder: Path) -> None:
    native = FakeNative(FakeTenant())
    tenant = FakeTenant(limit=4 * GIB)
    prover = Prover(native)  # type: ignore[arg-type]
    asked = prover.ask(place(proved, folder / "t0", Quota(memory_bytes=4 * GIB)), tenant, FakeOutside())  # type: ignore[arg-type]
    assert names(asked.checks)[2:] == ["memory-limit.memory_total", "memory-limit.refused_above"]
    assert all(check.passed for check in asked.checks)
    sizes = [2 * GIB, 4 * GIB + 256 * MIB]
    asked_of = [(work.args["bytes"], work.args["resolution"]) for work in tenant.asked]
    assert asked_of == [(size, way) for size in sizes for way in ("handle", "query")]
    assert [work.args["bytes"] for work in native.given.asked] == sizes
    assert asked.granted == {
        "memory_bytes": str(4 * GIB), "memory_mib": "4096", "memory_total": str(4 * GIB), "sm_count": "33"
    }  # fmt: skip


def test_what_a_native_tenant_gets_is_asked_once_per_session(proved: Active, folder: Path) -> None:
    native = FakeNative(FakeTenant())
    prover = Prover(native)  # type: ignore[arg-type]
    for number in range(3):
        seat = with_child(place(proved, folder / f"t{number}", Quota(4 * GIB, 0.25)), FakeTenant(limit=4 * GIB))
        prover.ask(seat, FakeTenant(limit=4 * GIB), FakeOutside(), slowed=True)  # type: ignore[arg-type]
    assert len(native.gpus) == 4  # two sizes, one rate, every call


def test_a_native_tenant_that_is_refused_too_withdraws_the_limit(proved: Active, folder: Path) -> None:
    seat = place(proved, folder / "t0", Quota(memory_bytes=4 * GIB))
    checks = ask(seat, FakeTenant(limit=4 * GIB), FakeNative(FakeTenant(limit=4 * GIB)))
    assert withdrawn(checks) == {"memory-limit": "memory-limit not in force: a native tenant is refused too, with 2"}


def test_a_limit_that_does_not_bind_withdraws_its_feature_alone(proved: Active, folder: Path) -> None:
    seat = place(proved, folder / "t0", Quota(4 * GIB, 0.25))
    checks = ask(seat, FakeTenant(rate=99), slowed=True)
    assert activated(checks)
    sentence = withdrawn(checks)["memory-limit"]
    assert sentence.startswith("memory-limit not in force: cuMemAlloc of quota + 256 MiB succeeded; open: cuMemAlloc, ")
    expected = "below 0.95 of the native rate under a share of 0.25"
    assert checks[-1] == Check("compute-limit.slowed", expected, "0.990 of the native rate", False)
    assert withdrawn(checks)["compute-limit"] == (
        f"compute-limit not in force: the limit does not bind: 0.990 of the native rate, expected {expected}"
    )


def the_calls(proved: Active, folder: Path, tenant: FakeTenant, child: FakeTenant) -> Check:
    """What is said of a limit through every call."""
    seat = place(proved, folder / "t0", Quota(memory_bytes=4 * GIB))
    checks = ask(seat, tenant, slowed=True, child=child)
    return next(check for check in checks if check.name == "memory-limit.calls")


LIMITED = FakeTenant(limit=4 * GIB)
BOTH = (("array", "handle"), ("array", "query"))


def test_a_limit_of_every_call_is_shut(proved: Active, folder: Path) -> None:
    found = the_calls(proved, folder, LIMITED, replace(LIMITED, held=[0]))
    assert found.passed
    assert found.found == (
        "refused by cuMemAlloc, cuMemAllocPitch, cuMemAllocManaged, cuMemAllocAsync, cuMemCreate, cuArrayCreate, "
        "cuMemAlloc in parts, in a second process too; each process has a limit of its own"
    )


def test_arrays_that_are_not_limited_are_told_and_the_limit_is_in_force(proved: Active, folder: Path) -> None:
    leaky = replace(LIMITED, open_calls=BOTH)
    found = the_calls(proved, folder, leaky, leaky)
    assert found.passed
    assert found.found.startswith("open: cuArrayCreate; refused by cuMemAlloc, ")


def test_a_main_door_that_is_open_in_a_second_process_is_no_limit(proved: Active, folder: Path) -> None:
    found = the_calls(proved, folder, LIMITED, FakeTenant())
    assert not found.passed
    assert found.found.startswith("open: cuMemAlloc in a second process, ")


def test_a_main_door_that_is_open_in_one_way_is_no_limit(proved: Active, folder: Path) -> None:
    half = replace(LIMITED, open_calls=(("cuMemAlloc_v2", "query"),))
    found = the_calls(proved, folder, half, half)
    assert not found.passed
    assert found.found.startswith("open: cuMemAlloc by cuGetProcAddress, cuMemAlloc in parts by cuGetProcAddress; ")


def test_the_rate_under_a_quota_is_taken_only_where_it_is_asked_for(proved: Active, folder: Path) -> None:
    tenant = FakeTenant()
    checks = ask(place(proved, folder / "t0", Quota(compute_share=0.25)), tenant)
    assert "compute-limit.slowed" not in names(checks) and tenant.asked == []


def test_a_client_that_the_daemon_does_not_list_fails_the_activation(proved: Active, folder: Path) -> None:
    assert activated(ask(place(proved, folder / "t0"), FakeTenant(pid=41)))
    assert not activated(ask(place(proved, folder / "t0"), FakeTenant(pid=4)))


def test_a_library_of_another_layer_fails_the_activation(proved: Active, folder: Path) -> None:
    checks = ask(place(proved, folder), FakeTenant(facts_given={**FACTS, "mapped": ["/opt/libvgpu.so"]}))
    assert refusal(proved.system, checks) == (
        "mine is not in force: foreign_layers is /opt/libvgpu.so, expected no library of another layer"
    )


OBSERVED = {"observer": {"alone": True, "listed": True, "memory": True}}


@pytest.fixture
def observed(folder: Path) -> Iterator[Seat]:
    with in_use(folder, definition(proof=OBSERVED)) as system:
        yield place(system, folder / "t0")


def test_a_tenants_memory_is_seen_from_outside_and_given_back(observed: Seat) -> None:
    device = [0]
    checks = ask(observed, FakeTenant(device=device), outside=FakeOutside(used=device))
    assert {check.name: check.passed for check in checks[1:]} == {
        "observer.alone": True,
        "observer.listed": True,
        "observer.memory": True,
    }
    assert device == [0]


def test_memory_that_is_not_the_devices_fails(observed: Seat) -> None:
    checks = ask(observed, FakeTenant(), outside=FakeOutside())
    assert [check.name for check in checks if not check.passed] == ["observer.memory"]


def test_a_process_of_others_on_the_device_fails(observed: Seat) -> None:
    device = [0]
    outside = FakeOutside(on_it=[42, 2**22 + 1], used=device)
    checks = ask(observed, FakeTenant(device=device), outside=outside)
    assert [check.name for check in checks if not check.passed] == ["observer.alone"]


@pytest.mark.parametrize("outside", [FakeOutside(lists_processes=False), FakeOutside(on_it=None)])
def test_an_observer_that_lists_no_processes_is_not_asked(observed: Seat, outside: FakeOutside) -> None:
    assert names(ask(observed, FakeTenant(), outside=outside)) == ["foreign_layers"]


def test_hami_core_is_proved_by_its_state_file(folder: Path) -> None:
    with in_use(folder, load("hami"), options={"library": "/opt/libvgpu.so"}) as system:
        seat = place(system, folder / "t0", Quota(compute_share=0.25))
        region = bytearray(2008952)
        for offset, form, value in ((0, "<i", 19920718), (8, "<I", 2), (1728, "<Q", 25), (1860, "<i", 99)):
            struct.pack_into(form, region, offset, value)
        (folder / "t0").mkdir()
        (folder / "t0" / "vgpu.cache").write_bytes(region)
        calls = dict.fromkeys(("cuMemAlloc_v2", "cuLaunchKernel", "cuMemAlloc"), "/opt/libvgpu.so")
        facts = {**FACTS, "served_by": calls, "served_by_query": calls, "mapped": ["/opt/libvgpu.so"]}
        checks = ask(seat, FakeTenant(facts_given=facts))
    assert [check.name for check in checks if not check.passed] == []
    assert len(checks) == 8


def test_a_tenant_without_a_quota_is_granted_what_it_sees(proved: Active, folder: Path) -> None:
    prover = Prover(FakeNative(FakeTenant()))  # type: ignore[arg-type]
    asked = prover.ask(place(proved, folder / "t0", FULL), FakeTenant(), FakeOutside())  # type: ignore[arg-type]
    assert asked.granted == {"memory_total": str(4 * GIB), "sm_count": "33"}
