"""Judgements of runs with round numbers."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from builders import a_run, with_outcome
from gpu_virt_bench.compare import Loaded, compare
from gpu_virt_bench.gate import Judgement, judge
from gpu_virt_bench.model.run import Run
from gpu_virt_bench.policy import load

POLICY = load()
STEADY = [1.0, 1.001, 0.999, 1.0, 1.0]
DOUBLE = [2.0, 2.001, 1.999, 2.0, 2.0]
NOISY = [1.0, 1.5, 0.6, 1.3, 0.8]
ERROR = "failed: tenant died"


def judged(baseline: Run, candidate: Run, strict: bool = False, required: Sequence[str] = (), **gate) -> Judgement:
    """The judgement by the default policy, with these values in its gate; equal runs differ in when they began."""
    candidate = replace(candidate, began="2026-11-21T13:00:00+00:00")
    comparison = compare(Loaded(Path("baseline.json"), baseline), Loaded(Path("candidate.json"), candidate), POLICY)
    return judge(comparison, baseline, candidate, replace(POLICY.gate, **gate), strict, required)


def pair(before, after, **settings) -> Judgement:
    """The judgement of one outcome."""
    sides = (a_run({} if side is None else {"OH-001": side}) for side in (before, after))
    return judged(*sides, **settings)


def beside(before, after, **settings) -> Judgement:
    """The judgement of one outcome beside another one that is kept: a gate that judged nothing never passes."""
    sides = (a_run({"OH-009": STEADY} | ({} if side is None else {"OH-001": side})) for side in (before, after))
    return judged(*sides, **settings)


def findings(judgement: Judgement) -> dict[str, str]:
    """What was found of each outcome."""
    return {case.row.id: case.finding for case in judgement.cases}


def test_an_equal_candidate_passes() -> None:
    found = pair(STEADY, STEADY)
    assert (found.status, findings(found), found.proved_nothing) == (0, {"OH-001": "kept"}, False)


def test_a_run_is_not_judged_by_itself() -> None:
    run = a_run({"OH-001": STEADY, "OH-002": ERROR})
    comparison = compare(Loaded(Path("a.json"), run), Loaded(Path("a-copy.json"), run), POLICY)
    found = judge(comparison, run, run, replace(POLICY.gate, failures="all"), required=["OH-001"])
    assert (found.status, set(findings(found).values()), found.proved_nothing) == (3, {"unjudged"}, True)
    assert found.obstacles == ["nothing was judged, since baseline and candidate are one run"]


def test_a_better_candidate_passes() -> None:
    assert (pair(DOUBLE, STEADY).status, findings(pair(DOUBLE, STEADY))) == (0, {"OH-001": "kept"})


def test_a_slower_candidate_is_a_regression() -> None:
    assert (pair(STEADY, DOUBLE).status, findings(pair(STEADY, DOUBLE))) == (1, {"OH-001": "worse"})


def test_a_slightly_slower_candidate_is_kept_and_says_so() -> None:
    found = pair([1.0] * 5, [1.010, 1.012, 1.014, 1.016, 1.030])
    assert (found.status, findings(found)) == (0, {"OH-001": "kept"})
    assert found.cases[0].reason == "slightly worse: certain, and not wholly beyond the margin"
    assert findings(pair([1.0] * 5, [0.990, 0.988, 0.986, 0.984, 0.970])) == {"OH-001": "kept"}


def test_a_regression_that_is_not_certainly_beyond_the_margin_says_why() -> None:
    names, shaky = ["OH-001", "OH-002", "OH-003"], [1.05, 1.05, 1.1, 1.15, 1.15]
    found = judged(a_run({name: [1.0] * 5 for name in names}), a_run(dict.fromkeys(names, shaky)))
    assert found.cases[0].reason == (
        "slightly worse: certain, but not that it lies beyond the margin: "
        "its test does not hold after Holm's correction over 3 outcomes"
    )


def test_a_call_cheaper_than_native_is_unjudged_and_named() -> None:
    candidate = with_outcome(a_run({"OH-001": STEADY}), "OH-001", completion="OH-002")
    candidate = replace(candidate, system=replace(candidate.system, id="layer", mechanism="preload"))
    found = judged(a_run({"OH-001": DOUBLE}), candidate)
    assert findings(found) == {"OH-001": "unjudged"}
    assert found.cases[0].reason.startswith("-50.00 ±0.03 % against native at the call")


def test_one_failed_sample_is_a_regression_that_says_how_many_passed() -> None:
    share = {"OH-001": {"unit": "pass", "shown_unit": "pass", "better": "higher"}}
    found = judged(
        a_run({"OH-001": [[1.0] * 3] * 5}, share), a_run({"OH-001": [[1.0] * 3] * 4 + [[1.0, 0.0, 1.0]]}, share)
    )
    assert (found.status, found.cases[0].reason) == (1, "14 of 15 passed, 15 of 15 in the baseline")
    tolerated = judged(*(a_run({"OH-001": [[1.0, last]] * 5}, share) for last in (1.0, 0.0)), regressions=1)
    assert (tolerated.cases[0].finding, tolerated.cases[0].reason[:14]) == ("tolerated", "5 of 10 passed")


def test_as_many_regressions_as_the_policy_allows_are_tolerated() -> None:
    two = a_run({"OH-001": DOUBLE, "OH-002": DOUBLE})
    one = a_run({"OH-001": STEADY, "OH-002": STEADY})
    assert (judged(one, two, regressions=2).status, judged(one, two, regressions=1).status) == (0, 1)
    assert set(findings(judged(one, two, regressions=2)).values()) == {"tolerated"}
    assert set(findings(judged(one, two, regressions=1)).values()) == {"worse"}


def test_a_new_failure_is_a_regression_unless_the_policy_says_none() -> None:
    assert [beside(STEADY, ERROR, failures=which).status for which in ("new", "all", "none")] == [1, 1, 0]


def test_an_old_failure_is_a_regression_only_if_the_policy_says_all() -> None:
    assert [beside(ERROR, ERROR, failures=which).status for which in ("new", "all", "none")] == [0, 1, 0]


def test_a_failure_of_what_the_baseline_lacks_is_new() -> None:
    assert pair(None, ERROR).status == 1


def test_what_the_candidate_lacks_is_a_regression_unless_the_policy_says_none() -> None:
    assert [beside(STEADY, None, failures=which).status for which in ("new", "all", "none")] == [1, 1, 0]
    assert pair(STEADY, None).cases[0].reason == "the candidate lacks it"


def test_what_both_skip_is_reported_and_passes() -> None:
    found = beside("skipped: needs 2 GPUs, found 1", "skipped: needs 2 GPUs, found 1")
    assert (found.status, findings(found)) == (0, {"OH-001": "unjudged", "OH-009": "kept"})
    assert "needs 2 GPUs, found 1" in found.cases[0].reason


@pytest.mark.parametrize(
    ("after", "why"),
    [
        ("skipped: no such feature", "the candidate skipped it: no such feature"),
        ([], "the candidate has no samples of it"),
    ],
)
def test_what_was_measured_and_is_skipped_now_is_lacking(after, why) -> None:
    found = beside(STEADY, after)
    assert (found.status, findings(found)) == (1, {"OH-001": "lacking", "OH-009": "kept"})
    assert found.cases[0].reason == why
    assert beside(STEADY, after, failures="none").status == 0


def test_a_rate_that_fell_to_nothing_closes_the_gate() -> None:
    rate = {"OH-001": {"better": "higher"}}
    found = judged(a_run({"OH-001": STEADY}, rate), a_run({"OH-001": [0.0] * 5}, rate))
    assert (found.status, findings(found)) == (1, {"OH-001": "worse"})
    assert found.cases[0].reason == "0 in 5 of 5 repetitions, in 0 of 5 of the baseline: no ratio"


def test_what_only_the_candidate_measured_passes() -> None:
    found = beside(None, STEADY)
    assert (found.status, findings(found)) == (0, {"OH-001": "unjudged", "OH-009": "kept"})


def test_inconclusive_passes_unless_the_gate_is_strict() -> None:
    runs = a_run({"OH-001": STEADY, "OH-002": STEADY}), a_run({"OH-001": STEADY, "OH-002": NOISY})
    assert [judged(*runs, strict=strict).status for strict in (False, True)] == [0, 3]
    assert findings(judged(*runs)) == {"OH-001": "kept", "OH-002": "unjudged"}


def test_a_headline_that_is_worse_in_its_tail_is_a_regression() -> None:
    plain = [1.0, 1.001, 0.999, 1.0, 1.0]
    slower = [1.5 * value for value in plain]
    names = ("OH-001", "OH-001[statistic=mean]", "OH-001[api=cuGraphLaunch]")
    found = judged(a_run(dict.fromkeys(names, plain)), a_run(dict(zip(names, (plain, slower, slower), strict=True))))
    assert findings(found) == {"OH-001": "kept", "OH-001[statistic=mean]": "worse"}
    assert found.status == 1


def test_a_regression_goes_before_what_is_inconclusive() -> None:
    runs = a_run({"OH-001": STEADY, "OH-002": STEADY}), a_run({"OH-001": DOUBLE, "OH-002": NOISY})
    assert judged(*runs, strict=True).status == 1


@pytest.mark.parametrize("strict", [False, True])
def test_a_gate_that_could_judge_nothing_never_passes(strict) -> None:
    found = pair(STEADY, NOISY, strict=strict)
    assert (found.proved_nothing, found.status, found.obstacles) == (True, 3, ["nothing could be judged"])
    assert (pair(None, None).proved_nothing, pair(None, None, strict=strict).status) == (True, 3)


def test_what_an_emulated_candidate_lacks_is_no_regression_over_a_real_baseline() -> None:
    found = judged(a_run({"OH-001": STEADY, "OH-002": STEADY}), a_run({"OH-001": ERROR}, emulated=True))
    why = "nothing can be compared: the baseline's GPU is real, the candidate's emulated"
    assert (found.status, set(findings(found).values()), found.obstacles) == (3, {"unjudged"}, [why])


@pytest.mark.parametrize("changes", [{"emulated": True}, {"status": "refused"}, {"proof": []}])
def test_what_cannot_be_compared_as_a_whole_never_passes(changes) -> None:
    assert judged(a_run({"OH-001": STEADY}), a_run({"OH-001": STEADY}, **changes)).status == 3


@pytest.mark.parametrize(
    ("required", "status", "unmet"),
    [
        (["OH-009"], 0, []),
        (["OH-001"], 3, ["OH-001"]),
        (["OH-00*"], 3, ["OH-00*"]),
        (["OH-004", "OH-009"], 3, ["OH-004"]),
    ],
)
def test_what_is_required_must_be_judged(required, status, unmet) -> None:
    found = beside(STEADY, NOISY, required=required)
    assert (found.status, found.unmet) == (status, unmet)
    assert found.obstacles == [f"{name} was required and not judged" for name in unmet]


def test_what_is_required_is_judged_though_it_is_no_headline() -> None:
    name = "OH-001[path=start]"
    runs = a_run({"OH-001": STEADY, name: STEADY}), a_run({"OH-001": STEADY, name: DOUBLE})
    assert [judged(*runs, required=[asked]).status for asked in (name, "OH-001[path=*]", "OH-001")] == [1, 1, 0]


def test_a_metric_without_a_direction_is_no_judgement() -> None:
    runs = (a_run({"OH-001": side}, {"OH-001": {"better": "none"}}) for side in (STEADY, DOUBLE))
    found = judged(*runs)
    assert (found.status, findings(found), found.proved_nothing) == (3, {"OH-001": "informational"}, True)


def test_only_headline_outcomes_are_judged_unless_the_policy_says_all() -> None:
    name = "OH-001[path=start]"
    runs = a_run({"OH-001": STEADY, name: STEADY}), a_run({"OH-001": STEADY, name: DOUBLE})
    assert [judged(*runs, outcomes=which).status for which in ("headline", "all")] == [0, 1]
    assert findings(judged(*runs)) == {"OH-001": "kept"}


def test_what_was_required_and_not_judged_has_its_reason_in_the_verdict() -> None:
    sides = (
        a_run({"OH-001": STEADY, "OH-006": found}) for found in ("skipped: native has no concurrent-tenants", STEADY)
    )
    found = judged(*sides, required=["OH-006"])
    assert found.obstacles == [
        "OH-006 was required and not judged (skipped in the baseline: native has no concurrent-tenants)"
    ]
