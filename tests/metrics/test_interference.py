"""IS-009: its arithmetic by exact numbers, and cells of the emulated GPU whose slowdown is known."""

import pytest

from gpu_virt_bench import Skip
from gpu_virt_bench.metrics.interference import noisy_neighbor
from gpu_virt_bench.testing import FakeBench, FakeDevice, series
from sessions import value

MS = 1_000_000
SECOND = 1000 * MS
ONCE = {
    "rounds": {"window": 1},
    "warmup": 0,
    "repetitions": 1,
    "max_repetitions": 1,
    "seconds_per_outcome": 120.0,
    "window_seconds": 0.2,
    "settle_seconds": 0.05,
}


def requests(*took):
    """Requests that take so many ms."""
    dues = [5 * MS * k for k in range(len(took))]
    return series(
        {"due": dues, "begin": dues, "end": [due + round(ms * MS) for due, ms in zip(dues, took, strict=True)]}
    )


def rate(per_second: int):
    """A second of launches, each of one FLOP or byte."""
    done = range(SECOND // per_second, SECOND + 1, SECOND // per_second)
    return series({"done": list(done)}, notes={"launches_per_row": 1, "work_per_launch": 1})


def cell(answers, **changes):
    """IS-009 of a victim with these answers to four windows, and its bench."""
    device = FakeDevice()
    params = {**noisy_neighbor.headline(device), "aggressor": "launch", **changes}
    left = list(answers)
    bench = FakeBench(lambda work: left.pop(0), params, device, noisy_neighbor)
    bench.party[1].reply = lambda work: series({"launches": [500], "wrong": [0]})
    return next(noisy_neighbor.measure(bench)), bench


def test_a_latency_that_doubles_is_a_hundred_per_cent() -> None:
    found, bench = cell([requests(1, 1, 9), requests(2, 2, 3), requests(2, 2, 2), requests(1, 1, 1)])
    assert found == 1.0
    assert bench.tables["cell"][0]["alone_p99"] == 0.009
    assert bench.tables["cell"][0]["aggressor_beside"] == 500.0


def test_a_neighbor_that_speeds_the_victim_up_is_negative() -> None:
    fast, slow = requests(0.95, 0.95), requests(1, 1)
    assert cell([slow, fast, fast, slow])[0] == pytest.approx(-0.05)


def test_the_tail_has_a_cell_of_its_own() -> None:
    lonely, shared = requests(*[1] * 100), requests(*[1] * 90, *[4] * 10)
    assert cell([lonely, shared, shared, lonely], statistic="p99")[0] == 3.0
    assert cell([lonely, shared, shared, lonely])[0] == 0.0


def test_a_rate_that_halves_is_a_hundred_per_cent() -> None:
    assert cell([rate(1000), rate(400), rate(600), rate(1000)], victim="fma")[0] == pytest.approx(1.0, abs=0.01)


def test_a_launch_is_timed_until_it_is_done() -> None:
    alone, beside = series({"round_trip": [4000] * 3}), series({"round_trip": [5000] * 3})
    assert cell([alone, beside, beside, alone], victim="launch")[0] == pytest.approx(0.25)


def test_cells_that_make_no_sense_are_left_out() -> None:
    cells = noisy_neighbor.variants(FakeDevice())
    assert not [one for one in cells if one["victim"] == "fma" and one["statistic"] == "p99"]
    assert {one["intensity"] for one in cells if one["aggressor"] == "idle"} == {1.0}


# ---- on the emulated GPU ----


def cells(module_measure, chosen: str, systems=("time-slicing",), **emulate: str) -> dict[str, float]:
    """Cells by their parameters that are not the headline's."""
    run = module_measure(chosen, systems=systems, emulate=emulate, **ONCE)
    return {name.removeprefix("IS-009"): value(run, name) for name in run.outcomes}


def test_a_neighbor_that_is_idle_is_not_noticed(module_measure) -> None:
    found = cells(module_measure, "IS-009[victim=fma,aggressor=idle];IS-009[aggressor=idle]")
    assert list(found.values()) == pytest.approx([0.0] * len(found), abs=0.01)


def test_time_slices_double_the_victims_time(module_measure) -> None:
    found = cells(module_measure, "IS-009[victim=fma,aggressor=compute]", switch_ns="0")
    assert list(found.values()) == [pytest.approx(1.0, abs=0.05)]


def test_contention_for_memory_doubles_the_time_of_its_victim_alone(module_measure) -> None:
    """Half of the multiprocessors draw all of the bandwidth, so that a neighbor that computes takes nothing of it."""
    dram, compute, idle = (f"[victim=dram{other}]" for other in ("", ",aggressor=compute", ",aggressor=idle"))
    chosen = ";".join(f"IS-009{cell}" for cell in (dram, compute, idle))
    found = cells(module_measure, chosen, ("mps",), dram_saturation="0.5")
    assert found[dram] == pytest.approx(1.0, abs=0.03)
    assert [found[compute], found[idle]] == pytest.approx([0.0, 0.0], abs=0.01)


def test_one_tenant_has_no_neighbor() -> None:
    bench = FakeBench([{}], noisy_neighbor.headline(FakeDevice()), FakeDevice(), noisy_neighbor)
    bench.party = bench.party[:1]
    with pytest.raises(Skip, match="needs 2 tenants"):
        next(noisy_neighbor.measure(bench))
