"""The bandwidth metrics by exact numbers, with a bench that answers what the test says."""

from itertools import islice

import pytest

from gpu_virt_bench import Skip
from gpu_virt_bench.metrics.bandwidth import (
    bandwidth_fairness,
    bandwidth_interference,
    bandwidth_isolation,
    bus_saturation,
    knee,
)
from gpu_virt_bench.model.metric import Implausible
from gpu_virt_bench.model.workload import WorkloadError
from gpu_virt_bench.testing import FakeBench, FakeDevice, FakeWindow, series

TB = 1e12


def launches(rate: float, seconds: float = 1.0):
    """Launches of 10 GB at so many bytes per second."""
    each = 10_000_000_000
    period = each / rate
    done = [round(k * period * 1e9) for k in range(1, int(seconds / period + 1e-6) + 1)]
    return series({"done": done}, seconds, {"launches_per_row": 1, "work_per_launch": each})


def bench_of(metric, alone: list[float], beside: list[float], native: float, **changes):
    """A bench whose tenants have these rates, alone and while others are at work."""
    device = FakeDevice()
    bench = FakeBench(lambda work: None, {**metric.headline(device), **changes}, device, metric)
    bench.crowd = 1
    bench.natives = lambda work: launches(native, bench.window.duration)
    for i, tenant in enumerate(bench.party):

        def reply(work, i=i):
            if work.routine != "rate":
                return series({"wrong": [0]})
            return launches((beside if bench.crowd > 1 else alone)[i], bench.window.duration)

        tenant.reply = reply
    read, beside_of = bench.read, bench.beside

    def together(work):
        bench.crowd = len(work)
        found = read(work)
        bench.crowd = 1
        return found

    class Crowd:
        def __init__(self, work) -> None:
            self.inner = beside_of(work)

        def __enter__(self):
            bench.crowd = 2
            return self.inner.__enter__()

        def __exit__(self, *exc) -> None:
            self.inner.__exit__(*exc)
            bench.crowd = 1

    bench.read, bench.beside = together, Crowd
    return bench


def first(metric, bench, n=1):
    """The first n samples."""
    return list(islice(metric.measure(bench), n))


def test_half_of_the_rate_alone_is_an_isolation_of_a_half() -> None:
    bench = bench_of(bandwidth_isolation, [2 * TB] * 2, [TB] * 2, 2 * TB)
    assert first(bandwidth_isolation, bench, 2) == pytest.approx([0.5, 0.5], rel=1e-6)
    row = bench.tables["rates"][0]
    assert (row["jain"], row["of_ceiling"], row["of_entitlement_0"]) == pytest.approx((1.0, 1.0, 1.0), rel=1e-6)


def test_the_mean_of_the_tenants_hides_what_their_minimum_shows() -> None:
    rates = ([2 * TB] * 2, [1.5 * TB, 0.5 * TB], 2 * TB)
    assert first(bandwidth_isolation, bench_of(bandwidth_isolation, *rates)) == pytest.approx([0.5], rel=1e-5)
    least = bench_of(bandwidth_isolation, *rates, statistic="min")
    assert first(bandwidth_isolation, least) == pytest.approx([0.25], rel=1e-5)


def test_mean_and_minimum_share_their_readings() -> None:
    bench = bench_of(bandwidth_isolation, [2 * TB] * 2, [TB] * 2, 2 * TB)
    first(bandwidth_isolation, bench)
    bench.params = {**bench.params, "statistic": "min"}
    first(bandwidth_isolation, bench)
    assert [len(tenant.asked) for tenant in bench.party] == [2, 2]


def test_a_quota_that_lowers_the_rate_alone_shows_beside_the_isolation() -> None:
    bench = bench_of(bandwidth_isolation, [0.5 * TB] * 2, [0.5 * TB] * 2, 2 * TB)
    for tenant in bench.party:
        tenant.compute_granted = 0.5
    assert first(bandwidth_isolation, bench) == pytest.approx([1.0])
    assert bench.tables["rates"][0]["of_entitlement_0"] == pytest.approx(0.5, rel=1e-5)


def test_a_rate_above_the_native_one_is_implausible() -> None:
    bench = bench_of(bandwidth_isolation, [2.2 * TB] * 2, [TB] * 2, 2 * TB)
    with pytest.raises(Implausible, match=r"2\.2\d\d TB/s, ceiling 2\.0\d\d TB/s measured x 1\.05 = 2\.1\d\d TB/s"):
        first(bandwidth_isolation, bench)


def test_a_rate_above_the_nominal_one_is_implausible() -> None:
    bench = bench_of(bandwidth_isolation, [5 * TB] * 2, [TB] * 2, 5 * TB)
    with pytest.raises(Implausible, match=r"ceiling 4\.000 TB/s nominal"):
        first(bandwidth_isolation, bench)


