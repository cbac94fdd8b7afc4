"""Definitions as plain data: a metric, a system, a suite."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from gpu_virt_bench.model.metric import Metric
from gpu_virt_bench.model.run import Suite


@dataclass(frozen=True)
class MetricRecord:
    """A metric. `unit` is the SI unit of samples, `shown_unit` what reports show; `params`: values in words, the
    headline first; `tenants`: the parameter that is their number; `alone`: it needs the device to itself."""

    id: str
    title: str
    category: str
    unit: str
    shown_unit: str
    better: str
    compare: str
    needs: list[str]
    params: dict[str, str]
    tenants: str
    alone: bool
    ideal: str
    revision: int
    definition: str


def metric_record(metric: Metric) -> MetricRecord:
    """A metric's definition."""
    return MetricRecord(
        id=metric.id,
        title=metric.title,
        category=metric.category,
        unit=metric.sample_unit,
        shown_unit=metric.unit,
        better=metric.better,
        compare=metric.compare,
        needs=list(metric.needs),
        params=metric.described,
        tenants=metric.tenants,
        alone=metric.alone,
        ideal=metric.ideal,
        revision=metric.revision,
        definition=metric.definition,
    )


def suite_record(name: str, suite: Suite) -> dict[str, Any]:
    """A suite with its name."""
    return {"name": name, **asdict(suite)}


def suite_lines(name: str, suite: Suite) -> list[str]:
    """A suite for people: what it is for, then its settings as its file has them."""
    settings = {key: value for key, value in asdict(suite).items() if key not in ("title", "description", "metrics")}
    width = max(map(len, settings))
    return [
        f"{name}  {suite.title}",
        "",
        suite.description,
        "",
        f"metrics: {', '.join(suite.metrics)}",
        "",
        *(f"  {key:{width}}  {shown(value)}" for key, value in settings.items()),
    ]


def shown(value: object) -> str:
    """A setting in words."""
    return ", ".join(f"{key} {entry}" for key, entry in value.items()) if isinstance(value, dict) else str(value)
