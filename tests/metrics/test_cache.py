"""The cache metrics by exact numbers, with a bench that answers what the test says."""

from collections.abc import Mapping
from itertools import islice

import pytest

from gpu_virt_bench import Skip
from gpu_virt_bench.metrics.cache import (
    cache_contention,
    eviction_rate,
    hit_rate_of_l2,
    working_set_collision,
)
from gpu_virt_bench.metrics.chasing import groups_of, hit_rate, mean_step, median_step, steps_of
from gpu_virt_bench.model.metric import Implausible
from gpu_virt_bench.model.workload import WorkloadError
from gpu_virt_bench.testing import FakeBench, FakeDevice, series

MIB = 1 << 20
L2, DRAM, AWAY = 20, 40, 1024
"""Bins, 10 clocks wide."""


def histogram(counts: Mapping[int, int]):
    """A chase's steps by their bins."""
    return series({"clocks": [10 * b for b in range(1025)], "steps": [counts.get(b, 0) for b in range(1025)]})


def bench_of(metric, chases, **changes):
    """A bench whose first tenant's chases, after the two of the threshold, answer one after the other."""
    device = FakeDevice()
    answers = [{L2: 100}, {DRAM: 100}, *chases]

    def reply(work):
        if work.routine == "chase_steps":
            return histogram(answers.pop(0) if len(answers) > 1 else answers[0])
        return series({"done": [1]})

    return FakeBench(reply, {**metric.headline(device), **changes}, device, metric)


def first(metric, bench, n=1):
    """The first n samples."""
    return list(islice(metric.measure(bench), n))


def test_hits_are_steps_nearer_to_l2_than_to_dram() -> None:
    bench = bench_of(hit_rate_of_l2, [{L2: 75, DRAM: 25}])
    assert first(hit_rate_of_l2, bench) == [0.75]
    row = bench.tables["steps"][0]
    assert (row["l2_clocks"], row["dram_clocks"], row["by_mean"]) == (205, 405, 0.75)


def test_steps_while_descheduled_are_neither_and_counted() -> None:
    bench = bench_of(hit_rate_of_l2, [{L2: 50, DRAM: 50, AWAY: 900}])
    assert first(hit_rate_of_l2, bench) == [0.5]
    assert bench.tables["steps"][0]["descheduled"] == 900


def test_a_hit_rate_that_the_mean_denies_fails() -> None:
    bench = bench_of(hit_rate_of_l2, [{L2: 50, 70: 50}])  # 0.5 by the steps, none by their mean
    with pytest.raises(WorkloadError, match=r"0\.500 of the steps are hits, 0\.000 by their mean"):
        first(hit_rate_of_l2, bench)


def test_misses_that_wait_a_little_are_misses() -> None:
    bench = bench_of(hit_rate_of_l2, [{50: 100}])  # 505 clocks, 405 alone: beside a neighbor
    assert first(hit_rate_of_l2, bench) == [0]
    assert bench.tables["steps"][0]["mean_clocks"] == 505


def test_steps_that_wait_for_longer_than_a_miss_tell_nothing() -> None:
    bench = bench_of(hit_rate_of_l2, [{70: 100}])
    with pytest.raises(WorkloadError, match=r"steps take 1\.7 x what DRAM serves alone"):
        first(hit_rate_of_l2, bench)


def test_latencies_that_are_alike_tell_nothing() -> None:
    device = FakeDevice()
    answers = iter([{20: 100}, {25: 100}])
    bench = FakeBench(lambda work: histogram(next(answers)), hit_rate_of_l2.headline(device), device, hit_rate_of_l2)
    with pytest.raises(WorkloadError, match="cannot tell L2 from DRAM: 205 clocks, 255 clocks"):
        first(hit_rate_of_l2, bench)


def test_a_chase_that_never_ran_undisturbed_fails() -> None:
    with pytest.raises(WorkloadError, match="all 100 steps took more than 10 us"):
        first(hit_rate_of_l2, bench_of(hit_rate_of_l2, [{AWAY: 100}]))


@pytest.mark.parametrize(("ws", "steps"), [(0.25, 102_400), (0.5, 204_800), (0.75, 307_200)])
def test_a_chase_is_a_whole_cycle_after_two_warm_passes(ws, steps) -> None:
    bench = bench_of(hit_rate_of_l2, [{L2: 1}], ws=ws)
    first(hit_rate_of_l2, bench)
    args = bench.tenant.asked[-1].args
    assert (args["bytes"], args["warm"], args["steps"]) == (128 * steps, 2, steps)


def test_alone_nobody_is_beside() -> None:
    bench = bench_of(hit_rate_of_l2, [{L2: 1}], load="alone")
    first(hit_rate_of_l2, bench)
    assert len(bench.party) == 1
    beside = bench_of(hit_rate_of_l2, [{L2: 1}])
    first(hit_rate_of_l2, beside)
    assert [(work.args["kernel"], work.args["bytes"]) for work in beside.party[1].asked] == [("copy", 50 * MIB)]


