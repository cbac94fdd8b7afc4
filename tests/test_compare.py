"""Comparisons of runs with round numbers."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import DEFINITION, DEVICE, LIMITED, PLAN, PROOF, SERVED, SUITE, a_run, in_rounds, outcome, with_outcome
from gpu_virt_bench import metrics
from gpu_virt_bench.compare import Loaded, change_between, compare, compare_files, find_twin, half_width
from gpu_virt_bench.compare.files import find
from gpu_virt_bench.model.comparison import Comparison, Row
from gpu_virt_bench.model.run import (
    SCHEMA_VERSION,
    Check,
    Failed,
    Granted,
    Measured,
    ProofRecord,
    Rejected,
    Run,
    SystemRecord,
)
from gpu_virt_bench.policy import load, with_margins
from gpu_virt_bench.results import RunFileError, save

POLICY = load()
STEADY = [1.0, 1.001, 0.999, 1.0, 1.002]
HIGHER = {"OH-001": {"better": "higher"}}
DIFFERENCE = {"OH-001": {"compare": "difference"}}
PASS = {"OH-001": {"unit": "pass", "shown_unit": "pass", "better": "higher"}}
CHECK = Check("sm_count", "66", "66", True)


def compared(baseline: Run, candidate: Run, twin: Run | None = None, policy=POLICY) -> Comparison:
    """The comparison of two runs that were never saved."""
    return compare(Loaded(Path("a.json"), baseline), Loaded(Path("b.json"), candidate), policy, twin)


def row(before, after, definitions=None, again=None, policy=POLICY) -> Row:
    """The row of one outcome, both runs of one session; `again` is what the baseline measured the second time."""
    baseline, candidate = (a_run({"OH-001": found}, definitions) for found in (before, after))
    twin = None if again is None else a_run({"OH-001": again}, definitions, twin=True)
    return compared(baseline, replace(candidate, label="candidate"), twin, policy).rows[0]


def scaled(values, factor: float) -> list[float]:
    return [factor * value for value in values]


def proof(granted=None, **check) -> list[ProofRecord]:
    record = ProofRecord(0, 0, "before", [replace(CHECK, **check), *LIMITED], granted or {}, serial=0)
    return [record, replace(record, when="after")]


# -- verdicts


def test_twice_the_latency_is_worse_and_its_ratio_is_two() -> None:
    found = row(STEADY, scaled(STEADY, 2))
    assert (found.verdict, found.reason, found.change.interval.value) == ("worse", "", 2.0)


def test_one_per_cent_is_the_same_within_a_margin_of_two() -> None:
    assert row([1.0] * 5, [1.01] * 5).verdict == "same"


def test_a_change_across_the_margin_is_inconclusive() -> None:
    assert row([1.0] * 5, [1.0, 1.0, 1.03, 1.04, 1.05]).verdict == "inconclusive"


def test_no_spread_and_a_change_beyond_the_margin_is_certain() -> None:
    found = row([1.0] * 5, [1.5] * 5)
    assert (found.verdict, found.change.p, found.change.adjusted) == ("worse", 0.0, 0.0)


def test_three_repetitions_get_no_verdict() -> None:
    found = row([1.0] * 3, [2.0] * 3)
    assert (found.verdict, found.reason) == (
        "inconclusive",
        "+100.00 %, outside both ranges; 3 repetitions, a verdict needs 5",
    )
    assert found.change.interval.level == 0.75


def test_a_single_repetition_has_a_ratio_and_no_interval() -> None:
    found = row([1.0], [2.0])
    assert (found.reason, found.change.interval.low) == (
        "+100.00 %; 1 repetition, a verdict needs 5",
        None,
    )


def test_a_higher_confidence_needs_more_repetitions() -> None:
    strict = replace(POLICY, confidence=0.99)
    assert row([1.0] * 7, [1.0] * 7, policy=strict).reason == "7 repetitions, a verdict needs 8"
    assert row([1.0] * 8, [2.0] * 8, policy=strict).verdict == "worse"


def test_pairs_count_and_not_the_repetitions_of_either_side() -> None:
    before, after = outcome("OH-001", [1.0] * 5), outcome("OH-001", [2.0] * 5)
    later = replace(after, repetitions=[replace(entry, index=entry.index + 1) for entry in after.repetitions])
    candidate = replace(a_run({"OH-001": [1.0]}), outcomes={"OH-001": later})
    found = compared(replace(a_run({"OH-001": [1.0]}), outcomes={"OH-001": before}), candidate).rows[0]
    assert found.reason.endswith("4 repetitions, a verdict needs 5")


def test_repetitions_of_two_sessions_are_not_paired() -> None:
    found = compared(a_run({"OH-001": STEADY}), a_run({"OH-001": scaled(STEADY, 2)}, session="other"))
    assert (found.pairing, found.rows[0].change.pairing, found.rows[0].verdict) == ("unpaired", "unpaired", "worse")
    assert "the runs are of two sessions" in found.remarks[0]


def test_pairs_show_what_the_sides_alone_would_hide() -> None:
    drifting = [1.0, 2.0, 3.0, 4.0, 5.0]
    assert row(drifting, scaled(drifting, 1.1)).verdict == "worse"
    other = compared(a_run({"OH-001": drifting}), a_run({"OH-001": scaled(drifting, 1.1)}, session="other"))
    assert other.rows[0].verdict == "inconclusive"


def test_a_certain_change_across_the_margin_is_slight() -> None:
    slower, faster = [1.010, 1.012, 1.014, 1.016, 1.030], [0.990, 0.988, 0.986, 0.984, 0.970]
    assert [row([1.0] * 5, after).verdict for after in (slower, faster)] == ["slightly worse", "slightly better"]
    assert row([1.0] * 5, slower, HIGHER).verdict == "slightly better"


def test_a_certain_change_inside_the_noise_floor_is_not_slight() -> None:
    found = row([1.0] * 5, [1.010, 1.012, 1.014, 1.016, 1.030], again=[1.0, 1.0, 1.0, 1.0, 1.02])
    assert (found.verdict, found.reason) == ("inconclusive", "inside the noise floor of 2 %")


def test_a_change_that_no_test_holds_against_none_is_not_slight() -> None:
    # the interval excludes 1, the t test of the mean does not (p = 0.19)
    found = row([1.0] * 5, [1.001, 1.001, 1.001, 1.001, 1.05])
    assert (found.verdict, found.reason) == ("inconclusive", "its test does not hold")
    assert found.change.p_any > 0.05


def test_a_slight_change_needs_the_test_against_none_alone() -> None:
    found = row([1.0] * 5, [1.010, 1.012, 1.014, 1.016, 1.030])
    assert found.change.adjusted > 0.05 > found.change.adjusted_any


@pytest.mark.parametrize(
    ("before", "after", "definitions", "reason"),
    [
        ([1.0] * 4, [3.0] * 4, {}, "+200.00 %, outside both ranges; 4 repetitions, a verdict needs 5"),
        ([3.0, 4.0], [1.0, 2.0], {}, "-59.2 %, outside both ranges; 2 repetitions, a verdict needs 5"),
        ([1.0, 4.0], [3.0, 5.0], {}, "2 repetitions, a verdict needs 5"),
        ([1.0] * 4, [1.01] * 4, {}, "4 repetitions, a verdict needs 5"),
        ([0.0] * 4, [3e-6] * 4, DIFFERENCE, "+3.00 us, outside both ranges; 4 repetitions, a verdict needs 5"),
    ],
)
def test_too_few_repetitions_do_not_hide_a_change_outside_both_ranges(before, after, definitions, reason) -> None:
    found = row(before, after, definitions)
    assert (found.verdict, found.reason) == ("inconclusive", reason)


# -- rounds


def in_session(before: Measured, after: Measured, definitions=None) -> Comparison:
    """Two runs of one session with these outcomes."""
    native = replace(a_run({"OH-001": [1.0]}, definitions), outcomes={"OH-001": before})
    return compared(native, replace(native, label="candidate", outcomes={"OH-001": after}))


HOST = [1.0, 1.4, 2.0, 1.1, 1.7]
"""How slow a shared host is from round to round."""


def test_pairs_of_a_round_show_what_medians_of_a_repetition_would_hide() -> None:
    before = [HOST[shift:] + HOST[:shift] for shift in range(5)]
    after = [scaled(values[:-2], 1.03) for values in before]
    found = in_session(in_rounds("OH-001", before), in_rounds("OH-001", after)).rows[0]
    assert (found.verdict, found.change.rounds) == ("worse", 15)
    assert found.change.interval.value == pytest.approx(1.03)
    by_turns = row(before, after)
    assert (by_turns.verdict, by_turns.change.rounds) == ("inconclusive", 0)


def test_rounds_are_paired_by_their_number_and_not_by_their_place() -> None:
    before, after = in_rounds("OH-001", [[1.0, 2.0, 3.0]] * 5), in_rounds("OH-001", [[4.0, 6.0, 8.0]] * 5, first=1)
    assert in_session(before, after).rows[0].change.interval.value == pytest.approx(2.0)


def test_a_rejected_sample_voids_its_round_on_both_sides() -> None:
    before = in_rounds("OH-001", [[1.0] * 5] * 5)
    spoiled = in_rounds("OH-001", [[9.0, 9.0, 2.0, 2.0, 9.0]] * 5, rejected=[Rejected(5.0, "throttled", 4)])
    found, back = in_session(before, spoiled).rows[0].change, in_session(spoiled, before).rows[0].change
    assert (found.interval.value, found.rounds) == (pytest.approx(18.0**0.5), 20)
    assert (back.interval.value, back.rounds) == (pytest.approx(1 / 18.0**0.5), 20)


def test_a_repetition_without_a_common_round_counts_by_its_medians() -> None:
    before, after = in_rounds("OH-001", [[1.0, 3.0]] * 5), in_rounds("OH-001", [[4.0, 4.0]] * 5, first=7)
    found = in_session(before, after).rows[0].change
    assert (found.interval.value, found.rounds, found.repetitions) == (2.0, 0, 5)


def test_a_difference_is_paired_by_round_too() -> None:
    before, after = in_rounds("OH-001", [[0.0, 1.0, 5.0]] * 5), in_rounds("OH-001", [[2.0, 3.0, 7.0]] * 5)
    assert in_session(before, after, DIFFERENCE).rows[0].change.interval.value == 2.0


def test_a_repetition_with_a_round_that_is_not_above_zero_counts_by_its_medians() -> None:
    before, after = in_rounds("OH-001", [[1.0, 1.0, 1.0]] * 5), in_rounds("OH-001", [[4.0, 0.0, 2.0]] * 5)
    found = in_session(before, after).rows[0]
    assert (found.verdict, found.change.interval.value, found.change.rounds) == ("worse", 2.0, 0)


def test_runs_of_two_sessions_have_no_common_rounds() -> None:
    taken = in_rounds("OH-001", [[1.0, 2.0]] * 5)
    native = replace(a_run({"OH-001": [1.0]}), outcomes={"OH-001": taken})
    found = compared(native, replace(native, session=replace(native.session, id="other")))
    assert (found.rows[0].change.pairing, found.rows[0].change.rounds) == ("unpaired", 0)


def test_the_engine_gets_the_very_change_that_tables_show() -> None:
    before, after = in_rounds("OH-001", [HOST] * 6), in_rounds("OH-001", [scaled(HOST, 1.1)] * 5 + [HOST])
    shown = in_session(before, after).rows[0].change
    asked = change_between(before, after, DEFINITION, 0.02, POLICY.confidence)
    assert asked == replace(shown, adjusted=None, adjusted_any=None)
    assert half_width(asked) == pytest.approx((asked.interval.high / asked.interval.low) ** 0.5 - 1)


# -- pass and fail


def passing(*failures: int, of: int = 3) -> list[list[float]]:
    """Repetitions of that many samples, each with so many failures."""
    return [[0.0] * failed + [1.0] * (of - failed) for failed in failures]


def test_fifteen_of_fifteen_on_both_sides_are_the_same() -> None:
    found = row(passing(0, 0, 0, 0, 0), passing(0, 0, 0, 0, 0), PASS)
    assert (found.verdict, found.reason) == ("same", "15 of 15 passed, 15 of 15 in the baseline")


def test_passes_of_three_repetitions_are_not_yet_the_same() -> None:
    found = row(passing(0, 0, 0), passing(0, 0, 0), PASS)
    reason = "9 of 9 passed, 9 of 9 in the baseline; 3 repetitions, a verdict needs 5"
    assert (found.verdict, found.reason) == ("inconclusive", reason)


@pytest.mark.parametrize("n", [1, 5, 20])
def test_one_failure_where_the_baseline_has_none_is_a_finding_with_any_number(n: int) -> None:
    clean, spoiled = passing(*[0] * n), passing(1, *[0] * (n - 1))
    worse, better = row(clean, spoiled, PASS), row(spoiled, clean, PASS)
    assert (worse.verdict, worse.reason) == (
        "worse",
        f"{3 * n - 1} of {3 * n} passed, {3 * n} of {3 * n} in the baseline",
    )
    assert better.verdict == "better"


def test_where_both_fail_the_interval_decides() -> None:
    many, few = passing(*[9] * 5, of=10), passing(*[1] * 5, of=10)
    assert [row(few, many, PASS).verdict, row(many, few, PASS).verdict] == ["worse", "better"]
    close = row(passing(1, 0, 0, 0, 0), passing(1, 1, 0, 0, 0), PASS)
    assert (close.verdict, close.reason) == ("inconclusive", "13 of 15 passed, 14 of 15 in the baseline")


def test_samples_that_must_not_pass_count_the_other_way() -> None:
    attack = {"OH-001": {**PASS["OH-001"], "better": "lower"}}
    none, one = passing(*[3] * 5), passing(2, 3, 3, 3, 3)
    assert [row(none, none, attack).verdict, row(none, one, attack).verdict] == ["same", "worse"]


# -- deferred or elided


def deferring(
    done=None, layer: str = "preload", completion: str = "OH-002", definitions=None
) -> dict[str, tuple[str, str]]:
    """Verdicts and reasons of a layer whose launch takes 0.6 of native; `done` is what it takes until it is done."""
    rest = {} if done is None else {"OH-002": [1.0] * 5}
    native = a_run({"OH-001": STEADY, **rest}, definitions)
    theirs = {name: scaled(STEADY, done) for name in rest}
    fast = a_run({"OH-001": scaled(STEADY, 0.6), **theirs}, definitions, system="mps")
    fast = with_outcome(fast, "OH-001", completion=completion)
    fast = replace(fast, system=replace(fast.system, mechanism=layer))
    return {one.id: (one.verdict, one.reason) for one in compared(native, fast).rows}


def test_a_call_cheaper_than_native_is_deferred_and_both_numbers_are_shown() -> None:
    reason = "-40.00 ±0.00 % against native at the call; until it is done (OH-002): +10.00 ±0.22 % against native"
    assert deferring(1.1)["OH-001"] == ("deferred or elided", reason)


def test_work_that_is_followed_by_a_rate_says_both_changes() -> None:
    rate = {"OH-002": {"unit": "cycles/s", "shown_unit": "cycles/s", "better": "higher"}}
    verdict, reason = deferring(1.003, definitions=rate)["OH-001"]
    assert verdict == "deferred or elided"
    assert reason.endswith("until it is done (OH-002): +0.30 ±0.20 % against native")


def test_a_cheap_call_that_compares_by_difference_says_against_what() -> None:
    verdict, reason = deferring(definitions=DIFFERENCE)["OH-001"]
    assert verdict == "deferred or elided"
    assert reason.startswith("-400,000 us (-400,800 to -399,600) against native at the call; ")


def test_what_says_when_the_work_is_done_and_cannot_be_compared_says_why() -> None:
    native = a_run({"OH-001": STEADY, "OH-002": STEADY})
    fast = a_run({"OH-001": scaled(STEADY, 0.6), "OH-002": "failed: tenant died"}, system="mps")
    fast = with_outcome(replace(fast, system=replace(fast.system, mechanism="preload")), "OH-001", completion="OH-002")
    found = compared(native, fast).rows[0]
    assert found.reason.endswith("until it is done (OH-002): not comparable, failed in the candidate: tenant died")


def test_each_outcome_of_a_metric_has_a_completion_of_its_own() -> None:
    names = ["OH-001", "OH-001[path=round-trip]"]
    native, fast = (a_run(dict.fromkeys(names, scaled(STEADY, factor))) for factor in (1.0, 0.6))
    fast = replace(fast, system=replace(fast.system, mechanism="preload"))
    found = compared(native, with_outcome(fast, "OH-001", completion=names[1]))
    assert {one.id: one.verdict for one in found.rows} == {names[0]: "deferred or elided", names[1]: "better"}


def test_a_cheap_call_whose_completion_was_not_measured_says_so() -> None:
    verdict, reason = deferring()["OH-001"]
    assert verdict == "deferred or elided"
    assert reason.endswith(" % against native at the call; until it is done (OH-002): not measured")


def test_a_value_that_is_no_call_s_may_be_better_than_native() -> None:
    assert deferring(1.1, completion="")["OH-001"] == ("better", "")
    assert deferring(0.5)["OH-002"] == ("better", "")
    assert deferring(1.1, completion="OH-001")["OH-001"] == ("better", "")


def test_a_candidate_without_a_mechanism_defers_nothing() -> None:
    assert deferring(1.1, layer="none")["OH-001"] == ("better", "")


# -- the clock


RATE = {"OH-001": {"unit": "cycles/s", "shown_unit": "cycles/s", "better": "higher"}}


def at_clock(factor: float, hertz: float) -> Measured:
    """A steady outcome of so many times the value, taken at that SM clock."""
    found = [[factor], [factor * 1.001], [factor * 0.999], [factor], [factor]]
    return in_rounds("OH-001", found, clocks_hz=[hertz])


@pytest.mark.parametrize("unit", [{}, {"unit": "B/s", "shown_unit": "GB/s"}])
def test_a_rate_that_follows_the_clock_is_the_clock_s(unit) -> None:
    rate = {"OH-001": {**RATE["OH-001"], **unit}}
    found = in_session(at_clock(1.0, 1.98e9), at_clock(1.8 / 1.98, 1.8e9), rate).rows[0]
    assert (found.verdict, found.reason) == (
        "inconclusive",
        "the clock's: 0.00 ±0.00 % per cycle; SM clock 1,800 MHz, 1,980 in the baseline",
    )
    assert found.change.interval.value == pytest.approx(1.8 / 1.98)


def test_a_rate_that_changes_per_cycle_is_none_of_the_clock_s() -> None:
    assert in_session(at_clock(1.0, 1.98e9), at_clock(0.9, 1.98e9), RATE).rows[0].verdict == "worse"
    assert in_session(at_clock(1.0, 1.98e9), at_clock(0.8, 1.8e9), RATE).rows[0].verdict == "worse"


def test_a_latency_that_the_host_timed_does_not_follow_the_clock() -> None:
    found = in_session(at_clock(1.0, 1.98e9), at_clock(1.1, 1.8e9)).rows[0]
    assert (found.verdict, found.change.cycles, found.change.clocks_hz) == ("worse", None, [])


def test_without_clocks_of_both_sides_nothing_is_said_of_cycles() -> None:
    bare = in_rounds("OH-001", [[1.0]] * 5)
    found = in_session(bare, at_clock(0.9, 1.8e9), RATE).rows[0]
    assert (found.verdict, found.change.cycles, found.change.clocks_hz) == ("worse", None, [])


# -- other values


def test_a_difference_is_in_seconds_and_may_start_at_zero() -> None:
    found = row([0.0] * 5, [1e-6] * 5, DIFFERENCE)
    assert (found.verdict, found.change.kind, found.change.interval.value) == ("worse", "difference", 1e-6)


NOTHING = [0.0] * 5
STOPPED = [1.0, 1.0, 1.0, 1.0, 0.0]


@pytest.mark.parametrize(
    ("better", "before", "after", "verdict"),
    [
        ("higher", STEADY, NOTHING, "worse"),
        ("higher", STEADY, STOPPED, "worse"),
        ("higher", STOPPED, NOTHING, "worse"),
        ("higher", NOTHING, STEADY, "better"),
        ("higher", STOPPED, STEADY, "not comparable"),
        ("higher", NOTHING, NOTHING, "not comparable"),
        ("lower", NOTHING, STEADY, "worse"),
        ("lower", STOPPED, STEADY, "not comparable"),
        ("lower", STEADY, NOTHING, "not comparable"),
        ("lower", STEADY, STOPPED, "not comparable"),
        ("none", STEADY, NOTHING, "not comparable"),
        ("none", NOTHING, STEADY, "not comparable"),
    ],
)
def test_a_rate_that_fell_to_zero_and_a_cost_that_rose_from_it_are_worse(better, before, after, verdict) -> None:
    found = row(before, after, {"OH-001": {"better": better}})
    assert (found.verdict, found.change) == (verdict, None)


def test_a_ratio_with_a_side_at_zero_says_how_often() -> None:
    assert row(STEADY, STOPPED).reason == "0 in 1 of 5 repetitions, in 0 of 5 of the baseline: no ratio"


def test_a_metric_without_direction_is_informational() -> None:
    found = row(STEADY, scaled(STEADY, 2), {"OH-001": {"better": "none"}})
    assert (found.verdict, found.change.interval.value) == ("informational", 2.0)


def test_shares_that_passed_are_compared_by_difference() -> None:
    found = row([[1.0] * 8] * 5, [[0.0] * 8] * 5, PASS)
    assert (found.verdict, found.change.kind, found.change.interval.value) == ("worse", "difference", -1.0)
    assert found.reason == "0 of 40 passed, 40 of 40 in the baseline"


def test_a_margin_of_the_command_line_decides() -> None:
    assert row([1.0] * 5, [1.04] * 5, policy=with_margins(POLICY, ["0.05"])).verdict == "same"


@pytest.mark.parametrize(("value", "verdict"), [(0.79, "better"), (0.81, "same"), (1.24, "same"), (1.26, "worse")])
def test_a_margin_of_a_quarter_reaches_from_four_fifths_to_five_quarters(value: float, verdict: str) -> None:
    assert row([1.0] * 5, [value] * 5, policy=with_margins(POLICY, ["0.25"])).verdict == verdict


def test_a_run_against_itself_is_the_same_however_few_its_repetitions() -> None:
    run = a_run({"OH-001": [1.0, 2.0, 3.0]})
    found = compared(run, run)
    assert (found.rows[0].verdict, found.rows[0].change.interval.value) == ("same", 1.0)
    assert found.remarks == ["baseline and candidate are the same run: nothing can differ"]


# -- noise floor and many outcomes


def test_a_change_inside_the_noise_floor_gets_no_verdict() -> None:
    found = row([1.0] * 5, [1.1] * 5, again=[1.0, 1.0, 1.0, 1.0, 1.2])
    assert (found.verdict, found.reason) == ("inconclusive", "inside the noise floor of 20 %")
    assert found.change.floor == pytest.approx(0.2)


def test_a_floor_counts_both_ways() -> None:
    assert row([1.0] * 5, [1.1] * 5, again=[1.0, 1.0, 1.0, 1.0, 0.8]).reason == "inside the noise floor of 25 %"


def test_a_change_beyond_the_floor_gets_one() -> None:
    assert row([1.0] * 5, [1.1] * 5, again=[1.0, 1.0, 1.0, 1.0, 1.05]).verdict == "worse"


def test_the_floor_of_a_difference_is_in_shown_units() -> None:
    found = row([1e-6] * 5, [2e-6] * 5, DIFFERENCE, again=[1e-6] * 4 + [4e-6])
    assert found.reason == "inside the noise floor of 3 us"


def test_a_floor_of_three_repetitions_is_remarked() -> None:
    run = a_run({"OH-001": STEADY})
    twin = replace(run, twin=True, plan=replace(PLAN, settings=replace(SUITE, repetitions=3)))
    assert (
        "the noise floor is the largest change in 3 repetitions; it may be larger" in compared(run, run, twin).remarks
    )


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"status": "refused"}, "native was refused"),
        ({"proof": []}, "native has no proof that it was in force"),
        ({"proof": PROOF[:1]}, "native is unproven: 1 tenant was not asked for its proof after its last sample"),
    ],
)
def test_a_second_measurement_that_does_not_count_sets_no_floor_and_is_remarked(fields, why: str) -> None:
    baseline, candidate = a_run({"OH-001": [1.0] * 5}), a_run({"OH-001": [1.1] * 5}, label="candidate")
    twin = a_run({"OH-001": [1.0, 1.0, 1.0, 1.0, 1.2]}, twin=True, **fields)
    found = compared(baseline, candidate, twin)
    assert (found.has_floor, found.rows[0].change.floor, found.rows[0].verdict) == (False, None, "worse")
    assert found.remarks == [f"no noise floor, the baseline's second measurement does not count: {why}"]


SHAKY = [1.05, 1.05, 1.1, 1.15, 1.15]
"""Against 1: p = 0.021 that it lies beyond the margin of 2 %, 0.008 that there is a change."""


def test_many_outcomes_share_one_error_rate() -> None:
    assert row([1.0] * 5, SHAKY).verdict == "worse"
    names = [f"OH-00{number}" for number in range(1, 9)]
    found = compared(a_run({name: [1.0] * 5 for name in names}), a_run(dict.fromkeys(names, SHAKY)))
    reason = "its test does not hold after Holm's correction over 8 outcomes"
    assert (found.rows[0].verdict, found.rows[0].reason) == ("inconclusive", reason)


def test_a_certain_change_that_is_not_certainly_beyond_the_margin_is_slight() -> None:
    names = ["OH-001", "OH-002", "OH-003"]
    native, other = a_run({name: [1.0] * 5 for name in names}), a_run(dict.fromkeys(names, SHAKY))
    found = compared(native, other).rows[0]
    assert (found.verdict, found.reason) == (
        "slightly worse",
        "certain, but not that it lies beyond the margin: "
        "its test does not hold after Holm's correction over 3 outcomes",
    )
    assert found.change.interval.low > 1.02
    assert compared(other, native).rows[0].verdict == "slightly better"


def test_a_change_beyond_the_margin_whose_own_test_does_not_hold_is_slight() -> None:
    found = row([1.0] * 5, [1.021, 1.021, 1.021, 1.021, 1.05])
    assert (found.verdict, found.reason) == (
        "slightly worse",
        "certain, but not that it lies beyond the margin: its test does not hold",
    )


def test_a_change_inside_the_floor_is_not_slight_though_it_is_certain() -> None:
    found = row([1.0] * 5, [1.021, 1.021, 1.021, 1.021, 1.05], again=[1.0, 1.0, 1.0, 1.0, 1.2])
    assert (found.verdict, found.reason) == ("inconclusive", "inside the noise floor of 20 %")


def test_each_category_has_an_error_rate_of_its_own() -> None:
    names = {"OH-001": "a", "OH-002": "b", "OH-003": "c"}
    categories = {name: {"category": category} for name, category in names.items()}
    baseline, candidate = (
        a_run({name: [1.0] * 5 for name in names}, categories),
        a_run(dict.fromkeys(names, SHAKY), categories),
    )
    assert {one.verdict for one in compared(baseline, candidate).rows} == {"worse"}


def test_outcomes_that_are_no_headline_do_not_cost_the_headline_its_verdict() -> None:
    names = ["OH-001", "OH-001[path=start]", "OH-001[path=end]", "OH-001[path=middle]"]
    found = compared(a_run({name: [1.0] * 5 for name in names}), a_run(dict.fromkeys(names, SHAKY)))
    assert [one.verdict for one in found.rows] == ["worse", *["slightly worse"] * 3]


# -- properties


# to a thousandth: whether two values are equal must not hang on the last bit of a product
samples = st.lists(st.floats(0.5, 2.0).map(lambda value: round(value, 3)), min_size=5, max_size=8)


@given(samples, samples, st.sampled_from([1e-6, 1e3]), st.sampled_from(["lower", "higher"]))
def test_a_change_of_scale_changes_no_verdict(before, after, factor, better) -> None:
    definitions = {"OH-001": {"better": better}}
    plain = row(before, after, definitions)
    assert row(scaled(before, factor), scaled(after, factor), definitions).verdict == plain.verdict


@given(samples, samples, st.sampled_from(["ratio", "difference"]))
def test_swapped_sides_have_the_mirrored_verdict(before, after, kind) -> None:
    mirror = {"better": "worse", "slightly better": "slightly worse", "same": "same", "inconclusive": "inconclusive"}
    mirror |= {other: one for one, other in mirror.items()}
    definitions = {"OH-001": {"compare": kind}}
    assert row(after, before, definitions).verdict == mirror[row(before, after, definitions).verdict]


@given(st.floats(0.5, 2.0), st.floats(0.5, 2.0), st.integers(5, 12))
def test_more_repetitions_of_the_same_values_change_no_verdict(before, after, n) -> None:
    assert row([before] * n, [after] * n).verdict == row([before] * 5, [after] * 5).verdict


@pytest.mark.parametrize("name", metrics.load())
def test_the_direction_of_a_metric_is_that_of_its_definition(name: str) -> None:
    metric = metrics.load()[name]
    definition = {"unit": metric.sample_unit, "shown_unit": metric.unit, "better": metric.better}
    definitions = {name: {**definition, "compare": metric.compare}}
    before, after = ([0.0] * 40, [1.0] * 40) if metric.sample_unit == "pass" else ([1.0], [1.2])
    found = compared(a_run({name: [before] * 5}, definitions), a_run({name: [after] * 5}, definitions)).rows[0]
    assert found.verdict == {"lower": "worse", "higher": "better", "none": "informational"}[metric.better]


# -- what must not be compared


def refused(baseline: Run, candidate: Run) -> str:
    """The reason of the only row, which is not comparable and keeps both estimates."""
    found = compared(baseline, candidate).rows[0]
    assert (found.verdict, found.change) == ("not comparable", None)
    assert None not in (found.baseline, found.candidate)
    return found.reason


RUN = a_run({"OH-001": STEADY})


def changed(**fields) -> Run:
    return replace(RUN, **fields)


def limited(system: str, share: float, granted: float, version: int = SCHEMA_VERSION) -> Run:
    """A run under a compute quota, as its party says and as versions before said it in their proof."""
    run = a_run({"OH-001": STEADY}, system=system, proof=proof({"compute_share": str(granted)}), schema_version=version)
    run = replace(run, plan=replace(run.plan, compute_limit=share))
    return with_outcome(run, "OH-001", party=[Granted("tenant", compute_share=granted)] if version == 3 else [])


def test_another_gpu_is_refused() -> None:
    assert refused(RUN, changed(devices=[replace(DEVICE, name="NVIDIA A100")])) == (
        "other GPU: NVIDIA H200 against NVIDIA A100"
    )


def test_another_number_of_gpus_is_refused() -> None:
    assert refused(RUN, changed(devices=[DEVICE, DEVICE])) == "other GPU: NVIDIA H200 against NVIDIA H200, NVIDIA H200"


def test_an_emulated_gpu_is_not_compared_with_a_real_one() -> None:
    emulated = changed(devices=[replace(DEVICE, emulated=True)])
    assert refused(RUN, emulated) == "the baseline's GPU is real, the candidate's emulated"


def test_why_runs_cannot_be_compared_is_the_only_remark_and_comes_before_the_outcomes_own_reasons() -> None:
    emulated = changed(devices=[replace(DEVICE, emulated=True, driver_version="1")], outcomes={})
    found = compare(Loaded(Path("a.json"), RUN), Loaded(Path("b.json"), emulated), POLICY)
    why = "the baseline's GPU is real, the candidate's emulated"
    assert (found.refused, found.remarks, {row.reason for row in found.rows}) == (why, [why], {why})


def test_another_profile_of_the_emulated_gpu_is_refused() -> None:
    h200, tiny = (changed(devices=[replace(DEVICE, emulated=True, profile=name)]) for name in ("h200", "tiny"))
    assert refused(h200, tiny) == "other GPU: h200 against tiny"


def test_another_emulated_fault_is_remarked_and_compared() -> None:
    device = replace(DEVICE, emulated=True, profile="h200")
    slower = replace(device, emulation={"launch_kernel": "5000"})
    found = compared(changed(devices=[device]), changed(devices=[slower]))
    assert found.remarks == ["emulation differs: launch_kernel is unset against 5000"]
    assert found.rows[0].verdict == "same"


@pytest.mark.parametrize(
    ("field", "before", "after"),
    [("revision", 1, 2), ("compare", "ratio", "difference"), ("better", "lower", "higher")],
)
def test_another_definition_is_refused(field: str, before, after) -> None:
    other = changed(metrics={"OH-001": replace(DEFINITION, **{field: after})})
    assert refused(RUN, other) == f"other definition: {field} {before} against {after}"


def test_another_unit_is_refused_and_its_value_not_shown_in_the_first_one_s() -> None:
    other = changed(metrics={"OH-001": replace(DEFINITION, unit="B/s", shown_unit="GB/s")})
    found = compared(RUN, other).rows[0]
    assert (found.reason, found.candidate) == ("other definition: unit s against B/s", None)


def test_other_parameters_are_refused() -> None:
    other = changed(outcomes={"OH-001": replace(RUN.outcomes["OH-001"], params={"n": 4})})
    assert refused(RUN, other) == "other parameters: none against n=4"


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        ("skipped: no MPS here", "skipped in the candidate: no MPS here"),
        ("failed: tenant died", "failed in the candidate: tenant died"),
    ],
)
def test_what_has_no_samples_says_why(found: str, reason: str) -> None:
    assert row(STEADY, found).reason == reason


def test_an_outcome_of_one_side_alone_is_listed() -> None:
    found = compared(RUN, a_run({"OH-002": STEADY}))
    reasons = {one.id: one.reason for one in found.rows}
    assert reasons == {"OH-001": "not measured in the candidate", "OH-002": "not measured in the baseline"}


def test_an_outcome_that_was_throttled_is_refused() -> None:
    taken = RUN.outcomes["OH-001"]
    first = replace(taken.repetitions[0], rejected=[Rejected(1.0, "thermal slowdown")] * 2)
    other = changed(outcomes={"OH-001": replace(taken, repetitions=[first, *taken.repetitions[1:]])})
    assert refused(RUN, other) == "2 of 7 samples of the candidate rejected, the last: thermal slowdown"


def test_a_run_without_a_proof_is_refused() -> None:
    assert refused(RUN, changed(proof=[])) == "native has no proof that it was in force"


def test_a_run_with_a_tenant_that_was_not_asked_again_is_refused() -> None:
    child = [replace(record, child=1) for record in PROOF]
    reason = "native is unproven: 1 tenant was not asked for its proof after its last sample"
    assert refused(RUN, changed(proof=[*PROOF, child[0]])) == reason
    assert refused(RUN, changed(proof=[*PROOF, *child, replace(child[0], serial=7)])) == reason
    assert refused(RUN, changed(proof=[*PROOF, child[0], PROOF[1]])) == reason
    assert compared(RUN, changed(proof=[*PROOF, *child])).rows[0].verdict == "same"


def test_an_older_run_that_asked_other_tenants_at_the_end_is_compared_with_a_remark() -> None:
    asked = [ProofRecord(0, 0, when, [SERVED]) for when in ("before", "after", "after", "after")]
    found = compared(changed(schema_version=2), changed(schema_version=2, label="candidate", proof=asked))
    assert found.rows[0].verdict == "same"
    assert found.remarks == [
        "the run of native was written before version 3: 1 proofs before first samples, 3 after last ones, "
        "not all of the same tenants"
    ]


def test_a_run_whose_proof_failed_is_refused() -> None:
    other = changed(proof=proof(found="132", passed=False))
    assert refused(RUN, other) == "native was not in force: sm_count is 132, expected 66"


def test_a_feature_that_was_not_in_force_refuses_no_other_outcome() -> None:
    other = changed(proof=[*RUN.proof, *proof(name="compute-limit.slowed", passed=False)])
    assert compared(RUN, other).rows[0].verdict == "same"


LOST = replace(PROOF[1], checks=[Check("alive", "alive at its end", "ended by signal 9", False)], serial=1)


def test_a_tenant_that_was_lost_at_its_end_refuses_no_other_outcome_and_is_remarked() -> None:
    other = changed(proof=[*PROOF, replace(PROOF[0], serial=1), LOST], label="candidate")
    found = compared(RUN, other)
    assert found.rows[0].verdict == "same"
    assert found.remarks == [
        "1 tenant of native died or did not answer when asked for its last proof: "
        "what it measured is failed or left out"
    ]


def test_a_tenant_that_was_not_alive_before_its_first_sample_refuses_the_run() -> None:
    dead = replace(LOST, when="before")
    reason = "native was not in force: alive is ended by signal 9, expected alive at its end"
    assert refused(RUN, changed(proof=[*PROOF, dead, replace(PROOF[1], serial=1)])) == reason


def test_a_derived_run_needs_no_proof_and_is_marked() -> None:
    ideal = changed(kind="derived", proof=[], system=replace(RUN.system, id="mig-ideal"))
    found = compared(RUN, ideal)
    assert (found.rows[0].verdict, found.candidate.derived) == ("same", True)
    assert "mig-ideal is derived: a model's values, nothing was measured" in found.remarks


@pytest.mark.parametrize("version", [2, 3])
def test_unlike_quotas_are_refused(version: int) -> None:
    sides = (limited(system, 0.25, granted, version) for system, granted in (("mps", 0.25), ("hami-core", 0.27)))
    assert refused(*sides) == "compute quota 0.25 against 0.27"


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize(
    ("got", "verdict", "told"), [(0.25, "same", "25.0 %"), (0.4, "worse", "40.0 %"), (0.125, "worse", "12.5 %")]
)
def test_a_rate_under_a_share_is_judged_by_what_was_granted(version, got, verdict, told) -> None:
    def run(rates, share):
        made = a_run({"OH-001": rates}, RATE, schema_version=version)
        if share is None:
            return with_outcome(made, "OH-001", party=[Granted("tenant")] if version == 3 else [])
        made = replace(made, proof=proof({"compute_share": str(share)}), plan=replace(made.plan, compute_limit=share))
        return with_outcome(made, "OH-001", party=[Granted("tenant", compute_share=share)] if version == 3 else [])

    (found,) = compared(run(STEADY, None), run(scaled(STEADY, got), 0.25)).rows
    assert found.verdict == verdict
    assert found.reason == f"granted 25 % of the device, got {told} of the baseline"
    assert found.change.shares == [1.0, 0.25]
    assert found.change.interval.value == pytest.approx(got / 0.25)


@pytest.mark.parametrize(("factor", "verdict"), [(1.001, "same"), (1.6, "inconclusive"), (0.6, "inconclusive")])
def test_between_two_that_have_the_same_share_neither_is_the_measure(factor, verdict) -> None:
    sides = [with_outcome(a_run({"OH-001": rates}, RATE), "OH-001", party=[Granted("tenant", compute_share=0.5)])
             for rates in (STEADY, scaled(STEADY, factor))]  # fmt: skip
    (found,) = compared(*sides).rows
    assert found.verdict == verdict
    assert found.reason.startswith("granted 50 % of the device, got ")
    assert found.reason.endswith("who of them holds it, a comparison with native says") == (verdict != "same")


@pytest.mark.parametrize("version", [2, 3])
def test_quotas_that_differ_by_rounding_are_compared(version: int) -> None:
    sides = (limited(system, 0.25, granted, version) for system, granted in (("mps", 0.25), ("hami-core", 0.252)))
    assert compared(*sides).rows[0].verdict == "same"


@pytest.mark.parametrize("version", [2, 3])
def test_a_quota_of_one_side_is_remarked(version: int) -> None:
    other = limited("mps", 0.25, 0.25, version)
    native = replace(RUN, schema_version=version)
    native = with_outcome(native, "OH-001", party=[Granted("tenant")] if version == 3 else [])
    assert "only the candidate has a compute quota: 0.25" in compared(native, other).remarks


def of_party(*granted: Granted) -> Run:
    """A run of two outcomes, the second with that party."""
    run = with_outcome(a_run({"OH-001": STEADY, "OH-002": STEADY}), "OH-001", party=[Granted("tenant")])
    return with_outcome(run, "OH-002", party=list(granted))


def test_an_outcome_whose_tenants_got_other_shares_is_refused_and_no_other_one() -> None:
    ours, theirs = (of_party(Granted("victim"), Granted("neighbor", compute_share=share)) for share in (0.5, 0.25))
    found = {one.id: (one.verdict, one.reason) for one in compared(ours, theirs).rows}
    assert found == {
        "OH-001": ("same", ""),
        "OH-002": ("not comparable", "compute quota of neighbor 0.5 against 0.25"),
    }


def test_an_outcome_with_other_tenants_is_refused() -> None:
    found = compared(of_party(Granted("victim")), of_party(Granted("victim"), Granted("neighbor"))).rows[1]
    assert found.reason == "other tenants: victim against victim, neighbor"


def test_a_quota_of_one_outcome_on_one_side_is_remarked_with_its_name() -> None:
    found = compared(of_party(Granted("tenant")), of_party(Granted("tenant", memory_bytes=1 << 30)))
    assert (found.rows[1].verdict, found.remarks) == (
        "same",
        ["only the candidate has a memory quota: 1024 MiB (OH-002)"],
    )


def test_other_conditions_are_not_comparable_and_named_with_both_values() -> None:
    ours, theirs = (with_outcome(RUN, "OH-001", conditions={"model": "a", "window_seconds": s}) for s in (1.0, 3.0))
    assert refused(ours, theirs) == "other conditions: window_seconds 1.0 against 3.0"
    assert refused(ours, RUN) == "other conditions: model a against unset, window_seconds 1.0 against unset"


def test_windows_of_files_that_state_no_conditions_are_remarked() -> None:
    old = replace(RUN, schema_version=2)
    other = replace(old, plan=replace(PLAN, settings=replace(SUITE, window_seconds=3.0)))
    found = compared(old, other)
    assert found.remarks == ["other effort: window_seconds 1.0 against 3.0"]
    assert found.rows[0].verdict == "same"


def test_points_of_a_sweep_are_compared_with_each_other() -> None:
    quarter, half = (replace(limited("mps", n, n), point={"compute-limit": n * 100}) for n in (0.25, 0.5))
    found = compared(quarter, half)
    assert (found.rows[0].verdict, found.baseline.name) == ("same", "mps, compute-limit=25.0")


def test_other_views_of_the_device_are_remarked() -> None:
    sides = (changed(proof=proof({"sm_count": text})) for text in ("132", "66"))
    assert "tenants saw 132 SMs in the baseline, 66 in the candidate" in compared(*sides).remarks


@pytest.mark.parametrize("status", ["running", "interrupted"])
def test_a_run_that_is_not_complete_is_remarked(status) -> None:
    found = compared(RUN, changed(status=status))
    assert f"the run of native is {status}: what is missing is not compared" in found.remarks


def test_other_effort_and_another_driver_are_remarked() -> None:
    plan = replace(PLAN, settings=replace(SUITE, warmup=2, rounds={"latency": 60}))
    found = compared(RUN, changed(plan=plan, devices=[replace(DEVICE, driver_version="570.1")]))
    assert found.remarks == [
        "other driver: 580.159.04 against 570.1",
        "other effort: samples of latency 30 against 60",
        "other effort: warmup 1 against 2",
    ]


# -- files


def test_a_directory_means_its_newest_complete_run(tmp_path) -> None:
    for hour, fields in enumerate([{}, {}, {"status": "interrupted"}, {"twin": True}, {"point": {"tenants": 2}}]):
        save(changed(began=f"2026-11-21T1{hour}:00:00+00:00", **fields), tmp_path / f"{hour}.json")
    (found,) = compare_files(tmp_path, [tmp_path / "0.json"], POLICY)
    assert Path(found.baseline.path).name == "1.json"
    assert found.remarks[0] == f"of the directory {tmp_path}: '1.json'; newer, and not used: '2.json' is interrupted"


def test_a_file_that_is_no_run_is_passed_over_and_named(tmp_path) -> None:
    save(RUN, tmp_path / "good.json")
    (tmp_path / "new.json").write_text('{"began": "2099-01-01"}')
    (found,) = compare_files(tmp_path / "good.json", [tmp_path], POLICY)
    assert (
        found.remarks[0]
        == f"of the directory {tmp_path}: 'good.json'; newer, and not used: 'new.json' is no readable run"
    )


def test_a_directory_without_a_run_is_refused(tmp_path) -> None:
    with pytest.raises(RunFileError, match="has no complete run file; name a file, or a directory that has one"):
        compare_files(tmp_path, [tmp_path], POLICY)


def test_a_directory_of_points_alone_names_them_and_the_way_out(tmp_path) -> None:
    for share in (25, 50):
        save(changed(point={"compute-limit": share}), tmp_path / f"{share}.json")
    text = (
        f"{tmp_path} holds only points of sweeps: '50.json' (compute-limit=50), '25.json' (compute-limit=25);"
        f" name one of these files, such as {tmp_path / '50.json'}"
    )
    with pytest.raises(RunFileError, match=re.escape(text)):
        find(tmp_path)


def test_the_only_point_of_a_directory_stands_for_it_and_is_named(tmp_path) -> None:
    save(changed(point={"compute-limit": 25}), tmp_path / "25.json")
    found, remarks = find(tmp_path)
    assert (found.path.name, remarks) == (
        "25.json",
        [f"of the directory {tmp_path}: '25.json', compute-limit=25, the only point of a sweep there"],
    )


def test_a_run_that_measured_nothing_is_passed_over_and_named(tmp_path) -> None:
    save(RUN, tmp_path / "good.json")
    nothing = {name: Failed(found.metric, found.params, "out of memory") for name, found in RUN.outcomes.items()}
    save(changed(began="2026-11-22T12:00:00+00:00", outcomes=nothing), tmp_path / "new.json")
    found, remarks = find(tmp_path)
    assert (found.path.name, remarks) == (
        "good.json",
        [f"of the directory {tmp_path}: 'good.json'; newer, and not used: 'new.json' measured nothing"],
    )


def test_the_twin_is_found_beside_the_baseline(tmp_path) -> None:
    twin = changed(twin=True, outcomes={"OH-001": outcome("OH-001", [1.0] * 4 + [1.5])})
    save(RUN, tmp_path / "native.json")
    save(twin, tmp_path / "again.json")
    save(replace(twin, session=replace(twin.session, id="other")), tmp_path / "another.json")
    save(replace(twin, system=SystemRecord("mps", "MPS", "mps", [], {}, "none", "")), tmp_path / "mps.json")
    assert find_twin(tmp_path / "native.json", RUN) == (twin, [])
    (found,) = compare_files(tmp_path / "native.json", [tmp_path / "mps.json"], POLICY)
    assert (found.has_floor, found.rows[0].change.floor) == (True, pytest.approx(0.5, abs=0.01))


def test_a_damaged_file_beside_the_baseline_is_remarked_where_it_may_be_the_twin(tmp_path) -> None:
    twin = changed(twin=True)
    save(RUN, tmp_path / "native.json")
    save(twin, tmp_path / "again.json")
    whole = (tmp_path / "again.json").read_text()
    (tmp_path / "again.json").write_text(whole[:-99])
    (found,) = compare_files(tmp_path / "native.json", [tmp_path / "native.json"], POLICY)
    assert not found.has_floor
    assert found.remarks[0] == (
        "the baseline's second measurement is not among the files beside it; 'again.json' is no readable run"
    )
    (tmp_path / "whole.json").write_text(whole)
    assert find_twin(tmp_path / "native.json", RUN) == (twin, [])


def test_a_newer_run_that_is_refused_is_named_with_its_status(tmp_path) -> None:
    save(RUN, tmp_path / "old.json")
    save(changed(began="2026-11-22T12:00:00+00:00", status="refused"), tmp_path / "new.json")
    (found,) = compare_files(tmp_path / "old.json", [tmp_path], POLICY)
    assert found.remarks[0].endswith("'old.json'; newer, and not used: 'new.json' is refused")


def test_the_twin_of_a_twin_is_the_original_and_never_itself(tmp_path) -> None:
    twin = changed(twin=True, outcomes={"OH-001": outcome("OH-001", [1.0] * 4 + [1.5])})
    save(twin, tmp_path / "again.json")
    save(twin, tmp_path / "a-copy.json")
    assert find_twin(tmp_path / "again.json", twin) == (None, [])
    save(RUN, tmp_path / "native.json")
    assert find_twin(tmp_path / "again.json", twin) == (RUN, [])
    (found,) = compare_files(tmp_path / "again.json", [tmp_path / "native.json"], POLICY)
    assert found.rows[0].change.floor == pytest.approx(0.5, abs=0.01)


def test_without_a_twin_there_is_no_floor(tmp_path) -> None:
    save(RUN, tmp_path / "native.json")
    (found,) = compare_files(tmp_path / "native.json", [tmp_path / "native.json"], POLICY)
    assert (found.has_floor, found.rows[0].change.floor) == (False, None)


WEAK = [Check("env.MY_LAYER", "on", "on", True), Check("mapped.libmine.so", "mapped", "mapped", True)]


def shown(checks: list[Check], granted: dict[str, str] | None = None) -> Run:
    """A run whose tenant showed that before its samples and after them."""
    return replace(
        RUN, proof=[ProofRecord(0, 0, when, checks, granted or {}, serial=0) for when in ("before", "after")]
    )


def test_a_run_whose_proof_could_not_fail_is_unproven() -> None:
    (first, *_) = compared(RUN, shown(WEAK)).rows
    assert first.verdict == "not comparable"
    assert first.reason.endswith("is unproven: no check of its definition would fail if the layer were not in force")


@pytest.mark.parametrize(("kind", "variable"), [("memory", "memory_bytes"), ("compute", "compute_share")])
def test_a_quota_that_nothing_shows_is_unproven(kind, variable) -> None:
    (first, *_) = compared(RUN, shown([SERVED, *WEAK], {variable: "1"})).rows
    assert first.reason.endswith(f"is unproven: nothing shows that its {kind} limit was in force")


def test_a_quota_that_was_asked_for_and_that_the_system_has_not_needs_no_proof() -> None:
    asked = replace(shown([SERVED]), plan=replace(PLAN, memory_limit_bytes=1 << 30, compute_limit=0.5))
    assert "unproven" not in compared(RUN, asked).rows[0].reason


def test_what_comes_seldom_is_named_where_the_median_does_not_see_it() -> None:
    plain = [1.0, 1.001, 0.999, 1.0, 1.0]
    slower = {"OH-001": plain, "OH-001[statistic=mean]": [1.5 * value for value in plain]}
    before, after = (a_run(found) for found in ({"OH-001": plain, "OH-001[statistic=mean]": plain}, slower))
    found = compared(before, after)
    assert "OH-001: same in the median, worse in the mean (+50.00 %): a few calls cost much" in found.remarks
    assert found.rows[0].verdict == "same"
    assert found.rows[0].reason == "worse in the mean (+50.00 %): a few calls cost much"
    assert not any("median" in remark for remark in compared(before, before).remarks)


def with_longest(run: Run, name: str, longest: float, like_it: object) -> Run:
    """The run with two readings of 320 intervals in each repetition of an outcome, of whose peaks it says that much."""
    rows = [{"intervals": 320, "median": 2e-6, "longest": longest, "like_it": like_it}] * 2
    taken = [replace(one, detail={"longest": rows}) for one in run.outcomes[name].repetitions]
    return with_outcome(run, name, repetitions=taken)


def test_of_what_comes_seldom_it_is_said_how_seldom_and_how_much() -> None:
    plain, mean = [1.0, 1.001, 0.999, 1.0, 1.0], "OH-001[statistic=mean]"
    before = with_longest(a_run({"OH-001": plain, mean: plain}), mean, 12e-6, 1)
    after = with_longest(a_run({"OH-001": plain, mean: [1.5 * value for value in plain]}), mean, 302e-6, 1.6)
    seldom = "one of 200 takes 300 us longer, in the baseline one of 320 takes 10 us longer"
    assert compared(before, after).rows[0].reason == f"worse in the mean (+50.00 %): {seldom}"
    spoiled = with_longest(after, mean, 302e-6, "many")
    assert compared(before, spoiled).rows[0].reason == "worse in the mean (+50.00 %): a few calls cost much"


def test_statistics_of_a_headline_share_its_error_rate_and_other_outcomes_have_another() -> None:
    plain = [1.0, 1.001, 0.999, 1.0, 1.0]
    names = [
        "OH-001",
        "OH-001[statistic=mean]",
        "OH-001[api=cuGraphLaunch]",
        "OH-001[api=cuGraphLaunch,statistic=mean]",
    ]
    slower = [1.001 * value + 0.001 * index for index, value in enumerate(plain)]
    found = {
        row.id: row.change
        for row in compared(a_run(dict.fromkeys(names, plain)), a_run(dict.fromkeys(names, slower))).rows
    }
    assert {name: round(change.adjusted_any / change.p_any) for name, change in found.items()} == dict.fromkeys(
        names, 2
    )
