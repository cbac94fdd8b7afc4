"""The scheduling metrics: their arithmetic by exact numbers, and what they see of the emulated GPU."""

from itertools import islice

import pytest

from gpu_virt_bench import Skip
from gpu_virt_bench.metrics.scheduling import start_under_load, stream_concurrency, sustained_launch
from gpu_virt_bench.model.metric import Implausible
from gpu_virt_bench.testing import FakeBench, FakeDevice
from sessions import value

MS = 1_000_000
ONCE = {"rounds": {"window": 1}, "repetitions": 1, "max_repetitions": 1}
FOUR = {"repetitions": 4, "max_repetitions": 4}
STEP = 32e-9
"""Resolution of %globaltimer, seconds."""


def bench_of(metric, reply, **changes):
    """A bench for the metric's headline with some parameters changed."""
    device = FakeDevice()
    return FakeBench(reply, {**metric.headline(device), **changes}, device, metric)


def first(metric, bench, n=1):
    """The first n samples."""
    return list(islice(metric.measure(bench), n))


def test_a_sustained_launch_is_the_whole_time_by_the_number_of_launches() -> None:
    bench = bench_of(sustained_launch, [{"total": [250 * MS]}])
    assert first(sustained_launch, bench) == [2.5e-6]
    assert [work.routine for work in bench.tenant.asked] == ["launch_sustained"]


def test_kernels_of_a_graph_are_counted_one_by_one() -> None:
    bench = bench_of(sustained_launch, [{"total": [100 * MS]}], mode="graph")
    assert first(sustained_launch, bench) == [1e-6]
    assert bench.tenant.asked[0].args["nodes"] * bench.tenant.asked[0].args["count"] == 100_000


def test_kernels_that_all_run_at_once_give_one() -> None:
    bench = bench_of(stream_concurrency, [{"serial": [40 * MS, 40 * MS], "concurrent": [5 * MS, 5 * MS]}])
    assert first(stream_concurrency, bench) == [1.0]


def test_kernels_that_wait_for_each_other_give_one_by_their_number() -> None:
    bench = bench_of(stream_concurrency, [{"serial": [20 * MS, 20 * MS], "concurrent": [20 * MS, 20 * MS]}], k=4)
    assert first(stream_concurrency, bench) == [0.25]


def test_more_than_all_at_once_fails_with_its_arithmetic() -> None:
    bench = bench_of(stream_concurrency, [{"serial": [80 * MS, 80 * MS], "concurrent": [5 * MS, 5 * MS]}])
    with pytest.raises(Implausible, match="8 kernels took 0.080000 s one after the other and 0.005000 s side by side"):
        first(stream_concurrency, bench)


def test_a_tenant_with_fewer_multiprocessors_than_kernels_is_left_out() -> None:
    bench = bench_of(stream_concurrency, [{}], k=32)
    bench.tenant.sm_count = 16
    with pytest.raises(Skip, match="needs 32 multiprocessors, found 16"):
        first(stream_concurrency, bench)


def test_the_kernels_share_out_what_the_tenant_sees() -> None:
    bench = bench_of(stream_concurrency, [{"serial": [1, 1], "concurrent": [1, 1]}], k=4)
    bench.tenant.sm_count = 50
    first(stream_concurrency, bench)
    assert bench.tenant.asked[0].args["blocks"] == 12


def test_a_start_beside_a_neighbor_is_the_median_of_its_intervals() -> None:
    bench = bench_of(start_under_load, [{"start": [1 * MS, 2 * MS, 9 * MS], "done": [1]}])
    assert first(start_under_load, bench) == [2e-3]
    assert [work.routine for work in bench.party[1].asked] == ["launch_rate"]


def test_the_peak_of_a_start_comes_from_the_same_readings() -> None:
    bench = bench_of(start_under_load, [{"start": [1 * MS, 2 * MS, 9 * MS], "done": [1]}], statistic="peak")
    assert first(start_under_load, bench) == [9e-3]


# ---- on the emulated GPU ----


def test_a_slower_launch_call_moves_the_stream_and_not_the_graph(module_measure) -> None:
    both = "SCHED-002[mode=*]"
    plain = module_measure(both, **ONCE)
    slow = module_measure(both, emulate={"latency.cuLaunchKernel": "5000"}, **ONCE)
    assert value(slow, "SCHED-002") - value(plain, "SCHED-002") == pytest.approx(5e-6, rel=0.001)
    graph = "SCHED-002[mode=graph]"
    assert value(slow, graph) == pytest.approx(value(plain, graph), rel=0.001)


def test_a_device_that_is_slower_than_its_host_is_what_both_modes_see(module_measure) -> None:
    run = module_measure("SCHED-002[mode=*]", emulate={"kernel_minimum": "10000"}, **ONCE)
    assert value(run, "SCHED-002") == pytest.approx(10e-6, rel=0.005)
    assert value(run, "SCHED-002[mode=graph]") == pytest.approx(10e-6, rel=0.005)


def test_kernels_of_one_graph_run_at_once(module_measure) -> None:
    run = module_measure("SCHED-003[k=*]")
    assert [value(run, name) for name in run.outcomes] == pytest.approx([1.0] * 5, abs=0.001)


def test_a_device_that_takes_four_kernels_at_a_time_shows_it(module_measure) -> None:
    run = module_measure("SCHED-003[k=*]", emulate={"resident_grids": "4"})
    found = {name: value(run, name) for name in run.outcomes}
    assert found == pytest.approx(
        {
            "SCHED-003": 0.5,
            "SCHED-003[k=2]": 1.0,
            "SCHED-003[k=4]": 1.0,
            "SCHED-003[k=16]": 0.25,
            "SCHED-003[k=32]": 0.125,
        },
        abs=0.001,
    )


def test_streams_through_one_hardware_queue_run_at_once_all_the_same(module_measure) -> None:
    """Kernels that are ready leave a queue together: what is in order there is their start."""
    run = module_measure("SCHED-003[launch=streams]", emulate={"hardware_queues": "1"})
    assert value(run, "SCHED-003[launch=streams]") == pytest.approx(1.0, abs=0.01)


def test_a_start_beside_a_neighbor_waits_for_half_a_slice(module_measure) -> None:
    chosen = "SCHED-004[load=*];SCHED-004[statistic=peak]"
    run = module_measure(chosen, systems=("time-slicing",), rounds={"window": 4, "latency": 4}, **FOUR)
    peaks = [peak for one in run.outcomes["SCHED-004[statistic=peak]"].repetitions for peak in one.samples]
    assert value(run, "SCHED-004") == pytest.approx(1e-3, rel=0.25)
    assert 1.5e-3 < max(peaks) <= 2e-3 + 2 * 20e-6 + 10e-6
    assert value(run, "SCHED-004[load=none]") == pytest.approx(5.4e-6, abs=2 * STEP)


def test_an_urgent_start_waits_for_half_a_block_and_without_priorities_for_a_kernel(module_measure) -> None:
    urgent = "SCHED-004[load=in-process]"
    plain = module_measure(urgent, rounds={"window": 4})
    equal = module_measure(urgent, emulate={"priorities": "0"}, rounds={"window": 4})
    assert value(plain, urgent) == pytest.approx(55e-6, rel=0.3)
    assert value(equal, urgent) > 0.5e-3
