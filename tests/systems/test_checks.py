"""Checks: what passes, what does not, and what follows."""

import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gpu_virt_bench import emulated
from gpu_virt_bench.model.run import Check
from gpu_virt_bench.model.system import Checks, FileField, Slowed, SmCount
from gpu_virt_bench.systems.load import load
from gpu_virt_bench.systems.proof import tables
from gpu_virt_bench.systems.proof.checks import check as checked
from gpu_virt_bench.systems.proof.evidence import Attempt, Driver, Evidence
from gpu_virt_bench.systems.proof.served import foreign_layers, served

MIB = 1 << 20
GIB = 1 << 30
LIBCUDA = "/usr/lib/libcuda.so.580.65"
DRIVER = Driver(LIBCUDA, "580.65")
FACTS: dict[str, Any] = {
    "served_by": {"cuInit": LIBCUDA, "cuMemAlloc_v2": "/opt/libvgpu.so", "cuLaunchKernel": LIBCUDA},
    "served_by_query": {"cuMemAlloc_v2": LIBCUDA},
    "mapped": [LIBCUDA, "/opt/libvgpu.so"],
    "env": {"LIMIT": "4096m"},
    "memory_total": 4 * GIB,
    "device": {"sm_count": 33, "uuid": "MIG-1", "name": "NVIDIA H200"},
}
EVIDENCE = Evidence(FACTS, DRIVER, device_sm_count=33, device_memory_bytes=4 * GIB)


def only(checks: Checks, evidence: Evidence = EVIDENCE) -> Check:
    (found,) = checked(checks, evidence)
    return found


@pytest.mark.parametrize(
    ("checks", "name", "passed", "found"),
    [
        (Checks(served_by={"cuLaunchKernel": "libcuda.so.1"}), "served_by.cuLaunchKernel", True, LIBCUDA),
        (Checks(served_by={"cuMemAlloc_v2": "libcuda.so.1"}), "served_by.cuMemAlloc_v2", False, "/opt/libvgpu.so"),
        (Checks(served_by={"cuMemAlloc_v2": "libvgpu.so"}), "served_by.cuMemAlloc_v2", True, "/opt/libvgpu.so"),
        (Checks(served_by={"cuMemAlloc_v2": "/a/libvgpu.so"}), "served_by.cuMemAlloc_v2", False, "/opt/libvgpu.so"),
        (Checks(served_by={"cuOther": "libvgpu.so"}), "served_by.cuOther", False, "nothing"),
        (Checks(served_by_query={"cuMemAlloc_v2": "libcuda.so.1"}), "served_by_query.cuMemAlloc_v2", True, LIBCUDA),
        (Checks(mapped=("libvgpu.so",)), "mapped.libvgpu.so", True, "mapped"),
        (Checks(mapped=("/a/libvgpu.so",)), "mapped./a/libvgpu.so", False, "not mapped"),
        (Checks(not_mapped=("libvgpu.so",)), "not_mapped.libvgpu.so", False, "mapped"),
        (Checks(env={"LIMIT": "^4096m$"}), "env.LIMIT", True, "4096m"),
        (Checks(env={"OTHER": "x"}), "env.OTHER", False, "nothing"),
        (Checks(memory_total=str(4 * GIB + 2 * MIB)), "memory_total", True, str(4 * GIB)),
        (Checks(memory_total=4 * GIB + 2 * MIB + 1), "memory_total", False, str(4 * GIB)),
        (Checks(sm_count=SmCount(equals="33")), "sm_count", True, "33"),
        (Checks(sm_count=SmCount(equals=40, slack=8)), "sm_count", True, "33"),
        (Checks(sm_count=SmCount(equals=32)), "sm_count", False, "33"),
        (Checks(sm_count=SmCount(at_most="25", slack=8)), "sm_count", True, "33"),
        (Checks(sm_count=SmCount(at_most=24, slack=8)), "sm_count", False, "33"),
        (Checks(device_uuid="^MIG-"), "device_uuid", True, "MIG-1"),
        (Checks(device_name="A100"), "device_name", False, "NVIDIA H200"),
    ],
)
def test_a_tenants_facts_are_checked(checks: Checks, name: str, passed: bool, found: str) -> None:
    check = only(checks)
    assert (check.name, check.passed, check.found) == (name, passed, found)


