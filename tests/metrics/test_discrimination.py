"""Each overhead metric moves by what the reference interposer adds, and by nothing else."""

from dataclasses import replace
from statistics import median

import pytest

from gpu_virt_bench.cli.progress import Silent
from gpu_virt_bench.compare.pairs import pairs
from gpu_virt_bench.engine.session import run_session
from gpu_virt_bench.model.run import Measured, Outcome, Run
from gpu_virt_bench.systems.load import load
from gpu_virt_bench.systems.options import configured, resolve_options
from sessions import LAYER, request_for, steady, value

US, NS = 1e-6, 1e-9
STEP = 32 * NS
"""Resolution of %globaltimer: a start is told no finer."""
SIZES = (4096, 2 << 20, 64 << 20, 1 << 30)
EFFORTS = ("latency", "tail", "process", "window", "long")
FEW = {"rounds": dict.fromkeys(EFFORTS, 4)}
MANY = {"rounds": dict.fromkeys(EFFORTS, 50)}
"""For samples of less than a millisecond."""
ONE = {"rounds": dict.fromkeys(EFFORTS, 1), "warmup": 0}


def sized(metric: str, size: int) -> str:
    """The outcome of one size; 2 MiB is the headline."""
    return metric if size == 2 << 20 else f"{metric}[bytes={size}]"


@pytest.fixture
def beside(layer, tmp_path):
    """Runs under two settings of the layer's knobs, side by side in one session."""

    def measure(chosen: str, knobs: dict[str, str], before: dict[str, str] | None = None, **settings) -> list[Run]:
        reference, options = load(str(LAYER / "reference-layer.toml")), {}
        for name, given in (("plain", before or {}), ("changed", knobs)):
            values = {f"env.LAYER_{knob}": value for knob, value in given.items()}
            options[name] = resolve_options(reference, {"library": str(layer), **values})
        base = {"repetitions": 1, "max_repetitions": 1, "polling_seconds": 2.0, "seconds_per_outcome": 30.0}
        request = replace(
            request_for(tmp_path / "results", chosen, **{**base, **settings}),
            systems=[configured(replace(reference, id=name), found) for name, found in options.items()],
            options=options,
        )
        result = run_session(request, Silent())
        assert result.refused is None, result.refused
        return [record.run for record in result.records]

    return measure


@pytest.fixture
def moved(beside):
    """How far each outcome moves when knobs are set, seconds (or ratios): the median of the rounds' differences."""

    def measure(
        chosen: str, knobs: dict[str, str], before: dict[str, str] | None = None, **settings
    ) -> dict[str, float]:
        plain, changed = beside(chosen, knobs, before, **settings)
        return {name: difference(plain.outcomes[name], changed.outcomes[name]) for name in plain.outcomes}

    return measure


def difference(before: Outcome, after: Outcome) -> float:
    """The change of an outcome between two runs of one session."""
    assert isinstance(before, Measured), before
    assert isinstance(after, Measured), after
    return median(pair.change(float) for pair in pairs(before, after))


def test_oh_001_sees_a_slower_launch_call_on_every_path_and_not_in_graphs(moved) -> None:
    found = moved("OH-001[path=*];OH-001[api=cuGraphLaunch]", {"DELAY": "cuLaunchKernel=5000"})
    for outcome in ("OH-001", "OH-001[path=start]", "OH-001[path=round-trip]"):
        assert found[outcome] == pytest.approx(5 * US, abs=STEP)
    assert abs(found["OH-001[api=cuGraphLaunch]"]) < 1 * NS


def test_oh_002_sees_a_slower_allocation_of_every_size_in_that_api_alone(moved) -> None:
    found = moved("OH-002[bytes=*];OH-002[api=*]", {"DELAY": "cuMemAlloc_v2=50000"})
    for size in SIZES:
        assert found[sized("OH-002", size)] == pytest.approx(50 * US, rel=0.001)
    assert abs(found["OH-002[api=pool]"]) < 1 * NS
    assert abs(found["OH-002[api=vmm]"]) < 1 * NS


def test_oh_003_sees_a_slower_free_and_oh_002_does_not(moved) -> None:
    found = moved("OH-002[bytes=*];OH-003[bytes=*]", {"DELAY": "cuMemFree_v2=50000"})
    for size in SIZES:
        assert found[sized("OH-003", size)] == pytest.approx(50 * US, rel=0.001)
        assert abs(found[sized("OH-002", size)]) < 1 * NS


@pytest.mark.host_time
@steady
def test_oh_004_finds_a_constructor_in_exec(moved) -> None:
    found = moved("OH-004[phase=*]", {"CONSTRUCTOR_SLEEP": "400000000"}, **FEW)
    assert found["OH-004[phase=exec]"] == pytest.approx(0.4, rel=0.1)
    assert abs(found["OH-004"]) < 0.04


@pytest.mark.host_time
@steady
def test_oh_004_finds_a_slow_initialization_in_init(moved) -> None:
    found = moved("OH-004[phase=*]", {"INIT_SLEEP": "400000000"}, **FEW)
    assert found["OH-004"] == pytest.approx(0.4, rel=0.05)
    assert found["OH-004[phase=init]"] == pytest.approx(0.4, rel=0.05)
    assert abs(found["OH-004[phase=context]"]) < 0.02


