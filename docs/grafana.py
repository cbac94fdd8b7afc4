"""The dashboard for Grafana, from the families of report/openmetrics.py: docs/examples/grafana-dashboard.json."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from gpu_virt_bench.report.openmetrics import PREFIX, STATUS, UNITS

Json = dict[str, Any]

SOURCE = {"type": "prometheus", "uid": "${source}"}
OF_RUNS = '{device=~"$device", system=~"$system", session=~"$session"}'
OF_OUTCOMES = '{device=~"$device", system=~"$system", session=~"$session", outcome=~"$outcome"}'
RUN = "system, device, driver, emulated, session, label, point, twin"
SHOWN: Mapping[str, tuple[str, str]] = {
    "s": ("Durations", "s"),
    "cycles/s": ("Throughput of whole work", "suffix: cycles/s"),
    "B/s": ("Bandwidth", "Bps"),
    "ratio": ("Ratios", "percentunit"),
    "pass": ("Share of samples that passed", "percentunit"),
}
"""A unit of samples -> the title of its row, and Grafana's name of the unit."""
COLOURS = {"measured": "green", "skipped": "text", "failed": "red"}
VARIABLES = {"device": "run_info", "system": "run_info", "session": "run_info", "outcome": "outcome_info"}
WIDTH = 24
FILTERED: Json = {"filterable": True, "align": "auto", "inspect": False}
NUMBER: Json = {
    "colorMode": "value",
    "graphMode": "none",
    "justifyMode": "auto",
    "textMode": "auto",
    "orientation": "auto",
    "wideLayout": True,
    "showPercentChange": False,
    "percentChangeColorMode": "standard",
}


def page() -> str:
    """The file."""
    return json.dumps(dashboard(), indent=1) + "\n"


def dashboard() -> Json:
    """All of it."""
    return {
        "uid": "gpu-virt-bench",
        "title": "GPU-Virt-Bench",
        "description": "Runs of gpu-virt-bench, from its OpenMetrics text. The time range must have the runs.",
        "tags": ["gpu", "gpu-virt-bench"],
        "schemaVersion": 38,
        "editable": True,
        "timezone": "utc",
        "time": {"from": "now-90d", "to": "now"},
        "annotations": {"list": []},
        "templating": {"list": [source(), *(variable(*one) for one in VARIABLES.items())]},
        "panels": placed([*flags(), *statuses(), *(panel for unit in UNITS for panel in estimates(unit))]),
    }


def source() -> Json:
    """The choice of a data source."""
    return {"type": "datasource", "name": "source", "label": "Prometheus", "query": "prometheus", "refresh": 1}


def variable(label: str, family: str) -> Json:
    """The choice of values of a label, of those that the time range has."""
    return {
        "type": "query",
        "name": label,
        "datasource": SOURCE,
        "query": f"label_values({PREFIX}{family}, {label})",
        "refresh": 2,  # when the time range changes
        "sort": 1,
        "multi": True,
        "includeAll": True,
        "allValue": ".*",
        "current": {"text": "All", "value": "$__all"},
    }


def placed(panels: Sequence[Json]) -> list[Json]:
    """The panels from left to right, with their numbers; a row or a full line begins a line of its own."""
    left = top = height = 0
    for number, panel in enumerate(panels, start=1):
        place = panel["gridPos"]
        if left + place["w"] > WIDTH:
            left, top = 0, top + height
        panel |= {"id": number, "gridPos": {**place, "x": left, "y": top}}
        left, height = left + place["w"], place["h"]
    return list(panels)


# -- panels


def flags() -> list[Json]:
    """How many runs there are, which are not what they say, and why."""
    runs = latest("run_info", OF_RUNS)
    reasons, models = latest("run_unproven_reasons", OF_RUNS), latest("run_emulated", OF_RUNS)
    failed = latest("outcome_status", f'{OF_OUTCOMES[:-1]}, {STATUS}="failed"}}')
    return [
        count("Runs", f"count({runs})", "blue"),
        count("Unproven runs", f"count({reasons} > 0) or vector(0)", "red"),
        count("Emulated runs: a model's figures", f"count({models} == 1) or vector(0)", "orange"),
        count("Failed outcomes", f"count({failed} == 1) or vector(0)", "red"),
        table("Runs: is it real?", 8, [f"{reasons} * on ({RUN}) group_left (title, suite, kind, run_status) {runs}"],
              {"Value": "reasons not to trust it"}, [coloured("emulated", {"true": "orange", "false": "green"}),
                                                    above_zero("reasons not to trust it")]),
        table("Why runs are unproven", 6, [latest("run_unproven_reason_info", OF_RUNS)], {"Value": ""}, []),
    ]  # fmt: skip


def statuses() -> list[Json]:
    """Every outcome with its status and reason, what was not measured too."""
    joined = (
        f"{latest('outcome_info', OF_OUTCOMES)} * on ({RUN}, outcome) group_left ({STATUS}) "
        f"({latest('outcome_status', OF_OUTCOMES)} == 1)"
    )
    return [table("Outcomes", 12, [joined], {"Value": "", STATUS: "status"}, [coloured("status", COLOURS)])]


