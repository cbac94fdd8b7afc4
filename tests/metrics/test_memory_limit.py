"""IS-001 and IS-002 by exact numbers, with a bench that answers what the test says."""

import pytest

from gpu_virt_bench import Skip
from gpu_virt_bench.metrics.isolation import memory_limit_accuracy, memory_limit_enforcement
from gpu_virt_bench.model.workload import WorkloadError
from gpu_virt_bench.testing import FakeBench, FakeDevice, series

MIB, GIB = 1 << 20, 1 << 30
DEVICE = FakeDevice(memory_bytes=80 * GIB)
"""Half of it is the limit; the observer sees 1 GiB of it in use, so that 77 GiB are there to be filled."""
LIMIT, CEILING = 40 * GIB, 77 * GIB
GENEROUS = 1 << 50


def device_of(most, code=2):
    """What a tenant answers that is given `most` bytes at most."""

    def reply(work):
        if work.routine == "refusal":
            return series({"call": [2000] * 100, "code": [code] * 100}, notes={"granted_warm_ups": 0})
        ceiling = int(work.args["ceiling"])
        claim = {"claimed_free": 38 * GIB, "claimed_total": LIMIT, "claimed_free_held": 0, "words": 7}
        columns = {"bytes": [min(most, ceiling)], "code": [0 if ceiling <= most else code], "calls": [9]}
        return series(columns, notes=claim)

    return reply


def bench_of(metric, reply, native=GENEROUS, **changes):
    """A bench for the metric's headline with some parameters changed."""
    bench = FakeBench(reply, {**metric.headline(DEVICE), **changes}, DEVICE, metric)
    bench.natives = device_of(native)
    return bench


def first(metric, bench):
    """The first sample."""
    return next(metric.measure(bench))


@pytest.mark.parametrize(("most", "sample", "sign"), [(LIMIT, 1.0, "0"), (50 * GIB, 0.75, "+"), (30 * GIB, 0.75, "-")])
def test_a_limit_is_as_accurate_as_what_is_given_is_near_to_it(most, sample, sign) -> None:
    bench = bench_of(memory_limit_accuracy, device_of(most))
    assert first(memory_limit_accuracy, bench) == sample
    (row,) = bench.tables["limit"]
    assert (row["sign"], row["asked"], row["granted"], row["enforced"]) == (sign, LIMIT, LIMIT, most)
    assert (row["last_code"], row["ended_by"]) == (2, "refusal")


def test_an_odd_code_is_a_refusal_and_is_told() -> None:
    bench = bench_of(memory_limit_accuracy, device_of(LIMIT, code=801))
    assert first(memory_limit_accuracy, bench) == 1.0
    assert bench.tables["limit"][0]["last_code"] == 801


def test_what_nothing_refuses_is_an_upper_bound_and_says_so() -> None:
    bench = bench_of(memory_limit_accuracy, device_of(GENEROUS), memory=0.25)
    assert first(memory_limit_accuracy, bench) == 1 - 57 / 20
    (row,) = bench.tables["limit"]
    assert row["enforced"] == CEILING
    assert str(row["ended_by"]).startswith("no refusal: ")


def test_a_limit_that_the_system_rounds_is_judged_by_what_was_granted() -> None:
    bench = bench_of(memory_limit_accuracy, device_of(32 * GIB))
    bench.tenant.memory_granted = 32 * GIB
    assert first(memory_limit_accuracy, bench) == 1.0
    (row,) = bench.tables["limit"]
    assert (row["asked"], row["granted"], row["enforced"]) == (LIMIT, 32 * GIB, 32 * GIB)


def test_what_the_tenant_is_told_stands_apart() -> None:
    bench = bench_of(memory_limit_accuracy, device_of(LIMIT))
    first(memory_limit_accuracy, bench)
    (row,) = bench.tables["fills"]
    assert (row["claimed_total"], row["claimed_before"], row["claimed_held"]) == (LIMIT, 2 * GIB, LIMIT)


def test_processes_with_a_limit_each_have_more_than_the_tenant_may() -> None:
    bench = bench_of(memory_limit_accuracy, device_of(LIMIT), process="second")
    assert first(memory_limit_accuracy, bench) == 0.5  # 20 and 40 of 40 GiB


def test_a_second_process_is_judged_by_itself_when_the_first_is_gone() -> None:
    bench = bench_of(memory_limit_accuracy, device_of(30 * GIB), process="after")
    assert first(memory_limit_accuracy, bench) == 0.75
    assert [row["bytes"] for row in bench.tables["fills"]] == [10 * GIB, 30 * GIB]
    assert bench.tenant.killed


def test_a_native_tenant_that_is_refused_as_much_fails_the_control() -> None:
    bench = bench_of(memory_limit_accuracy, device_of(LIMIT), native=LIMIT)
    with pytest.raises(WorkloadError, match="control failed: a native tenant is given"):
        first(memory_limit_accuracy, bench)


def test_without_an_observer_a_native_tenant_says_what_is_free() -> None:
    bench = bench_of(memory_limit_accuracy, device_of(GENEROUS), memory=0.25)
    bench.observer = None
    assert first(memory_limit_accuracy, bench) == 1 - 16 / 20  # 38 - 2 GiB
    assert "physical" not in bench.tables["limit"][0]


def test_refusal_time_is_the_median_of_100() -> None:
    bench = bench_of(memory_limit_enforcement, device_of(LIMIT))
    assert first(memory_limit_enforcement, bench) == pytest.approx(2e-6)
    (asked,) = [work.args for work in bench.tenant.asked if work.routine == "refusal"]
    assert (asked["used"], asked["ask"], asked["count"]) == (38 * GIB, 4 * GIB, 100)


def test_refusal_by_the_driver_is_measured_up_to_the_free_memory() -> None:
    bench = bench_of(memory_limit_enforcement, device_of(CEILING), limit="physical")
    first(memory_limit_enforcement, bench)
    (asked,) = [work.args for work in bench.tenant.asked if work.routine == "refusal"]
    assert asked["used"] == 79 * GIB * 95 // 100 // MIB * MIB


def test_a_limited_tenant_shows_nothing_of_the_driver() -> None:
    bench = bench_of(memory_limit_enforcement, device_of(LIMIT), limit="physical")
    bench.tenant.memory_granted = LIMIT
    with pytest.raises(Skip, match="without a memory limit"):
        first(memory_limit_enforcement, bench)


@pytest.mark.parametrize("columns", [{"warm": 1}, {"codes": [2] * 99 + [0]}])
def test_a_single_request_that_is_granted_fails_the_outcome(columns) -> None:
    def reply(work):
        if work.routine != "refusal":
            return device_of(LIMIT)(work)
        codes = columns.get("codes", [2] * 100)
        return series({"call": [2000] * 100, "code": codes}, notes={"granted_warm_ups": columns.get("warm", 0)})

    with pytest.raises(WorkloadError, match="1 of 110 requests by cuMemAlloc_v2 for 4294967296 bytes were granted"):
        first(memory_limit_enforcement, bench_of(memory_limit_enforcement, reply))


def test_a_call_that_refuses_nothing_has_no_refusal_time() -> None:
    with pytest.raises(WorkloadError, match="cuMemAlloc_v2 refuses nothing"):
        first(memory_limit_enforcement, bench_of(memory_limit_enforcement, device_of(GENEROUS)))


def test_a_percentile_is_over_a_thousand_refusals() -> None:
    bench = bench_of(memory_limit_enforcement, device_of(LIMIT), statistic="p99")
    first(memory_limit_enforcement, bench)
    assert len(bench.tables["refusals"]) == 10