def test_the_threshold_is_measured_once_in_a_repetition() -> None:
    bench = bench_of(hit_rate_of_l2, [{L2: 1}])
    first(hit_rate_of_l2, bench, 3)
    sizes = [work.args["bytes"] for work in bench.tenant.asked]
    assert sizes == [5 * MIB, 400 * MIB, 25 * MIB, 25 * MIB, 25 * MIB]


def test_evicted_lines_are_the_misses_of_the_pass_after() -> None:
    passes = [{DRAM: 100}, {L2: 100}, {L2: 90, DRAM: 10}, {L2: 30, DRAM: 70}]
    bench = bench_of(eviction_rate, passes)
    assert first(eviction_rate, bench) == [0.7]
    assert bench.tables["steps"][0]["misses_before"] == pytest.approx(0.1)


def test_the_evictor_reads_once_before_the_victim_comes_and_once_between_its_passes() -> None:
    bench = bench_of(eviction_rate, [{L2: 1}], evictor="0.5")
    first(eviction_rate, bench)
    asked = bench.party[1].asked
    assert [(work.routine, work.args["bytes"], work.args["count"]) for work in asked] == [("pieces", 25 * MIB, 1)] * 2
    assert len(bench.party[0].asked) == 2 + 4


def test_the_control_computes_as_long_as_the_reading_would_take() -> None:
    bench = bench_of(eviction_rate, [{L2: 1}], evictor="control")
    bench.millisecond = 1_000_000
    first(eviction_rate, bench)
    args = bench.party[1].asked[0].args
    assert (args["kernel"], args["amount"]) == ("fma", 26214)  # 100 MiB at 4 TB/s: 26.2 us


def launches(period: int):
    """A second of launches of 1000 bytes."""
    done = list(range(period, 1_000_000_001, period))
    return series({"done": done}, 1.0, {"launches_per_row": 1, "work_per_launch": 1000})


def colliding(victim: Mapping[int, int], native: int = 1_000_000):
    """A bench whose victim has these periods, ns, by the bytes of the neighbor's set."""
    device = FakeDevice()
    bench = FakeBench(
        lambda work: launches(native), working_set_collision.headline(device), device, working_set_collision
    )
    beside = bench.beside
    bench.sizes = []

    def begin(work):
        (noise,) = work.values()
        bench.sizes.append(noise.args["bytes"])
        return beside(work)

    bench.beside = begin
    bench.party[0].reply = lambda work: launches(victim[bench.sizes[-1]])
    return bench


FITS, COLLIDES = 10 * MIB, 30 * MIB


def test_a_collision_is_judged_against_a_set_that_collides_with_nothing() -> None:
    bench = colliding({FITS: 1_000_000, COLLIDES: 4_000_000})
    assert first(working_set_collision, bench) == pytest.approx([0.75])
    assert sorted(bench.sizes) == [FITS, COLLIDES]


def test_the_neighbor_keeps_one_rate_whatever_its_set() -> None:
    bench = colliding({FITS: 1_000_000, COLLIDES: 1_000_000})
    first(working_set_collision, bench)
    found, *beside = bench.party[1].asked
    assert (found.args["bytes"], found.args["every"]) == (100 * MIB, 0)
    assert {work.args["every"] for work in beside} == {4_000_000_000_000}  # 4 GB at 1 MB/s


def test_a_victim_faster_than_the_native_one_is_implausible() -> None:
    with pytest.raises(Implausible, match="measured x 1.05"):
        first(working_set_collision, colliding({FITS: 500_000, COLLIDES: 500_000}))


def contended(steps: list[int], **changes):
    """A bench whose chases have groups of so many ns a step, one chase after the other."""
    device = FakeDevice()
    left = iter(steps)

    def reply(work):
        return series({"group": [64 * next(left)] * 100}) if work.routine == "chase" else series({"done": [1]})

    return FakeBench(reply, {**cache_contention.headline(device), **changes}, device, cache_contention)


def test_contention_is_the_mean_step_beside_over_the_mean_step_alone() -> None:
    bench = contended([100, 150, 130, 100])
    assert first(cache_contention, bench) == pytest.approx([0.4])
    assert bench.tables["steps"][0]["alone"] == pytest.approx(100e-9)


def test_groups_in_which_the_tenant_was_away_are_left_out_and_counted() -> None:
    found = groups_of(series({"group": [6400] * 98 + [5_000_000] * 2}))
    assert (found.step, found.descheduled, found.count) == (pytest.approx(100e-9), 2, 100)


def test_every_metric_beside_a_neighbor_needs_one() -> None:
    for metric in (eviction_rate, working_set_collision, cache_contention):
        bench = bench_of(metric, [{L2: 1}])
        bench.party = bench.party[:1]
        with pytest.raises(Skip, match="needs 2 tenants or more"):
            first(metric, bench)


def test_statistics_of_a_histogram() -> None:
    steps = steps_of(histogram({20: 3, 40: 1, AWAY: 2}))
    assert (steps.count, steps.descheduled) == (6, 2)
    assert (median_step(steps), mean_step(steps), hit_rate(steps, 300)) == (205, 255, 0.75)
