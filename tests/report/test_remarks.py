"""Remarks below a run's table, and what stands beside an outcome's name."""

from dataclasses import replace
from typing import Any

import pytest

from builders import PLAN, a_run, in_rounds, with_outcome
from gpu_virt_bench.model.run import Granted, Measured, Rejected, Run
from gpu_virt_bench.report.outcomes import blocks
from gpu_virt_bench.report.render.text import print_blocks
from gpu_virt_bench.report.text import circumstances, console, named, remarks


def taken(**beside: Any) -> Run:
    """A run of five repetitions of three rounds, with these fields in each."""
    return replace(a_run({"OH-001": [1.0]}), outcomes={"OH-001": in_rounds("OH-001", [[1.0] * 3] * 5, **beside)})


def test_what_is_missing_is_one_line_with_its_reason() -> None:
    lacking = ["OH-001: 4 of 5 repetitions", "OH-002[statistic=mean]: 4 of 5 repetitions", "OH-003: 5 of 5 repetitions"]
    run = a_run({"OH-001": [1.0] * 5}, status="out-of-time", missing=lacking)
    run = replace(run, plan=replace(run.plan, time_budget_seconds=0.5))
    assert remarks(run) == [
        "this run was ended by its time budget of 0.5 s; missing: "
        "4 of 5 repetitions of 2 outcomes (OH-001, OH-002[statistic=mean]); 5 of 5 repetitions of 1 outcome (OH-003)"
    ]


def test_a_repetition_that_was_cut_short_is_told_from_whole_ones(capsys) -> None:
    run = taken()
    (outcome,) = run.outcomes.values()
    first, second, *_ = outcome.repetitions
    short = replace(second, samples=[1.0, 1.0], rounds=[0, 1], begins=[], paces=[], clocks_hz=[], stop="out-of-time")
    run = replace(run, outcomes={"OH-001": replace(outcome, repetitions=[first, short])})
    assert "OH-001: the repetition that was cut short counts" in " ".join(remarks(run))
    print_blocks(blocks([run]), console())
    assert "1 x 3 + 2" in capsys.readouterr().out


def test_what_a_complete_run_lacks_was_lost_with_its_tenants() -> None:
    run = a_run({"OH-001": [1.0] * 5}, missing=["OH-001: 1 of 5 repetitions"])
    expected = (
        "missing, since tenants were lost before they were proved again: 1 of 5 repetitions of 1 outcome (OH-001)"
    )
    assert remarks(run) == [expected]


def test_a_run_that_ended_before_its_first_tenant_says_so() -> None:
    run = replace(a_run({"OH-006": "skipped: no neighbors"}, status="interrupted"), proof=[])
    assert remarks(run)[0] == "native is unproven: its run is interrupted before a tenant was asked for its proof"


@pytest.mark.parametrize("paces", [[], [1.0, 1.1, 3.0]])
def test_a_quiet_run_has_no_remark(paces: list[float]) -> None:
    assert remarks(taken(paces=paces)) == []


def test_a_busy_host_is_remarked_with_its_median_pace() -> None:
    assert remarks(taken(paces=[1.0, 1.4, 1.6])) == [
        "the host was busy: its processors were at 1.4 of their best time in the median; changes within rounds are not "
        "touched by it, absolute values are"
    ]


def linked(**link: int) -> Run:
    """A run whose copies went over this link, of card and slot that can do PCIe 5.0 x16."""
    return taken(detail={"link": [{"max_generation": 5, "max_width": 16, **link}]})


def test_a_downgraded_link_is_remarked_once_with_what_it_could_be() -> None:
    assert remarks(linked(generation=5, width=8, downgraded=1)) == [
        "downgraded link: OH-001 copied over PCIe 5.0 x8, where card and slot can do PCIe 5.0 x16"
    ]


def test_a_link_at_its_best_and_a_row_of_another_kind_are_not_remarked() -> None:
    assert remarks(linked(generation=5, width=16, downgraded=0)) == []
    assert remarks(linked()) == []


def test_repetitions_in_turns_are_counted_by_their_reason() -> None:
    run = taken()
    outcome = run.outcomes["OH-001"]
    assert isinstance(outcome, Measured)
    turns = [replace(entry, taken="turns", why="OH-001 is alone") for entry in outcome.repetitions[:2]]
    run = with_outcome(run, "OH-001", repetitions=[*turns, *outcome.repetitions[2:]])
    assert remarks(run) == ["2 of 5 repetitions were taken in turns, not in rounds: OH-001 is alone"]


def test_one_of_a_kind_is_said_in_the_singular() -> None:
    outcome = taken().outcomes["OH-001"]
    assert isinstance(outcome, Measured)
    one = replace(outcome.repetitions[0], taken="turns", why="it is alone", rejected=[Rejected(1.0, "throttled")])
    assert remarks(with_outcome(taken(), "OH-001", repetitions=[one])) == [
        "1 sample was rejected; its reason is in the file",
        "1 of 1 repetition was taken in turns, not in rounds: it is alone",
    ]


def test_the_runs_of_a_session_have_different_names() -> None:
    run = taken()
    found = [named(one) for one in (run, replace(run, twin=True), replace(run, point={"compute-limit": 25}))]
    assert found == ["native", "native (again)", "native (compute-limit 25)"]


def test_the_heading_of_a_second_measurement_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    print_blocks(blocks([replace(taken(), twin=True)]), console())
    assert capsys.readouterr().out.strip().startswith("Native (again) on NVIDIA H200")


def test_an_older_file_says_nothing_of_turns() -> None:
    assert remarks(a_run({"OH-001": [1.0] * 5}, schema_version=2)) == []


def circumstances_of(run: Run, **changes: Any) -> list[str]:
    """What stands below the name of its outcome."""
    changed = with_outcome(run, "OH-001", **changes)
    return circumstances(changed, changed.outcomes["OH-001"])


def test_what_the_plan_says_of_all_is_not_said_of_each() -> None:
    run = a_run({"OH-001": [1.0]}, plan=replace(PLAN, compute_limit=0.5))
    usual = {"window_seconds": 1.0, "settle_seconds": 0.3, "polling_seconds": 30.0}
    assert circumstances_of(run, party=[Granted("tenant", compute_share=0.5)], conditions=usual) == []
    assert circumstances_of(run) == []


def test_a_party_and_other_conditions_are_said() -> None:
    party = [Granted("victim", compute_share=0.25, memory_bytes=1 << 30), Granted("neighbor", gpu=1)]
    found = circumstances_of(a_run({"OH-001": [1.0]}), party=party, conditions={"model": "tiny", "window_seconds": 5.0})
    assert found == ["victim 25 % 1024 MiB, neighbor on GPU 1", "model tiny, window_seconds 5.0"]