def test_a_whole_device_has_all_its_sms_and_memory() -> None:
    assert [check.passed for check in checked(Checks(full_device=True), EVIDENCE)] == [True, True]
    less = replace(EVIDENCE, device_sm_count=132)
    assert [check.passed for check in checked(Checks(full_device=True), less)] == [False, True]


def test_one_symbol_served_by_the_library_is_enough_where_any_will_do() -> None:
    wanted = {"cuMemAlloc_v2": "/opt/libvgpu.so", "cuLaunchKernel": "/opt/libvgpu.so"}
    check = only(Checks(served_by_any=wanted))
    assert check.passed
    assert check.found == (
        "cuMemAlloc_v2 by dlsym: /opt/libvgpu.so; cuMemAlloc_v2 by cuGetProcAddress, cuLaunchKernel by dlsym: "
        f"{LIBCUDA}; cuLaunchKernel by cuGetProcAddress: nothing"
    )
    assert not only(Checks(served_by_any={"cuLaunchKernel": "/opt/libvgpu.so"})).passed


@pytest.mark.parametrize(
    ("found", "driver", "mapped", "passed"),
    [
        ("/usr/lib/libcuda.so.580.65", DRIVER, [], True),
        ("/usr/lib/libcuda.so.575.1", DRIVER, [], False),
        ("/nowhere/libcuda.so.1", DRIVER, [], False),
        ("/nowhere/libcuda.so.1", DRIVER, ["/nowhere/libcuda.so.580.65"], True),
        ("/nowhere/libcuda.so.1", DRIVER, ["/elsewhere/libcuda.so.580.65"], False),
        ("/a/libcuda.so.1", Driver("/a/libcuda.so.1"), [], True),
        ("/b/libcuda.so.1", Driver("/a/libcuda.so.1"), [], False),
        (str(emulated.LIBRARIES / "libcuda.so.1"), Driver("", "580.65", emulated=True), [], True),
        (str(emulated.LIBRARIES / "libcuda.so.1"), DRIVER, [], False),
        ("/usr/lib/libcuda.so.580.65", Driver("", "580.65", emulated=True), [], False),
        ("", DRIVER, [], False),
    ],
)
def test_the_driver_is_the_file_of_nvmls_version_or_the_emulated_one(
    found: str, driver: Driver, mapped: list[str], passed: bool
) -> None:
    assert served("x", "libcuda.so.1", found, driver, mapped).passed is passed


def tried(*codes: int) -> list[Attempt]:
    return [Attempt(size, code) for size, code in zip((2 * GIB, 4 * GIB + 256 * MIB), codes, strict=False)]


@pytest.mark.parametrize(
    ("attempts", "control", "passed", "found"),
    [
        (tried(0, 2), tried(0, 0), True, "refused"),
        (tried(0, -1), tried(0, 0), True, "refused with -1 instead of CUDA_ERROR_OUT_OF_MEMORY"),
        (tried(0, 0), tried(0, 0), False, "cuMemAlloc of quota + 256 MiB succeeded"),
        (
            [*tried(0, 2), Attempt(4 * GIB + 256 * MIB, 0, "handle")],
            tried(0, 0),
            False,
            "cuMemAlloc of quota + 256 MiB succeeded when found by dlsym",
        ),
        (tried(2, 2), tried(0, 0), False, "cuMemAlloc of half the quota failed with 2"),
        (tried(0, 2), tried(0, 2), False, "a native tenant is refused too, with 2"),
        (tried(0, 2), [], False, "refused, but no native tenant tried the same"),
        ([], tried(0, 0), False, "cuMemAlloc was not tried"),
    ],
)
def test_a_memory_limit_needs_both_controls(attempts: list, control: list, passed: bool, found: str) -> None:
    check = only(Checks(refused_above=4 * GIB), replace(EVIDENCE, attempts=attempts, control=control))
    assert (check.passed, check.found) == (passed, found)


