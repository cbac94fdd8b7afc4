"""Outcomes that the baseline cannot have: another system's value, or zero, is what they are compared with."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from builders import DEVICE, a_run
from gpu_virt_bench.compare import Loaded, compare, compare_files
from gpu_virt_bench.compare.standin import stand_ins
from gpu_virt_bench.gate import judge_files
from gpu_virt_bench.metrics import load as metrics
from gpu_virt_bench.model.comparison import Row
from gpu_virt_bench.model.run import Run
from gpu_virt_bench.policy import load
from gpu_virt_bench.report.comparison import name_of
from gpu_virt_bench.report.gate import values
from gpu_virt_bench.report.score import reasons
from gpu_virt_bench.results import load as load_run
from gpu_virt_bench.results import save
from gpu_virt_bench.score import score_files

SKIPPED = "skipped: native has no concurrent-tenants"
CONTENTION = {"OH-006": {"title": "Contention", "compare": "difference", "baseline": "time-slicing"}}
PRICE = {"OH-008": {"title": "A price", "compare": "difference", "baseline": "zero"}}


def row(outcomes: Any, definitions: Any, *others: Run, system: str = "mps") -> Row:
    """The only row of a comparison with a native run that cannot have the outcome."""
    (name,) = definitions
    native = a_run({name: SKIPPED}, definitions)
    candidate = a_run({name: outcomes}, definitions, system=system)
    sides = Loaded(Path("native.json"), native), Loaded(Path("candidate.json"), candidate)
    (found,) = compare(*sides, load(), others=[candidate, *others]).rows
    return found


@pytest.mark.parametrize(
    ("samples", "verdict"),
    [([3e-6, 3.1e-6, 2.9e-6, 3e-6, 3e-6], "worse"), ([1e-9, -2e-9, 1e-9, 3e-9, 0.0], "same")],
)
def test_a_value_that_is_a_difference_already_is_compared_with_zero(samples: list[float], verdict: str) -> None:
    found = row(samples, PRICE)
    assert (found.verdict, found.against, found.reason) == (verdict, "zero", "")
    assert found.change is not None and found.change.interval.value == sorted(samples)[2]


def test_few_repetitions_from_zero_get_no_verdict() -> None:
    assert row([3e-6] * 3, PRICE).reason.endswith("3 repetitions, a verdict needs 5")


def test_one_repetition_from_zero_has_no_interval() -> None:
    found = row([3e-6], PRICE)
    assert found.verdict == "inconclusive" and found.change is not None and found.change.interval.low is None


def test_a_system_that_can_stands_in_for_native() -> None:
    sliced = a_run({"OH-006": [100e-6] * 5}, CONTENTION, system="time-slicing")
    found = row([120e-6, 121e-6, 119e-6, 120e-6, 120e-6], CONTENTION, sliced)
    assert (found.verdict, found.against) == ("worse", "time-slicing")
    assert found.change is not None and found.change.interval.value == pytest.approx(20e-6)


def test_without_that_system_the_reason_says_how_to_get_it() -> None:
    found = row([1e-6] * 5, CONTENTION)
    assert found.verdict == "not comparable"
    assert found.reason.endswith("nor beside their files: --system time-slicing measures it too")


def test_an_older_file_that_names_no_baseline_says_so_and_the_way_out() -> None:
    native, mps = (a_run({"OH-006": found}, schema_version=2) for found in (SKIPPED, [1e-6] * 5))
    (found,) = compare(Loaded(Path("native.json"), native), Loaded(Path("mps.json"), mps), load()).rows
    assert found.reason.endswith(
        "; the candidate's file (version 2) names no other baseline for it: compare with a run that measured it as the"
        " baseline, or measure anew"
    )


@pytest.fixture(params=["{}.json", "{}/run.json"])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, Path]:
    """A session's files, in one directory or in one for each system, with a damaged one beside them."""
    runs = {
        "native": a_run({"OH-006": SKIPPED}, CONTENTION),
        "time-slicing": a_run({"OH-006": [100e-6] * 5}, CONTENTION, system="time-slicing"),
        "mps": a_run({"OH-006": [120e-6, 121e-6, 119e-6, 120e-6, 120e-6]}, CONTENTION, system="mps"),
    }
    paths = {name: tmp_path / request.param.format(name) for name in runs}
    for name, run in runs.items():
        paths[name].parent.mkdir(exist_ok=True)
        save(run, paths[name])
    (paths["time-slicing"].parent / "a.json").write_text('"session-1" "time-slicing" {')
    return paths


