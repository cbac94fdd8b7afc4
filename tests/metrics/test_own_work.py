"""Work of the user's own as victim or aggressor: what it is asked for, and what its series are worth."""

import pytest

from gpu_virt_bench import Skip
from gpu_virt_bench.metrics.interference import noisy_neighbor
from gpu_virt_bench.metrics.neighbors import ENDLESS, When, endless, part
from gpu_virt_bench.metrics.own_work import (
    ROUTINES,
    aggressor_taken,
    any_aggressor,
    any_victim,
    reached,
    times,
    victim_taken,
)
from gpu_virt_bench.model.workload import Workload, WorkloadError
from gpu_virt_bench.testing import FakeBench, FakeDevice, series

MS = 1_000_000
OWN = "mine.work:Loop"


def done(*at: float):
    """Pieces of work that ended so many ms after the begin of a second."""
    return series({"done": [ms * MS for ms in at]})


def took(*ms: float):
    """Pieces of work that took so many ms."""
    return series({"latency": [one * MS for one in ms]})


def cell(victims, neighbor=None, **changes):
    """IS-009 of a victim with these answers to four windows."""
    params = {**noisy_neighbor.headline(FakeDevice()), "victim": OWN, "aggressor": "launch", **changes}
    left = list(victims)
    bench = FakeBench(lambda work: left.pop(0), params, FakeDevice(), noisy_neighbor)
    bench.party[1].reply = lambda work: neighbor or series({"launches": [500]})
    return next(noisy_neighbor.measure(bench)), bench


def test_an_intensity_is_a_number_above_nothing_up_to_all() -> None:
    assert [part(one) for one in ("0.3", 1, 1e-4)] == [0.3, 1.0, 1e-4]
    assert [part(one) for one in (0, -1, 1.01, "half", "nan", 1e-5)] == [None] * 6


def test_names_are_callables_or_routines_or_nothing() -> None:
    assert victim_taken(OWN) == aggressor_taken(OWN) == OWN
    assert (victim_taken("requests"), victim_taken("alloc_storm")) == ("chain", "alloc_storm")
    assert (aggressor_taken("alloc_storm"), aggressor_taken("graph_rate")) == ("alloc", "graph_rate")
    wrong = ("mine", "mine:", ":Loop", "my-work:Loop", "mine:Loop()", "a.b:c.d", "probe", "own")
    assert {victim_taken(one) for one in wrong} == {aggressor_taken(one) for one in wrong} == {None}


def test_a_callable_is_told_how_long_and_how_much() -> None:
    bench = FakeBench([{}])
    asked = any_victim(bench, OWN, When(settle=5 * MS, duration=100 * MS))
    assert (asked.routine, asked.args) == (OWN, {"duration": 100 * MS, "settle": 5 * MS, "busy": 10 * MS})
    asked = any_aggressor(bench, OWN, endless(0.3))
    assert asked.args == {"duration": ENDLESS, "settle": 0, "busy": 3 * MS}


@pytest.mark.parametrize("name", ROUTINES)
def test_a_routine_has_a_duration_or_none_of_its_own(name) -> None:
    bench = FakeBench([{}])
    assert any_victim(bench, name, When(duration=100 * MS)).args["duration"] == 100 * MS
    assert any_aggressor(bench, name, endless(1.0)).args["duration"] == ENDLESS


def test_times_of_a_callable_are_compared_as_latencies() -> None:
    found, bench = cell([took(1, 1, 9), took(2, 2, 3), took(2, 2, 2), took(1, 1, 1)])
    assert found == 1.0
    assert bench.tables["cell"][0]["alone_p99"] == 0.009


def test_pieces_of_a_callable_are_compared_as_a_rate() -> None:
    slow, fast = done(0, 200, 400), done(0, 100, 200)
    found, bench = cell([fast, slow, slow, fast])
    assert found == pytest.approx(1.0)
    assert bench.tables["cell"][0]["alone_rate"] == pytest.approx(10.0)


def test_a_rate_has_no_tail() -> None:
    with pytest.raises(Skip, match="needs latencies for a p99: mine.work:Loop gives a rate"):
        cell([done(0, 100)] * 4, statistic="p99")
    assert cell([took(1, 2)] * 4, statistic="p99")[0] == 0.0


def test_a_victim_that_says_nothing_fails_with_what_was_expected() -> None:
    with pytest.raises(WorkloadError, match="mine.work:Loop gave the columns copies, expected `done` or `latency`"):
        cell([series({"copies": [1]})] * 4)
    with pytest.raises(WorkloadError, match="ended 1 pieces of work in its window, expected 2 at least"):
        cell([done(1)] * 4)
    with pytest.raises(WorkloadError, match="gave no latency in a window"):
        cell([took()] * 4)


def test_what_an_aggressor_reaches_is_counted_in_its_victims_windows() -> None:
    work = Workload(OWN, {})
    assert reached(work, done(100, 200, 300, 1500), [series({}, 0.5)]) == 6.0
    assert reached(work, took(1, 1, 1), []) == 3.0
    assert reached(Workload("requests"), series({"due": [0], "begin": [0], "end": [1]}), []) == 1.0


def test_a_rate_of_libgvb_has_no_times() -> None:
    assert times(Workload("rate"), [done(1)]) is None
    assert times(Workload("launch_sync"), [series({"round_trip": [MS]})]) == [0.001]


# ---- on the emulated GPU ----

ONCE = {"rounds": {"window": 1}, "warmup": 0, "repetitions": 1, "max_repetitions": 1, "seconds_per_outcome": 120.0}


def test_routines_are_victims_and_aggressors(measure) -> None:
    victims = [f"IS-009[victim={name},aggressor=idle]" for name in ROUTINES if name != "requests"]
    words = [*victims, *(f"IS-009[victim=fma,aggressor={name}]" for name in ("launch_rate", "graph_rate", "requests"))]
    run = measure(";".join(words), systems=("time-slicing",), window_seconds=0.2, settle_seconds=0.05, **ONCE)
    assert {name: getattr(found, "error", "") for name, found in run.outcomes.items()} == dict.fromkeys(words, "")


def test_a_callable_is_refused_under_a_virtual_clock(measure) -> None:
    run = measure(f"IS-009[victim={OWN}]", systems=("time-slicing",), **ONCE)
    (found,) = run.outcomes.values()
    assert "it reads the host's clock, and the device's is virtual: leave out --emulate clock=virtual" in found.reason
