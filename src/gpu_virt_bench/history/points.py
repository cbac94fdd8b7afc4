"""One outcome of one run as a point of a series, and what a series may hold."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from gpu_virt_bench.compare.admissible import unproven
from gpu_virt_bench.history.circumstances import of_outcome, of_run
from gpu_virt_bench.model.run import Device, Measured, Run, Value
from gpu_virt_bench.stats.estimate import summarise

LIMITS = {
    "memory_bytes": ("memory-limit", "memory_bytes"),
    "compute_share": ("compute-limit", "compute_share"),
    "tenants": ("concurrent-tenants", ""),
    "quota": ("compute-limit", "compute_share"),
    "memory-limit": ("memory-limit", "memory_bytes"),
    "compute-limit": ("compute-limit", "compute_share"),
}
"""What is asked of all tenants, or swept -> the feature that it needs, and what of it is granted to each tenant."""


@dataclass(frozen=True)
class Point:
    """One measured outcome of one run. `began` is in seconds since 1970, UTC; params, quota, and the circumstances of
    the outcome (`own`) and of its `run` are JSON objects."""

    began: float
    system: str
    label: str
    device: str
    emulated: bool
    quota: str
    metric: str
    name: str
    title: str
    params: str
    revision: int
    unit: str
    better: str
    twin: bool
    value: float
    low: float | None
    high: float | None
    repetitions: int
    samples: int
    own: str
    path: str = ""
    run: str = "{}"

    @property
    def key(self) -> tuple[str | int, ...]:
        """Points of one series agree in this: what was measured, of what, how it was limited."""
        return (self.metric, self.params, self.system, self.device, self.emulated, self.quota, self.revision, self.unit)


def no_point(run: Run) -> str:
    """Why a run is no point of a series, "" if it is one: a series is of what was measured whole, and proved."""
    if run.status != "complete":
        return run.status
    return "unproven" if any(unproven(run)) else ""


def points(run: Run) -> list[Point]:
    """The measured outcomes of a run."""
    found, circumstances = [], json.dumps(of_run(run))
    for name, outcome in run.outcomes.items():
        if isinstance(outcome, Measured):
            definition = run.metrics[outcome.metric]
            estimate = summarise(outcome, definition)
            found.append(
                Point(
                    began=datetime.fromisoformat(run.began).timestamp(),
                    system=run.system.id,
                    label=run.label,
                    device=", ".join(map(device_name, run.devices)),
                    emulated=run.device.emulated,
                    quota=text(quota(run, outcome)),
                    metric=outcome.metric,
                    name=name,
                    title=definition.title,
                    params=text(outcome.params),
                    revision=definition.revision,
                    unit=definition.shown_unit,
                    better=definition.better,
                    twin=run.twin,
                    value=estimate.value,
                    low=estimate.low,
                    high=estimate.high,
                    repetitions=estimate.repetitions,
                    samples=estimate.samples,
                    own=json.dumps(of_outcome(outcome)),
                    run=circumstances,
                )
            )
    return found


def device_name(device: Device) -> str:
    """The model; of an emulated GPU also a mark of its configuration, since other keys make another device."""
    if not device.emulated:
        return device.name
    keys = {name: value for name, value in device.emulation.items() if name != "seed"}
    return f"{device.name} #{hashlib.sha256(text(keys).encode()).hexdigest()[:6]}"


def quota(run: Run, outcome: Measured) -> dict[str, Value]:
    """What the outcome's tenants were limited to, how many were asked for, and the run's place in a sweep.

    A limit that the system does not have, or that none of the tenants was granted (`compute=full`), is none.
    """
    plan = run.plan
    asked = {
        "memory_bytes": plan.memory_limit_bytes,
        "compute_share": plan.compute_limit,
        "tenants": plan.tenants,
        "quota": "/".join(f"{100 * share:g}" for share in plan.compute_quota) or None,
        **run.point,
    }
    return {name: value for name, value in asked.items() if value is not None and holds(name, run, outcome)}


def holds(name: str, run: Run, outcome: Measured) -> bool:
    """Whether what was asked for under that name held for the outcome; files before version 3 name no party."""
    if name not in LIMITS:
        return True
    feature, grant = LIMITS[name]
    granted = not grant or not outcome.party or any(getattr(one, grant) is not None for one in outcome.party)
    return feature in run.system.features and granted


def text(values: Mapping[str, Value]) -> str:
    """Names and values as a text that is equal where they are equal."""
    return json.dumps(values, sort_keys=True)
