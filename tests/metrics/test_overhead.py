"""The overhead metrics by exact numbers, with a bench that answers what the test says."""

from itertools import cycle, islice
from statistics import median
from types import SimpleNamespace

import pytest

from gpu_virt_bench import Share, Skip
from gpu_virt_bench.metrics import load
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
MIB = 1 << 20
METRICS = load()


def bench_of(metric, reply, device=None, **changes):
    """A bench for the metric's headline with some parameters changed."""
    device = device or FakeDevice()
    return FakeBench(reply, {**metric.headline(device), **changes}, device, metric)


def first(metric, bench, n=1):
    """The first n samples."""
    return list(islice(metric.measure(bench), n))


def test_launch_latency_is_the_median_of_the_intervals() -> None:
    bench = bench_of(launch_latency, [{"call": [2 * US, 3 * US, 100 * US]}])
    assert first(launch_latency, bench) == [3e-6]


def test_each_path_asks_its_own_routine() -> None:
    bench = bench_of(launch_latency, [{"round_trip": [7 * US]}], path="round-trip")
    first(launch_latency, bench)
    assert [work.routine for work in bench.tenant.asked] == ["launch_sync"]


def test_p99_waits_for_a_thousand_intervals() -> None:
    bench = bench_of(launch_latency, [{"round_trip": list(range(1, 501))}], path="round-trip", statistic="p99")
    assert first(launch_latency, bench) == pytest.approx([495e-9])
    assert len(bench.tenant.asked) == 2


def test_median_and_p99_share_their_readings() -> None:
    bench = bench_of(launch_latency, [{"call": [1 * US] * 1000}])
    first(launch_latency, bench, 2)
    bench.params = {**bench.params, "statistic": "p99"}
    first(launch_latency, bench, 2)
    assert len(bench.tenant.asked) == 2


def test_the_sessions_share_and_the_whole_device_are_readings_apart() -> None:
    bench = bench_of(launch_latency, [{"call": [1 * US]}])
    first(launch_latency, bench)
    bench.params = {**bench.params, "compute": "full"}
    first(launch_latency, bench)
    assert len(bench.tenant.asked) == 2


def pairs(workload):
    """1, 4, 9 and 16 us to allocate, in the order of SIZES; ten times that to free."""
    cost, count = (list(SIZES).index(workload.args["bytes"]) + 1) ** 2 * US, workload.args["count"]
    return series({"alloc": [cost] * count, "free": [10 * cost] * count})


def test_the_headline_size_is_2_mib_and_no_outcome_is_of_all_sizes() -> None:
    for metric in (allocation_latency, free_latency):
        assert metric.values(FakeDevice())["bytes"] == (2 * MIB, 4096, 64 * MIB, 1024 * MIB)


def test_allocation_of_one_size_is_its_median_of_one_reading_of_that_size_alone() -> None:
    bench = bench_of(allocation_latency, pairs, bytes=4096, api="pool")
    assert first(allocation_latency, bench) == [4e-6]
    assert [(work.args["bytes"], work.args["count"]) for work in bench.tenant.asked] == [(4096, 200)]


@pytest.mark.parametrize(("size", "readings"), [(2 * MIB, 50), (4096, 5), (64 * MIB, 100), (1024 * MIB, 200)])
def test_p99_of_allocations_takes_as_many_readings_as_give_a_thousand_intervals(size: int, readings: int) -> None:
    bench = bench_of(allocation_latency, pairs, bytes=size, api="vmm", statistic="p99")
    first(allocation_latency, bench)
    assert len(bench.tenant.asked) == readings


def test_free_shares_the_readings_of_allocation() -> None:
    bench = bench_of(allocation_latency, pairs, api="pool")
    first(allocation_latency, bench)
    bench.params = {"bytes": 2 * MIB, "state": "idle", "api": "pool", "resolution": "query"}
    assert first(free_latency, bench) == [1e-5]
    assert len(bench.tenant.asked) == 1


