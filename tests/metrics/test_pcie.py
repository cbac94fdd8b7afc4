"""The PCIe metrics by exact numbers, with a bench that answers what the test says."""

from itertools import islice

import pytest

from gpu_virt_bench import Skip
from gpu_virt_bench.metrics.copying import batch_of, jain
from gpu_virt_bench.metrics.pcie import contention, device_to_host, host_to_device, pinned
from gpu_virt_bench.model.link import Link
from gpu_virt_bench.testing import FakeBench, FakeDevice, series

MS = 1_000_000
KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30


def bench_of(metric, reply, **changes):
    """A bench for the metric's headline with some parameters changed."""
    device = FakeDevice()
    return FakeBench(reply, {**metric.headline(device), **changes}, device, metric)


def first(metric, bench, n=1):
    """The first n samples."""
    return list(islice(metric.measure(bench), n))


def steady_copies(period: int, kind: int = 0):
    """A second of copies that are done every `period` ns."""
    done = range(period, 1_000 * MS + 1, period)
    return series({"done": list(done), "kind": [kind] * len(done)})


def test_bandwidth_is_the_batchs_bytes_over_its_time() -> None:
    bench = bench_of(host_to_device, [{"batch": [100 * MS]}])
    assert first(host_to_device, bench) == [24 * 256 * MIB / 0.1]
    (asked,) = bench.tenant.asked
    assert asked.args["batch"] == 24  # 63.0 GB/s x 0.1 s / 256 MiB = 23.5
    assert (asked.args["kind"], asked.args["payload"]) == ("h2d", "new")


@pytest.mark.parametrize(("size", "batch"), [(64 * KIB, 96154), (MIB, 6010), (GIB, 6), (2 * GIB, 4)])
def test_a_batch_lasts_a_tenth_of_a_second_and_is_four_copies_at_least(size, batch) -> None:
    assert batch_of(bench_of(host_to_device, [{}]), size) == batch


def test_a_batch_follows_the_best_that_the_link_can_do_and_not_what_it_does_now() -> None:
    bench = bench_of(host_to_device, [{}])
    bench.observer.links = [Link(1, 8, 3, 16)]
    assert batch_of(bench, MIB) == 1503  # 15.75 GB/s


def test_without_nvml_the_batch_is_that_of_a_usual_link() -> None:
    bench = bench_of(host_to_device, [{}])
    bench.observer = None
    assert batch_of(bench, GIB) == 6


def test_the_link_is_the_best_that_was_seen_and_a_downgraded_one_is_said() -> None:
    bench = bench_of(host_to_device, [{"batch": [100 * MS]}])
    bench.observer.links = [Link(1, 8, 5, 16), Link(5, 8, 5, 16)]
    first(host_to_device, bench)
    (row,) = bench.tables["link"]
    assert (row["generation"], row["width"], row["max_width"], row["downgraded"]) == (5, 8, 16, 1)


def test_a_link_at_its_best_is_not_downgraded_and_the_share_of_it_is_told() -> None:
    bench = bench_of(host_to_device, [{"batch": [200 * MS]}])
    first(host_to_device, bench)
    assert bench.tables["link"][0]["downgraded"] == 0
    assert bench.tables["copies"][0]["of_link"] == pytest.approx(24 * 256 * MIB / 0.2 / 63.0e9, rel=0.001)


def test_other_payloads_are_for_the_headlines_size_alone() -> None:
    found = [(p["bytes"], p["payload"]) for p in host_to_device.variants(FakeDevice())]
    assert len(found) == 7
    assert {size for size, payload in found if payload != "new"} == {256 * MIB}


def test_the_way_back_asks_for_copies_to_the_host() -> None:
    bench = bench_of(device_to_host, [{"batch": [200 * MS]}])
    assert first(device_to_host, bench) == [24 * 256 * MIB / 0.2]
    assert bench.tenant.asked[0].args["kind"] == "d2h"


def test_duplex_is_the_sum_of_both_directions() -> None:
    done = [(at, kind) for at in range(10 * MS, 101 * MS, 10 * MS) for kind in (0, 1)]
    columns = {"done": [at for at, _ in done], "kind": [kind for _, kind in done]}
    bench = bench_of(device_to_host, [columns], direction="duplex")
    assert first(device_to_host, bench) == pytest.approx([2 * 256 * MIB / 0.01])


def contended(alone: list[int], together: list[int], **changes):
    """A bench whose tenants' copies have these periods, ns, alone and together."""
    bench = bench_of(contention, [{}], **changes)
    for i, tenant in enumerate(bench.party):
        tenant.reply = lambda work, i=i: steady_copies((together if bench.busy else alone)[i], i % 2)
    bench.busy, read = False, bench.read

    def together_now(work):
        bench.busy = True
        try:
            return read(work)
        finally:
            bench.busy = False

    bench.read = together_now
    return bench


def test_half_of_the_rate_alone_is_an_impact_of_a_half() -> None:
    bench = contended([10 * MS] * 2, [20 * MS] * 2)
    assert first(contention, bench, 2) == pytest.approx([0.5, 0.5])
    row = bench.tables["rates"][0]
    assert (row["fair"], row["jain"], row["aggregate"]) == pytest.approx((0.5, 1.0, 1.0))


def test_a_tenant_that_loses_and_one_that_gains_nothing_are_averaged_and_told() -> None:
    bench = contended([10 * MS] * 2, [10 * MS, 20 * MS])
    assert first(contention, bench) == pytest.approx([0.25])
    assert bench.tables["rates"][0]["jain"] == pytest.approx(0.9)


def test_an_impact_may_be_negative() -> None:
    assert first(contention, contended([20 * MS] * 2, [10 * MS] * 2)) == pytest.approx([-1.0])


def test_both_directions_are_split_among_the_tenants() -> None:
    bench = contended([10 * MS] * 4, [20 * MS] * 4, n=4, direction="both")
    first(contention, bench)
    assert [tenant.asked[0].args["kind"] for tenant in bench.party] == ["h2d", "d2h", "h2d", "d2h"]
    assert bench.tables["rates"][0]["fair"] == 0.5


def test_one_tenant_contends_with_nobody() -> None:
    with pytest.raises(Skip, match="needs 2 tenants or more, asked for 1"):
        first(contention, bench_of(contention, [{}], n=1))


def test_jain_is_one_for_equal_rates_and_one_nth_where_one_has_everything() -> None:
    assert (jain([3.0, 3.0]), jain([3.0, 0.0])) == (1.0, 0.5)


def test_pinned_memory_is_worth_the_ratio_of_the_medians() -> None:
    def reply(work):
        return series({"batch": [4 * MS if work.args["host"] == "pageable" else MS]})

    bench = bench_of(pinned, reply)
    assert first(pinned, bench) == [4.0]
    assert [work.args["host"] for work in bench.tenant.asked] == ["pinned", "pageable"] * 10
    assert {work.args["api"] for work in bench.tenant.asked} == {"call"}
