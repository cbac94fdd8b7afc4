"""The overhead metrics by exact numbers, with a bench that answers what the test says."""

from itertools import cycle, islice
from statistics import median

import pytest

from gpu_virt_bench import Skip
from gpu_virt_bench.metrics.overhead import (
    FUNCTIONS,
    SIZES,
    allocation_latency,
    context_creation,
    free_latency,
    interception,
    launch_latency,
    lock_contention,
    polling,
    rate_limiter,
    total_throughput,
    tracking,
)
from gpu_virt_bench.testing import FakeBench, FakeDevice, series

US = 1000


def first(metric, bench, n=1):
    """The first n samples."""
    return list(islice(metric.measure(bench), n))


def launch(**changes):
    """Parameters of OH-001."""
    return {**launch_latency.headline, **changes}


def test_launch_latency_is_the_median_of_the_intervals() -> None:
    bench = FakeBench([{"call": [2 * US, 3 * US, 100 * US]}], launch())
    assert first(launch_latency, bench) == [3e-6]


def test_each_path_asks_its_own_routine() -> None:
    bench = FakeBench([{"round_trip": [7 * US]}], launch(path="round-trip"))
    first(launch_latency, bench)
    assert [work.routine for work in bench.tenant.asked] == ["launch_sync"]


def test_p99_waits_for_a_thousand_intervals() -> None:
    bench = FakeBench([{"round_trip": list(range(1, 501))}], launch(path="round-trip", statistic="p99"))
    assert first(launch_latency, bench) == pytest.approx([495e-9])
    assert len(bench.tenant.asked) == 2


def test_median_and_p99_share_their_readings() -> None:
    bench = FakeBench([{"call": [1 * US] * 1000}], launch())
    first(launch_latency, bench, 2)
    bench.params = launch(statistic="p99")
    first(launch_latency, bench, 2)
    assert len(bench.tenant.asked) == 2


def pairs(workload):
    """1, 2, 4 and 8 us to allocate, ten times that to free."""
    cost = (SIZES.index(workload.args["bytes"]) + 1) ** 2 * US
    return series({"alloc": [cost] * 50, "free": [10 * cost] * 50})


def test_allocation_of_one_size_is_its_median() -> None:
    bench = FakeBench(pairs, {"bytes": SIZES[1], "api": "pool", "statistic": "median"})
    assert first(allocation_latency, bench) == [4e-6]


def test_all_sizes_are_their_geometric_mean() -> None:
    bench = FakeBench(pairs, {"bytes": "all", "api": "pool", "statistic": "median"})
    assert first(allocation_latency, bench) == pytest.approx([(1 * 4 * 9 * 16) ** 0.25 * 1e-6])


def test_p99_of_allocations_takes_twenty_readings() -> None:
    bench = FakeBench(pairs, {"bytes": SIZES[0], "api": "vmm", "statistic": "p99"})
    assert first(allocation_latency, bench) == [1e-6]
    assert len(bench.tenant.asked) == 20 * len(SIZES)


def test_free_shares_the_readings_of_allocation() -> None:
    bench = FakeBench(pairs, {"bytes": "all", "api": "pool", "statistic": "median"})
    first(allocation_latency, bench)
    bench.params = {"bytes": SIZES[0], "state": "idle", "api": "pool"}
    assert first(free_latency, bench) == [1e-5]
    assert len(bench.tenant.asked) == len(SIZES)


def test_pending_free_is_a_reading_of_its_own() -> None:
    bench = FakeBench(pairs, {"bytes": "all", "state": "pending", "api": "pool"})
    first(free_latency, bench)
    assert {work.args["pending"] for work in bench.tenant.asked} == {1}


def test_a_small_device_skips_with_what_was_needed_and_found() -> None:
    bench = FakeBench(pairs, allocation_latency.headline, FakeDevice(memory_bytes=1 << 30))
    with pytest.raises(Skip, match="needs 2147483648 bytes of device memory, found 1073741824"):
        first(allocation_latency, bench)


PHASES = {"load": [1], "init": [2], "context": [3], "allocate": [4], "module": [5], "launch": [6]}


def test_context_total_is_the_sum_of_the_phases() -> None:
    assert first(context_creation, FakeBench([PHASES], {"phase": "total"})) == pytest.approx([21e-9])


def test_exec_is_the_tenants_start() -> None:
    assert first(context_creation, FakeBench([PHASES], {"phase": "exec"})) == [0.1]


def test_throughput_is_cycles_per_second_of_the_window() -> None:
    bench = FakeBench(lambda work: series({"cycle": [10**7] * 50}, seconds=0.5), {"compute": "full"})
    assert first(total_throughput, bench) == [100.0]


