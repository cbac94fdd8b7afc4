"""`gpu-virt-bench compare` as a user types it."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from builders import a_run
from gpu_virt_bench.cli import group
from gpu_virt_bench.results import save


@pytest.fixture
def files(tmp_path, monkeypatch) -> Path:
    """A baseline, and a candidate that is twice as slow."""
    save(a_run({"OH-001": [1.0] * 5, "OH-001[path=start]": [1.0] * 5}), tmp_path / "native.json")
    save(a_run({"OH-001": [2.0] * 5, "OH-001[path=start]": [2.0] * 5}, system="mps"), tmp_path / "mps.json")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def compare(*words: str) -> Result:
    return CliRunner().invoke(group, ["compare", *words])


def test_a_regression_is_shown_and_is_no_error(files) -> None:
    done = compare("native.json", "mps.json")
    assert done.exit_code == 0 and "OH-001[path=start]" not in done.output
    assert "mps against native: worse: A latency +100.00 ±0.00 %." in done.output


def test_a_run_by_itself_is_said_to_be_one_and_is_status_3(files) -> None:
    (files / "copy.json").write_text((files / "native.json").read_text())
    done = compare("native.json", "copy.json")
    assert done.exit_code == 3
    said = " ".join(done.output.split())
    assert said.startswith("native against native: baseline and candidate are one run, nothing can differ.")
    assert compare("native.json", "copy.json", "mps.json").exit_code == 0


@pytest.mark.parametrize("form", ["text", "markdown"])
def test_what_is_hidden_is_counted(files, form: str) -> None:
    found = compare("native.json", "mps.json", "--format", form).output
    assert "path=start" not in found and "1 more outcome: gpu-virt-bench compare --all" in found


def test_json_counts_what_is_hidden(files) -> None:
    found = json.loads(compare("native.json", "mps.json", "--format", "json").output)["comparisons"][0]
    assert (len(found["rows"]), found["hidden"]) == (1, 1)


def test_all_outcomes_are_shown_on_demand(files) -> None:
    found = " ".join(compare("native.json", "mps.json", "--all").output.split())
    assert "worse: A latency +100.00 ±0.00 %, A latency (OH-001[path=start]) +100.00 ±0.00 %." in found


def test_every_value_is_shown_on_demand(files) -> None:
    short, long = (compare("native.json", "mps.json", *words).output for words in ([], ["--long"]))
    heading = "mps against native · paired by repetition"
    assert heading not in short and long.startswith(short) and heading in long


def test_several_candidates_have_a_comparison_each(files) -> None:
    found = json.loads(compare("native.json", "mps.json", "native.json", "--format", "json").output)["comparisons"]
    assert [one["rows"][0]["verdict"] for one in found] == ["worse", "same"]


def test_a_margin_makes_a_doubling_the_same(files) -> None:
    assert "mps against native: same: A latency." in compare("native.json", "mps.json", "--margin", "OH-001=1.1").output


def test_a_policy_file_is_used(files) -> None:
    Path("mine.toml").write_text("[margin.category]\noverhead = 1.1")
    assert "mps against native: same: A latency." in compare("native.json", "mps.json", "--policy", "mine.toml").output


def test_csv_has_a_line_for_each_outcome_and_candidate_in_si_units(files) -> None:
    words = ("native.json", "mps.json", "native.json", "--format", "csv")
    first, second = csv.DictReader(compare(*words).output.splitlines())
    assert (first["id"], first["verdict"], first["candidate"], second["candidate"]) == (
        "OH-001",
        "worse",
        "mps",
        "native",
    )
    assert (first["unit"], first["candidate_value"], first["change_kind"], first["change"]) == (
        "s",
        "2.0",
        "ratio",
        "2.0",
    )
    assert (first["margin"], first["floor"], first["headline"], first["reason"]) == ("0.02", "", "true", "")
    assert len(compare(*words, "--all").output.splitlines()) == 5


def test_csv_of_what_was_not_measured_has_empty_cells(files) -> None:
    save(a_run({"OH-001": "skipped: it, cannot"}, system="mps"), Path("skips.json"))
    (row,) = csv.DictReader(compare("native.json", "skips.json", "--format", "csv").output.splitlines())
    assert (row["verdict"], row["change"], row["change_kind"], row["candidate_value"]) == ("not comparable", "", "", "")
    assert row["reason"] == "skipped in the candidate: it, cannot" and row["baseline_value"] == "1.0"


@pytest.mark.parametrize("form", ["text", "markdown", "json", "csv"])
def test_the_output_file_holds_what_is_printed_without_it(files, form: str) -> None:
    printed = compare("native.json", "mps.json", "--format", form).output
    done = compare("native.json", "mps.json", "--format", form, "--output", "out")
    assert (done.exit_code, done.output, Path("out").read_text()) == (0, "", printed)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("native.json", "Missing argument 'CANDIDATE...'"),
        ("native.json none.json", "cannot read none.json: No such file or directory"),
        ("native.json mps.json --margin two", "margin 'two' has no number of 0 or more"),
        ("native.json mps.json --margin OH-01=1", "no metric or category of these runs; did you mean OH-001?"),
        ("native.json mps.json --policy none.toml", "cannot read none.toml: No such file or directory"),
        ("native.json mps.json --output none/out", "none/out: No such file or directory"),
        ("native.json mps.json --format html", "'html' is not one of 'text', 'json', 'csv', 'markdown'"),
    ],
)
def test_wrong_use_is_one_sentence_and_status_2(files, words: str, sentence: str) -> None:
    done = compare(*words.split())
    assert (done.exit_code, sentence in done.output) == (2, True)


def test_runs_without_headline_outcomes_are_compared_in_what_they_have(files) -> None:
    for name in ("native", "mps"):
        run = a_run({"OH-001[path=start]": [1.0] * 5}, system=name)
        save(
            replace(run, outcomes={key: replace(one, headline=False) for key, one in run.outcomes.items()}),
            files / f"{name}.json",
        )
    done = compare("native.json", "mps.json")
    assert done.exit_code == 0 and "OH-001" in done.output