def estimates(unit: str) -> list[Json]:
    """Of one unit: the row's title, a table of estimates with intervals, and the same over time."""
    title, shown = SHOWN[unit]
    families = [f"estimate_{UNITS[unit]}", f"estimate_low_{UNITS[unit]}", f"estimate_high_{UNITS[unit]}"]
    names = {"Value #A": "estimate", "Value #B": "low", "Value #C": "high"}
    ends: list[list[Json]] = [[{"id": "unit", "value": shown}, {"id": "decimals", "value": 3}]] * 3
    overrides = [override("byName", name, found) for name, found in zip(names.values(), ends, strict=True)]
    return [
        {"type": "row", "title": title, "collapsed": False, "panels": [], "gridPos": {"w": WIDTH, "h": 1}},
        table(f"{title}: estimates and their intervals", 10, [latest(one, OF_OUTCOMES) for one in families], names,
              [*overrides, coloured("emulated", {"true": "orange", "false": "green"})]),
        over_time(f"{title} over time, dashed: the ends of the intervals", families, shown),
    ]  # fmt: skip


def latest(family: str, labels: str) -> str:
    """The last sample of the time range, without the family's name, so that answers can be joined by their labels."""
    return f"max without () (last_over_time({PREFIX}{family}{labels}[$__range]))"


def count(title: str, query: str, colour: str) -> Json:
    """One number, in colour from 1 on."""
    steps = [{"value": None, "color": "text"}, {"value": 1, "color": colour}]
    return {
        "type": "stat",
        "title": title,
        "datasource": SOURCE,
        "gridPos": {"w": 6, "h": 4},
        "targets": [target("A", query)],
        "options": {**NUMBER, "reduceOptions": {"calcs": ["lastNotNull"]}},
        "fieldConfig": {"defaults": {"thresholds": {"mode": "absolute", "steps": steps}}, "overrides": []},
    }


def table(title: str, height: int, queries: Sequence[str], names: Mapping[str, str], overrides: Sequence[Json]) -> Json:
    """Answers side by side, by their labels; a name that is "" is left out."""
    hidden = {"Time": True, **{name: True for name, shown in names.items() if not shown}}
    renamed = {name: shown for name, shown in names.items() if shown}
    return {
        "type": "table",
        "title": title,
        "datasource": SOURCE,
        "gridPos": {"w": WIDTH, "h": height},
        "targets": [target("ABC"[number], query) for number, query in enumerate(queries)],
        "transformations": [
            *([{"id": "merge", "options": {}}] if len(queries) > 1 else []),
            {"id": "organize", "options": {"excludeByName": hidden, "renameByName": renamed, "indexByName": {}}},
        ],
        "options": {"showHeader": True, "cellHeight": "sm", "frameIndex": 0},
        "fieldConfig": {"defaults": {"custom": FILTERED}, "overrides": list(overrides)},
    }


def over_time(title: str, families: Sequence[str], unit: str) -> Json:
    """The values of each run at its time, with both ends of their intervals."""
    dashed: list[Json] = [
        {"id": "custom.lineStyle", "value": {"fill": "dash", "dash": [4, 6]}},
        {"id": "custom.showPoints", "value": "never"},
    ]
    queries = [f"max without () (last_over_time({PREFIX}{one}{OF_OUTCOMES}[$__interval]))" for one in families]
    targets = [
        {**target(ref, query), "instant": False, "range": True, "format": "time_series",
         "legendFormat": f"{{{{system}}}} {{{{outcome}}}}{end}"}
        for ref, query, end in zip("ABC", queries, ("", " low", " high"), strict=True)
    ]  # fmt: skip
    custom = {"drawStyle": "line", "lineWidth": 1, "showPoints": "always", "pointSize": 6, "spanNulls": True}
    return {
        "type": "timeseries",
        "title": title,
        "datasource": SOURCE,
        "gridPos": {"w": WIDTH, "h": 9},
        "targets": targets,
        "options": {"legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
                    "tooltip": {"mode": "single", "sort": "none"}},
        "fieldConfig": {"defaults": {"unit": unit, "custom": custom},
                        "overrides": [override("byFrameRefID", ref, dashed) for ref in "BC"]},
    }  # fmt: skip


def target(ref: str, query: str) -> Json:
    """A query at the end of the time range, answered as a table."""
    return {"refId": ref, "datasource": SOURCE, "expr": query, "instant": True, "range": False, "format": "table"}


def override(matcher: str, name: str, properties: Sequence[Json]) -> Json:
    """Other settings for some fields."""
    return {"matcher": {"id": matcher, "options": name}, "properties": list(properties)}


def coloured(field: str, colours: Mapping[str, str]) -> Json:
    """A column whose words have colours."""
    words = {word: {"color": colour, "index": number} for number, (word, colour) in enumerate(colours.items())}
    return override("byName", field, [{"id": "mappings", "value": [{"type": "value", "options": words}]},
                                      {"id": "custom.cellOptions", "value": {"type": "color-text"}}])  # fmt: skip


def above_zero(field: str) -> Json:
    """A column that is red from 1 on."""
    steps = [{"value": None, "color": "green"}, {"value": 1, "color": "red"}]
    return override("byName", field, [{"id": "thresholds", "value": {"mode": "absolute", "steps": steps}},
                                      {"id": "custom.cellOptions", "value": {"type": "color-text"}}])  # fmt: skip
