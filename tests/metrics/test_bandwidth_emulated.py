"""The bandwidth metrics return what the emulated device memory gives, and move as its model says."""

import pytest

from contention import at_once, in_turn
from gpu_virt_bench import emulated
from gpu_virt_bench.model.run import Run
from sessions import value

DRAM = float(emulated.keys()["dram_bandwidth"].default)
WEIGHTED = "BW-002[n=3,weights=50/25/25]"


def rates_of(run: Run) -> dict[str, float]:
    """The first row of the rates beside the readings of BW-001."""
    return run.readings["BW-001 2"][0]


@pytest.fixture(scope="module")
def shared(module_measure) -> Run:
    """Two saturating tenants without a partition."""
    return at_once(
        module_measure, "BW-001;BW-001[statistic=min];BW-002[n=2];BW-004[aggressor=copy];BW-004[aggressor=*]"
    )


def test_two_that_saturate_have_half_each(shared) -> None:
    assert value(shared, "BW-001") == pytest.approx(0.5, abs=0.02)
    assert value(shared, "BW-001[statistic=min]") == pytest.approx(0.5, abs=0.02)
    assert value(shared, "BW-002[n=2]") == pytest.approx(1.0, abs=0.001)


def test_rates_are_the_device_memorys(shared) -> None:
    assert rates_of(shared)["alone"] == pytest.approx(DRAM, rel=0.01)
    assert rates_of(shared)["together"] == pytest.approx(DRAM, rel=0.01)
    assert rates_of(shared)["of_entitlement_0"] == pytest.approx(1.0, rel=0.01)


def test_a_copy_takes_half_and_who_loads_no_memory_takes_nothing(shared) -> None:
    assert value(shared, "BW-004") == pytest.approx(0.5, abs=0.02)
    assert value(shared, "BW-004[aggressor=idle]") == pytest.approx(0.0, abs=0.01)
    assert value(shared, "BW-004[aggressor=compute]") == pytest.approx(0.0, abs=0.01)


def test_reads_and_writes_that_cost_alike_take_alike(shared) -> None:
    assert value(shared, "BW-004[aggressor=read]") == pytest.approx(value(shared, "BW-004[aggressor=write]"), abs=0.001)


def test_one_that_weighs_three_times_as_much_leaves_the_other_a_quarter(module_measure) -> None:
    run = at_once(module_measure, "BW-001;BW-001[statistic=min];BW-002[n=2]", dram_weight="3")
    assert value(run, "BW-001") == pytest.approx(0.5, abs=0.02)
    assert value(run, "BW-001[statistic=min]") == pytest.approx(0.25, abs=0.005)
    assert value(run, "BW-002[n=2]") == pytest.approx(16 / 20, abs=0.005)


def test_a_partition_isolates(module_measure) -> None:
    run = at_once(module_measure, "BW-001;BW-001[statistic=min];BW-004", compute_limit=0.5, dram_partition="1")
    assert value(run, "BW-001") == pytest.approx(1.0, abs=0.01)
    assert value(run, "BW-001[statistic=min]") == pytest.approx(1.0, abs=0.01)
    assert value(run, "BW-004") == pytest.approx(0.0, abs=0.01)
    assert rates_of(run)["alone"] == pytest.approx(DRAM / 2, rel=0.01)


def test_unequal_shares_that_are_kept_are_fair(module_measure) -> None:
    assert value(at_once(module_measure, WEIGHTED, dram_partition="1"), WEIGHTED) == pytest.approx(1.0, abs=0.005)


def test_unequal_shares_that_nobody_keeps_are_not(module_measure) -> None:
    """A third each of 50/25/25: (2/3 + 4/3 + 4/3)^2 / 3 / (4/9 + 16/9 + 16/9)."""
    assert value(at_once(module_measure, WEIGHTED), WEIGHTED) == pytest.approx(25 / 27, abs=0.005)


def test_three_of_two_fifths_saturate_the_bus(module_measure) -> None:
    assert value(at_once(module_measure, "BW-003", dram_reach="0.4"), "BW-003") == 3


def test_one_that_has_it_all_saturates_the_bus_and_half_of_the_multiprocessors_do(module_measure) -> None:
    run = at_once(module_measure, "BW-003;BW-003[sweep=sms]", dram_saturation="0.5")
    assert value(run, "BW-003") == 1
    assert value(run, "BW-003[sweep=sms]") == 0.5
    (repetition,) = run.outcomes["BW-003[sweep=sms]"].repetitions
    curve = {row["sms"]: row["bytes_per_second"] for row in repetition.detail["curve"]}
    assert curve[0.25] == pytest.approx(33 / 66 * DRAM, rel=0.05)  # of 132 multiprocessors


def test_writes_that_cost_twice_take_more_than_reads_by_their_cost(module_measure) -> None:
    """A triad's byte costs 4/3: of two that have x each, (4/3 + cost) x is all."""
    run = at_once(module_measure, "BW-004[aggressor=read];BW-004[aggressor=write]", dram_write_cost="2")
    read, write = (value(run, f"BW-004[aggressor={op}]") for op in ("read", "write"))
    assert read == pytest.approx(1 - 1 / (4 / 3 + 1), abs=0.01)
    assert write - read == pytest.approx(1 / (4 / 3 + 1) - 1 / (4 / 3 + 2), rel=0.1)


def test_slices_leave_each_its_part_of_the_time(module_measure) -> None:
    run = in_turn(module_measure, "BW-001;BW-004")
    assert value(run, "BW-001") == pytest.approx(0.5, abs=0.02)
    assert value(run, "BW-004") == pytest.approx(0.5, abs=0.02)


def test_what_is_no_bandwidth_does_not_move_them(module_measure, shared) -> None:
    slow = dict.fromkeys(("l2_latency", "dram_latency", "copy_latency", "launch_to_start"), "10000")
    run = at_once(module_measure, "BW-001;BW-002[n=2];BW-004", **slow)
    for outcome in run.outcomes:
        assert value(run, outcome) == pytest.approx(value(shared, outcome), abs=0.02)
