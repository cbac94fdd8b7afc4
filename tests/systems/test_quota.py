"""Quotas: what a system grants, and what it refuses."""

import pytest

from gpu_virt_bench.model.system import Quota
from gpu_virt_bench.systems.load import load
from gpu_virt_bench.systems.quota import as_variables, quota_values
from gpu_virt_bench.systems.variables import DefinitionError

GIB = 1 << 30
MPS = load("mps")


def granted(quota: Quota, system: str = "mps", **given: int) -> dict:
    return quota_values(load(system), quota, 80 * GIB, 132, **given)


def test_memory_is_rounded_down_to_the_step() -> None:
    values = granted(Quota(memory_bytes=4 * GIB + 5))
    assert (values["memory_bytes"], values["memory_mib"]) == (4 * GIB, 4096)


def test_a_share_is_a_percentage_and_whole_multiprocessors() -> None:
    values = granted(Quota(compute_share=0.25))
    assert (values["compute_share"], values["compute_percent"], values["compute_sms"]) == (0.25, 25, 33)


def test_what_was_not_asked_for_has_no_value() -> None:
    assert set(granted(Quota()).values()) == {None}


def test_binary_dust_does_not_reach_a_variable() -> None:
    assert as_variables(granted(Quota(compute_share=0.29)))["compute_percent"] == "29"


def test_a_priority_is_passed_on() -> None:
    assert granted(Quota(priority=1))["priority"] == 1


def test_three_thirds_are_not_more_than_one() -> None:
    assert granted(Quota(compute_share=0.25), tenants=4)["compute_percent"] == 25


@pytest.mark.parametrize(
    ("system", "quota", "given", "sentence"),
    [
        ("native", Quota(memory_bytes=GIB), {}, "native cannot express a memory quota: it has no memory-limit"),
        ("native", Quota(compute_share=0.5), {}, "native cannot express a compute quota: it has no compute-limit"),
        ("hami", Quota(priority=1), {}, "hami-core has no priority"),
        ("mps", Quota(memory_bytes=100), {}, "mps cannot express a memory quota of 100 bytes: its step is 1048576"),
        ("mps", Quota(memory_bytes=81 * GIB), {}, f"quota of {81 * GIB} bytes is more than the device's {80 * GIB}"),
        ("mps", Quota(memory_bytes=30 * GIB), {"tenants": 2, "memory_free": 50 * GIB},
         f"2 x {30 * GIB} bytes are more than the {50 * GIB} that the device has free, and mps has no oversub"),
        ("mps", Quota(compute_share=0.6), {"tenants": 2}, "2 shares of 0.6 add up to more than 1: ask for at most 0.5"),
        ("mps", Quota(compute_share=0.125), {}, "mps cannot express a compute share of 0.125: its step is 0.01"),
        ("mps", Quota(compute_share=1.5), {}, "a compute share of 1.5 is not possible"),
        ("mps", Quota(), {"tenants": 49}, "mps has at most 48 tenants, not 49"),
        ("native", Quota(), {"tenants": 2}, "native has one tenant at a time, not 2: it has no concurrent-tenants"),
    ],
)  # fmt: skip
def test_what_cannot_be_given_is_refused_in_one_sentence(system: str, quota: Quota, given: dict, sentence: str) -> None:
    with pytest.raises(DefinitionError, match=sentence):
        granted(quota, system, **given)
