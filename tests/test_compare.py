"""Comparisons of runs with round numbers."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import DEFINITION, DEVICE, PLAN, a_run, outcome
from gpu_virt_bench import metrics
from gpu_virt_bench.compare import Loaded, compare, compare_files, find_twin
from gpu_virt_bench.model.comparison import Comparison, Row
from gpu_virt_bench.model.run import Check, ProofRecord, Rejected, Run, SystemRecord
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
    return [ProofRecord(0, 0, "before", [replace(CHECK, **check)], granted or {})]


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
    assert (found.verdict, found.reason) == ("inconclusive", "3 repetitions; a verdict needs 5")
    assert found.change.interval.level == 0.75


def test_a_single_repetition_has_a_ratio_and_no_interval() -> None:
    found = row([1.0], [2.0])
    assert (found.reason, found.change.interval.low) == ("1 repetition; a verdict needs 5", None)


def test_a_higher_confidence_needs_more_repetitions() -> None:
    strict = replace(POLICY, confidence=0.99)
    assert row([1.0] * 7, [2.0] * 7, policy=strict).reason == "7 repetitions; a verdict needs 8"
    assert row([1.0] * 8, [2.0] * 8, policy=strict).verdict == "worse"


def test_pairs_count_and_not_the_repetitions_of_either_side() -> None:
    before, after = outcome("OH-001", [1.0] * 5), outcome("OH-001", [2.0] * 5)
    later = replace(after, repetitions=[replace(entry, index=entry.index + 1) for entry in after.repetitions])
    candidate = replace(a_run({"OH-001": [1.0]}), outcomes={"OH-001": later})
    found = compared(replace(a_run({"OH-001": [1.0]}), outcomes={"OH-001": before}), candidate).rows[0]
    assert found.reason == "4 repetitions; a verdict needs 5"


def test_repetitions_of_two_sessions_are_not_paired() -> None:
    found = compared(a_run({"OH-001": STEADY}), a_run({"OH-001": scaled(STEADY, 2)}, session="other"))
    assert (found.pairing, found.rows[0].change.pairing, found.rows[0].verdict) == ("unpaired", "unpaired", "worse")
    assert "the runs are of two sessions" in found.remarks[0]


def test_pairs_show_what_the_sides_alone_would_hide() -> None:
    drifting = [1.0, 2.0, 3.0, 4.0, 5.0]
    assert row(drifting, scaled(drifting, 1.1)).verdict == "worse"
    other = compared(a_run({"OH-001": drifting}), a_run({"OH-001": scaled(drifting, 1.1)}, session="other"))
    assert other.rows[0].verdict == "inconclusive"


def test_a_difference_is_in_seconds_and_may_start_at_zero() -> None:
    found = row([0.0] * 5, [1e-6] * 5, DIFFERENCE)
    assert (found.verdict, found.change.kind, found.change.interval.value) == ("worse", "difference", 1e-6)


def test_a_ratio_with_a_value_that_is_not_above_zero_is_refused() -> None:
    found = row(STEADY, [1.0, 1.0, 1.0, 1.0, 0.0])
    assert (found.verdict, found.change) == ("not comparable", None)
    assert found.reason == "a ratio needs values above 0, the candidate has 0 s"


def test_a_metric_without_direction_is_informational() -> None:
    found = row(STEADY, scaled(STEADY, 2), {"OH-001": {"better": "none"}})
    assert (found.verdict, found.change.interval.value) == ("informational", 2.0)


def test_shares_that_passed_are_compared_by_difference() -> None:
    found = row([[1.0] * 8] * 5, [[0.0] * 8] * 5, PASS)
    assert (found.verdict, found.change.kind, found.change.interval.value) == ("worse", "difference", -1.0)


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
    twin = replace(run, twin=True, plan=replace(PLAN, repetitions=3))
    assert (
        "the noise floor is the largest change in 3 repetitions; it may be larger" in compared(run, run, twin).remarks
    )


def test_many_outcomes_share_one_error_rate() -> None:
    # p = 0.021: found alone, not with two others
    shaky = [1.05, 1.05, 1.1, 1.15, 1.15]
    assert row([1.0] * 5, shaky).verdict == "worse"
    names = ["OH-001", "OH-002", "OH-003"]
    found = compared(a_run({name: [1.0] * 5 for name in names}), a_run(dict.fromkeys(names, shaky)))
    assert found.rows[0].reason == "not after Holm's correction over 3 outcomes"


def test_outcomes_that_are_no_headline_do_not_cost_the_headline_its_verdict() -> None:
    shaky = [1.05, 1.05, 1.1, 1.15, 1.15]
    names = ["OH-001", "OH-001[path=start]", "OH-001[path=end]", "OH-001[path=middle]"]
    found = compared(a_run({name: [1.0] * 5 for name in names}), a_run(dict.fromkeys(names, shaky)))
    assert [one.verdict for one in found.rows] == ["worse", *["inconclusive"] * 3]


# -- properties


samples = st.lists(st.floats(0.5, 2.0), min_size=5, max_size=8)


@given(samples, samples, st.sampled_from([1e-6, 1e3]), st.sampled_from(["lower", "higher"]))
def test_a_change_of_scale_changes_no_verdict(before, after, factor, better) -> None:
    definitions = {"OH-001": {"better": better}}
    plain = row(before, after, definitions)
    assert row(scaled(before, factor), scaled(after, factor), definitions).verdict == plain.verdict


@given(samples, samples, st.sampled_from(["ratio", "difference"]))
def test_swapped_sides_have_the_mirrored_verdict(before, after, kind) -> None:
    mirror = {"better": "worse", "worse": "better", "same": "same", "inconclusive": "inconclusive"}
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


def limited(system: str, share: float, granted: float) -> Run:
    """A run under a compute quota."""
    run = a_run({"OH-001": STEADY}, system=system, proof=proof({"compute_share": str(granted)}))
    return replace(run, plan=replace(run.plan, compute_limit=share))


def test_another_gpu_is_refused() -> None:
    assert refused(RUN, changed(device=replace(DEVICE, name="NVIDIA A100"))) == (
        "other GPU: NVIDIA H200 against NVIDIA A100"
    )


def test_an_emulated_gpu_is_not_compared_with_a_real_one() -> None:
    emulated = changed(device=replace(DEVICE, emulated=True))
    assert refused(RUN, emulated) == "the baseline's GPU is real, the candidate's emulated"


def test_another_profile_of_the_emulated_gpu_is_refused() -> None:
    h200, tiny = (changed(device=replace(DEVICE, emulated=True, profile=name)) for name in ("h200", "tiny"))
    assert refused(h200, tiny) == "other GPU: h200 against tiny"


def test_another_emulated_fault_is_remarked_and_compared() -> None:
    device = replace(DEVICE, emulated=True, profile="h200")
    slower = replace(device, emulation={"launch_kernel": "5000"})
    found = compared(changed(device=device), changed(device=slower))
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


def test_a_run_whose_proof_failed_is_refused() -> None:
    other = changed(proof=proof(found="132", passed=False))
    assert refused(RUN, other) == "native was not in force: sm_count is 132, expected 66"


def test_a_feature_that_was_not_in_force_refuses_no_other_outcome() -> None:
    other = changed(proof=[*RUN.proof, *proof(name="compute-limit.slowed", passed=False)])
    assert compared(RUN, other).rows[0].verdict == "same"


def test_a_derived_run_needs_no_proof_and_is_marked() -> None:
    ideal = changed(kind="derived", proof=[], system=replace(RUN.system, id="mig-ideal"))
    found = compared(RUN, ideal)
    assert (found.rows[0].verdict, found.candidate.derived) == ("same", True)
    assert "mig-ideal is derived: a model's values, nothing was measured" in found.remarks


def test_unlike_quotas_are_refused() -> None:
    assert refused(limited("mps", 0.25, 0.25), limited("hami-core", 0.25, 0.27)) == "compute quota 0.25 against 0.27"


def test_quotas_that_differ_by_rounding_are_compared() -> None:
    assert compared(limited("mps", 0.25, 0.25), limited("hami-core", 0.25, 0.252)).rows[0].verdict == "same"


def test_a_quota_of_one_side_is_remarked() -> None:
    assert "only the candidate has a compute quota: 0.25" in compared(RUN, limited("mps", 0.25, 0.25)).remarks


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
    plan = replace(PLAN, window_seconds=3.0, samples={"latency": 60})
    found = compared(RUN, changed(plan=plan, device=replace(DEVICE, driver_version="570.1")))
    assert found.remarks == [
        "other driver: 580.159.04 against 570.1",
        "other effort: samples of latency 30 against 60",
        "other effort: window_seconds 1.0 against 3.0",
    ]


# -- files


def test_a_directory_means_its_newest_complete_run(tmp_path) -> None:
    for hour, fields in enumerate([{}, {}, {"status": "interrupted"}, {"twin": True}, {"point": {"tenants": 2}}]):
        save(changed(began=f"2026-11-21T1{hour}:00:00+00:00", **fields), tmp_path / f"{hour}.json")
    (found,) = compare_files(tmp_path, [tmp_path / "0.json"], POLICY)
    assert Path(found.baseline.path).name == "1.json"
    assert found.remarks[0] == f"of the directory {tmp_path}: '1.json'"


def test_a_file_that_is_no_run_is_passed_over_and_named(tmp_path) -> None:
    save(RUN, tmp_path / "good.json")
    (tmp_path / "new.json").write_text('{"began": "2099-01-01"}')
    (found,) = compare_files(tmp_path / "good.json", [tmp_path], POLICY)
    assert found.remarks[0] == f"of the directory {tmp_path}: 'good.json'; newer and no readable run: 'new.json'"


def test_a_directory_without_a_run_is_refused(tmp_path) -> None:
    with pytest.raises(RunFileError, match="has no complete run file; name a file, or a directory that has one"):
        compare_files(tmp_path, [tmp_path], POLICY)


def test_the_twin_is_found_beside_the_baseline(tmp_path) -> None:
    twin = changed(twin=True, outcomes={"OH-001": outcome("OH-001", [1.0] * 4 + [1.5])})
    save(RUN, tmp_path / "native.json")
    save(twin, tmp_path / "again.json")
    save(replace(twin, session=replace(twin.session, id="other")), tmp_path / "another.json")
    save(replace(twin, system=SystemRecord("mps", "MPS", "mps", [], {}, "none", "")), tmp_path / "mps.json")
    assert find_twin(tmp_path / "native.json", RUN) == twin
    (found,) = compare_files(tmp_path / "native.json", [tmp_path / "mps.json"], POLICY)
    assert (found.has_floor, found.rows[0].change.floor) == (True, pytest.approx(0.5, abs=0.01))


def test_without_a_twin_there_is_no_floor(tmp_path) -> None:
    save(RUN, tmp_path / "native.json")
    (found,) = compare_files(tmp_path / "native.json", [tmp_path / "native.json"], POLICY)
    assert (found.has_floor, found.rows[0].change.floor) == (False, None)