def test_one_tenant_has_nobody_to_share_with() -> None:
    for metric in (bandwidth_isolation, bandwidth_fairness, bandwidth_interference):
        with pytest.raises(Skip, match="needs 2 tenants or more"):
            first(metric, bench_of(metric, [TB], [TB], TB, n=1))


def test_three_to_one_is_a_fairness_of_four_fifths() -> None:
    bench = bench_of(bandwidth_fairness, [TB] * 2, [1.5 * TB, 0.5 * TB], 2 * TB, n=2)
    assert first(bandwidth_fairness, bench) == pytest.approx([0.8], rel=1e-4)


def test_unequal_tenants_are_fair_if_they_get_what_they_may() -> None:
    bench = bench_of(bandwidth_fairness, [TB] * 3, [TB, 0.5 * TB, 0.5 * TB], 2 * TB, n=3, weights="50/25/25")
    assert first(bandwidth_fairness, bench) == pytest.approx([1.0], rel=1e-4)


def test_unequal_weights_are_those_of_three_tenants() -> None:
    found = {(p["n"], p["weights"]) for p in bandwidth_fairness.variants(FakeDevice())}
    assert found == {(4, "equal"), (2, "equal"), (8, "equal"), (3, "equal"), (3, "50/25/25")}


def test_the_worst_second_is_found_in_the_window() -> None:
    bench = bench_of(bandwidth_fairness, [TB] * 2, [TB, TB], 2 * TB, n=2, statistic="worst-second")
    bench.window = FakeWindow(duration=2.0)
    uneven = launches(0.5 * TB), launches(TB)
    columns = [*uneven[0].columns["done"], *(1_000_000_000 + at for at in uneven[1].columns["done"])]
    bench.party[0].reply = lambda work: series({"done": columns}, 2.0, uneven[0].notes)
    assert first(bandwidth_fairness, bench) == pytest.approx([0.9], rel=1e-2)  # 0.5 beside 1 is 2.25 / 2.5


def test_a_window_below_a_second_has_no_worst_one() -> None:
    bench = bench_of(bandwidth_fairness, [TB] * 2, [TB] * 2, 2 * TB, n=2, statistic="worst-second")
    bench.window = FakeWindow(duration=0.5)
    with pytest.raises(Skip, match=r"needs a window of 1 s, found one of 0\.500 s"):
        first(bandwidth_fairness, bench)


def test_the_knee_is_the_first_near_the_largest_and_not_the_last_that_grows() -> None:
    assert knee({1: 0.4, 2: 0.8, 3: 0.97, 4: 0.98, 8: 1.0}) == 3
    assert knee({1: 1.0, 2: 0.99, 8: 0.98}) == 1


def test_tenants_that_add_up_saturate_at_the_most() -> None:
    bench = bench_of(bus_saturation, [0.4 * TB] * 8, [0.4 * TB] * 8, 0.4 * TB)
    assert first(bus_saturation, bench) == [8]
    curve = {row["tenants"]: row["bytes_per_second"] for row in bench.tables["curve"]}
    assert curve[3] == pytest.approx(1.2 * TB, rel=1e-4)


def test_a_rate_that_no_multiprocessor_adds_to_saturates_at_the_fewest() -> None:
    bench = bench_of(bus_saturation, [TB], [TB], TB, sweep="sms")
    assert first(bus_saturation, bench) == [0.12]


def test_interference_is_what_neighbors_take_and_may_be_negative() -> None:
    slower = bench_of(bandwidth_interference, [2 * TB] * 2, [TB] * 2, 2 * TB)
    assert first(bandwidth_interference, slower) == pytest.approx([0.5], rel=1e-4)
    faster = bench_of(bandwidth_interference, [TB] * 2, [1.25 * TB] * 2, 2 * TB)
    assert first(bandwidth_interference, faster) == pytest.approx([-0.25], rel=1e-2)


def test_what_the_aggressor_reaches_stands_beside_the_fair_reference() -> None:
    bench = bench_of(bandwidth_interference, [2 * TB] * 4, [0.5 * TB] * 4, 2 * TB, n=4)
    first(bandwidth_interference, bench)
    row = bench.tables["rates"][0]
    assert row["fair"] == 0.75
    assert row["aggressor_beside"] / row["aggressor_alone"] == pytest.approx(0.25, rel=1e-3)


def test_an_aggressor_that_loads_nothing_fails() -> None:
    bench = bench_of(bandwidth_interference, [TB] * 2, [TB] * 2, 2 * TB, aggressor="compute")
    with pytest.raises(WorkloadError, match=r"compute reaches 1e\+12 a second alone, expected 0\.8 x"):
        first(bandwidth_interference, bench)


def test_under_a_quota_a_weak_aggressor_is_told_and_not_judged() -> None:
    bench = bench_of(bandwidth_interference, [TB] * 2, [TB] * 2, 2 * TB, aggressor="compute")
    bench.party[1].compute_granted = 0.5
    assert first(bandwidth_interference, bench) == pytest.approx([0.0])
