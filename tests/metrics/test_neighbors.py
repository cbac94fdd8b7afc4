"""What aggressors and victims ask for, and what they achieved, by exact numbers."""

import pytest

from gpu_virt_bench import Skip
from gpu_virt_bench.metrics.neighbors import (
    AGGRESSORS,
    INTENSITIES,
    VICTIMS,
    achieved,
    aggressor,
    beyond_l2,
    settle_in,
    together,
    victim,
)
from gpu_virt_bench.model.workload import Workload
from gpu_virt_bench.testing import FakeBench, FakeDevice, FakeTenant, series

MS, MIB, GIB = 1_000_000, 1 << 20, 1 << 30
EMPTY = [{"done": [1]}]


def launches(begin: int, period: int, count: int):
    """A rate's series: launches of 1000 bytes, each done `period` ms after the one before it."""
    found = series({"done": [period * MS * k for k in range(1, count + 1)]}, period * count / 1000)
    notes = {"launches_per_row": 2, "work_per_launch": 500}
    return type(found)(found.columns, begin * MS, begin * MS + found.end, notes)


@pytest.mark.parametrize("name", AGGRESSORS)
@pytest.mark.parametrize("intensity", INTENSITIES)
def test_an_aggressor_submits_in_its_part_of_each_ten_milliseconds(name, intensity) -> None:
    work = aggressor(FakeBench(EMPTY), name, intensity)
    assert work.args.get("busy", intensity * 10 * MS) == intensity * 10 * MS
    assert work.args["duration"] == 600_000 * MS


def test_a_queue_does_not_reach_into_the_time_of_rest() -> None:
    assert aggressor(FakeBench(EMPTY), "compute").args["depth"] == 16
    assert aggressor(FakeBench(EMPTY), "compute", 0.5).args["depth"] == 2


def test_a_launch_is_a_millisecond_of_the_devices_nominal_rates() -> None:
    bench = FakeBench(EMPTY)
    assert aggressor(bench, "dram").args["amount"] == 4_000_000_000  # 2 x 2 GHz x 8000 bit, 4 TB/s
    assert aggressor(bench, "compute").args["amount"] == bench.millisecond
    bench.millisecond = 32_000
    assert aggressor(bench, "atomics").args["amount"] == 10  # 2 048 000 clocks of 800 x 256 threads


@pytest.mark.parametrize(
    ("name", "kernel", "size"),
    [
        ("dram", "copy", GIB),
        ("l2", "copy", 50 * MIB),
        ("l2-bandwidth", "l2_read", 50 * MIB // 4),
        ("atomics", "atomics", 128),
        ("compute", "fma", 0),
    ],
)
def test_an_aggressor_goes_through_the_memory_of_its_name(name, kernel, size) -> None:
    args = aggressor(FakeBench(EMPTY), name).args
    assert (args["kernel"], args["bytes"], args["blocks"]) == (kernel, size, 800)


def test_an_idle_aggressor_holds_filled_memory() -> None:
    bench = FakeBench([{"wrong": [0]}])
    settle_in(bench, bench.tenant, "idle")
    settle_in(bench, bench.tenant, "dram")
    assert [(work.routine, work.args["bytes"]) for work in bench.tenant.asked] == [("own", GIB)]


def test_unknown_names_are_refused() -> None:
    with pytest.raises(ValueError, match="no aggressor is called 'tensor'"):
        aggressor(FakeBench(EMPTY), "tensor")
    with pytest.raises(ValueError, match="no victim is called 'tensor'"):
        victim(FakeBench(EMPTY), "tensor")


@pytest.mark.parametrize("name", [name for name in VICTIMS if name != "launch"])
def test_a_victim_works_for_the_suites_window(name) -> None:
    bench = FakeBench(EMPTY)
    assert victim(bench, name).args["duration"] == 1000 * MS
    assert victim(bench, name).args["busy"] == 10 * MS


def test_the_l2_victims_set_fits_and_the_dram_victims_does_not() -> None:
    bench = FakeBench(EMPTY)
    assert victim(bench, "l2").args["bytes"] == 20 * MIB
    assert (victim(bench, "dram").args["bytes"], victim(bench, "dram").args["kernel"]) == (GIB, "triad")


def test_arrays_are_twenty_times_a_large_l2() -> None:
    assert beyond_l2(FakeBench(EMPTY, device=FakeDevice(l2_bytes=100 * MIB))) == 2000 * MIB


def test_arrays_are_half_of_what_a_small_tenant_has() -> None:
    bench = FakeBench(EMPTY)
    bench.tenant.memory_granted = GIB
    assert beyond_l2(bench) == 512 * MIB
    assert bench.conditions == {"array_bytes": 512 * MIB}


def test_a_native_tenant_finds_room_beside_the_party() -> None:
    assert beyond_l2(FakeBench(EMPTY, device=FakeDevice(memory_bytes=2 * GIB))) == 512 * MIB


def test_arrays_that_l2_would_serve_are_a_reason_to_skip() -> None:
    bench = FakeBench(EMPTY, device=FakeDevice(memory_bytes=600 * MIB))
    with pytest.raises(Skip, match="4 x L2, found room for 157286400"):
        beyond_l2(bench)


def test_a_rate_is_work_between_the_first_and_the_last_that_was_done_in_the_common_window() -> None:
    one, two = FakeTenant(lambda work: None), FakeTenant(lambda work: None)
    found = together({one: launches(0, 10, 100), two: launches(500, 20, 50)})
    assert found == {one: pytest.approx(100_000), two: pytest.approx(50_000)}


def test_what_a_neighbor_achieves_is_that_of_the_victims_windows() -> None:
    neighbor = launches(0, 10, 100)
    rest = type(neighbor)({"done": neighbor.columns["done"][:50]}, 0, 5000 * MS, neighbor.notes)
    work = aggressor(FakeBench(EMPTY), "dram")
    assert achieved(work, rest, [launches(100, 10, 20)]) == pytest.approx(100_000)


@pytest.mark.parametrize(("routine", "column"), [("launch_storm", "launches"), ("alloc_storm", "pairs")])
def test_calls_are_counted_over_their_own_window(routine, column) -> None:
    assert achieved(Workload(routine), series({column: [3000]}, 1.5), []) == 2000


def test_an_idle_neighbor_achieves_nothing() -> None:
    assert achieved(Workload("idle"), series({"slept": [1]}), []) == 0
