"""IS-007: its arithmetic by exact numbers, and what it sees of stalls and neighbors on the emulated GPU."""

from math import sqrt

import pytest

from gpu_virt_bench import Skip
from gpu_virt_bench.metrics.quality import LOADS, consistency, latencies
from gpu_virt_bench.testing import FakeBench, FakeDevice, series
from sessions import value

MS = 1_000_000
ONCE = {"rounds": {"long": 1}, "warmup": 0, "repetitions": 1, "max_repetitions": 1, "seconds_per_outcome": 120.0}
ALONE = "IS-007[load=alone]"


def requests(*took):
    """Requests that are due each 20 ms and take so many ms."""
    dues = [20 * MS * k for k in range(len(took))]
    return series({"due": dues, "begin": dues, "end": [due + ms * MS for due, ms in zip(dues, took, strict=True)]})


def bench_of(reply, **changes):
    """A bench for the headline with some parameters changed."""
    device = FakeDevice()
    bench = FakeBench(reply, {**consistency.headline(device), **changes}, device, consistency)
    for neighbor in bench.party[1:]:
        neighbor.reply = lambda work: series({"done": [1]})
    return bench


def first(bench):
    """The first sample."""
    return next(consistency.measure(bench))


def test_a_latency_is_counted_from_the_due_time() -> None:
    late = series({"due": [0, 20 * MS], "begin": [0, 30 * MS], "end": [30 * MS, 31 * MS]})
    assert latencies(late) == [0.03, 0.011]


def test_equal_latencies_do_not_vary() -> None:
    assert first(bench_of(lambda work: requests(1, 1, 1, 1), load="alone")) == 0.0


def test_the_coefficient_of_variation_is_deviation_by_mean() -> None:
    """As many of 1 ms as of 3: a mean of 2, and a deviation of 1, but for 20 values of a sample."""
    found = first(bench_of(lambda work: requests(1, 3, 1, 3), load="alone"))
    assert found == pytest.approx(0.5 * sqrt(20 / 19))


def test_the_tail_is_by_the_median() -> None:
    found = first(bench_of(lambda work: requests(*[2] * 98, 10, 10), load="alone", statistic="p99/p50"))
    assert found == 5.0


def test_neighbors_change_their_load_each_second() -> None:
    bench = bench_of(lambda work: requests(1, 2))
    first(bench)
    loads = [row["loads"] for row in bench.tables["latencies"]]
    assert len(loads) == 5
    assert set(loads[:4]) == set(LOADS)


def test_neighbors_of_one_second_differ() -> None:
    bench = bench_of(lambda work: requests(1, 2), n=4)
    first(bench)
    assert all(len(set(row["loads"].split("+"))) == 3 for row in bench.tables["latencies"])


def test_one_tenant_has_no_neighbors() -> None:
    with pytest.raises(Skip, match="needs 2 tenants or more, asked for 1"):
        first(bench_of(lambda work: requests(1), n=1))


# ---- on the emulated GPU ----


def test_a_stall_of_50_ms_in_each_hundredth_request_raises_it_as_computed(layered) -> None:
    """A request has 20 launches: one in 2000 stalls, and with it the two requests that are due meanwhile."""
    plain = layered(ALONE, **ONCE)
    stalls = layered(ALONE, {"TAIL": "cuLaunchKernel=2000/50000000"}, **ONCE)
    rows = plain.readings["IS-007 alone"]
    usual = rows[0]["q50"]
    slow = [0.05 + usual, 0.05 + 2 * usual - 0.02, 0.05 + 3 * usual - 0.04]
    values = [usual] * 97 + slow
    mean = sum(values) / 100
    expected = sqrt(sum((one - mean) ** 2 for one in values) / 100) / mean
    assert value(plain, ALONE) < 0.02
    assert value(stalls, ALONE) == pytest.approx(expected, rel=0.1)


def test_a_delay_of_every_launch_lowers_it(layered) -> None:
    """1 ms more in each request: the mean rises, and the deviation does not."""
    stalls = {"TAIL": "cuLaunchKernel=2000/50000000"}
    plain, delayed = (layered(ALONE, {**stalls, "DELAY": f"cuLaunchKernel={ns}"}, **ONCE) for ns in (0, 50_000))
    assert value(delayed, ALONE) < 0.8 * value(plain, ALONE)


def test_neighbors_make_latencies_vary(module_measure) -> None:
    run = module_measure("IS-007", systems=("time-slicing",), **ONCE)
    assert value(run, "IS-007") > 0.1
