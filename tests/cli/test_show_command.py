"""`gpu-virt-bench show` as a user types it."""

import csv
import io
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from builders import DEVICE, PLAN, a_run, in_rounds
from gpu_virt_bench.cli import group
from gpu_virt_bench.model.run import Granted, ProofRecord
from gpu_virt_bench.results import save

GVB = str(Path(sys.executable).with_name("gpu-virt-bench"))
DATA = Path(__file__).parents[1] / "data"
GRANTED = [ProofRecord(0, 0, "before", [], {"compute_share": "0.48", "memory_bytes": str(1 << 30)}, serial=0)]
SMALL = {"compute_share": "0.24"}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch) -> Path:
    """An empty working directory, and 80 columns."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    return tmp_path


def show(*words: str) -> Result:
    """The command."""
    return CliRunner().invoke(group, ["show", *words])


def rows(text: str) -> list[dict[str, str]]:
    """The lines of a CSV text by their columns."""
    return list(csv.DictReader(io.StringIO(text)))


# -- what a name means


def test_a_directory_is_its_newest_complete_run_and_says_which(folder) -> None:
    for day, status in ((1, "complete"), (2, "complete"), (3, "interrupted")):
        save(a_run({"OH-001": [1.0]}, began=f"2026-11-0{day}T12:00:00+00:00", status=status), folder / f"r{day}.json")
    text = " ".join(show(".").stdout.split())
    assert "of the directory .: 'r2.json'; newer, and not used: 'r3.json' is interrupted" in text
    assert "when 2026-11-02 12:00:00" in text


def test_a_directory_without_a_complete_run_says_what_it_has_and_what_to_name(folder) -> None:
    save(a_run({"OH-001": [1.0]}, status="interrupted"), folder / "half.json")
    save(a_run({"OH-001": [1.0]}), folder / "native" / "run.json")
    assert show(".").output.endswith(
        "Error: . has no complete run file: 'half.json' is interrupted; name a file, or a directory that has one,"
        " such as native\n"
    )


def test_an_interrupted_run_is_shown_by_its_file(folder) -> None:
    save(a_run({"OH-001": [1.0]}, status="interrupted", missing=["OH-002: 3 repetitions"]), folder / "run.json")
    text = show("run.json").stdout
    assert "(5 min), interrupted\n" in text
    assert "missing: 3 repetitions of 1 outcome (OH-002)" in text


def test_a_run_file_may_have_any_name(folder) -> None:
    save(a_run({"OH-001": [1.0]}), folder / "baseline")
    assert "OH-001" in show("baseline").stdout


@pytest.mark.parametrize("words", ["", "--format json", "--format csv"])
def test_a_name_that_is_no_text_is_shown_and_written(folder, words: str) -> None:
    place = folder / os.fsdecode(b"\xff\x1b")
    save(a_run({"OH-001": [1.0]}), place / "run.json")
    assert show(str(place), *words.split(), "-o", "out").exit_code == 0
    assert "\x1b" not in (folder / "out").read_text(encoding="utf-8")


def test_a_suite_is_shown_by_its_name_and_by_its_file(folder) -> None:
    assert "  repetitions           5\n" in show("quick").stdout
    shipped = Path(__file__).parents[2] / "src/gpu_virt_bench/suites/quick.toml"
    (folder / "mine.toml").write_text(shipped.read_text().replace("repetitions = 5", "repetitions = 7"))
    found = json.loads(show("mine.toml", "--format", "json").stdout)["suite"]
    assert (found["name"], found["repetitions"]) == ("mine", 7)


def test_a_definition_comes_before_a_directory_of_its_name(folder) -> None:
    (folder / "native").mkdir()
    save(a_run({"OH-001": [1.0]}), folder / "native" / "run.json")
    assert show("native").stdout.startswith('title = "Native"')
    assert "system   Native (native)" in show("./native").stdout


def test_definitions_are_json_too() -> None:
    metric = json.loads(show("oh-001", "--format", "json").stdout)["metric"]
    assert (metric["id"], metric["unit"], metric["shown_unit"]) == ("OH-001", "s", "us")
    system = json.loads(show("hami", "--format", "json").stdout)["system"]
    assert (system["id"], "[proof]" in system["source"]) == ("hami-core", True)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("quik", "no metric, system, suite, run file or directory 'quik'; did you mean quick?"),
        ("zzzz", "'zzzz'; `gpu-virt-bench list metrics` shows all"),
        ("./zzzz", "cannot read zzzz: No such file or directory"),
        (".", ". has no complete run file; name a file, or a directory that has one"),
        ("text.md", "text.md is no run file: it is not a JSON object"),
        ("mps --format csv", "--format csv is for runs, and this is a definition"),
        ("quick --samples", "--samples is for runs, and this is a definition"),
        ("run.txt --samples", "--samples needs --format csv or --format json"),
        ("run.txt --format csv -o none/x", "cannot write none/x: No such file or directory"),
    ],
)
def test_what_cannot_be_shown_is_one_sentence(folder, words: str, sentence: str) -> None:
    (folder / "text.md").write_text("# A page")
    save(a_run({"OH-001": [1.0]}), folder / "run.txt")
    error = CliRunner().invoke(group, ["show", *words.split()], standalone_mode=False).exception
    assert isinstance(error, click.UsageError)
    assert sentence in error.format_message()
    assert len(error.format_message().splitlines()) == 1


# -- above the table


def test_limits_say_what_was_asked_for_and_what_was_granted(folder) -> None:
    plan = replace(PLAN, compute_limit=0.5, memory_limit_bytes=1 << 30, tenants=2)
    run = a_run({"OH-001": [1.0]}, system="mps", plan=plan, proof=GRANTED)
    save(replace(run, system=replace(run.system, features=["compute-limit", "memory-limit"])), folder / "run.json")
    text = " ".join(show("run.json").stdout.split())
    assert "limits asked for compute 50 %, memory 1024 MiB, 2 tenants; granted: compute 48 %, memory 1024 MiB" in text


def test_a_quota_is_said_with_what_was_granted(folder) -> None:
    plan, proof = replace(PLAN, compute_quota=[0.5, 0.25], tenants=2), [*GRANTED, replace(GRANTED[0], granted=SMALL)]
    run = a_run({"OH-001": [1.0]}, system="mps", plan=plan, proof=proof)
    save(replace(run, system=replace(run.system, features=["compute-limit"])), folder / "run.json")
    text = " ".join(show("run.json").stdout.split())
    assert "limits asked for compute 50/25 %, 2 tenants; granted: compute 48/24 %" in text


def test_a_limit_that_the_system_does_not_have_is_not_granted(folder) -> None:
    save(a_run({"OH-001": [1.0]}, plan=replace(PLAN, compute_limit=0.5)), folder / "run.json")
    assert "limits   asked for compute 50 %; granted: native has no compute-limit\n" in show("run.json").stdout


def test_point_twin_and_label_stand_where_there_are_some(folder) -> None:
    save(a_run({"OH-001": [1.0]}, twin=True, point={"compute-limit": 25}, label="try"), folder / "run.json")
    text = show("run.json").stdout
    assert "label    try\n" in text
    assert "point    compute-limit 25 %\n" in text
    assert "twin     yes: the session's baseline, measured a second time\n" in text
    save(a_run({"OH-001": [1.0]}), folder / "run.json")
    assert not {"label", "point", "twin"} & {line.split(" ")[0] for line in show("run.json").stdout.splitlines()}


@pytest.mark.parametrize("version", [1, 2])
def test_a_run_of_an_older_version_is_shown_in_every_form(version) -> None:
    path = str(DATA / f"run-version-{version}.json")
    assert f"schema version {version}\n" in show(path).stdout
    assert rows(show(path, "--format", "csv").stdout)[0]["id"] == "OH-001"
    samples = rows(show(path, "--format", "csv", "--samples").stdout)
    assert samples
    assert {row["round"] for row in samples} == {""}


def test_no_line_is_wider_than_the_terminal(folder) -> None:
    device = replace(DEVICE, name="A GPU with quite a long name, in a box with quite a long name")
    save(a_run({"OH-001": [1.0] * 5}, devices=[device], label="a label of words " * 9), folder / "run.json")
    assert max(map(len, show("run.json").stdout.splitlines())) <= 80


# -- tables


def test_estimates_are_a_line_each_in_si_units_with_what_tells_runs_apart(folder) -> None:
    run = a_run({"OH-001": [1e-6, 2e-6, 3e-6], "OH-002": 'failed: it died, "twice"'}, label="a, b", emulated=True)
    save(run, folder / "run.json")
    measured, failed = rows(show("run.json", "--format", "csv").stdout)
    assert [measured[name] for name in ("id", "unit", "value", "low", "high", "level", "repetitions", "samples")] == [
        *("OH-001", "s", "2e-06", "1e-06", "3e-06", "0.75"),
        *("3", "3"),
    ]
    assert (failed["status"], failed["reason"], failed["value"]) == ("failed", 'it died, "twice"', "")
    assert {(row["system"], row["label"], row["emulated"]) for row in (measured, failed)} == {
        ("native", "a, b", "true")
    }


def test_an_outcome_of_one_repetition_has_no_interval(folder) -> None:
    save(a_run({"OH-001": [[1.0, 2.0, 3.0]]}), folder / "run.json")
    (row,) = rows(show("run.json", "--format", "csv").stdout)
    assert [row[name] for name in ("value", "low", "high", "level")] == ["2.0", "", "", ""]


def test_an_outcome_says_its_party_and_its_conditions(folder) -> None:
    party = [Granted("victim", compute_share=0.25), Granted("neighbor", memory_bytes=1 << 30)]
    run = a_run({"OH-001": [1.0]})
    made = replace(run.outcomes["OH-001"], party=party, conditions={"window_seconds": 2.0, "model": "tiny"})
    save(replace(run, outcomes={"OH-001": made}), folder / "run.json")
    (row,) = rows(show("run.json", "--format", "csv").stdout)
    assert row["party"] == "role=victim; gpu=0; compute_share=0.25 | role=neighbor; gpu=0; memory_bytes=1073741824"
    assert row["conditions"] == "window_seconds=2.0; model=tiny"


def test_samples_are_a_line_each_with_round_and_clock(folder) -> None:
    taken = in_rounds("OH-001", [[1e-6, 2e-6], [3e-6, 4e-6]], first=7, clocks_hz=[1.9e9, 2e9])
    made = replace(taken, params={"statistic": "mean"})
    save(replace(a_run({"OH-001": [1.0]}), outcomes={"OH-001": made}), folder / "run.json")
    found = rows(show("run.json", "--format", "csv", "--samples").stdout)
    names = ("id", "statistic", "repetition", "index", "round", "value", "clock_hz")
    assert [[row[name] for name in names] for row in found] == [
        ["OH-001", "mean", "0", "0", "7", "1e-06", "1900000000.0"],
        ["OH-001", "mean", "0", "1", "8", "2e-06", "2000000000.0"],
        ["OH-001", "mean", "1", "0", "7", "3e-06", "1900000000.0"],
        ["OH-001", "mean", "1", "1", "8", "4e-06", "2000000000.0"],
    ]


def test_samples_as_json_are_lists_by_repetition(folder) -> None:
    save(
        replace(a_run({"OH-001": [1.0]}), outcomes={"OH-001": in_rounds("OH-001", [[1e-6, 2e-6]])}), folder / "run.json"
    )
    (found,) = json.loads(show("run.json", "--format", "json", "--samples").stdout)["samples"]["samples"]
    assert (found["repetition"], found["values"], found["rounds"], found["clocks_hz"]) == (0, [1e-6, 2e-6], [0, 1], [])


@pytest.mark.parametrize("words", [[], ["--samples"]])
def test_every_column_stands_on_the_page_of_run_files(folder, words: list[str]) -> None:
    save(a_run({"OH-001": [1.0]}), folder / "run.json")
    page = (Path(__file__).parents[2] / "docs/run-file.md").read_text().partition("## Tables")[2].partition("\n## ")[0]
    header = show("run.json", "--format", "csv", *words).stdout.splitlines()[0].split(",")
    assert [name for name in header if f"`{name}`" not in page] == []


def test_json_says_of_the_run_what_stands_above_the_table(folder) -> None:
    save(a_run({"OH-001": [1.0, 2.0, 3.0]}, label="try", warnings=["a warning"]), folder / "run.json")
    found = json.loads(show("run.json", "--format", "json").stdout)["estimates"]
    assert (found["run"]["label"], found["run"]["proof"]["before"], found["outcomes"][0]["value"]) == ("try", 1, 2.0)
    assert "a warning" in found["remarks"]


def test_a_refused_run_says_that_it_is_refused_in_every_form(folder) -> None:
    run = a_run({"OH-001": "skipped: not measured"}, system="mps", status="refused", warnings=["mps is not in force"])
    save(run, folder / "run.json")
    text = " ".join(show("run.json").stdout.split())
    assert "(5 min), refused" in text
    assert "proof UNPROVEN: mps was refused;" in text
    (row,) = rows(show("run.json", "--format", "csv").stdout)
    assert (row["run_status"], row["unproven"], row["value"]) == ("refused", "mps was refused", "")
    found = json.loads(show("run.json", "--format", "json").stdout)["estimates"]
    assert "mps is not in force" in found["remarks"]


# -- pipes


@pytest.mark.parametrize("words", ["", "--format csv", "--format json --samples"])
def test_a_reader_that_goes_is_no_failure(folder, words: str) -> None:
    save(a_run({"OH-001": [[1.0] * 20000]}), folder / "run.json")
    line = f"set -o pipefail; {GVB} show run.json {words} | true"
    env = {**os.environ, "PYTHONUNBUFFERED": "1"}
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=60, env=env)
    assert (done.returncode, done.stderr) == (0, "")


COMPARED = ["compare run.json slow.json --long", "gate run.json slow.json", "score slow.json --reference run.json"]
REPORTS = [*COMPARED, "show run.json", "show OH-001", "show mps", "history .", "list metrics", "list systems"]


@pytest.mark.parametrize("words", [*REPORTS, *(f"{words} -o said.txt" for words in COMPARED)])
def test_what_is_no_terminal_gets_no_blanks_at_line_ends(folder, words: str) -> None:
    save(a_run({"OH-001": [1.0] * 5}, warnings=["a long warning " * 20]), folder / "run.json")
    save(a_run({"OH-001": [2.0] * 5}, system="mps"), folder / "slow.json")
    said = CliRunner().invoke(group, words.split()).stdout or (folder / "said.txt").read_text()
    assert said and not [line for line in said.splitlines() if line != line.rstrip()]