def test_another_size_is_a_reading_of_its_own() -> None:
    bench = bench_of(allocation_latency, pairs)
    first(allocation_latency, bench)
    bench.params = {**bench.params, "bytes": 64 * MIB}
    assert first(allocation_latency, bench) == [9e-6]
    assert [work.args["bytes"] for work in bench.tenant.asked] == [2 * MIB, 64 * MIB]


def test_pending_free_is_a_reading_of_its_own() -> None:
    bench = bench_of(free_latency, pairs)
    first(free_latency, bench)
    bench.params = {**bench.params, "state": "pending"}
    first(free_latency, bench)
    assert [work.args["pending"] for work in bench.tenant.asked] == [0, 1]


def test_a_small_device_skips_the_sizes_that_it_cannot_hold_twice() -> None:
    bench = bench_of(allocation_latency, pairs, FakeDevice(memory_bytes=1 << 30), bytes=1024 * MIB)
    with pytest.raises(Skip, match="needs 2147483648 bytes of device memory, found 1073741824"):
        first(allocation_latency, bench)
    bench.params = {**bench.params, "bytes": 64 * MIB}
    assert first(allocation_latency, bench) == [9e-6]


PHASES = {"load": [1], "init": [2], "context": [3], "allocate": [4], "module": [5], "launch": [6]}


def test_context_total_is_the_sum_of_the_phases() -> None:
    assert first(context_creation, bench_of(context_creation, [PHASES])) == pytest.approx([21e-9])


def test_exec_is_the_tenants_start() -> None:
    assert first(context_creation, bench_of(context_creation, [PHASES], phase="exec")) == [0.1]


def test_all_phases_come_from_the_same_fresh_tenant() -> None:
    bench = bench_of(context_creation, [PHASES])
    first(context_creation, bench)
    bench.params = {"phase": "init", "resolution": "query"}
    assert first(context_creation, bench) == [2e-9]
    assert len(bench.tenant.asked) == len(bench.tables["phases"]) == 1


def test_throughput_is_cycles_per_second_of_the_window() -> None:
    bench = bench_of(total_throughput, lambda work: series({"cycle": [10**7] * 50}, seconds=0.5), compute="full")
    assert first(total_throughput, bench) == [100.0]


def test_the_work_of_a_cycle_comes_from_the_whole_device() -> None:
    bench = bench_of(total_throughput, lambda work: series({"cycle": [1]}), FakeDevice(sm_count=132), compute="full")
    first(total_throughput, bench)
    assert bench.tenant.asked[0].args["sm_count"] == 132
    assert bench.tenant.asked[0].args["fma_iterations"] == bench.millisecond // 2


def test_a_reading_keeps_its_quantiles_beside_the_sample() -> None:
    bench = bench_of(launch_latency, [{"call": [1 * US, 2 * US, 3 * US]}])
    first(launch_latency, bench)
    (row,) = bench.tables["intervals"]
    assert (row["min"], row["q50"], row["max"]) == (1e-6, median([1e-6, 2e-6, 3e-6]), 3e-6)


def test_interception_is_the_time_per_call_and_all_is_the_mean_over_functions() -> None:
    costs = dict(zip(FUNCTIONS, (100, 200, 300, 400, 500), strict=True))
    bench = bench_of(interception, lambda work: series({"batch": [costs[work.args["function"]] * 1000] * 3}))
    assert first(interception, bench) == pytest.approx([300e-9])
    bench.params = {**bench.params, "function": "cuStreamQuery"}
    assert first(interception, bench) == pytest.approx([400e-9])
    assert [work.args["function"] for work in bench.tenant.asked] == list(FUNCTIONS)
    assert {work.args["batch"] for work in bench.tenant.asked} == {1000}


def contended(answers):
    """A reply with one answer after the other to pairs, and 7 pairs from each neighbor's storm."""
    left = iter(answers)
    return lambda work: series({"pairs": [7]} if work.routine == "alloc_storm" else next(left))


