"""IS-005 by exact numbers, with a bench that answers what the test says."""

import pytest

from gpu_virt_bench.metrics.isolation import cross_tenant_memory
from gpu_virt_bench.model.workload import WorkloadError
from gpu_virt_bench.testing import FakeBench, FakeDevice, FakeTenant, series

DEVICE = FakeDevice()
AWAY = {"copy": [1], "copied": [0], "kernel": [700], "reached": [0]}
LET_IN = {"copy": [0], "copied": [512], "kernel": [0], "reached": [512]}


class TwoTenants(FakeBench):
    """A bench whose sacrificed tenants answer by themselves."""

    stranger = None

    def sacrifice(self, victim, dies):
        """A tenant of its own."""
        self.stranger = FakeTenant(self.natives)
        return super().sacrifice(self.stranger, dies)


def owner(wrong):
    """What the owner answers: words that it finds wrong, one answer after the other."""
    left = list(wrong)

    def reply(work):
        if work.routine == "own":
            return series({"wrong": [left.pop(0) if len(left) > 1 else left[0]]}, notes={"address": 1 << 40})
        return series({**LET_IN, "planted": [100]})

    return reply


def stranger(tried=None, markers=0):
    """What another tenant answers."""
    return lambda work: series({"planted": [100], "bytes": [1 << 30], "markers": [markers], **(tried or AWAY)})


def bench_of(mine, other, **changes):
    """A bench with the headline's parameters, some changed."""
    bench = TwoTenants(mine, {**cross_tenant_memory.headline(DEVICE), **changes}, DEVICE, cross_tenant_memory)
    bench.natives = other
    return bench


def first(bench):
    """The first sample."""
    return next(cross_tenant_memory.measure(bench))


def test_tenants_that_are_turned_away_and_find_nothing_give_one() -> None:
    bench = bench_of(owner([0]), stranger())
    assert first(bench) == 1.0
    assert [bench.tables[name][0]["held"] for name in ("foreign-read", "foreign-write", "residual")] == [1, 1, 1]
    assert bench.tables["left_out"][0]["probe"] == "ipc"


def test_a_stranger_tries_the_middle_of_the_owners_memory() -> None:
    bench = bench_of(owner([0]), stranger(), probe="foreign-read")
    first(bench)
    (asked,) = bench.stranger.asked
    assert (asked.args["address"], asked.args["first"]) == ((1 << 40) + (1 << 29), 1 << 26)
    assert bench.stranger.killed


@pytest.mark.parametrize("tried", [LET_IN, {**AWAY, "copy": [0], "copied": [512]}])
def test_a_stranger_that_reads_the_owners_words_gives_zero(tried) -> None:
    assert first(bench_of(owner([0]), stranger(tried), probe="foreign-read")) == 0.0


def test_words_that_a_stranger_has_changed_give_zero() -> None:
    bench = bench_of(owner([0, 512]), stranger(LET_IN), probe="foreign-write")
    assert first(bench) == 0.0
    assert bench.tables["foreign-write"][0]["words_changed"] == 512


@pytest.mark.parametrize("end", ["exit", "kill"])
def test_markers_that_a_process_left_give_zero_and_are_counted(end) -> None:
    bench = bench_of(owner([0]), stranger(markers=7), probe="residual", end=end)
    assert first(bench) == 0.0
    assert bench.tables["residual"][0] == {"held": 0, "planted": 100, "bytes_scanned": 1 << 30, "markers": 7}


@pytest.mark.parametrize(("code", "said"), [(999, "CUresult 999"), (0, "success, and reached nothing")])
def test_an_answer_that_says_neither_fails_the_outcome(code, said) -> None:
    bench = bench_of(owner([0]), stranger({**AWAY, "kernel": [code]}), probe="foreign-read")
    with pytest.raises(WorkloadError, match=f"the kernel of another tenant's memory answered {said}"):
        first(bench)


def test_an_owner_whose_words_are_wrong_before_fails_the_control() -> None:
    with pytest.raises(WorkloadError, match="the owner finds 3 of its own words wrong"):
        first(bench_of(owner([3]), stranger(), probe="foreign-read"))


def test_a_probe_that_does_not_reach_its_own_memory_fails_the_control() -> None:
    def reply(work):
        return owner([0])(work) if work.routine == "own" else series(AWAY)

    with pytest.raises(WorkloadError, match="does not reach its own tenant's memory"):
        first(bench_of(reply, stranger(), probe="foreign-read"))
