"""The exit statuses and files of `gpu-virt-bench gate`."""

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

from builders import a_run
from gpu_virt_bench.cli import group
from gpu_virt_bench.results import save

GVB = str(Path(sys.executable).with_name("gpu-virt-bench"))
STEADY, DOUBLE, NOISY = [1.0] * 5, [2.0] * 5, [1.0, 1.5, 0.6, 1.3, 0.8]


@pytest.fixture
def gate(tmp_path, monkeypatch):
    """Runs the command on two runs of one outcome."""
    monkeypatch.chdir(tmp_path)
    save(a_run({"OH-001": STEADY}), Path("baseline.json"))

    def run(candidate, *words: str, **env: str) -> Result:
        save(a_run({"OH-001": candidate}, system="mine"), Path("candidate.json"))
        return CliRunner(env=env).invoke(group, ["gate", "baseline.json", "candidate.json", *words])

    return run


def test_a_candidate_that_keeps_passes_with_status_0(gate) -> None:
    done = gate(STEADY)
    assert (done.exit_code, done.stderr) == (0, "")
    assert "Gate passed (1 kept)." in done.stdout


def test_a_regression_gives_status_1(gate) -> None:
    assert gate(DOUBLE).exit_code == 1
    assert "FAILED: regression (1 worse)" in gate(DOUBLE).stdout


def test_a_gate_that_judged_nothing_gives_status_3(gate) -> None:
    assert (gate(NOISY).exit_code, gate(NOISY, "--strict").exit_code) == (3, 3)
    assert "THIS GATE PROVED NOTHING" in gate(NOISY).stdout


def test_what_is_required_and_missing_gives_status_3(gate) -> None:
    assert gate(STEADY, "--require", "OH-001").exit_code == 0
    done = gate(STEADY, "--require", "OH-001,OH-004")
    assert (done.exit_code, "NOT PASSED: OH-004 was required and not judged" in done.stdout) == (3, True)


def test_a_wider_margin_lets_more_pass(gate) -> None:
    assert gate(DOUBLE, "--margin", "OH-001=1.5").exit_code == 0
    assert gate(DOUBLE, "--margin", "overhead=1.5").exit_code == 0


def test_a_policy_says_what_closes_the_gate(gate, tmp_path) -> None:
    (tmp_path / "policy.toml").write_text("gate.regressions = 1\n")
    done = gate(DOUBLE, "--policy", "policy.toml")
    assert (done.exit_code, "1 tolerated" in done.stdout) == (0, True)


def test_junit_and_the_summary_are_written(gate, tmp_path) -> None:
    done = gate(DOUBLE, "--junit", "gate.xml", "--github", GITHUB_STEP_SUMMARY=str(tmp_path / "summary.md"))
    assert done.stderr.startswith("::error title=OH-001 A latency::worse: 1,000,000 -> 2,000,000 us; +100.00 ±0.00 %25")
    assert ElementTree.parse(tmp_path / "gate.xml").find("testsuite").get("failures") == "1"
    assert (tmp_path / "summary.md").read_text().startswith("**Gate FAILED: regression (1 worse).**\n\n## Gate: mine")


def test_without_a_summary_file_the_annotations_stand_alone(gate) -> None:
    assert gate(STEADY, "--github", GITHUB_STEP_SUMMARY="").stderr.startswith("::notice title=Gate%3A mine")


def test_json_goes_alone_to_standard_output(gate) -> None:
    assert (
        json.loads(gate(DOUBLE, "--format", "json", "--github", GITHUB_STEP_SUMMARY="").stdout)["gate"]["status"] == 1
    )


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("none.json candidate.json", "cannot read none.json: No such file or directory"),
        ("baseline.json .", "has no complete run file"),
        ("baseline.json candidate.json --margin OH-01=1", "did you mean OH-001?"),
        ("baseline.json candidate.json --policy none.toml", "cannot read none.toml: No such file or directory"),
        ("baseline.json candidate.json --junit none/gate.xml", "none/gate.xml: No such file or directory"),
        ("baseline.json", "Missing argument 'CANDIDATE'"),
    ],
)
def test_wrong_use_is_one_sentence_and_status_2(tmp_path, words: str, sentence: str) -> None:
    for name in ("baseline.json", "candidate.json"):
        save(a_run({"OH-001": STEADY}, status="running"), tmp_path / name)
    done = subprocess.run([GVB, "gate", *words.split()], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert (done.returncode, sentence in done.stderr, done.stderr.count("\n")) == (2, True, 1)


def test_an_output_that_cannot_be_written_is_refused_before_the_verdict(gate) -> None:
    done = gate(STEADY, "--junit", "none/gate.xml")
    assert (done.exit_code, done.stdout) == (2, "")
