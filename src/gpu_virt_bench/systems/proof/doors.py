"""Doors: by which file each driver function is served, for each way in which an application may find it.

The CUDA runtime asks cuGetProcAddress, other programs dlsym; a layer may stand in one of the two only, or in some of
the ways to ask cuGetProcAddress: for a CUDA version, and for per-thread streams.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gpu_virt_bench.model.run import Check

QUERY = "cuGetProcAddress"
WAYS = {"served_by": "dlsym", "served_by_query": QUERY}
SHOWN = 6
"""So many functions are named in a sentence; a table has all."""


@dataclass(frozen=True)
class Door:
    """One driver function: the file that serves it, by way; "" where a way does not find it."""

    function: str
    files: Mapping[str, str]
    variants: Mapping[str, str] = field(default_factory=dict)
    """Where cuGetProcAddress answers with another file than for CUDA 12.0 without flags."""


def doors(facts: Mapping[str, Any]) -> list[Door]:
    """Every function that libgvb uses, as a tenant finds it."""
    return [
        Door(name, {way: facts[kind].get(name, "") for kind, way in WAYS.items()}, variants(facts, name))
        for name in facts.get("functions", ())
    ]


def variants(facts: Mapping[str, Any], name: str) -> dict[str, str]:
    """The other ways to ask cuGetProcAddress that find a function in another file."""
    usual = facts["served_by_query"].get(name, "")
    asked = {f"{QUERY} for {kind}": files.get(name, "") for kind, files in facts.get("served_by_variant", {}).items()}
    return {way: file for way, file in asked.items() if file and file != usual}


def is_one_of(file: str, own: Sequence[str]) -> bool:
    """Whether a file is one of a system's own: by its real path, or by its name where only a name is given."""
    path = Path(file)
    return any(path.resolve() == Path(one).resolve() if "/" in one else path.name == one for one in own)


def strangers(found: Sequence[Door], is_known: Callable[[str], bool]) -> list[str]:
    """Files that serve a driver function and are neither the driver's nor the system's own, with what they serve."""
    ways = [(door, {**door.files, **door.variants}) for door in found]
    files = {file for _, there in ways for file in there.values() if file}
    served: dict[str, list[str]] = {file: [] for file in sorted(files) if not is_known(file)}
    for door, there in ways:
        for way, file in there.items():
            if file in served:
                served[file].append(f"{door.function} by {way}")
    return [f"{file} (it serves {listed(what)})" for file, what in served.items()]


def by_layer(found: Sequence[Door], own: Sequence[str]) -> dict[str, list[str]]:
    """The functions that the system's own files serve, each with the ways in which they do."""
    ways = {door.function: [way for way, file in door.files.items() if file and is_one_of(file, own)] for door in found}
    return {function: some for function, some in ways.items() if some}


def halves(found: Sequence[Door], own: Sequence[str]) -> str:
    """Half doors: functions that the layer serves in one way, while the driver serves them in another; "" if none."""
    served, half = by_layer(found, own), dict[str, list[str]]()
    for door in found:
        ways = served.get(door.function)
        if ways and len(ways) < sum(bool(file) for file in door.files.values()):
            half.setdefault(f"by {ways[0]} alone", []).append(door.function)
        for way, file in door.variants.items():
            layers = is_one_of(file, own)
            if layers != (QUERY in (ways or ())):
                half.setdefault(f"{'by' if layers else 'past the layer by'} {way}", []).append(door.function)
    return "; ".join(f"{how} {listed(functions)}" for how, functions in half.items())


def doors_check(found: Sequence[Door], own: Sequence[str]) -> Check | None:
    """What the layer serves, as evidence; None for a system without files of its own, or whose files serve nothing."""
    if not (served := by_layer(found, own)):
        return None
    counts = Counter(way for ways in served.values() for way in ways)
    text = " and ".join(f"{counts[way]} by {way}" for way in WAYS.values())
    half = halves(found, own)
    told = f"; half a door: {half}" if half else ""
    return Check("doors", "evidence only", f"the layer serves {text} of {len(found)} functions{told}", True)


def listed(names: Sequence[str]) -> str:
    """The first of many, in words."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
