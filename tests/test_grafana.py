"""The dashboard for Grafana asks for what our OpenMetrics text has."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from builders import a_run
from gpu_virt_bench.compare.files import Loaded
from gpu_virt_bench.report.openmetrics import FAMILIES, PREFIX, STATUS, UNITS, openmetrics

DASHBOARD = json.loads((Path(__file__).parents[1] / "docs" / "examples" / "grafana-dashboard.json").read_text())
PANELS = DASHBOARD["panels"]
VARIABLES = {one["name"] for one in DASHBOARD["templating"]["list"]}
NAMES = {family.sample_name for family in FAMILIES}
LABELLED = re.compile(r"(?:by|on|group_left) \(([^)]*)\)")
OWN = {"range", "__range", "__interval"}
"""Variables that Grafana has itself."""


def queries() -> Iterator[str]:
    """Every query of a panel or a variable."""
    yield from (target["expr"] for panel in PANELS for target in panel.get("targets", ()))
    yield from (one["query"] for one in DASHBOARD["templating"]["list"] if one["type"] == "query")


QUERIES = sorted(set(queries()))


@pytest.fixture(scope="module")
def labels() -> set[str]:
    """Every label that a text has."""
    run = a_run({"OH-001[a=1]": [1.0, 1.0], "OH-002": "failed: x"}, label="x", twin=True, point={"a": 1}, proof=[])
    text = "".join(openmetrics([(Loaded(Path("x"), run), [])]))
    return set(re.findall(r'[{,](\w+)="', text))


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_names_families_and_labels_that_there_are(query: str, labels: set[str]) -> None:
    named = set(re.findall(rf"{PREFIX}\w+", query))
    assert named
    assert named <= NAMES
    asked = {name for names in LABELLED.findall(query) for name in names.split(", ") if name}
    asked |= set(re.findall(r"[{ ](\w+)=~?\"", query))
    assert asked <= labels
    assert set(re.findall(r"\$\{?(\w+)", query)) <= VARIABLES | OWN


@pytest.mark.parametrize("unit", UNITS.values())
def test_every_unit_has_its_estimates_with_both_ends(unit: str) -> None:
    ends = [f"{PREFIX}estimate{end}_{unit}{{" for end in ("", "_low", "_high")]
    assert all(any(name in query for query in QUERIES) for name in ends)


def test_statuses_and_flags_are_shown() -> None:
    shown = " ".join(QUERIES)
    assert all(f"{PREFIX}{name}{{" in shown for name in ("run_unproven_reasons", "run_emulated"))
    assert f"{STATUS}{{" in shown


def test_every_panel_takes_the_chosen_source_and_no_two_overlap() -> None:
    assert all(panel["datasource"]["uid"] == "${source}" for panel in PANELS if panel["type"] != "row")
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)
    squares = [
        (x, y)
        for place in (panel["gridPos"] for panel in PANELS)
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(squares) == len(set(squares))
    assert max(x for x, _ in squares) < 24
