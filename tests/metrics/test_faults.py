"""IS-010: what it makes of a bystander's work, and of faults on the emulated GPU that stay with their tenant or not."""

import pytest

from gpu_virt_bench.metrics.faults import FAULTS, Seen, fault_isolation, judged
from gpu_virt_bench.model.run import Failed
from gpu_virt_bench.model.workload import Series, TenantHung, WorkloadError
from gpu_virt_bench.testing import FakeBench, FakeDevice, series
from sessions import value

MS = 1_000_000
SECOND = 1000 * MS
ONCE = {
    "rounds": {"process": 1},
    "warmup": 0,
    "repetitions": 1,
    "max_repetitions": 1,
    "seconds_per_outcome": 60.0,
    "window_seconds": 0.2,
}
FATAL = ("illegal-address", "misaligned", "trap", "assert")
SMALL = {"memory_bytes": f"{4 << 30}", "context_bytes": f"{64 << 20}"}


def pieces(*spans):
    """Pieces of work that are done every `period` ns, span by span of (period, length)."""
    done, at = [], 0
    for period, length in spans:
        done += range(at + period, at + length + 1, period)
        at += length
    return series({"done": done})


def test_a_bystander_that_goes_on_as_before_survives() -> None:
    seen = judged(pieces((10 * MS, 16 * SECOND)), 5 * SECOND, 5 * SECOND, SECOND)
    assert seen == Seen("", 100.0, 100.0)
    assert seen.survived


def test_one_that_stalls_for_a_while_survives_and_one_that_stays_slow_does_not() -> None:
    stalls = pieces((10 * MS, 5 * SECOND), (3 * SECOND, 3 * SECOND), (10 * MS, 8 * SECOND))
    slow = pieces((10 * MS, 5 * SECOND), (11 * MS, 11 * SECOND))
    assert judged(stalls, 5 * SECOND, 5 * SECOND, SECOND).survived
    assert not judged(slow, 5 * SECOND, 5 * SECOND, SECOND).survived


def test_one_that_makes_an_error_or_did_nothing_before_does_not_survive() -> None:
    assert not Seen(trouble="719").survived
    assert not Seen("", 0.0, 100.0).survived


def bench_of(fault: str, work):
    """A bench whose bystander does that work, and whose faults come 5 s after its begin."""
    device = FakeDevice()
    bench = FakeBench(lambda workload: work(), {"fault": fault}, device, fault_isolation)
    bench.party[0].reply = lambda workload: work() if workload.routine == "bystander" else series({"code": [700]})
    waits = iter([(0, 5), (5, 15)] * len(FAULTS))

    def clock(workload):
        begin, end = next(waits)
        return Series({"slept": (1,)}, begin * SECOND, end * SECOND)

    bench.party[1].reply = clock
    return bench


def first(bench):
    """The first sample."""
    return next(fault_isolation.measure(bench))


def test_an_exit_that_slows_the_bystander_down_is_a_zero() -> None:
    slow = pieces((10 * MS, 5 * SECOND), (20 * MS, 10 * SECOND))
    bench = bench_of("exit", lambda: slow)
    bench.party[1].child = lambda: bench.native()
    assert first(bench) == 0.0
    assert bench.tables["bystander"][0]["after"] == 50.0


@pytest.mark.parametrize("error", [WorkloadError("wrong-result", "7 words wrong"), TenantHung("did not answer")])
def test_a_bystander_in_trouble_is_a_zero_that_says_what_it_was(error) -> None:
    def trouble():
        raise error

    bench = bench_of("exit", trouble)
    bench.party[1].child = lambda: bench.sacrifice(bench.party[0], None)
    assert first(bench) == 0.0
    assert bench.tables["bystander"][0]["trouble"] == str(error)


# ---- on the emulated GPU ----


def taken(module_measure, **emulate: str) -> dict[str, float]:
    """Every fault's outcome."""
    run = module_measure("IS-010[fault=*]", systems=("time-slicing",), emulate={**SMALL, **emulate}, **ONCE)
    return {str(found.params["fault"]): value(run, name) for name, found in run.outcomes.items()}


def test_faults_stay_with_their_tenant(module_measure) -> None:
    """`all` makes each of them in turn."""
    run = module_measure("IS-010", systems=("time-slicing",), emulate=SMALL, **ONCE)
    assert value(run, "IS-010") == 1.0
    rows = run.outcomes["IS-010"].repetitions[0].detail["bystander"]
    assert {row["fault"]: row["survived"] for row in rows} == dict.fromkeys(FAULTS, 1)


def test_a_fault_that_reaches_everybody_is_a_zero_and_an_exit_is_none(module_measure) -> None:
    found = taken(module_measure, fault_spread="1")
    assert found == {fault: 0.0 if fault in (*FATAL, "all") else 1.0 for fault in ("all", *FAULTS)}


def test_a_fault_that_nobody_is_told_of_fails_as_not_raised(module_measure) -> None:
    outcome = "IS-010[fault=trap]"
    run = module_measure(outcome, systems=("time-slicing",), emulate={**SMALL, "fault_swallowed": "1"}, **ONCE)
    found = run.outcomes[outcome]
    assert isinstance(found, Failed)
    assert "CUDA error 719 not raised" in found.error


def test_under_mps_a_fault_is_every_clients_and_a_kill_is_not(module_measure) -> None:
    run = module_measure("IS-010[fault=trap];IS-010[fault=storm-kill]", systems=("mps",), emulate=SMALL, **ONCE)
    assert value(run, "IS-010[fault=trap]") == 0.0
    assert value(run, "IS-010[fault=storm-kill]") == 1.0