def test_lock_contention_is_what_the_neighbors_add() -> None:
    alone, beside = ({"alloc": [cost * US] * 200, "free": [5 * US] * 200} for cost in (10, 30))
    bench = bench_of(lock_contention, contended([alone, beside, alone]))
    assert first(lock_contention, bench) == pytest.approx([20e-6])
    assert [[work.routine for work in tenant.asked] for tenant in bench.party[1:]] == [["alloc_storm"]] * 3
    assert [work.routine for work in bench.party[0].asked] == ["alloc_free"] * 3


def test_lock_contention_keeps_what_the_neighbors_did() -> None:
    bench = bench_of(lock_contention, contended([{"alloc": [1] * 200, "free": [1] * 200}] * 3), n=8)
    first(lock_contention, bench)
    assert [row.get("neighbors_pairs") for row in bench.tables["intervals"]] == [None, 7 * 7]


def test_lock_contention_of_one_tenant_is_skipped() -> None:
    with pytest.raises(Skip, match="needs 2 tenants or more, asked for 1"):
        first(lock_contention, bench_of(lock_contention, [{}], n=1))


def test_tracking_is_the_slope_over_live_allocations() -> None:
    def reply(work):
        return series({"alloc": [10 * US + 2 * work.args["live"]] * 50, "free": [10 * US] * 50})

    bench = bench_of(tracking, reply)
    assert first(tracking, bench) == pytest.approx([2e-9])
    bench.params = {"op": "free", "resolution": "query"}
    assert first(tracking, bench) == pytest.approx([0.0], abs=1e-15)


def test_a_cold_first_reading_gives_a_negative_slope_that_is_not_clipped() -> None:
    def reply(work):
        return series({"alloc": [20 * US - work.args["live"]] * 50, "free": [1] * 50})

    assert first(tracking, bench_of(tracking, reply))[0] < 0


def test_rate_limiter_is_the_difference_between_the_limited_and_the_free_tenant() -> None:
    answers = cycle([3300, 3000, 3000, 3300])  # limited first, then free first
    bench = bench_of(rate_limiter, lambda work: series({"call": [next(answers)] * 100}))
    assert first(rate_limiter, bench) == pytest.approx([300e-9])
    assert bench.tables["intervals"][0]["intervals"] == 1000


def slept(seconds):
    """A reply of a window of so many seconds."""
    return lambda work: series({"slept": [1]}, seconds=seconds)


def test_polling_is_cpu_time_over_wall_time() -> None:
    bench = bench_of(polling, slept(10.0))
    bench.tenant.cpu = [1.0, 1.1]
    assert first(polling, bench) == pytest.approx([0.01])


def test_polling_of_four_tenants_is_their_sum() -> None:
    bench = bench_of(polling, slept(10.0), n=4)
    for tenant, used in zip(bench.party, (0.1, 0.2, 0.3, 0.4), strict=True):
        tenant.cpu = [1.0, 1.0 + used]
    assert first(polling, bench) == pytest.approx([0.1])


def test_polling_of_a_daemon_counts_what_the_setup_started() -> None:
    bench = bench_of(polling, slept(10.0), where="daemon")
    bench.daemon_cpu = [3.0, 3.5]
    assert first(polling, bench) == pytest.approx([0.05])


def test_polling_of_a_daemon_is_skipped_where_there_is_none() -> None:
    bench = bench_of(polling, slept(1.0), where="daemon")
    with pytest.raises(Skip, match="needs a process that the system's set-up starts, found none"):
        first(polling, bench)


def party(metric, **changes):
    """The tenants of a metric's outcome with some parameters changed."""
    device = FakeDevice()
    return metric.party({**metric.headline(device), **changes}, device)


