"""The cache metrics return what the emulated L2 does, and move as its model says."""

from math import exp

import pytest

from contention import alone, at_once, in_turn
from gpu_virt_bench import emulated
from gpu_virt_bench.model.run import Failed, Run
from sessions import value

LONELY = "CACHE-001[ws=0.75,load=alone]"
CLOCK, L2_NS, DRAM_NS = (float(emulated.keys()[key].default) for key in ("sm_clock", "l2_latency", "dram_latency"))
L2, DRAM = (float(emulated.keys()[key].default) for key in ("l2_bandwidth", "dram_bandwidth"))


def steps_of(run: Run, outcome: str) -> dict[str, float]:
    """The detail of the outcome's only sample."""
    (repetition,) = run.outcomes[outcome].repetitions
    return repetition.detail["steps"][0]


@pytest.fixture(scope="module")
def shared(module_measure) -> Run:
    """An L2 that all have, whose least recently used lines go first."""
    return at_once(module_measure, "CACHE-001[ws=*,load=*];CACHE-002[evictor=*];CACHE-003[wn=*];CACHE-004[aggressor=*]")


def test_steps_take_what_l2_and_dram_take(shared) -> None:
    row = steps_of(shared, LONELY)
    assert row["l2_clocks"] == pytest.approx(L2_NS * CLOCK / 1e9, abs=20)
    assert row["dram_clocks"] == pytest.approx(DRAM_NS * CLOCK / 1e9, abs=20)


def test_alone_what_fits_is_found(shared) -> None:
    assert value(shared, LONELY) == 1.0
    assert value(shared, "CACHE-001[load=alone]") == 1.0


def test_beside_one_that_fills_l2_nothing_is_found(shared) -> None:
    assert value(shared, "CACHE-001") == 0.0


@pytest.mark.parametrize(("policy", "found"), [("random", 0.417), ("lru", 0.0)])
def test_an_l2_of_half_its_size_shows(module_measure, policy, found) -> None:
    run = alone(module_measure, LONELY, l2_effective="0.5", l2_policy=policy)
    assert value(run, LONELY) == pytest.approx(found, abs=0.02)
    assert found == pytest.approx(exp(-1.5 * (1 - found)), abs=0.001) or policy == "lru"


def test_a_slower_l2_is_hit_as_often(module_measure) -> None:
    run = alone(module_measure, LONELY, l2_latency=f"{L2_NS * 1.3:.0f}")
    assert value(run, LONELY) == 1.0
    assert steps_of(run, LONELY)["l2_clocks"] == pytest.approx(1.3 * L2_NS * CLOCK / 1e9, abs=20)


def test_an_l2_as_slow_as_dram_cannot_be_told(module_measure) -> None:
    found = alone(module_measure, LONELY, l2_latency=f"{DRAM_NS * 0.8:.0f}").outcomes[LONELY]
    assert isinstance(found, Failed)
    assert "cannot tell L2 from DRAM" in found.error


@pytest.mark.parametrize(("evictor", "evicted"), [("0.5", 0.0), ("1", 1.0), ("2", 1.0), ("8", 1.0), ("control", 0.0)])
def test_lines_are_evicted_by_more_than_what_is_free(shared, evictor, evicted) -> None:
    outcome = "CACHE-002" if evictor == "2" else f"CACHE-002[evictor={evictor}]"
    assert value(shared, outcome) == pytest.approx(evicted, abs=0.01)
    assert steps_of(shared, outcome)["misses_before"] == 0


def test_sets_that_fit_together_do_not_collide(shared) -> None:
    assert value(shared, "CACHE-003[wn=0.3]") == pytest.approx(0.0, abs=0.01)


def test_sets_that_do_not_fit_cost_what_their_misses_cost(shared) -> None:
    """Each has half of L2's bandwidth, or half of the device memory's."""
    assert value(shared, "CACHE-003") == pytest.approx(1 - DRAM / L2, rel=0.1)


def test_a_partition_keeps_lines(module_measure) -> None:
    chosen = "CACHE-001[ws=0.25];CACHE-002[evictor=*];CACHE-003[wn=*]"
    run = at_once(module_measure, chosen, compute_limit=0.5, l2_partition="1", dram_partition="1")
    assert value(run, "CACHE-001[ws=0.25]") == 1.0
    for name in run.outcomes:
        if name.startswith(("CACHE-002", "CACHE-003")):
            assert value(run, name) == pytest.approx(0.0, abs=0.01), name


def test_a_switch_that_empties_l2_shows_in_the_control(module_measure) -> None:
    chosen = "CACHE-002[evictor=0.5];CACHE-002[evictor=control]"
    for flush, evicted in (("0", 0.0), ("1", 1.0)):
        run = in_turn(module_measure, chosen, l2_flush_on_switch=flush)
        assert value(run, "CACHE-002[evictor=control]") == evicted
        assert value(run, "CACHE-002[evictor=0.5]") == evicted


def test_queues_of_l2_lengthen_the_steps_of_who_waits_in_them(module_measure, shared) -> None:
    run = at_once(module_measure, "CACHE-004[aggressor=*];CACHE-001[ws=0.75,load=alone]", l2_queueing="0.4")
    assert value(run, "CACHE-004") == pytest.approx(0.4, abs=0.03)
    for name in ("idle", "compute"):
        assert value(run, f"CACHE-004[aggressor={name}]") == pytest.approx(0.0, abs=0.01)
    assert value(run, LONELY) == value(shared, LONELY)


def test_without_queues_nothing_is_lengthened(shared) -> None:
    for name in ("CACHE-004", "CACHE-004[aggressor=atomics]", "CACHE-004[aggressor=compute]"):
        assert value(shared, name) == pytest.approx(0.0, abs=0.01)


def test_slices_of_others_are_counted_and_are_no_contention(module_measure) -> None:
    run = in_turn(module_measure, "CACHE-004", l2_queueing="0.4")
    assert value(run, "CACHE-004") == pytest.approx(0.0, abs=0.01)
    assert steps_of(run, "CACHE-004")["descheduled_groups"] > 0


def test_what_is_not_l2s_does_not_move_them(module_measure, shared) -> None:
    other = dict.fromkeys(("dram_weight", "dram_write_cost", "copy_latency"), "3")
    run = at_once(module_measure, "CACHE-001;CACHE-002;CACHE-003[wn=0.3];CACHE-004", **other)
    for outcome in run.outcomes:
        assert value(run, outcome) == pytest.approx(value(shared, outcome), abs=0.02)
