"""Brings the content of a run file of version 1 or 2 into the shape of version 3; the reader checks it afterwards.

What those versions did not record is not made up: `polling_seconds` is 0.0, `resolution` is null, `description` is
empty; `parameters` is what the planned outcomes show. `target_half_width` and `quiet_seconds`, which no reader needs,
are left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gpu_virt_bench.model.shape import Misfit

LISTS = {"device": "devices", "before": "before", "after": "after"}
"""What was one device's, or null -> the list that it is the only entry of."""
SETTINGS = {
    "repetitions": "repetitions",
    "max_repetitions": "max_repetitions",
    "samples": "rounds",
    "warmup": "warmup",
    "seconds_per_outcome": "seconds_per_outcome",
    "warm_seconds": "warm_seconds",
    "window_seconds": "window_seconds",
    "settle_seconds": "settle_seconds",
    "quota_window_seconds": "quota_window_seconds",
    "quota_settle_seconds": "quota_settle_seconds",
}
"""Key of a flat plan -> key of its suite."""
DROPPED = ("target_half_width", "quiet_seconds")
WRITTEN = {**{new: old for old, new in SETTINGS.items()}, "title": "suite", "metrics": "outcomes"}


def upgraded(found: Mapping[str, Any]) -> dict[str, Any]:
    """The content in the shape of version 3, with its own version's number."""
    if "devices" in found:
        raise Misfit("is an unknown key before version 3, which has one device", "devices")
    made = {key: value for key, value in found.items() if key not in LISTS}
    for old, new in LISTS.items():
        if old in found:
            made[new] = [] if found[old] is None and old != "device" else [found[old]]
    if isinstance(found.get("plan"), dict):
        made["plan"] = upgraded_plan(found["plan"])
    return made


def upgraded_plan(flat: Mapping[str, Any]) -> dict[str, Any]:
    """A flat plan with its suite as one record."""
    if "settings" in flat:
        raise Misfit("is an unknown key before version 3, whose plan is flat", "plan", "settings")
    settings = {new: flat[old] for old, new in SETTINGS.items() if old in flat}
    for old in ("suite", "outcomes"):
        if old in flat:
            settings["title" if old == "suite" else "metrics"] = flat[old]
    taken = parameters(flat.get("outcomes"))
    settings |= {"description": "", "parameters": taken, "polling_seconds": 0.0, "resolution": None}
    rest = {key: value for key, value in flat.items() if key not in SETTINGS and key not in DROPPED}
    return {**rest, "settings": settings}


def parameters(planned: object) -> str:
    """`all` where a metric was planned with more than its headline parameters, as its ids show."""
    names = {name for name in planned if isinstance(name, str)} if isinstance(planned, list) else set()
    more = any("[" in name and name.partition("[")[0] in names for name in names)
    return "all" if more else "headline"


def as_written(place: Sequence[str | int]) -> list[str | int]:
    """Where a file before version 3 has what stands at that place of version 3."""
    match list(place):
        case ["devices", 0, *rest] | ["devices", *rest]:
            return ["device", *rest]
        case ["before" | "after" as key, 0, *rest]:
            return [key, *rest]
        case ["plan", "settings", str(key), *rest]:
            return ["plan", WRITTEN.get(key, key), *rest]
    return list(place)
