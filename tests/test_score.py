"""Scorecards from runs with round numbers."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import a_run, with_outcome
from gpu_virt_bench import metrics
from gpu_virt_bench.compare import Loaded, compare
from gpu_virt_bench.model.run import Granted, Run
from gpu_virt_bench.policy import Policy, load
from gpu_virt_bench.score import Scorecard, grade, scorecard

HOW_TO = Path(__file__).parents[1] / "docs" / "how-to" / "score.md"
POLICY = load()
ONE = [1.0] * 5
DIFFERENCE = {"OH-001": {"compare": "difference"}}


def card(reference: Run, *runs: Run, policy: Policy = POLICY) -> Scorecard:
    """The scorecard of runs in memory."""
    first = Loaded(Path("reference.json"), reference)
    found = [(run, compare(first, Loaded(Path(f"{i}.json"), run), policy)) for i, run in enumerate(runs)]
    return scorecard(reference, found, policy)


def only(found: Scorecard):
    """The one score of a card."""
    (score,) = found.scores
    return score


def lines(score) -> dict[str, tuple[str, str]]:
    """State and reason of each outcome."""
    return {line.id: (line.state, line.reason) for line in score.lines}


def scored(definition: dict, reference: list, value: list, policy: Policy = POLICY) -> float:
    """The parity of one outcome."""
    sides = {"native": reference, "mps": value}
    runs = (a_run({"OH-001": side}, {"OH-001": definition}, name) for name, side in sides.items())
    return only(card(*runs, policy=policy)).lines[0].parity.value


def test_an_equal_run_scores_a_hundred() -> None:
    found = only(card(a_run({"OH-001": ONE}), a_run({"OH-001": ONE}, system="mps")))
    assert (found.overall.value, found.overall.low, found.overall.high, found.grade) == (100, 100, 100, "A+")


def test_twice_the_time_is_half_the_parity() -> None:
    assert scored({"better": "lower"}, ONE, [2.0] * 5) == 0.5


def test_a_quarter_of_the_rate_is_a_quarter_of_the_parity() -> None:
    assert scored({"better": "higher"}, [4.0] * 5, ONE) == 0.25


def test_parity_stops_at_the_ceiling() -> None:
    assert scored({"better": "higher"}, ONE, [3.0] * 5) == 1.0
    high = replace(POLICY, score=replace(POLICY.score, ceiling=2.0))
    assert scored({"better": "higher"}, ONE, [3.0] * 5, high) == 2.0


def test_half_the_scale_costs_half_the_parity() -> None:
    policy = replace(POLICY, score=replace(POLICY.score, scale={"OH-001": 4.0}))
    lower = {"compare": "difference", "better": "lower"}
    assert scored(lower, ONE, [3.0] * 5, policy) == 0.5
    assert scored({**lower, "better": "higher"}, [3.0] * 5, ONE, policy) == 0.5


def test_a_difference_beyond_its_scale_is_negative_and_stays_so() -> None:
    policy = replace(POLICY, score=replace(POLICY.score, scale={"OH-001": 1.0}))
    assert scored({"compare": "difference"}, ONE, [4.0] * 5, policy) == -2.0


def test_a_total_loss_counts_as_none_and_says_why() -> None:
    assert scored({"better": "higher"}, ONE, [0.0] * 5) == 0.0
    found = card(*(a_run({"OH-001": side}, {"OH-001": {"better": "higher"}}) for side in (ONE, [0.0] * 5)))
    assert (only(found).overall.value, lines(only(found))["OH-001"]) == (
        0.0,
        ("scored", "0 in 5 of 5 repetitions, in 0 of 5 of the baseline: no ratio"),
    )


def test_shares_of_passed_samples_are_compared_by_ratio() -> None:
    shares = {"unit": "pass", "shown_unit": "pass", "better": "higher", "compare": "difference"}
    assert scored(shares, [[1.0, 1.0]] * 5, [[1.0, 0.0]] * 5) == 0.5
    assert scored(shares, [[1.0, 1.0]] * 5, [[0.0, 0.0]] * 5) == 0.0


def test_the_parity_of_shares_is_the_ratio_of_what_tables_show() -> None:
    shares = {"unit": "pass", "shown_unit": "pass", "better": "higher", "compare": "difference"}
    assert scored(shares, [[1.0, 1.0], [1.0, 0.0]], [[1.0, 0.0], [1.0, 0.0]]) == pytest.approx(0.5 / 0.75)


def test_a_reference_that_never_passed_gives_no_parity() -> None:
    shares = {"OH-001": {"unit": "pass", "shown_unit": "pass", "better": "higher", "compare": "difference"}}
    found = card(a_run({"OH-001": [[0.0]] * 5}, shares), a_run({"OH-001": [[1.0]] * 5}, shares))
    assert lines(only(found))["OH-001"] == ("not comparable", "a ratio needs values above 0")


def under(share: float | None, run: Run) -> Run:
    """The run with OH-010 under that compute share."""
    return with_outcome(run, "OH-010", party=[Granted("tenant", compute_share=share)])


RATE = {"OH-010": {"unit": "cycles/s", "shown_unit": "cycles/s", "better": "higher"}}


@pytest.mark.parametrize(("got", "expected"), [(0.5, 100), (0.804, 62.2), (0.31, 62), (0.525, 95.2)])
def test_a_rate_under_a_share_is_scored_by_its_distance_from_what_was_granted(got, expected) -> None:
    native = under(None, a_run({"OH-010": [100.0, 100.1, 99.9, 100.0, 100.0]}, RATE))
    limited = under(0.5, a_run({"OH-010": [100 * got, 100.1 * got, 99.9 * got, 100 * got, 100 * got]}, RATE, "mps"))
    assert only(card(native, limited)).overall.value == pytest.approx(expected, abs=0.3)


def test_runs_that_cannot_be_told_apart_have_one_grade() -> None:
    policy = replace(POLICY, grades={"A": 95.0, "B": 0.0})
    near, far = [1.0, 1.2, 0.9, 1.1, 1.05], [1.0, 1.3, 0.9, 1.2, 1.1]
    found = card(
        a_run({"OH-001": ONE}), a_run({"OH-001": near}, system="a"), a_run({"OH-001": far}, system="b"), policy=policy
    )
    assert [score.rank for score in found.scores] == [1, 1]
    assert [grade(score.overall.value, policy.grades) for score in found.scores] == ["A", "B"]
    assert len({score.grade for score in found.scores}) == 1


def test_a_metric_without_a_direction_is_listed_and_not_counted() -> None:
    none = {"OH-001": {"better": "none"}}
    found = card(a_run({"OH-001": ONE, "OH-002": ONE}, none), a_run({"OH-001": [9.0] * 5, "OH-002": ONE}, none))
    assert lines(only(found))["OH-001"][0] == "no direction"
    assert (found.counted, only(found).overall.value) == (["OH-002"], 100)


def test_a_difference_without_a_scale_is_not_scored() -> None:
    found = card(*(a_run({"XX-001": ONE}, {"XX-001": {"compare": "difference"}}) for _ in range(2)))
    assert lines(only(found))["XX-001"] == ("no scale", "no scale in the policy")


def test_only_headline_outcomes_are_scored() -> None:
    both = {"OH-001": ONE, "OH-001[path=start]": ONE}
    found = only(card(a_run(both), a_run({**both, "OH-001[path=start]": [9.0] * 5})))
    assert list(lines(found)) == ["OH-001"]


def test_categories_are_weighted_means_of_their_metrics() -> None:
    policy = replace(POLICY, score=replace(POLICY.score, metric={"OH-001": 3.0}))
    found = card(a_run({"OH-001": ONE, "OH-002": ONE}), a_run({"OH-001": ONE, "OH-002": [5.0] * 5}), policy=policy)
    assert only(found).categories["overhead"].value == pytest.approx(100 * (3 * 1 + 1 * 0.2) / 4)


def test_overall_is_the_weighted_mean_of_the_categories() -> None:
    policy = replace(POLICY, score=replace(POLICY.score, category={"cache": 3.0}))
    other = {"CA-001": {"category": "cache"}}
    found = card(
        a_run({"OH-001": ONE, "CA-001": ONE}, other), a_run({"OH-001": [2.0] * 5, "CA-001": ONE}, other), policy=policy
    )
    assert only(found).overall.value == pytest.approx(100 * (3 * 1 + 1 * 0.5) / 4)


def test_weights_of_zero_leave_nothing_to_score() -> None:
    policy = replace(POLICY, score=replace(POLICY.score, metric={"OH-001": 0.0}))
    found = card(a_run({"OH-001": ONE}), a_run({"OH-001": ONE}, system="mps"), policy=policy)
    assert (only(found).overall, only(found).rank, only(found).grade) == (None, None, None)
    assert found.note == "no headline outcome has a parity in every run and a weight in the policy"


def test_what_is_missing_is_neither_0_nor_100() -> None:
    reference = a_run({"OH-001": [2.0] * 5, "OH-002": ONE, "OH-003": ONE, "OH-004": ONE})
    run = a_run({"OH-001": [4.0] * 5, "OH-002": "skipped: needs 2 GPUs, found 1", "OH-003": "failed: tenant died"})
    found = only(card(reference, run))
    assert (found.overall.value, found.grade, found.failures) == (50, "F (1 failed)", 1)
    assert lines(found)["OH-002"] == ("skipped", "needs 2 GPUs, found 1")
    assert lines(found)["OH-003"] == ("failed", "tenant died")
    assert lines(found)["OH-004"][0] == "missing"


def test_another_revision_is_excluded_with_the_reason() -> None:
    found = only(card(a_run({"OH-001": ONE}), a_run({"OH-001": ONE}, {"OH-001": {"revision": 2}})))
    state, reason = lines(found)["OH-001"]
    assert (state, "revision" in reason) == ("not comparable", True)


def test_several_runs_are_scored_on_what_all_of_them_measured() -> None:
    reference = a_run({"OH-001": ONE, "OH-002": ONE})
    whole = a_run({"OH-001": ONE, "OH-002": [4.0] * 5}, system="mps")
    part = a_run({"OH-001": [2.0] * 5, "OH-002": "skipped: no"}, system="hami-core")
    found = card(reference, part, whole)
    assert (found.counted, [score.run.name for score in found.scores]) == (["OH-001"], ["mps", "hami-core"])
    assert lines(found.scores[0])["OH-002"] == ("not common", "no parity in hami-core")


def test_a_run_with_more_failures_ranks_after_whatever_its_score() -> None:
    reference = a_run({"OH-001": ONE, "OH-002": ONE})
    slow = a_run({"OH-001": [9.0] * 5, "OH-002": [9.0] * 5}, system="slow")
    failing = a_run({"OH-001": ONE, "OH-002": "failed: died"}, system="failing")
    found = card(reference, failing, slow)
    assert [(s.rank, s.run.name, s.grade) for s in found.scores] == [(1, "slow", "F"), (2, "failing", "A+ (1 failed)")]


def test_runs_that_their_intervals_do_not_tell_apart_share_a_rank() -> None:
    reference = a_run({"OH-001": ONE})
    spread = [a_run({"OH-001": [2.0, 2.5, 3.0, 3.5, value]}, system=f"run{value}") for value in (1.5, 4.5)]
    fast = a_run({"OH-001": ONE}, system="fast")
    assert [score.rank for score in card(reference, *spread, fast).scores] == [1, 2, 2]


def test_one_repetition_gives_a_score_without_an_interval() -> None:
    found = only(card(a_run({"OH-001": [1.0]}), a_run({"OH-001": [2.0]})))
    assert (found.overall.value, found.overall.low, found.overall.high) == (50, None, None)


def test_three_repetitions_say_that_intervals_are_wide() -> None:
    found = only(card(a_run({"OH-001": [1.0] * 3}), a_run({"OH-001": [2.0] * 3})))
    assert "repetitions: 3; intervals are wide, --suite standard narrows them" in found.remarks
    assert found.overall.level == 0.75


def test_one_session_is_compared_in_pairs() -> None:
    drifting, twice = [1.0, 2.0, 4.0, 8.0, 16.0], [2.0, 4.0, 8.0, 16.0, 32.0]
    found = only(card(a_run({"OH-001": drifting}), a_run({"OH-001": twice}))).overall
    assert (found.low, found.value, found.high) == pytest.approx((50, 50, 50))
    apart = only(card(a_run({"OH-001": drifting}), a_run({"OH-001": twice}, session="session-2"))).overall
    assert apart.low < 50 < apart.high


def test_the_interval_of_a_parity_is_that_of_the_change() -> None:
    # ratios 2, 2, 2.5, 4, 5: a range of five
    found = only(card(a_run({"OH-001": ONE}), a_run({"OH-001": [2.0, 2.0, 2.5, 4.0, 5.0]}))).lines[0].parity
    assert (found.low, found.value, found.high, found.level) == pytest.approx((0.2, 0.4, 0.5, 0.9375))
    rate = {"OH-001": {"better": "higher"}}
    found = (
        only(card(a_run({"OH-001": ONE}, rate), a_run({"OH-001": [0.2, 0.25, 0.4, 0.5, 0.5]}, rate))).lines[0].parity
    )
    assert (found.low, found.value, found.high) == pytest.approx((0.2, 0.4, 0.5))


def test_the_interval_of_a_difference_is_scaled_and_capped() -> None:
    policy = replace(POLICY, score=replace(POLICY.score, scale={"OH-001": 2.0}))
    runs = a_run({"OH-001": ONE}, DIFFERENCE), a_run({"OH-001": [0.5, 1.0, 2.0, 2.0, 3.0]}, DIFFERENCE)
    found = only(card(*runs, policy=policy)).lines[0].parity
    assert (found.low, found.value, found.high) == (0.0, 0.5, 1.0)


def test_shares_that_all_passed_are_less_sure_the_fewer_they_are() -> None:
    shares = {"OH-001": {"unit": "pass", "shown_unit": "pass", "better": "higher"}}
    lows = []
    for n in (2, 20):
        runs = (a_run({"OH-001": [[1.0] * n] * 5}, shares, name) for name in ("native", "mps"))
        found = only(card(*runs)).lines[0].parity
        assert (found.value, found.high) == (1.0, 1.0)
        lows.append(found.low)
    # 10 of 10 have Wilson's interval 0.722 .. 1
    assert lows[0] == pytest.approx(0.722, abs=1e-3)
    assert lows[1] > lows[0]


def test_the_interval_of_a_mean_is_narrower_than_those_of_its_parts() -> None:
    spread = [2.0, 2.2, 2.5, 3.0, 3.3]
    reference, run = (dict.fromkeys(("OH-001", "OH-002", "OH-003"), values) for values in (ONE, spread))
    found = only(card(a_run(reference), a_run(run)))
    one, mean = found.lines[0].parity, found.overall
    assert mean.value == pytest.approx(100 * one.value)
    assert mean.value - mean.low == pytest.approx(100 * (one.value - one.low) / 3**0.5)


def test_what_is_deferred_or_elided_is_named_and_not_counted() -> None:
    fast = a_run({"OH-001": [0.5] * 5, "OH-002": ONE}, system="mps")
    fast = with_outcome(fast, "OH-001", completion="OH-001[path=round-trip]")
    fast = replace(fast, system=replace(fast.system, mechanism="daemon"))
    found = card(a_run({"OH-001": ONE, "OH-002": ONE}), fast)
    state, reason = lines(only(found))["OH-001"]
    assert (state, found.counted) == ("deferred or elided", ["OH-002"])
    assert reason.startswith("-50.00 ±0.00 % against native at the call")


def test_the_ideal_that_is_derived_gives_mig_parity() -> None:
    ideal = a_run({"OH-001": ONE}, system="mig-ideal", kind="derived")
    assert card(ideal, a_run({"OH-001": ONE})).title == "MIG parity"
    assert card(a_run({"OH-001": ONE}), a_run({"OH-001": ONE})).title == "Parity with native"


@pytest.mark.parametrize(
    ("score", "expected"), [(100, "A+"), (97, "A+"), (96.9, "A"), (82, "B"), (55, "D"), (54.9, "F"), (-20, "F")]
)
def test_a_grade_is_the_best_whose_threshold_is_reached(score: float, expected: str) -> None:
    assert grade(score, POLICY.grades) == expected


def test_the_default_policy_scales_every_metric_that_compares_by_difference() -> None:
    judged = {
        metric.id for metric in metrics.load().values() if (metric.compare, metric.better) == ("difference", "lower")
    }
    assert POLICY.score.scale.keys() == judged


def test_the_policy_of_the_page_is_one(tmp_path) -> None:
    (text,) = re.findall(r"```toml\n(.*?)```", HOW_TO.read_text(), re.S)
    (tmp_path / "ours.toml").write_text(text)
    ours = load(tmp_path / "ours.toml")
    assert (ours.score.metric, ours.score.scale["OH-005"], ours.grades["A+"]) == ({"OH-001": 3.0}, 1e-6, 99.0)


values = st.lists(st.floats(0.1, 10), min_size=5, max_size=5)


@settings(max_examples=20, deadline=None)
@given(values, values, st.sampled_from([2.0**-30, 2.0**10]))
def test_scaling_all_values_leaves_the_parity(reference: list, value: list, factor: float) -> None:
    scaled = ([factor * one for one in side] for side in (reference, value))
    assert scored({}, reference, value) == pytest.approx(scored({}, *scaled))


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.floats(0.5, 4), st.integers(0, 2)), min_size=2, max_size=4))
def test_one_more_failure_never_improves_a_rank(runs: list) -> None:
    def rank(more: int) -> int:
        names = ("OH-002", "OH-003", "OH-004")
        made = [
            a_run(
                {"OH-001": [time] * 5, **dict.fromkeys(names[: failed + (more if i == 0 else 0)], "failed: died")},
                system=f"s{i}",
            )
            for i, (time, failed) in enumerate(runs)
        ]
        found = card(a_run({"OH-001": ONE, **dict.fromkeys(names, ONE)}), *made)
        return next(score.rank for score in found.scores if score.run.name == "s0")

    assert rank(1) >= rank(0)
