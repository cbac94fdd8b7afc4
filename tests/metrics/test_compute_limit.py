"""IS-003 and IS-004: their arithmetic by exact numbers, and what they see of limiters that are told what to do."""

from itertools import islice

import pytest

from gpu_virt_bench.metrics.compute_limit import limit_response, utilization_accuracy
from gpu_virt_bench.model.run import Failed
from gpu_virt_bench.model.workload import WorkloadError
from gpu_virt_bench.testing import FakeBench, FakeDevice, series
from sessions import value

MS = 1_000_000
SECOND = 1000 * MS
WINDOW = {"quota_window_seconds": 1.0, "quota_settle_seconds": 0.2, "seconds_per_outcome": 60.0}
ONCE = {"rounds": {"long": 1}, "warmup": 0, **WINDOW}


def bench_of(metric, reply=None, **changes):
    """A bench for the metric's headline with some parameters changed."""
    device = FakeDevice()
    return FakeBench(reply or (lambda work: series({})), {**metric.headline(device), **changes}, device, metric)


def first(metric, bench, n=1):
    """The first n samples."""
    return list(islice(metric.measure(bench), n))


def every(period: int, length: int = SECOND):
    """Launches that are done every `period` ns."""
    return series({"done": list(range(period, length + 1, period))}, length / SECOND)


def accuracy(limited: int, free: int, n=1, **changes):
    """IS-003 of tenants whose launches are done every so many ns."""
    bench = bench_of(utilization_accuracy, **changes)
    bench.party[0].reply, bench.party[1].reply = (lambda work: every(limited)), (lambda work: every(free))
    return first(utilization_accuracy, bench, n), bench


def test_a_share_that_is_got_as_granted_is_exact() -> None:
    found, bench = accuracy(4 * MS, MS, n=2)
    assert found == [1.0, 1.0]
    assert bench.tables["shares"][0] == {
        "share": 0.25,
        "got": 0.25,
        "error": 0.0,
        "worst_100 ms": 0.25,
        "worst_1 s": 0.25,
    }


def test_a_fifth_too_much_is_four_fifths_and_its_sign_is_kept() -> None:
    found, bench = accuracy(4 * MS, MS, compute=0.25)
    assert found == [1.0]
    found, bench = accuracy(10 * MS, 3 * MS)  # 100 of 333
    assert found == [pytest.approx(0.8, abs=0.01)]
    assert bench.tables["shares"][0]["error"] == pytest.approx(0.2, abs=0.01)


def test_no_limit_at_a_quarter_is_minus_two() -> None:
    assert accuracy(MS, MS)[0] == [-2.0]


def test_multiprocessors_that_were_granted_are_the_share() -> None:
    bench = bench_of(utilization_accuracy)
    bench.party[0].sm_count = 20
    bench.party[0].reply, bench.party[1].reply = (lambda work: every(5 * MS)), (lambda work: every(MS))
    assert first(utilization_accuracy, bench) == [1.0]


@pytest.mark.parametrize(
    ("shape", "asked"),
    [
        ("many-blocks", {"blocks": 100_000, "iterations": 8, "depth": 16}),
        ("few-blocks", {"blocks": 100, "iterations": 8000, "depth": 16}),
        ("long", {"blocks": 100, "iterations": 800_000, "depth": 2}),
        ("graph", {"blocks": 800, "iterations": 1000, "depth": 2, "nodes": 100}),
    ],
)
def test_a_shape_is_the_same_work_in_other_kernels(shape, asked) -> None:
    args = accuracy(4 * MS, MS, shape=shape)[1].party[0].asked[0].args
    assert asked.items() <= args.items()


def response(rates, **changes):
    """IS-004 of a limiter that lets so many launches a second through, in seconds from 0 on."""
    done, at = [], 0
    for rate in rates:
        done += [at + k * SECOND // rate for k in range(1, rate + 1)]
        at += SECOND
    idle = series({"slept": [5 * SECOND]})
    bench = bench_of(limit_response, **changes)
    busy = series({"done": done}, 20, {"settled": 10 * MS})
    bench.tenant.reply = lambda work: idle if work.routine == "idle" else busy
    return bench


def test_a_limit_that_holds_from_the_first_launch_answers_with_it() -> None:
    assert first(limit_response, response([500] * 20)) == [0.01]


@pytest.mark.parametrize(("window", "least"), [(0.1, 2.9), (1.0, 2.9)])
def test_three_free_seconds_are_the_answer(window, least) -> None:
    bench = response([2000] * 3 + [500] * 17, window=window)
    (found,) = first(limit_response, bench)
    assert least < found <= 3.01
    assert bench.tables["rates"] == [{"steady": 500.0, "before": pytest.approx(2000, rel=0.05)}]


def test_rates_that_go_up_and_down_never_settle() -> None:
    with pytest.raises(WorkloadError, match="did not settle in 15 s: windows vary by 3"):
        first(limit_response, response([650, 350] * 10))


# ---- on the emulated GPU ----


def test_a_limit_of_multiprocessors_is_exact_but_for_what_does_not_divide(module_measure) -> None:
    """A quarter is granted as 34 of 132: they take four turns at 132 blocks, as 33 would."""
    run = module_measure("IS-003[shape=*]", systems=("mps",), **ONCE)
    assert value(run, "IS-003") == pytest.approx(1.0, abs=0.01)
    for shape in ("few-blocks", "long", "graph"):
        assert value(run, f"IS-003[shape={shape}]") == pytest.approx(33 / 34, abs=0.01)


def by_blocks(layered, rate: str):
    """IS-003 of two shapes under a limiter that counts blocks, as if the device did `rate` of them in a second."""
    knobs = {"LIMITER": "blocks", "BLOCK_RATE": rate}
    return layered("IS-003;IS-003[shape=few-blocks]", knobs, **ONCE)


def test_a_limiter_of_blocks_is_exact_in_many_of_them_alone(layered) -> None:
    run = by_blocks(layered, "1e8")
    assert value(run, "IS-003") == pytest.approx(1.0, abs=0.05)
    assert value(run, "IS-003[shape=few-blocks]") == pytest.approx(-2.0, abs=0.05)


def test_thirty_per_cent_for_a_quarter_are_four_fifths(layered) -> None:
    run = by_blocks(layered, "1.2e8")
    assert value(run, "IS-003") == pytest.approx(0.8, abs=0.02)


def test_a_limit_that_is_there_from_the_start_answers_at_once(module_measure) -> None:
    run = module_measure("IS-004", systems=("mps",), **ONCE)
    assert value(run, "IS-004") < 0.2


def test_a_free_start_of_three_seconds_is_seen(layered) -> None:
    run = layered("IS-004", {"FREE_START": "3"}, **ONCE)
    assert value(run, "IS-004") == pytest.approx(3.0, abs=0.1)


def test_a_share_that_goes_up_and_down_fails(layered) -> None:
    found = layered("IS-004", {"OSCILLATE": "0.3"}, **ONCE).outcomes["IS-004"]
    assert isinstance(found, Failed)
    assert "did not settle in 15 s: windows vary by" in found.error