def test_a_stand_in_is_found_beside_the_files_by_every_command(files: dict[str, Path]) -> None:
    (found,) = compare_files(files["native"], [files["mps"]], load())
    (case,) = judge_files(files["native"], files["mps"], load()).cases
    card = score_files(files["native"], [files["mps"]], load())
    (score,) = card.scores
    assert (found.rows[0].verdict, found.rows[0].against) == ("worse", "time-slicing")
    assert (case.finding, case.row.against) == ("worse", "time-slicing")
    assert score.lines[0].parity is not None and score.lines[0].parity.value == pytest.approx(0.96)
    assert reasons(card) == ["OH-006: against time-slicing"]


def test_a_stand_in_that_may_be_in_a_damaged_file_is_remarked(files: dict[str, Path]) -> None:
    files["time-slicing"].unlink()
    (found,) = compare_files(files["native"], [files["mps"]], load())
    assert found.rows[0].verdict == "not comparable"
    assert found.remarks[0] == "no run of time-slicing is beside these files; 'a.json' is no readable run"


def test_a_stand_in_that_is_named_is_not_looked_for(files: dict[str, Path]) -> None:
    named = load_run(files["time-slicing"])
    files["time-slicing"].unlink()
    sides = (Loaded(files[name], load_run(files[name])) for name in ("native", "mps"))
    assert stand_ins(*sides, [named]) == ([named], [])


def test_a_stand_in_of_another_session_is_none() -> None:
    sliced = a_run({"OH-006": [100e-6] * 5}, CONTENTION, system="time-slicing")
    other = replace(sliced, session=replace(sliced.session, id="another"))
    assert row([120e-6] * 5, CONTENTION, other).verdict == "not comparable"


def test_the_stand_in_itself_is_not_compared_with_itself() -> None:
    found = row([1e-6] * 5, CONTENTION, system="time-slicing")
    assert found.reason == "time-slicing is the baseline of this outcome itself"


def test_a_stand_in_without_proof_does_not_count() -> None:
    sliced = replace(a_run({"OH-006": [100e-6] * 5}, CONTENTION, system="time-slicing"), proof=[])
    found = row([120e-6] * 5, CONTENTION, sliced)
    assert found.verdict == "not comparable" and "time-slicing has no proof" in found.reason


def test_a_baseline_that_measured_nothing_does_not_forbid_a_stand_in() -> None:
    native = a_run({"OH-006": SKIPPED, "OH-008": SKIPPED}, CONTENTION | PRICE, proof=[])
    names = {"OH-006": [120e-6, 121e-6, 119e-6, 120e-6, 120e-6], "OH-008": [3e-6] * 5}
    candidate = a_run(names, CONTENTION | PRICE, system="mps")
    sliced = a_run({"OH-006": [100e-6] * 5, "OH-008": SKIPPED}, CONTENTION | PRICE, system="time-slicing")
    sides = Loaded(Path("native.json"), native), Loaded(Path("candidate.json"), candidate)
    assert [found.verdict for found in compare(*sides, load(), others=[sliced]).rows] == ["worse", "worse"]


def test_a_candidate_without_proof_is_not_compared_with_zero() -> None:
    native, candidate = a_run({"OH-008": SKIPPED}, PRICE), a_run({"OH-008": [3e-6] * 5}, PRICE, "mps", proof=[])
    (found,) = compare(Loaded(Path("n.json"), native), Loaded(Path("c.json"), candidate), load()).rows
    assert (found.verdict, found.change) == ("not comparable", None)


def test_a_failed_candidate_is_compared_with_nothing() -> None:
    found = row("failed: a tenant died", PRICE)
    assert (found.verdict, found.against, found.change) == ("not comparable", "", None)


def test_the_gate_and_the_long_table_say_what_the_difference_is_from() -> None:
    found = row([3e-6] * 5, PRICE)
    assert values(found) == "3.000 us, against zero"
    named = name_of(found)
    assert " ".join([named.text, *named.below]).endswith(", difference from zero")


def test_every_metric_with_several_tenants_names_a_baseline() -> None:
    several = [found for found in metrics().values() if len(found.party(found.headline(DEVICE), DEVICE)) > 1]
    without = {found.id for found in several if not found.baseline}
    assert len(several) > 10 and without == {"IS-003"}  # of a compute limit, which time-slicing has none of
