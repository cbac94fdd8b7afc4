"""One form for all that commands write as JSON: what it is, its version, who wrote it, and the content. SI units."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from gpu_virt_bench._version import __version__

VERSION = 1
"""Rises when a field changes its meaning or goes; a new one may come without."""


@dataclass(frozen=True)
class Session:
    """What `run --format json` says: run files, why runs were refused or are unproven, and what ended it early."""

    runs: list[str]
    refused: str | None
    unproven: list[str]
    interrupted: bool
    signal: str
    out_of_time: bool = False
    """Whether the time budget ended it before all was measured."""


def envelope(kind: str, content: object) -> str:
    """The JSON text, without a line end. Content: plain data, under the kind's name."""
    assert kind in KINDS, kind
    return json.dumps({"kind": kind, "version": VERSION, "tool_version": __version__, kind: content}, indent=1)


def schema_of(kind: str) -> dict[str, Any]:
    """The JSON Schema of what a command writes."""
    content = dict(KINDS[kind]())
    definitions = content.pop("$defs", {})
    properties = {
        "kind": {"const": kind},
        "version": {"const": VERSION},
        "tool_version": {"type": "string"},
        kind: content,
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"GPU-Virt-Bench {kind}, version {VERSION}",
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
        "$defs": definitions,
    }


def of(kind: Any, **more: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ANN401
    """The schema of a type, with further properties."""
    from pydantic import TypeAdapter

    found = TypeAdapter(kind).json_schema()
    if more:
        found["properties"] = {**found["properties"], **more}
        found["required"] = [*found.get("required", []), *more]
    return found


# -- what there is


def comparisons() -> dict[str, Any]:
    """`compare`: a list, one for each candidate."""
    from gpu_virt_bench.model.comparison import Comparison

    return of(list[Comparison])


def scorecard() -> dict[str, Any]:
    """`score`: parities are ratios, scores are out of 100."""
    from gpu_virt_bench.score import Scorecard

    return of(Scorecard)


def gate() -> dict[str, Any]:
    """`gate`: the judgement, with the exit status and what stands in the way."""
    from gpu_virt_bench.gate import Judgement

    sentences = {"type": "array", "items": {"type": "string"}}
    return of(Judgement, status={"enum": [0, 1, 3]}, proved_nothing={"type": "boolean"}, obstacles=sentences)


def proofs() -> dict[str, Any]:
    """`prove`: a list, one for each system; a function's doors are files by way."""
    from gpu_virt_bench.model.proved import ProvedRecord

    return of(list[ProvedRecord])


def conformance() -> dict[str, Any]:
    """`conform`: the driver's answers by row, and what was compared with them."""
    from gpu_virt_bench.model.conformance import Conformance

    return of(Conformance)


def history() -> dict[str, Any]:
    """`history`: series with points, trend and changes, or without a metric what there is."""
    rows = {"type": "array", "items": {"type": "object"}}
    either = [{"required": ["series"]}, {"required": ["holdings"]}]
    properties = {"directory": {"type": "string"}, "series": rows, "holdings": rows}
    return {"type": "object", "properties": properties, "required": ["directory"], "oneOf": either}


def rows() -> dict[str, Any]:
    """`list`: a list of objects whose fields are text."""
    return of(list[dict[str, str]])


def forecast() -> dict[str, Any]:
    """`run --dry-run`."""
    from gpu_virt_bench.model.forecast import Forecast

    return of(Forecast)


def session() -> dict[str, Any]:
    """`run`."""
    return of(Session)


def estimates() -> dict[str, Any]:
    """`show` of a run: what it is, its outcomes with their estimates, remarks."""
    from gpu_virt_bench.report.rows import Estimates

    return of(Estimates)


def samples() -> dict[str, Any]:
    """`show --samples` of a run."""
    from gpu_virt_bench.report.rows import Taken

    return of(Taken)


def metric() -> dict[str, Any]:
    """`show` of a metric."""
    from gpu_virt_bench.report.definitions import MetricRecord

    return of(MetricRecord)


def system() -> dict[str, Any]:
    """`show` of a system: its definition as it is read, and in `source` the text of its file."""
    from gpu_virt_bench.model.system import System

    return of(System)


def suite() -> dict[str, Any]:
    """`show` of a suite."""
    from gpu_virt_bench.model.run import Suite

    return of(Suite, name={"type": "string"})


KINDS: Mapping[str, Callable[[], dict[str, Any]]] = {
    "comparisons": comparisons,
    "scorecard": scorecard,
    "gate": gate,
    "proofs": proofs,
    "conformance": conformance,
    "history": history,
    "list": rows,
    "session": session,
    "estimates": estimates,
    "samples": samples,
    "metric": metric,
    "system": system,
    "suite": suite,
    "forecast": forecast,
}
