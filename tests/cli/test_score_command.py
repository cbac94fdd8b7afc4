"""The exit statuses and formats of `gpu-virt-bench score`."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from builders import a_run
from gpu_virt_bench.cli import group
from gpu_virt_bench.results import save

ONE, TWO = [1.0] * 5, [2.0] * 5


@pytest.fixture(autouse=True)
def runs(tmp_path, monkeypatch) -> None:
    """A reference and two runs."""
    monkeypatch.chdir(tmp_path)
    save(a_run({"OH-001": ONE}), Path("native.json"))
    save(a_run({"OH-001": TWO}, system="mps"), Path("mps.json"))
    save(a_run({"OH-002": ONE}, system="other"), Path("other.json"))


def score(words: str) -> Result:
    """The command."""
    return CliRunner().invoke(group, ["score", *words.split()])


def test_runs_are_scored_with_status_0() -> None:
    done = score("mps.json native.json --reference native.json --format json")
    found = [(one["run"]["name"], one["overall"]["value"]) for one in json.loads(done.stdout)["scorecard"]["scores"]]
    assert (done.exit_code, found) == (0, [("native", 100), ("mps", 50)])


def test_the_reference_among_the_runs_says_that_it_is_one() -> None:
    assert "native (the reference itself)" in score("mps.json native.json --reference native.json").stdout


def test_the_reference_alone_has_no_score_and_status_3() -> None:
    Path("copy.json").write_text(Path("native.json").read_text())
    done = score("copy.json --reference native.json")
    assert (done.exit_code, "A+" in done.stdout, "100.0" in done.stdout) == (3, False, False)
    assert "No score: run and reference are one run." in done.stdout


@pytest.mark.parametrize(("form", "start"), [("text", "Parity with native"), ("markdown", "## Parity with native")])
def test_a_card_is_written_for_people(form: str, start: str) -> None:
    done = score(f"mps.json --reference native.json --format {form}")
    assert (done.exit_code, done.stdout.startswith(start), "50.0" in done.stdout) == (0, True, True)


def test_a_policy_weighs(tmp_path) -> None:
    Path("policy.toml").write_text('grades."C-" = 40.0\n')
    assert "C-" in score("mps.json --reference native.json --policy policy.toml").stdout


def test_nothing_to_score_gives_status_1() -> None:
    done = score("mps.json other.json --reference native.json --format markdown")
    assert (done.exit_code, "No score: no headline outcome" in done.stdout) == (1, True)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("mps.json", "Missing option '--reference'"),
        ("--reference native.json", "Missing argument 'RUN...'"),
        ("none.json --reference native.json", "cannot read none.json: No such file or directory"),
        ("mps.json --reference native.json --policy none.toml", "cannot read none.toml"),
    ],
)
def test_wrong_use_is_one_sentence_and_status_2(words: str, sentence: str) -> None:
    done = score(words)
    assert (done.exit_code, sentence in done.stderr) == (2, True)