def test_oh_005_tells_the_ways_of_resolving_apart(moved) -> None:
    calls = "OH-005[function=cuStreamQuery{}]"
    chosen = ";".join(["OH-005", "OH-005[resolution=handle]", calls.format(""), calls.format(",resolution=handle")])
    found = moved(chosen, {"DELAY_HANDLE": "cuStreamQuery=2000"}, **MANY)
    assert found[calls.format(",resolution=handle")] == pytest.approx(2000 * NS, rel=0.001)
    assert found["OH-005[resolution=handle]"] == pytest.approx(400 * NS, rel=0.001)
    assert abs(found[calls.format("")]) < 200 * NS
    assert abs(found["OH-005"]) < 100 * NS


@steady
@pytest.mark.parametrize(
    ("metric", "call", "delay"),
    [("OH-001", "cuLaunchKernel", 5000), ("OH-002", "cuMemAlloc_v2", 20000), ("OH-003", "cuMemFree_v2", 20000)],
)
def test_a_layer_in_one_way_is_seen_by_the_outcome_of_that_way_alone(moved, metric, call, delay) -> None:
    chosen = f"{metric};{metric}[resolution=handle]"
    found = moved(chosen, {"DELAY_QUERY": f"{call}={delay}"})
    assert found[metric] == pytest.approx(delay * NS, rel=0.001)
    assert abs(found[f"{metric}[resolution=handle]"]) < 1 * NS


def test_oh_006_sees_a_lock_between_processes_growing_with_their_number(layered, tmp_path) -> None:
    lock = {"LOCK": str(tmp_path / "lock"), "LOCK_HOLD": "20000"}
    two, four = (value(layered(f"OH-006[n={n}]", lock, **FEW), name) for n, name in ((2, "OH-006[n=2]"), (4, "OH-006")))
    assert four > 60 * US
    assert four > two >= 0  # two find a rhythm in which nobody waits


def test_oh_006_sees_a_lock_whose_holder_sleeps_on_any_number_of_processors(layered, tmp_path) -> None:
    """The same with a hold of 1 ms: three holds at least are waited for with four tenants."""
    lock = {"LOCK": str(tmp_path / "lock"), "LOCK_HOLD": "1000000", "LOCK_SLEEP": "1"}
    two, four = (value(layered(f"OH-006[n={n}]", lock, **ONE), name) for n, name in ((2, "OH-006[n=2]"), (4, "OH-006")))
    assert four > 3e-3
    assert four > two > 0


def test_oh_006_does_not_see_a_delay_without_a_lock(moved) -> None:
    delay = {"DELAY": "cuMemAlloc_v2=20000,cuMemFree_v2=20000"}
    assert abs(moved("OH-006[n=2]", delay, **FEW)["OH-006[n=2]"]) < 1 * NS


def test_oh_007_sees_a_walk_over_live_allocations(moved) -> None:
    found = moved("OH-007", {"MEMORY_WALK": "10"})
    assert found["OH-007"] == pytest.approx(10 * NS, rel=0.001)


def test_oh_007_does_not_take_a_constant_delay_for_a_slope(beside) -> None:
    plain, slow = beside("OH-007", {"DELAY": "cuMemAlloc_v2=50000"})
    assert abs(difference(plain.outcomes["OH-007"], slow.outcomes["OH-007"])) < 0.001 * NS
    (before, after) = (
        next(row for row in run.readings["OH-007 query"] if (row["table"], row["op"]) == ("lines", "alloc"))
        for run in (plain, slow)
    )
    assert after["intercept"] - before["intercept"] == pytest.approx(50 * US, rel=0.001)


def test_oh_008_sees_the_price_of_asking_a_limiter(layered) -> None:
    bucket = {"LIMITER": "blocks", "BUCKET": "1000000000"}
    found = value(layered("OH-008", {**bucket, "BUCKET_COST": "2000"}, **ONE), "OH-008")
    assert found == pytest.approx(2 * US, rel=0.01)


def test_oh_008_does_not_see_what_every_launch_pays(moved) -> None:
    bucket = {"LIMITER": "blocks", "BUCKET": "1000000000"}
    found = moved("OH-008", {**bucket, "DELAY": "cuLaunchKernel=30000"}, bucket, **ONE)
    assert abs(found["OH-008"]) < 1 * NS


@pytest.mark.host_time
@steady
def test_oh_009_sees_a_thread_that_burns_one_percent_of_a_core(moved) -> None:
    found = moved("OH-009[load=*]", {"THREAD": "1000000/100000000"})
    assert found["OH-009"] == pytest.approx(0.01, abs=0.002)
    assert found["OH-009[load=busy]"] == pytest.approx(0.01, abs=0.004)


@pytest.mark.host_time
@steady
def test_oh_009_does_not_see_a_thread_that_sleeps(moved) -> None:
    assert abs(moved("OH-009", {"THREAD": "0/100000000"})["OH-009"]) < 0.001


def typical_cycle(run: Run) -> float:
    """The lower quartile of the cycles' durations: a host that is too slow for the model stretches some."""
    (row,) = run.outcomes["OH-010"].repetitions[0].detail["cycles"][-1:]
    return row["q25"]


def test_oh_010_sees_the_exposed_launches_of_a_cycle(beside) -> None:
    plain, slow = beside("OH-010", {"DELAY": "cuLaunchKernel=5000"})
    # 200 launches of 5 us are exposed; were the other 40 not hidden behind work, it would be 1.2 ms. On two cores the
    # emulated GPU's threads and the launches disturb each other by up to 0.07 ms.
    assert 0.8e-3 <= typical_cycle(slow) - typical_cycle(plain) <= 1.1e-3
