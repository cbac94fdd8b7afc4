"""The proof that a system is in force: checks of what a tenant and the observer report."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gpu_virt_bench.model.run import Check, Device
from gpu_virt_bench.model.system import System

DRIVER = "libcuda.so.1"


def symbols(system: System) -> list[str]:
    """Driver symbols whose file the proof asks for, `cuInit` always."""
    return list(dict.fromkeys(["cuInit", *system.proof.served_by, *system.proof.served_by_query]))


def check_tenant(system: System, facts: Mapping[str, Any], device: Device, driver: str) -> list[Check]:
    """The checks that a tenant's own facts answer. `driver` is the real path of the driver's file."""
    proof = system.proof
    checks = [
        served(f"served_by.{name}", file, facts["served_by"].get(name, ""), driver)
        for name, file in proof.served_by.items()
    ]
    checks += [
        served(f"served_by_query.{name}", file, facts["served_by_query"].get(name, ""), driver)
        for name, file in proof.served_by_query.items()
    ]
    names = {Path(path).name for path in facts["mapped"]}
    checks += [Check(f"mapped.{name}", "mapped", yes(name in names, "mapped"), name in names) for name in proof.mapped]
    checks += [
        Check(f"not_mapped.{name}", "not mapped", yes(name in names, "mapped"), name not in names)
        for name in proof.not_mapped
    ]
    checks += [
        Check(f"env.{name}", pattern, facts["env"].get(name, ""), bool(re.search(pattern, facts["env"].get(name, ""))))
        for name, pattern in proof.env.items()
    ]
    if proof.full_device:
        checks += full_device(facts, device)
    return checks


def yes(condition: bool, word: str) -> str:
    """The word, or `not` and the word."""
    return word if condition else f"not {word}"


def served(name: str, expected: str, found: str, driver: str) -> Check:
    """Whether a symbol lies in the file that should hold it. With a slash: the same real path. `libcuda.so.1` is the
    driver's own file, whatever its version suffix. Else: the same basename."""
    if expected == DRIVER:
        passed = bool(found) and Path(found).resolve() == Path(driver).resolve()
        return Check(name, driver, found or "nothing", passed)
    if "/" in expected:
        return Check(
            name, expected, found or "nothing", bool(found) and Path(found).resolve() == Path(expected).resolve()
        )
    return Check(name, expected, found or "nothing", Path(found).name == expected)


def full_device(facts: Mapping[str, Any], device: Device) -> list[Check]:
    """Whether the tenant sees the device whole: as many SMs and as much memory as were read at the start."""
    sms, memory = facts["device"]["sm_count"], facts["memory_total"]
    return [
        Check("sm_count", str(device.sm_count), str(sms), sms == device.sm_count),
        Check("memory_total", str(device.memory_bytes), str(memory), abs(memory - device.memory_bytes) <= 2 << 20),
    ]


def check_observer(system: System, seen: Sequence[int] | None, before: Sequence[int] | None, own: int) -> list[Check]:
    """The checks that NVML on the host answers: `own` is the number of this session's tenants on the device."""
    proof, checks = system.proof.observer, []
    if seen is None:
        return []
    others = len(before or ())
    if proof.alone:
        checks.append(Check("observer.alone", "no other process", f"{len(seen) - own} other", len(seen) <= own))
    if proof.listed:
        expected = f"{others + own} processes on the device"
        checks.append(Check("observer.listed", expected, f"{len(seen)} processes", len(seen) == others + own))
    return checks


def refusal(system: System, checks: Sequence[Check]) -> str:
    """One sentence about the checks that failed, and the way out."""
    failed = [check for check in checks if not check.passed]
    what = "; ".join(f"{check.name} is {check.found}, expected {check.expected}" for check in failed)
    return f"{system.id} is not in force: {what}"