def test_the_work_of_a_cycle_comes_from_the_whole_device() -> None:
    bench = FakeBench(lambda work: series({"cycle": [1]}), {"compute": "full"}, FakeDevice(sm_count=132))
    first(total_throughput, bench)
    assert bench.tenant.asked[0].args["sm_count"] == 132
    assert bench.tenant.asked[0].args["fma_iterations"] == bench.millisecond // 2


def test_a_reading_keeps_its_quantiles_beside_the_sample() -> None:
    bench = FakeBench([{"call": [1 * US, 2 * US, 3 * US]}], launch())
    first(launch_latency, bench)
    (row,) = bench.tables["intervals"]
    assert (row["min"], row["q50"], row["max"]) == (1e-6, median([1e-6, 2e-6, 3e-6]), 3e-6)


def test_interception_is_the_time_per_call_and_all_is_the_mean_over_functions() -> None:
    costs = dict(zip(FUNCTIONS, (100, 200, 300, 400, 500), strict=True))
    bench = FakeBench(
        lambda work: series({"batch": [costs[work.args["function"]] * 1000] * 100}), interception.headline
    )
    assert first(interception, bench) == pytest.approx([300e-9])
    bench.params = {**interception.headline, "function": "cuStreamQuery"}
    assert first(interception, bench) == pytest.approx([400e-9])
    assert len(bench.tenant.asked) == len(FUNCTIONS)


def test_lock_contention_is_what_the_neighbors_add() -> None:
    answers = [{"alloc": [10 * US] * 200, "free": [5 * US] * 200}, {"alloc": [30 * US] * 200, "free": [5 * US] * 200}]
    bench = FakeBench([answers[0], answers[1], answers[0]], lock_contention.headline)
    assert first(lock_contention, bench) == pytest.approx([20e-6])
    assert [work.routine for work in bench.tenant.asked].count("alloc_storm") == 3


def test_lock_contention_of_one_tenant_is_skipped() -> None:
    with pytest.raises(Skip, match="needs 2 tenants or more, asked for 1"):
        first(lock_contention, FakeBench([{}], {**lock_contention.headline, "n": 1}))


def test_tracking_is_the_slope_over_live_allocations() -> None:
    def reply(work):
        return series({"alloc": [10 * US + 2 * work.args["live"]] * 50, "free": [10 * US] * 50})

    bench = FakeBench(reply, {"op": "alloc"})
    assert first(tracking, bench) == pytest.approx([2e-9])
    bench.params = {"op": "free"}
    assert first(tracking, bench) == pytest.approx([0.0], abs=1e-15)


def test_a_cold_first_reading_gives_a_negative_slope_that_is_not_clipped() -> None:
    def reply(work):
        return series({"alloc": [20 * US - work.args["live"]] * 50, "free": [1] * 50})

    assert first(tracking, FakeBench(reply, {"op": "alloc"}))[0] < 0


def test_rate_limiter_is_the_difference_between_the_limited_and_the_free_tenant() -> None:
    answers = cycle([3300, 3000, 3000, 3300])  # limited first, then free first
    bench = FakeBench(lambda work: series({"call": [next(answers)] * 100}), rate_limiter.headline)
    assert first(rate_limiter, bench) == pytest.approx([300e-9])
    assert bench.tables["intervals"][0]["intervals"] == 1000


def test_polling_is_cpu_time_over_wall_time() -> None:
    bench = FakeBench(lambda work: series({"slept": [1]}, seconds=10.0), polling.headline)
    bench.tenant.cpu = [1.0, 1.1]
    assert first(polling, bench) == pytest.approx([0.01])


def test_polling_of_four_tenants_is_their_sum() -> None:
    bench = FakeBench(lambda work: series({"slept": [1]}, seconds=10.0), {**polling.headline, "n": 4})
    bench.tenant.cpu = [1.0, 1.0, 1.0, 1.0, 1.1, 1.1, 1.1, 1.1]
    assert first(polling, bench) == pytest.approx([0.04])


def test_polling_of_a_daemon_counts_what_the_setup_started() -> None:
    bench = FakeBench(lambda work: series({"slept": [1]}, seconds=10.0), {**polling.headline, "where": "daemon"})
    bench.daemon_cpu = [3.0, 3.5]
    assert first(polling, bench) == pytest.approx([0.05])


def test_polling_of_a_daemon_is_skipped_where_there_is_none() -> None:
    bench = FakeBench(lambda work: series({"slept": [1]}), {**polling.headline, "where": "daemon"})
    with pytest.raises(Skip, match="needs a process that the system's set-up starts, found none"):
        first(polling, bench)
