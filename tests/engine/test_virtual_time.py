"""Virtual time: what sessions measure is a function of the seed; what belongs to the host is not measured in it."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from gpu_virt_bench import libgvb
from gpu_virt_bench.cli.progress import Silent
from gpu_virt_bench.engine.session import Unmeasurable, run_session
from gpu_virt_bench.model.run import Measured, Run, Skipped
from gpu_virt_bench.model.workload import Workload, WorkloadError
from gpu_virt_bench.systems.load import load
from gpu_virt_bench.systems.options import configured, resolve_options
from gpu_virt_bench.tenant.worker import make
from sessions import request_for

CHOSEN = "OH-001;OH-002;OH-006[n=4];OH-010"


def measured(folder: Path, seed: int) -> list[Run]:
    """A session of tenants alone and of four at a time, with noise."""
    emulate = {"jitter": "0.02", "seed": str(seed)}
    request = request_for(folder, CHOSEN, ("native", "time-slicing"), emulate=emulate)
    return [record.run for record in run_session(request, Silent()).records]


def samples(runs: list[Run]) -> list[tuple[str, str, list[list[float]]]]:
    """Every sample of every outcome."""
    return [
        (run.system.id, name, [list(repetition.samples) for repetition in outcome.repetitions])
        for run in runs
        for name, outcome in run.outcomes.items()
        if isinstance(outcome, Measured)
    ]


def test_the_same_seed_gives_the_same_samples_and_another_one_others(tmp_path) -> None:
    first, again, other = (samples(measured(tmp_path / name, seed)) for name, seed in (("a", 1), ("b", 1), ("c", 2)))
    assert {(system, name) for system, name, _ in first} > {("time-slicing", "OH-006"), ("native", "OH-010")}
    assert first == again
    assert first != other


def test_what_is_the_hosts_time_is_skipped(measure) -> None:
    run = measure("OH-001;OH-004[phase=*];OH-009")
    skipped = {name for name, outcome in run.outcomes.items() if isinstance(outcome, Skipped)}
    assert skipped == {"OH-004", "OH-004[phase=exec]", "OH-009"}
    assert all("time of the host's processes" in run.outcomes[name].reason for name in skipped)


def test_python_work_reads_the_hosts_clock_and_is_refused(monkeypatch) -> None:
    monkeypatch.setattr(libgvb, "is_virtual", lambda: True)
    with pytest.raises(
        WorkloadError, match="workload some:work: it reads the host's clock, and the device's is virtual"
    ):
        make(Workload("some:work"))


def refused(tmp_path, library) -> None:
    """A session with that library preloaded ends with a sentence, and writes nothing."""
    generic = load("preload-generic")
    given = resolve_options(generic, {"library": str(library)})
    request = replace(
        request_for(tmp_path, "OH-001"), systems=[configured(generic, given)], options={"preload-generic": given}
    )
    with pytest.raises(Unmeasurable, match=f"{library} does not follow the machine's clock: leave out"):
        run_session(request, Silent())
    assert not list(tmp_path.rglob("*.json"))


def test_a_library_that_lives_in_the_hosts_time_is_refused(tmp_path) -> None:
    refused(tmp_path, sys.executable)


def test_a_library_that_only_knows_the_clocks_name_is_refused(tmp_path) -> None:
    library = tmp_path / "library.so"
    library.write_bytes(b"\x7fELF ... \0gvb_emulated_clock\0")
    refused(tmp_path, library)
