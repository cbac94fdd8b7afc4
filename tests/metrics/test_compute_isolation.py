"""IS-006 and IS-008: their arithmetic by exact numbers, and what they see of the emulated GPU's tenants."""

from dataclasses import replace
from itertools import islice

import pytest

from gpu_virt_bench import Skip
from gpu_virt_bench.cli.progress import Silent
from gpu_virt_bench.engine.session import run_session
from gpu_virt_bench.metrics.compute_isolation import compute_isolation, fairness_index
from gpu_virt_bench.metrics.throughput import Progress
from gpu_virt_bench.testing import FakeBench, FakeDevice, series
from sessions import request_for, value

MS = 1_000_000
SECOND = 1000 * MS
WINDOW = {"window_seconds": 0.4, "settle_seconds": 0.05, "quota_window_seconds": 0.4, "quota_settle_seconds": 0.05}
ONCE = {"rounds": {"window": 1}, "warmup": 0, "repetitions": 1, "max_repetitions": 1, **WINDOW}


def bench_of(metric, reply=lambda work: every(MS), **changes):
    """A bench for the metric's headline with some parameters changed."""
    device = FakeDevice()
    return FakeBench(reply, {**metric.headline(device), **changes}, device, metric)


def every(period: int, length: int = SECOND):
    """Launches that are done every `period` ns."""
    return series({"done": list(range(period, length + 1, period))}, length / SECOND)


def answering(bench, periods):
    """Tenants whose launches are done every so many ns: alone, and together."""
    for tenant, (alone, together) in zip(bench.party, periods, strict=True):
        tenant.reply = iter_reply([alone, together, together, alone])
    return bench


def iter_reply(periods):
    """One period after the other."""
    left = list(periods)
    return lambda work: every(left.pop(0))


def first(metric, bench, n=1):
    """The first n samples."""
    return list(islice(metric.measure(bench), n))


def test_progress_counts_launches_between_completions_in_proportion() -> None:
    progress = Progress(series({"done": [10, 20, 40]}, notes={"launches_per_row": 2}))
    assert [progress.done(at) for at in (-5, 0, 5, 20, 30, 40, 99)] == [0, 0, 1, 4, 5, 6, 6]
    assert progress.whole() == 6 / 40e-9


def test_windows_lie_within_both_ends() -> None:
    progress = Progress(every(MS, 10 * MS))
    assert progress.windows(0, 10 * MS, 4 * MS, 2 * MS) == [1000.0] * 4
    assert progress.windows(0, 3 * MS, 4 * MS, 2 * MS) == []


def test_tenants_that_halve_each_other_give_half_whichever_came_first() -> None:
    bench = answering(bench_of(compute_isolation), [(MS, 2 * MS), (MS, 2 * MS)])
    assert first(compute_isolation, bench, 2) == [0.5, 0.5]
    assert bench.tables["rates"][0]["fair"] == 0.5
    assert bench.tables["rates"][0]["of_fair_1"] == 1.0


def test_the_mean_and_the_least_are_of_the_same_ratios() -> None:
    periods = [(MS, MS), (MS, 2 * MS)]
    assert first(compute_isolation, answering(bench_of(compute_isolation), periods)) == [0.75]
    assert first(compute_isolation, answering(bench_of(compute_isolation, statistic="min"), periods)) == [0.5]


def test_under_a_quota_all_of_ones_own_is_fair() -> None:
    bench = answering(bench_of(compute_isolation), [(4 * MS, 4 * MS), (4 * MS, 5 * MS)])
    bench.party[0].compute_granted = bench.party[1].compute_granted = 0.25
    assert first(compute_isolation, bench) == [0.9]
    assert bench.tables["rates"][0]["of_fair_1"] == 0.8


@pytest.mark.parametrize("metric", [compute_isolation, fairness_index])
def test_one_tenant_shares_nothing(metric) -> None:
    with pytest.raises(Skip, match="needs 2 tenants or more, asked for 1"):
        first(metric, bench_of(metric, n=1))