@pytest.mark.parametrize("metric", [launch_latency, total_throughput], ids=["OH-001", "OH-010"])
def test_the_compute_parameter_is_the_share_of_the_one_tenant(metric) -> None:
    assert party(metric) == (Share(),)
    assert party(metric, compute="quota") == (Share(compute=None),)
    assert party(metric, compute="full") == (Share(compute=1.0),)
    assert party(metric, compute=0.25) == (Share(compute=0.25),)


@pytest.mark.parametrize("n", [2, 4, 8])
def test_lock_contention_has_one_timed_tenant_and_neighbors(n: int) -> None:
    assert [share.role for share in party(lock_contention, n=n)] == ["timed"] + ["neighbor"] * (n - 1)
    assert lock_contention.tenants == "n"


def test_the_rate_limiter_has_a_limited_and_a_free_tenant_which_work_in_turn() -> None:
    limited, free = Share(compute=0.5, role="limited"), Share(compute=1.0, role="free")
    assert party(rate_limiter) == (limited, free, free, limited)
    assert party(rate_limiter, demand="paced-out", blocks=100_000) == party(rate_limiter)
    assert rate_limiter.in_turn


def test_polling_has_as_many_equal_tenants_as_its_parameter_says() -> None:
    assert party(polling) == (Share(),)
    assert party(polling, n=4) == (Share(),) * 4
    assert polling.tenants == "n"


def test_context_creation_has_no_standing_tenant_and_needs_the_device_to_itself() -> None:
    assert party(context_creation) == ()
    assert [metric.id for metric in METRICS.values() if metric.alone] == ["OH-004"]


WINDOW = SimpleNamespace(duration=2.0, settle=0.5)


def seconds(metric, **changes):
    """The length of a sample that the metric says, with windows of 2.5 s and polling of 3 s."""
    return metric.seconds_of({**metric.headline(FakeDevice()), **changes}, WINDOW, 3.0)


def test_a_sample_of_throughput_lasts_its_window_and_one_of_polling_its_polling() -> None:
    assert seconds(total_throughput) == 2.54
    assert seconds(polling) == 3.0


def test_a_free_that_reads_what_allocation_took_costs_nothing_and_a_pending_one_does() -> None:
    assert (seconds(free_latency), seconds(free_latency, state="pending")) == (0.0, 0.06)
    assert (seconds(rate_limiter), seconds(rate_limiter, demand="paced-out")) == (2.1, 3.5)


@pytest.mark.parametrize("found", METRICS.values(), ids=list(METRICS))
def test_every_outcome_has_a_party_a_duration_and_a_completion_that_exists(found) -> None:
    device = FakeDevice()
    ids = {metric.outcome_id(params, device) for metric in METRICS.values() for params in metric.variants(device)}
    for params in found.variants(device):
        assert all(share.compute is None or 0 < share.compute <= 1 for share in found.party(params, device))
        assert found.seconds_of(params, WINDOW, 3.0) >= 0
        assert found.completion_of(params) in {"", *ids}


def completion(metric, **changes: object) -> str:
    """The outcome that says what that one costs until its work is done."""
    return metric.completion_of({**metric.headline(FakeDevice()), **changes})


def test_a_launch_is_followed_to_its_end_by_the_same_launch() -> None:
    assert completion(launch_latency) == "OH-001[path=round-trip]"
    other = completion(launch_latency, api="cuGraphLaunch", statistic="p99", compute="full")
    assert other == "OH-001[path=round-trip,api=cuGraphLaunch,statistic=p99,compute=full]"


def test_a_launch_that_is_timed_to_its_end_is_vouched_for_by_work_that_is_verified() -> None:
    assert [completion(launch_latency, path=path) for path in ("start", "round-trip")] == ["", "OH-010"]


@pytest.mark.parametrize("found", [allocation_latency, free_latency, interception])
def test_other_calls_are_followed_by_the_cycles_that_use_what_they_made(found) -> None:
    assert completion(found) == "OH-010"
