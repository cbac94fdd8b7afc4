"""The runs of a session: systems, points of a sweep, and the baseline's twin."""

from dataclasses import replace

import pytest

from gpu_virt_bench import metrics
from gpu_virt_bench.engine.entry import Entry, entries, items_of
from gpu_virt_bench.engine.plan import PlanError, select
from gpu_virt_bench.model.system import Quota
from gpu_virt_bench.systems.load import load
from gpu_virt_bench.testing import FakeDevice

DEVICE = FakeDevice()


@pytest.fixture
def whole():
    """What holds for all entries of a session."""
    return Entry(load("native"))


def items(*words: str):
    """Outcomes by their words."""
    return select(metrics.load(), words, "headline", DEVICE)


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


def test_a_sweep_over_tenants_takes_the_metrics_that_declare_a_number(whole) -> None:
    found = entries([load("time-slicing")], whole, {"tenants": [2, 3]}, again=False)
    chosen = [items_of(entry, items("OH-001", "OH-006"), DEVICE) for entry in found.values()]
    assert [[item.id for item in some] for some in chosen] == [["OH-006[n=2]"], ["OH-006[n=3]"]]
    assert [len(item.party) for some in chosen for item in some] == [2, 3]


def test_a_sweep_over_tenants_needs_a_metric_with_a_number(whole) -> None:
    (entry,) = entries([load("time-slicing")], whole, {"tenants": [2]}, again=False).values()
    with pytest.raises(PlanError, match="--sweep tenants varies metrics with a number of tenants; OH-001 has none"):
        items_of(entry, items("OH-001"), DEVICE)


def test_a_number_of_tenants_leaves_other_metrics_as_they_are(whole) -> None:
    entry = replace(whole, system=load("time-slicing"), tenants=2)
    assert [item.id for item in items_of(entry, items("OH-001", "OH-006"), DEVICE)] == ["OH-001", "OH-006[n=2]"]


def test_a_limit_that_a_system_has_not_is_said(whole) -> None:
    found = entries([load("native")], replace(whole, memory_limit=1 << 30), {}, again=False)
    assert found["native"].unlimited == ["native has no memory-limit: measured without"]
    assert found["native"].quota == Quota(None, None)


def test_a_quota_gives_metrics_its_number_of_tenants_and_their_weights(whole) -> None:
    entry = replace(whole, system=load("mps"), tenants=3, percents=(70, 20, 10))
    found = items_of(entry, items("OH-001", "IS-006", "IS-008", "BW-002"), DEVICE)
    assert [one.id for one in found] == [
        *("BW-002[n=3,weights=70/20/10]", "IS-006[n=3]", "IS-008[n=3,weights=70/20/10]", "OH-001")
    ]
    assert [share.compute for share in found[2].party] == [0.7, 0.2, 0.1]


def test_a_sweep_over_quotas_has_points_by_their_text(whole) -> None:
    found = entries([load("native"), load("mps")], whole, {"quota": [(60, 40), (50, 25, 25)]}, again=False)
    assert list(found) == ["native", "mps quota=60/40", "mps quota=50/25/25"]
    assert [entry.tenants for entry in found.values()] == [None, 2, 3]
    chosen = [items_of(entry, items("OH-001", "IS-008"), DEVICE) for entry in found.values()]
    assert [[one.id for one in some] for some in chosen] == [
        ["IS-008", "OH-001"],
        ["IS-008[n=2,weights=60/40]"],
        ["IS-008[n=3,weights=50/25/25]"],
    ]


def test_a_quota_that_a_system_has_not_is_said(whole) -> None:
    entry = replace(whole, system=load("time-slicing"), percents=(60, 40), tenants=2)
    assert entry.unlimited == ["time-slicing has no compute-limit: measured without"]
    assert entry.shares == ()


def test_a_number_of_tenants_that_makes_no_sense_leaves_an_outcome_as_it_is(whole) -> None:
    entry = replace(whole, system=load("mps"), tenants=4)
    found = items_of(entry, items("IS-008[n=3,weights=50/25/25]", "IS-007[load=alone]"), DEVICE)
    assert [one.id for one in found] == ["IS-007[load=alone]", "IS-008[n=3,weights=50/25/25]"]
