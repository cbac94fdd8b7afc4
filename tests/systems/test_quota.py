"""Quotas of a party: what a system grants, and what it refuses."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from places import DEVICE, GIB

from gpu_virt_bench.model.system import Quota, System
from gpu_virt_bench.systems.load import load
from gpu_virt_bench.systems.quota import Inexpressible, as_variables, grants, rounded_down

OTHER = replace(DEVICE, uuid="GPU-2", index=1, sm_count=16, memory_bytes=8 * GIB)


def granted(asked: Sequence[Quota], system: str | System = "mps", gpus: Sequence[int] = ()) -> list[dict[str, Any]]:
    found = load(system) if isinstance(system, str) else system
    return grants(found, asked, (DEVICE, OTHER), gpus or [0] * len(asked))


def shares(*values: float | None) -> list[Quota]:
    return [Quota(compute_share=value) for value in values]


def memories(*values: int | None) -> list[Quota]:
    return [Quota(memory_bytes=value) for value in values]


def test_memory_is_rounded_down_to_the_step() -> None:
    (values,) = granted(memories(4 * GIB + 5))
    assert (values["memory_bytes"], values["memory_mib"]) == (4 * GIB, 4096)


def test_a_share_is_a_percentage_and_whole_multiprocessors() -> None:
    (values,) = granted(shares(0.25))
    assert (values["compute_share"], values["compute_percent"], values["compute_sms"]) == (0.25, 25, 33)


def test_a_tenants_multiprocessors_are_those_of_its_own_device() -> None:
    first, second = granted(shares(0.5, 0.5), gpus=[0, 1])
    assert (first["compute_sms"], second["compute_sms"]) == (66, 8)


def test_what_was_not_asked_for_has_no_value() -> None:
    assert set(granted([Quota()])[0].values()) == {None}


def test_binary_dust_does_not_reach_a_variable() -> None:
    assert as_variables(granted(shares(0.29))[0])["compute_percent"] == "29"


def test_a_priority_is_passed_on() -> None:
    assert granted([Quota(priority=1)])[0]["priority"] == 1


@pytest.mark.parametrize(
    "asked",
    [(0.5, 0.25, 0.25), (0.75, None), (0.75, 1), (0.4, 0.4, None, None), (0.5, 0.25, 0.15, 0.1), (0.1,) * 10],
)
def test_each_tenant_gets_its_own_share(asked: tuple[float | None, ...]) -> None:
    expected = [None if share == 1 else share for share in asked]
    assert [values["compute_share"] for values in granted(shares(*asked))] == expected


def test_a_share_of_one_is_no_limit_and_every_system_can_give_it() -> None:
    assert set(granted(shares(1.0), "native")[0].values()) == {None}


def test_shares_on_different_devices_do_not_add_up() -> None:
    assert [values["compute_share"] for values in granted(shares(0.75, 0.75), gpus=[0, 1])] == [0.75, 0.75]


def test_memory_on_different_devices_does_not_add_up() -> None:
    assert [v["memory_mib"] for v in granted(memories(80 * GIB, 8 * GIB), gpus=[0, 1])] == [81920, 8192]


def test_a_system_with_oversubscription_gives_more_than_there_is() -> None:
    mps = load("mps")
    system = replace(mps, features=(*mps.features, "oversubscription"))
    assert len(granted(memories(60 * GIB, 60 * GIB), system)) == 2


@pytest.mark.parametrize(
    ("system", "asked", "gpus", "sentence"),
    [
        ("native", memories(GIB), [0], "native cannot express a memory quota: it has no memory-limit"),
        ("native", shares(0.5), [0], "native cannot express a compute quota: it has no compute-limit"),
        ("hami", [Quota(priority=1)], [0], "hami-core has no priority"),
        ("mps", memories(100), [0], "mps cannot express a memory quota of 100 bytes: its step is 1048576"),
        ("mps", memories(81 * GIB), [0], "memory quotas of 82944 MiB are more than the 81920 MiB of GPU 0"),
        ("mps", memories(8 * GIB, None, GIB), [1, 1, 1], "of 8192 [+] 1024 MiB are more than the 8192"),
        ("mps", shares(0.5, 0.3, 0.3), [0] * 3, r"shares of 0.5 \+ 0.3 \+ 0.3 are more than all of GPU 0: ask"),
        ("mps", shares(0.125), [0], "mps cannot express a compute share of 0.125: its step is 0.01"),
        ("mps", shares(1.5), [0], "a compute share of 1.5 is not possible"),
        ("mps", shares(0), [0], "a compute share of 0 is not possible"),
        ("mps", [Quota()] * 49, [0] * 49, "mps has at most 48 tenants, not 49"),
        ("native", [Quota()] * 2, [0, 0], "native has one tenant at a time, not 2: it has no concurrent-tenants"),
    ],
)  # fmt: skip
def test_what_cannot_be_given_is_refused_in_one_sentence(
    system: str, asked: list[Quota], gpus: list[int], sentence: str
) -> None:
    with pytest.raises(Inexpressible, match=sentence):
        granted(asked, system, gpus)


@pytest.mark.parametrize(
    ("step", "share", "expected"),
    [(0.01, 1 / 3, 0.33), (0.01, 0.29, 0.29), (0.2, 0.5, 0.4), (0.2, 0.6, 0.6), (0.2, 0.1, None), (0.25, 1.0, 1)],
)
def test_a_share_is_rounded_down_to_what_can_be_expressed(step: float, share: float, expected: float | None) -> None:
    mps = load("mps")
    assert mps.quota.compute is not None
    system = replace(mps, quota=replace(mps.quota, compute=replace(mps.quota.compute, step=step)))
    assert rounded_down(system, share) == expected


def test_without_a_compute_limit_no_share_can_be_expressed() -> None:
    assert rounded_down(load("native"), 0.5) is None
