"""What the tenants of a party are granted."""

from contextlib import nullcontext
from dataclasses import replace

import pytest

from builders import DEVICE
from gpu_virt_bench import Share, metrics
from gpu_virt_bench.engine.entry import Entry
from gpu_virt_bench.engine.member import Member
from gpu_virt_bench.engine.plan import select
from gpu_virt_bench.engine.quotas import granted, needs, short_of_memory, unmet
from gpu_virt_bench.model.system import ComputeQuota, Quotas
from gpu_virt_bench.model.workload import WorkloadError
from gpu_virt_bench.systems.load import load
from gpu_virt_bench.systems.quota import Inexpressible
from gpu_virt_bench.testing import FakeDevice

GIB = 1 << 30
MPS = load("mps")


def shares(entry: Entry, *party: Share) -> list[float | None]:
    """The compute shares that a party is granted."""
    return [values["compute_share"] for values in granted(entry, party, [DEVICE])]


def item(word: str):
    """One outcome."""
    (found,) = select(metrics.load(), [word], "headline", FakeDevice())
    return found


def test_a_share_that_is_open_is_the_sessions() -> None:
    assert shares(Entry(MPS, compute_limit=0.5), Share()) == [0.5]
    assert shares(Entry(MPS), Share()) == [None]


def test_the_whole_device_is_no_limit_whatever_the_session_asks() -> None:
    assert shares(Entry(MPS, compute_limit=0.5), Share(compute=1.0)) == [None]


def test_a_share_of_its_own_stands_beside_the_sessions() -> None:
    assert shares(Entry(MPS, compute_limit=0.5), Share(compute=0.25)) == [0.25]


def test_unequal_shares_are_granted_as_asked() -> None:
    party = [Share(compute=share) for share in (0.5, 0.25, 0.15, 0.1)]
    assert shares(Entry(MPS), *party) == [0.5, 0.25, 0.15, 0.1]


def test_of_several_tenants_each_gets_its_part_of_the_session() -> None:
    assert shares(Entry(MPS, compute_limit=0.5), *[Share()] * 3) == [0.33] * 3
    assert shares(Entry(MPS, compute_limit=0.25), *[Share()] * 3) == [0.25] * 3


def test_a_part_is_rounded_down_to_the_systems_step() -> None:
    coarse = replace(MPS, quota=Quotas(MPS.quota.memory, ComputeQuota(step=0.2)))
    assert shares(Entry(coarse, compute_limit=0.4), *[Share()] * 3) == [0.2] * 3


def test_a_party_of_as_many_as_the_session_has_shares_for_gets_them_in_order() -> None:
    entry = Entry(MPS, percents=(50, 30, 20), tenants=3)
    assert shares(entry, *[Share()] * 3) == [0.5, 0.3, 0.2]


def test_other_parties_are_not_limited_by_such_shares() -> None:
    entry = Entry(MPS, percents=(50, 30, 20), tenants=3)
    assert shares(entry, Share(), Share()) == [None, None]
    assert shares(entry, Share(), Share(), Share(compute=1.0)) == [None] * 3
    assert shares(replace(entry, system=load("time-slicing")), *[Share()] * 3) == [None] * 3


def test_shares_beyond_the_device_are_refused() -> None:
    with pytest.raises(Inexpressible, match=r"shares of 0.6 \+ 0.6 are more than all of"):
        shares(Entry(MPS), Share(compute=0.6), Share(compute=0.6))


def test_of_the_sessions_memory_each_gets_at_most_its_part_of_the_device() -> None:
    (one, two) = granted(Entry(MPS, memory_limit=100 * GIB), (Share(), Share()), [DEVICE])
    assert one["memory_bytes"] == two["memory_bytes"] == DEVICE.memory_bytes // 2


def test_needs_follow_from_the_party() -> None:
    assert needs(item("OH-001")) == ()
    assert needs(item("OH-001[compute=0.25]")) == ("compute-limit",)
    assert needs(item("OH-006")) == ("concurrent-tenants", "separate-processes")
    assert needs(item("OH-008")) == ("concurrent-tenants", "separate-processes", "compute-limit")


def test_what_an_entry_lacks_is_said() -> None:
    assert unmet(Entry(load("native")), item("OH-001[compute=0.25]"), [DEVICE]) == "native has no compute-limit"


def test_a_share_that_the_step_cannot_express_skips_the_outcome() -> None:
    coarse = replace(MPS, quota=Quotas(MPS.quota.memory, ComputeQuota(step=0.2)))
    reason = unmet(Entry(coarse), item("OH-001[compute=0.25]"), [DEVICE])
    assert reason == "mps cannot express a compute share of 0.25: its step is 0.2"


def test_a_second_gpu_that_is_not_there_skips_the_outcome() -> None:
    far = replace(item("OH-001"), party=(Share(), Share(gpu=1)))
    assert unmet(Entry(MPS), far, [DEVICE]) == "needs 2 GPUs, found 1: give --device 0,1"


def test_a_driver_without_memory_names_the_tenants_quota() -> None:
    error = WorkloadError("cuda", "cuMemAlloc_v2 answered CUDA_ERROR_OUT_OF_MEMORY (2)", "cuMemAlloc_v2", 2)
    members = [Member(Share(), 0, {"memory_bytes": quota}, nullcontext) for quota in (16 << 20, None)]
    assert short_of_memory(error, members).startswith("; a tenant's memory quota is 16 MiB")
    assert short_of_memory(error, members[1:]) == ""
    assert short_of_memory(WorkloadError("cuda", "cuInit answered 3", "cuInit", 3), members) == ""
