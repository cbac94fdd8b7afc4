"""Which files are at work in a tenant: who serves the driver's functions, and libraries of other layers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from gpu_virt_bench import emulated
from gpu_virt_bench.model.run import Check
from gpu_virt_bench.model.system import Checks
from gpu_virt_bench.systems.environment import KNOWN_LAYERS
from gpu_virt_bench.systems.proof.doors import WAYS, by_layer, doors, is_one_of, listed, strangers
from gpu_virt_bench.systems.proof.evidence import Driver, Evidence
from gpu_virt_bench.systems.proof.tables import DRIVER


def served_checks(checks: Checks, evidence: Evidence) -> Iterator[Check]:
    """Which file serves the driver's symbols."""
    facts = evidence.facts
    for kind in WAYS:
        for name, file in getattr(checks, kind).items():
            yield served(f"{kind}.{name}", file, facts[kind].get(name, ""), evidence.driver, facts["mapped"])
    if checks.served_by_any:
        ways = [
            (served(name, file, facts[kind].get(name, ""), evidence.driver, facts["mapped"]), way)
            for name, file in checks.served_by_any.items()
            for kind, way in WAYS.items()
        ]
        by_file: dict[str, list[str]] = {}
        for item, way in ways:
            by_file.setdefault(item.found, []).append(f"{item.name} by {way}")
        told = "; ".join(f"{', '.join(names)}: {file}" for file, names in by_file.items())
        expected = ", ".join(dict.fromkeys(checks.served_by_any.values()))
        passed = any(item.passed for item, _ in ways)
        found = told if passed else f"{told}. {what_it_serves(facts, list(checks.served_by_any.values()))}"
        yield Check("served_by_any", f"one of them by {expected}", found, passed)


def what_it_serves(facts: Mapping[str, Any], files: Sequence[str]) -> str:
    """What a library that was not found where it should be does serve, and what to write then."""
    found = by_layer(doors(facts), files)
    if not found:
        return "It serves none of the functions that are measured: is it loaded, and does it hook this driver's names?"
    named = listed([f"{function} by {' and '.join(ways)}" for function, ways in found.items()])
    first = next(iter(found))
    return (
        f'It serves {named}. A definition of its own with served_by_any = {{ {first} = "{{library}}" }} under [proof]'
        " measures it (docs/how-to/add-a-system.md)"
    )


def served(name: str, expected: str, found: str, driver: Driver, mapped: Sequence[str] = ()) -> Check:
    """Whether a symbol lies in the file that should hold it. With a slash: the same real path. `libcuda.so.1` is the
    driver's own file. Else: the same basename."""
    if expected == DRIVER:
        return Check(name, driver_name(driver), found or "nothing", is_driver(found, driver, mapped))
    if "/" in expected:
        same = bool(found) and Path(found).resolve() == Path(expected).resolve()
        return Check(name, expected, found or "nothing", same)
    return Check(name, expected, found or "nothing", Path(found).name == expected)


def driver_name(driver: Driver) -> str:
    """How the driver's file is called in a message."""
    if driver.emulated:
        return f"the emulated GPU's {DRIVER}"
    return driver.path if driver.version == "unknown" else f"libcuda.so.{driver.version}"


def is_driver(found: str, driver: Driver, mapped: Sequence[str]) -> bool:
    """Whether a file is the driver: the one whose version NVML reports, or the emulated GPU's. Where NVML says no
    version, the file that a native tenant found."""
    if not found:
        return False
    real = Path(found).resolve()
    known = {Path(driver.path).resolve()} if driver.path else set()
    if driver.emulated:
        return real in known | {(emulated.LIBRARIES / DRIVER).resolve()}
    if driver.version == "unknown":
        return real in known
    versioned = f"libcuda.so.{driver.version}"
    # in a container the path means nothing here; but its maps hold real paths
    beside = {Path(path).name for path in mapped if Path(path).parent == Path(found).parent}
    return real.name == versioned or (real.name == DRIVER and versioned in beside)


def foreign_layers(facts: Mapping[str, Any], own: Sequence[str], driver: Driver, open_to_others: bool = False) -> Check:
    """Whether a library of another layer is in the tenant, and not one of the system's own files: one that is known, or
    one that serves a driver function in any way. `open_to_others`: the layer's own files are not known here."""
    mapped = facts["mapped"]
    foreign = [path for path in mapped if Path(path).name in KNOWN_LAYERS and not is_one_of(path, own)]

    def is_known(file: str) -> bool:
        return file in foreign or is_one_of(file, own) or is_driver(file, driver, mapped)

    if not open_to_others:
        foreign += strangers(doors(facts), is_known)
    found = ", ".join(foreign) or "none"
    return Check("foreign_layers", "no library of another layer", found, not foreign)
