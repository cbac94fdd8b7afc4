"""SCHED-001: its arithmetic by exact numbers, and what it sees of the emulated GPU's time slices."""

import pytest

from gpu_virt_bench import Skip
from gpu_virt_bench.metrics.switching import tenant_switch
from gpu_virt_bench.model.metric import Implausible
from gpu_virt_bench.model.run import Skipped
from gpu_virt_bench.model.workload import WorkloadError
from gpu_virt_bench.testing import FakeBench, FakeDevice, series
from sessions import value

US, MS = 1000, 1_000_000
STEP = 32e-9
"""Resolution of %globaltimer, seconds."""
ONCE = {"rounds": {"long": 1}, "warmup": 0, "repetitions": 1, "max_repetitions": 1, "seconds_per_outcome": 60.0}


def turns(slice_ns: int, switch: int, count: int, launches=lambda k: 0):
    """What two tenants log that take turns: slices of equal length, and a switch between two."""
    period = 2 * (slice_ns + switch)
    return [
        series(
            {
                "launch": [launches(k) for k in range(count)],
                "begin": [offset + k * period for k in range(count)],
                "end": [offset + k * period + slice_ns for k in range(count)],
            },
            notes={"timer_step": 32},
        )
        for offset in (0, slice_ns + switch)
    ]


def sample(logs):
    """SCHED-001 of two logs, and its bench."""
    device = FakeDevice()
    bench = FakeBench(lambda work: logs[0], tenant_switch.headline(device), device, tenant_switch)
    bench.party[1].reply = lambda work: logs[1]
    return next(tenant_switch.measure(bench)), bench


def test_half_of_what_a_gap_is_longer_than_the_others_stretch_is_a_switch() -> None:
    found, bench = sample(turns(2 * MS, 50 * US, 60))
    assert found == 50e-6
    assert bench.tables["slices"][0]["median"] == 2e-3
    assert bench.tables["gaps"][0] == {"tenant": "first", "used": 58, "left_out": 1}


def test_no_switch_is_zero() -> None:
    assert sample(turns(2 * MS, 0, 60))[0] == 0.0


def test_stretches_that_a_launch_cuts_are_left_out_and_counted() -> None:
    found, bench = sample(turns(2 * MS, 50 * US, 100, lambda k: k // 10))
    assert found == 50e-6
    assert bench.tables["gaps"][1]["left_out"] == 10


def test_few_gaps_are_not_enough() -> None:
    with pytest.raises(WorkloadError, match="gaps hold one stretch of the other tenant, expected 50"):
        sample(turns(2 * MS, 50 * US, 20))


def test_a_switch_that_the_timer_cannot_tell_fails() -> None:
    with pytest.raises(Implausible, match="timer too coarse: a switch of 0.100 us, and a step of 0.032 us"):
        sample(turns(2 * MS, 100, 60))


def test_tenants_that_run_at_once_do_not_switch() -> None:
    with pytest.raises(Skip, match="no switch: kernels overlap, 100% of the time"):
        sample([turns(2 * MS, 50 * US, 60)[0]] * 2)


def test_lost_time_is_what_neither_had() -> None:
    row = sample(turns(2 * MS, 500 * US, 60))[1].tables["slices"][0]
    assert row["lost"] == pytest.approx(0.2, abs=0.01)


# ---- on the emulated GPU ----


@pytest.mark.parametrize("switch", [0, 50_000, 500_000])
def test_a_switch_is_as_long_as_it_was_made(module_measure, switch) -> None:
    run = module_measure("SCHED-001", systems=("time-slicing",), emulate={"switch_ns": str(switch)}, **ONCE)
    assert value(run, "SCHED-001") == pytest.approx(switch / 1e9, abs=4 * STEP)
    row = run.outcomes["SCHED-001"].repetitions[0].detail["slices"][0]
    assert row["median"] == pytest.approx(2e-3, rel=0.01)


def test_one_block_switches_like_a_full_device(module_measure) -> None:
    outcome = "SCHED-001[state=one-block]"
    run = module_measure(outcome, systems=("time-slicing",), emulate={"switch_ns": "50000"}, **ONCE)
    assert value(run, outcome) == pytest.approx(50e-6, abs=4 * STEP)


def test_tenants_side_by_side_have_no_switch(module_measure) -> None:
    found = module_measure("SCHED-001[state=one-block]", systems=("mps",), **ONCE).outcomes[
        "SCHED-001[state=one-block]"
    ]
    assert isinstance(found, Skipped)
    assert found.reason.startswith("no switch: kernels overlap")
