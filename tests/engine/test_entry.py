"""The runs of a session: systems, points of a sweep, and the baseline's twin."""

from dataclasses import replace

import pytest

from gpu_virt_bench import metrics
from gpu_virt_bench.engine.entry import Entry, entries
from gpu_virt_bench.engine.plan import PlanError, select
from gpu_virt_bench.model.system import Quota
from gpu_virt_bench.systems.load import load


@pytest.fixture
def whole():
    """What holds for all entries of a session over two metrics, one of which has a number of tenants."""
    return Entry(load("native"), select(metrics.load(), ["OH-001", "OH-006"], "headline"))


def test_each_system_is_one_entry(whole) -> None:
    found = entries([load("native"), load("mps")], whole, {}, again=False)
    assert list(found) == ["native", "mps"]


def test_the_baselines_twin_comes_last(whole) -> None:
    found = entries([load("native"), load("mps")], whole, {}, again=True)
    assert list(found) == ["native", "mps", "native again"]
    assert [entry.twin for entry in found.values()] == [False, False, True]


def test_a_sweep_repeats_a_system_that_can_follow_it(whole) -> None:
    found = entries([load("native"), load("mps")], whole, {"compute-limit": [25, 50]}, again=False)
    assert list(found) == ["native", "mps compute-limit=25", "mps compute-limit=50"]
    assert found["mps compute-limit=25"].quota == Quota(None, 0.25)
    assert found["mps compute-limit=25"].point == {"compute-limit": 25}


def test_two_sweeps_are_crossed(whole) -> None:
    found = entries([load("mps")], whole, {"compute-limit": [50], "memory-limit": [1024, 2048]}, again=False)
    assert [(entry.quota.memory_bytes, entry.quota.compute_share) for entry in found.values()] == [
        *((1 << 30, 0.5), (2 << 30, 0.5))
    ]


def test_a_sweep_over_tenants_takes_the_metrics_that_have_a_number(whole) -> None:
    found = entries([load("time-slicing")], whole, {"tenants": [2, 3]}, again=False)
    assert [[item.id for item in entry.items] for entry in found.values()] == [["OH-006[n=2]"], ["OH-006[n=3]"]]


def test_a_sweep_over_tenants_needs_a_metric_with_a_number(whole) -> None:
    alone = replace(whole, items=select(metrics.load(), ["OH-001"], "headline"))
    with pytest.raises(PlanError, match="--sweep tenants varies metrics with a parameter n; OH-001 has none"):
        entries([load("time-slicing")], alone, {"tenants": [2]}, again=False)


def test_a_number_of_tenants_leaves_other_metrics_as_they_are(whole) -> None:
    found = entries([load("time-slicing")], replace(whole, tenants=2), {}, again=False)
    assert [item.id for item in found["time-slicing"].items] == ["OH-001", "OH-006[n=2]"]


def test_a_limit_that_a_system_has_not_is_said(whole) -> None:
    found = entries([load("native")], replace(whole, memory_limit=1 << 30), {}, again=False)
    assert found["native"].unlimited == ["native has no memory-limit: measured without"]
    assert found["native"].quota == Quota(None, None)
