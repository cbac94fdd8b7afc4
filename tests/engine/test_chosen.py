"""Parameter values chosen by name, for every metric that has the parameter."""

import pytest

from gpu_virt_bench import metrics
from gpu_virt_bench.engine.chosen import check_chosen, names, with_chosen
from gpu_virt_bench.engine.entry import Entry
from gpu_virt_bench.engine.plan import PlanError, select
from gpu_virt_bench.engine.quotas import unmet
from gpu_virt_bench.systems.load import load
from gpu_virt_bench.testing import FakeDevice

DEVICE = FakeDevice()
REGISTRY = metrics.load()


def outcomes(*words: str, **chosen) -> list[str]:
    """The ids of a selection with those values."""
    return [one.id for one in with_chosen(select(REGISTRY, words, "headline", DEVICE), chosen, DEVICE)]


def test_a_value_is_set_in_every_metric_that_has_the_parameter() -> None:
    assert outcomes("OH-001", "BW-004", "CACHE-004", aggressor=["compute"]) == [
        *("BW-004[aggressor=compute]", "CACHE-004[aggressor=compute]", "OH-001")
    ]


def test_several_values_are_one_outcome_each() -> None:
    found = outcomes("IS-009", aggressor=["dram", "l2"], intensity=[0.3, 1.0])
    assert found == ["IS-009[intensity=0.3]", "IS-009", "IS-009[aggressor=l2,intensity=0.3]", "IS-009[aggressor=l2]"]


def test_an_idle_aggressor_is_one_outcome_at_any_intensity() -> None:
    assert outcomes("IS-009", aggressor=["idle"], intensity=[0.3, 0.5]) == ["IS-009[aggressor=idle]"]
    assert outcomes("IS-009[aggressor=idle]", intensity=[0.3]) == ["IS-009[aggressor=idle]"]
    assert outcomes("IS-009", aggressor=["launch_rate"], intensity=[0.3]) == ["IS-009[aggressor=launch_rate]"]


def test_dram_is_the_copy_of_a_metric_that_calls_it_so() -> None:
    assert outcomes("BW-004", aggressor=["dram"]) == ["BW-004"]


def test_a_routine_that_has_a_name_already_goes_by_it() -> None:
    assert outcomes("IS-009", aggressor=["alloc_storm"], victim=["requests"]) == ["IS-009[aggressor=alloc]"]


def test_a_value_that_a_metric_does_not_know_is_skipped_and_said() -> None:
    items = with_chosen(select(REGISTRY, ["BW-004", "IS-009"], "headline", DEVICE), {"aggressor": ["alloc"]}, DEVICE)
    assert [one.id for one in items] == ["BW-004[aggressor=alloc]", "IS-009[aggressor=alloc]"]
    assert unmet(Entry(load("mps")), items[0], []) == "BW-004 has no aggressor alloc"


def test_what_makes_no_sense_is_left_out_and_refused_where_nothing_else_is() -> None:
    assert outcomes("IS-009[statistic=*]", victim=["fma"]) == ["IS-009[victim=fma]"]
    with pytest.raises(PlanError, match=r"IS-009\[statistic=p99\] cannot be with victim fma"):
        outcomes("IS-009[statistic=p99]", victim=["fma"])


def test_a_parameter_that_nothing_selected_has_names_those_that_have() -> None:
    with pytest.raises(PlanError, match="--aggressor dram,l2: .*; BW-004, CACHE-004, IS-009 have: --metrics"):
        check_chosen(REGISTRY, ["OH-001", "overhead"], {"aggressor": ["dram", "l2"]})
    with pytest.raises(PlanError, match="; IS-009 has: --metrics IS-009"):
        check_chosen(REGISTRY, ["BW-004"], {"intensity": [0.5]})
    check_chosen(REGISTRY, ["*"], {"aggressor": ["dram"], "intensity": [0.5], "victim": ["fma"]})


def test_what_an_outcome_is_called_selects_it() -> None:
    words = ("IS-009[aggressor=my.work:Noise,intensity=0.3]", "IS-008[n=3,weights=70/20/10]")
    assert {one.id for one in select(REGISTRY, words, "headline", DEVICE)} == set(words)


def test_names_are_those_of_all_metrics_with_words_and_routines() -> None:
    assert {"dram", "copy", "pcie", "alloc_storm"} <= set(names(REGISTRY, "aggressor"))
    assert {"chain", "alloc_storm"} <= set(names(REGISTRY, "victim"))
