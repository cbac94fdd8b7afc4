"""`gpu-virt-bench report`: files in every format, from runs, directories and a baseline."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from builders import a_run
from gpu_virt_bench.cli import group
from gpu_virt_bench.results import save

NATIVE = {"OH-001": [2e-6, 2.01e-6, 2e-6, 1.99e-6, 2e-6]}
MPS = {"OH-001": [6e-6, 6.1e-6, 6e-6, 5.9e-6, 6e-6]}


@pytest.fixture
def results(tmp_path) -> Path:
    """A run of native and one of mps, as `run` leaves them."""
    for name, values in (("native", NATIVE), ("mps", MPS)):
        (tmp_path / "results" / name).mkdir(parents=True)
        save(a_run(values, system=name), tmp_path / "results" / name / f"{name}.json")
    return tmp_path / "results"


def report(*words):
    return CliRunner().invoke(group, ["report", *map(str, words)])


@pytest.mark.parametrize("ending", ["html", "md", "txt", "tex", "csv"])
def test_every_format_names_both_systems_and_the_outcome(results, tmp_path, ending) -> None:
    found = report(results, "-o", tmp_path / f"report.{ending}")
    assert found.exit_code == 0, found.output
    text = (tmp_path / f"report.{ending}").read_text()
    assert all(word in text for word in ("native", "mps", "OH-001"))


def test_several_outputs_are_written_at_once_and_named(results, tmp_path) -> None:
    found = report(results, "-o", tmp_path / "a.txt", "-o", tmp_path / "b.md")
    assert [line.rpartition(": ")[0] for line in found.output.splitlines()] == [
        str(tmp_path / "a.txt"),
        str(tmp_path / "b.md"),
    ]


def test_a_directory_of_directories_stands_for_the_newest_run_of_each(results, tmp_path) -> None:
    report(results, "-o", tmp_path / "all.csv")
    rows = list(csv.DictReader((tmp_path / "all.csv").read_text().splitlines()))
    assert [(row["system"], row["id"], float(row["value"])) for row in rows] == [
        ("mps", "OH-001", 6e-6),
        ("native", "OH-001", 2e-6),
    ]


def test_a_directory_stands_for_the_newest_run_of_each_system(tmp_path) -> None:
    for number, (system, values) in enumerate([("native", NATIVE), ("mps", NATIVE), ("mps", MPS)]):
        save(
            replace(a_run(values, system=system), began=f"2026-11-2{number}T12:00:00+00:00"),
            tmp_path / f"{number}.json",
        )
    report(tmp_path, "-o", tmp_path / "all.csv")
    rows = list(csv.DictReader((tmp_path / "all.csv").read_text().splitlines()))
    assert [(row["system"], float(row["value"])) for row in rows] == [("mps", 6e-6), ("native", 2e-6)]


def test_samples_have_a_file_of_their_own(results, tmp_path) -> None:
    report(results, "-o", tmp_path / "all.samples.csv")
    rows = list(csv.DictReader((tmp_path / "all.samples.csv").read_text().splitlines()))
    assert [float(row["value"]) for row in rows] == [*MPS["OH-001"], *NATIVE["OH-001"]]


def test_the_baseline_is_what_the_user_names(results, tmp_path) -> None:
    report(results / "native", "--baseline", results / "mps", "-o", tmp_path / "r.txt")
    assert "against mps: 1 outcome better (most: A latency -66" in " ".join((tmp_path / "r.txt").read_text().split())


def test_an_unknown_ending_is_refused_before_anything_is_read(tmp_path) -> None:
    found = report(tmp_path / "nowhere", "-o", tmp_path / "report.doc")
    assert found.exit_code == 2
    assert "report.doc: its name says no format, expected one of .html" in found.output


def test_a_place_that_cannot_be_written_is_one_sentence(results, tmp_path) -> None:
    found = report(results, "-o", tmp_path / "no" / "such" / "report.txt")
    assert found.exit_code == 2
    assert found.output.count("Error:") == 1


def test_without_a_run_it_says_what_is_there(tmp_path) -> None:
    found = report(tmp_path, "-o", tmp_path / "r.txt")
    assert found.exit_code == 2
    assert "has no complete run file" in found.output


def test_hostile_names_reach_no_format_as_markup(results, tmp_path) -> None:
    evil = "</script><script>alert(1)</script>|\\input{x}`"
    run = replace(a_run(MPS, system="evil"), label=evil, warnings=[evil])
    save(run, results / "mps" / "zz.json")
    outputs = [word for ending in ("html", "md", "tex") for word in ("-o", tmp_path / f"r.{ending}")]
    found = report(results / "native", results / "mps" / "zz.json", *outputs)
    assert found.exit_code == 0, found.output
    assert "<script>alert" not in (tmp_path / "r.html").read_text()
    assert "<script>alert" not in (tmp_path / "r.md").read_text()
    assert "\\input{x}" not in (tmp_path / "r.tex").read_text()


def test_a_baseline_of_several_runs_is_refused(results, tmp_path) -> None:
    found = report(results / "mps", "--baseline", results, "-o", tmp_path / "r.txt")
    assert found.exit_code == 2
    assert "has several runs, expected one" in found.output


def test_a_baseline_that_is_named_twice_stands_once(results, tmp_path) -> None:
    report(results, "--baseline", results / "native", "-o", tmp_path / "x.csv")
    assert (tmp_path / "x.csv").read_text().count("\nOH-001,") == 2


def test_a_label_that_a_spreadsheet_would_calculate_is_text(results, tmp_path) -> None:
    save(replace(a_run(MPS, system="mps"), label="=HYPERLINK(1)"), results / "mps" / "mps.json")
    report(results, "-o", tmp_path / "x.csv")
    assert ",'=HYPERLINK(1)," in (tmp_path / "x.csv").read_text()


VIRTUAL = "--device emulated:tiny --emulate clock=virtual --metrics OH-003 --repetitions 1 --iterations 2"


def test_run_writes_a_report_of_its_session(tmp_path) -> None:
    words = ["run", *VIRTUAL.split(), "--format", "json"]
    words += ["--output", str(tmp_path / "results"), "--report", str(tmp_path / "r.txt")]
    found = CliRunner().invoke(group, words)
    assert found.exit_code == 0, found.output
    json.loads(found.stdout)
    assert "OH-003" in (tmp_path / "r.txt").read_text()


def test_a_report_that_cannot_be_written_ends_a_run_before_it_measures(tmp_path) -> None:
    words = ["run", "--report", str(tmp_path / "r.doc"), "--output", str(tmp_path / "results")]
    found = CliRunner().invoke(group, words)
    assert found.exit_code == 2
    assert not (tmp_path / "results").exists()