def fair(periods, **changes):
    """IS-008 of tenants whose launches are done every so many ns."""
    bench = bench_of(fairness_index, n=len(periods), **changes)
    for tenant, period in zip(bench.party, periods, strict=True):
        tenant.reply = lambda work, period=period: every(period, 3 * SECOND)
    return first(fairness_index, bench)[0], bench


def test_equal_rates_are_fair() -> None:
    assert fair([MS] * 4)[0] == 1.0


def test_two_to_one_to_one_to_one_is_25_of_28() -> None:
    found, bench = fair([MS, 2 * MS, 2 * MS, 2 * MS])
    assert found == pytest.approx(25 / 28)
    assert bench.tables["launches_per_second_by_share"][0]["x_0"] == 1000.0


def test_rates_by_unequal_shares_that_were_granted_are_fair() -> None:
    assert fair([2 * MS, 4 * MS, 4 * MS], weights="50/25/25")[0] == 1.0


def test_equal_rates_of_unequal_shares_are_not_fair() -> None:
    assert fair([4 * MS, 4 * MS, 4 * MS], weights="50/25/25")[0] == pytest.approx(25 / 27)  # 2, 4 and 4


def test_the_worst_second_is_that_of_the_lowest_index() -> None:
    bench = bench_of(fairness_index, n=2, statistic="worst-second")
    stalls = [*range(MS, SECOND + 1, MS), *range(2 * SECOND, 3 * SECOND + 1, MS)]
    bench.party[0].reply = lambda work: every(MS, 3 * SECOND)
    bench.party[1].reply = lambda work: series({"done": stalls}, 3)
    ((found,), asked) = first(fairness_index, bench), bench.party[0].asked[0]
    assert found == pytest.approx(0.5, abs=0.01)
    assert asked.args["duration"] == 3 * SECOND


# ---- on the emulated GPU ----


def taken(module_measure, chosen: str, systems=("time-slicing",), **emulate: str):
    """One sample of some outcomes."""
    return module_measure(chosen, systems=systems, emulate={"switch_ns": "0", **emulate}, **ONCE)


def test_time_slices_of_two_leave_each_half_which_is_fair(module_measure) -> None:
    run = taken(module_measure, "IS-006;IS-006[statistic=min]")
    assert value(run, "IS-006") == pytest.approx(0.5, abs=0.02)
    assert value(run, "IS-006[statistic=min]") == pytest.approx(0.5, abs=0.02)
    (row,) = run.readings["IS-006"]
    assert row["fair"] == 0.5
    assert row["of_fair_0"] == pytest.approx(1.0, abs=0.04)


def test_a_partition_leaves_each_all_of_its_own(tmp_path) -> None:
    asked = replace(request_for(tmp_path, "IS-006", ("mps",), **ONCE), compute_limit=0.5)
    result = run_session(asked, Silent())
    assert value(result.records[0].run, "IS-006") == pytest.approx(1.0, abs=0.01)


def test_a_slice_three_times_as_long_moves_the_least_and_not_the_mean(module_measure) -> None:
    run = taken(module_measure, "IS-006[statistic=*]", unfair="3")
    assert value(run, "IS-006") == pytest.approx(0.5, abs=0.02)
    assert value(run, "IS-006[statistic=min]") == pytest.approx(0.25, abs=0.02)


def test_a_costly_switch_is_lost_to_both(module_measure) -> None:
    """2 ms of work and 0.5 ms of switch: 0.8 of the half."""
    run = taken(module_measure, "IS-006", switch_ns="500000")
    assert value(run, "IS-006") == pytest.approx(0.4, abs=0.02)


def test_equal_slices_are_fair_and_one_that_is_twice_as_long_is_not(module_measure) -> None:
    assert value(taken(module_measure, "IS-008"), "IS-008") == pytest.approx(1.0, abs=0.005)
    assert value(taken(module_measure, "IS-008", unfair="2"), "IS-008") == pytest.approx(25 / 28, abs=0.005)


def test_unequal_shares_granted_as_asked_are_fair(module_measure) -> None:
    run = taken(module_measure, "IS-008[n=3,weights=50/25/25]", systems=("mps",))
    assert value(run, "IS-008[n=3,weights=50/25/25]") == pytest.approx(1.0, abs=0.005)
