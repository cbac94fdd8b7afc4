"""`gpu-virt-bench history` as a user types it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from builders import a_run
from gpu_virt_bench.results import save

GVB = str(Path(sys.executable).with_name("gpu-virt-bench"))


def gvb(*words: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Runs the command."""
    return subprocess.run([GVB, *words], capture_output=True, text=True, timeout=60, env={**os.environ, **env})


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Two runs of one metric, a day apart."""
    for day in (1, 2):
        save(a_run({"OH-001": [1e-6 * day] * 3}, began=f"2026-11-0{day}T12:00:00+00:00"), tmp_path / f"{day}.json")
    return tmp_path


def test_without_a_metric_it_says_what_there_is(results) -> None:
    done = gvb("history", str(results))
    assert (done.returncode, done.stderr) == (0, "")
    assert "native on NVIDIA H200\n  2 runs, 2026-11-01 12:00 .. 2026-11-02 12:00 UTC\n  OH-001\n" in done.stdout


def test_a_metric_is_shown_as_text_and_as_json(results) -> None:
    assert "OH-001 A latency, us" in gvb("history", str(results), "--metric", "oh-001").stdout
    found = json.loads(gvb("history", str(results), "--metric", "OH-001", "--format", "json").stdout)["history"]
    assert [run["value"] for run in found["series"][0]["runs"]] == [1e-6, 2e-6]


def test_since_is_a_day_or_a_time_in_utc(results) -> None:
    for since, runs in (("2026-11-02", 1), ("2026-11-01T12:00", 2), ("2026-11-01T14:00+01:00", 1)):
        done = gvb("history", str(results), "--metric", "OH-001", "--since", since, "--format", "json")
        assert len(json.loads(done.stdout)["history"]["series"][0]["runs"]) == runs


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["DIR", "--metric", "OH-009"], "no run has 'OH-009'; there are OH-001"),
        (["DIR", "--metric", "OH-001", "--system", "mps"], "no run has it with --system mps"),
        (["DIR", "--metric", "OH-001", "--since", "2027-01-01"], "no run has it with --since 2027-01-01"),
        (["DIR", "--device", "B200"], "no run has it with --device B200"),
        (["DIR", "--since", "yesterday"], "--since is 'yesterday', expected a date such as 2026-11-21"),
        (["DIR/none"], "does not exist"),
        (["DIR/1.json"], "is a file"),
    ],
)
def test_wrong_use_is_one_line_and_status_2(results, words: list[str], sentence: str) -> None:
    done = gvb("history", *(word.replace("DIR", str(results)) for word in words))
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1), done.stderr
    assert sentence in done.stderr


def test_a_directory_without_runs_says_how_to_make_some(tmp_path) -> None:
    done = gvb("history", str(tmp_path))
    assert done.returncode == 2
    assert "holds no run that is complete and proved; `gpu-virt-bench run --output" in done.stderr


def test_a_directory_that_cannot_be_written_has_its_index_in_the_cache(results, tmp_path_factory) -> None:
    if os.access("/", os.W_OK):
        pytest.skip("needs a user who may not write everywhere, found root")
    cache = tmp_path_factory.mktemp("cache")
    results.chmod(0o500)
    done = gvb("history", str(results), "--metric", "OH-001", XDG_CACHE_HOME=str(cache))
    results.chmod(0o700)
    assert done.returncode == 0
    assert len(list(cache.glob("gpu-virt-bench/history-*.sqlite"))) == 1