def test_the_sizes_to_try_are_half_and_above() -> None:
    assert tables.probes("4294967296") == (2 * GIB, 4 * GIB + 256 * MIB)


@pytest.fixture
def state(tmp_path: Path) -> str:
    path = tmp_path / "state"
    path.write_bytes(struct.pack("<iIqQ", -5, 2**32 - 1, -6, 2**64 - 1))
    return str(path)


@pytest.mark.parametrize(
    ("offset", "type", "value"), [(0, "i32", -5), (4, "u32", 2**32 - 1), (8, "i64", -6), (16, "u64", 2**64 - 1)]
)
def test_a_field_of_a_state_file_is_read(state: str, offset: int, type: Any, value: int) -> None:
    assert only(Checks(file={"x": FileField(state, offset, type, equals=str(value))})) == Check(
        "file.x", str(value), str(value), True
    )


def test_a_field_may_have_bounds(state: str) -> None:
    assert only(Checks(file={"x": FileField(state, 0, "i32", min=-5, max="-5")})).passed
    assert not only(Checks(file={"x": FileField(state, 0, "i32", min=1)})).passed
    assert not only(Checks(file={"x": FileField(state, 0, "i32", max=-6)})).passed


def test_a_state_file_that_is_missing_or_short_fails(state: str) -> None:
    assert only(Checks(file={"x": FileField("/no", 0, "i32")})).found == "/no: No such file or directory"
    assert only(Checks(file={"x": FileField(state, 24, "i32")})).found == f"{state} ends before byte 24"


def test_a_layers_own_message_is_looked_for() -> None:
    said = replace(EVIDENCE, stderr="hello\nSuccessfully initialized GPU\nbye\n")
    assert only(Checks(stderr="Success.* GPU"), said).passed
    assert only(Checks(stderr="nothing like it"), said).found == "bye"


def test_a_slowdown_is_evidence_and_never_decides() -> None:
    checks = Checks(slowed=Slowed("many-blocks"))
    assert checked(checks, EVIDENCE) == []
    assert only(checks, replace(EVIDENCE, rate=1.0)).passed
    assert only(checks, replace(EVIDENCE, rate=0.267)).found == "0.267 of the native rate"


@pytest.mark.parametrize(
    ("mapped", "own", "passed"),
    [
        ([LIBCUDA], [], True),
        (["/opt/libvgpu.so"], [], False),
        (["/opt/libvgpu.so"], ["/opt/libvgpu.so"], True),
        (["/opt/libvgpu.so"], ["libvgpu.so"], True),
        (["/opt/libvgpu.so", "/opt/libnvshare.so"], ["/opt/libvgpu.so"], False),
        (["/opt/libvgpu.so", "/usr/lib/libvgpu.so"], ["/opt/libvgpu.so"], False),
    ],
)
def test_a_library_of_another_layer_is_found(mapped: list[str], own: list[str], passed: bool) -> None:
    assert foreign_layers({"mapped": mapped}, own, DRIVER).passed is passed


def test_a_systems_own_library_is_not_foreign() -> None:
    values = {"library": "/opt/libvgpu.so"}
    assert "/opt/libvgpu.so" in tables.own_files(load("hami"), values)
    assert "/opt/libvgpu.so" not in tables.own_files(load("native"), {})


def test_the_symbols_and_variables_of_all_tables_are_asked_for() -> None:
    assert tables.symbols(load("hami")) == ["cuInit", "cuMemAlloc_v2", "cuLaunchKernel", "cuMemAlloc"]
    assert tables.variables(load("hami")) == []
