"""Whole sessions on the emulated GPU: files, order, failures that do not end the run."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from gpu_virt_bench import Workload, metric
from gpu_virt_bench.cli.progress import Silent
from gpu_virt_bench.engine.session import Unmeasurable, opened, prepared, referred, run_session
from gpu_virt_bench.model.run import Repetition
from gpu_virt_bench.model.workload import WorkloadError
from gpu_virt_bench.results import load, schema
from sessions import LAYER, request_for

QUICK = {"repetitions": 1, "max_repetitions": 1}


def test_a_run_is_complete_valid_and_marked_emulated(measure, tmp_path) -> None:
    run = measure("OH-001")
    (path,) = (tmp_path / "results" / "native").glob("native_*.json")
    assert (run.status, run.missing, run.device.emulated) == ("complete", [], True)
    assert load(path) == run
    jsonschema.validate(json.loads(path.read_text()), schema())


def test_every_repetition_is_proved_before_and_after(measure) -> None:
    run = measure("OH-001")
    assert [(record.repetition, record.when, record.passed) for record in run.proof] == [
        *((0, "before", True), (0, "after", True), (1, "before", True), (1, "after", True))
    ]


def test_systems_stand_side_by_side_and_share_a_session(tmp_path) -> None:
    result = run_session(request_for(tmp_path, "OH-001", ("native", "time-slicing")), Silent())
    first, second = (record.run for record in result.records)
    assert first.session.order == ["0: native, time-slicing", "1: native, time-slicing"]
    assert first.session.id == second.session.id
    assert {record.path.parent.name for record in result.records} == {"native", "time-slicing"}


def test_a_baseline_measured_twice_has_a_file_of_its_own(tmp_path) -> None:
    result = run_session(request_for(tmp_path, "OH-001", again=True), Silent())
    first, twin = result.records
    assert (first.run.twin, twin.run.twin) == (False, True)
    assert first.run.session.order == ["0: native, native again", "1: native, native again"]
    assert twin.path.name == f"{first.path.stem}_aa.json"
    assert load(twin.path).outcomes["OH-001"].outcome == "measured"


def test_a_sweep_is_one_session_with_a_file_for_each_point(tmp_path, layer) -> None:
    system = str(LAYER / "reference-layer.toml")
    request = request_for(tmp_path, "OH-001", (system,), sweep={"memory-limit": [4096, 8192]}, **QUICK)
    options = {"reference-layer": {"library": str(layer)}}
    runs = [record.run for record in run_session(replace(request, options=options), Silent()).records]
    assert [run.point for run in runs] == [{"memory-limit": 4096}, {"memory-limit": 8192}]
    assert [run.plan.memory_limit_bytes for run in runs] == [4 << 30, 8 << 30]
    assert len({run.session.id for run in runs}) == 1


MINIMAL = 'title = "T"\ndescription = "D"\nmechanism = "none"\nfeatures = ["concurrent-tenants"]\n'


def checks_of(tmp_path: Path, definition: str, **settings) -> dict[str, str]:
    """What the checks of a system of one's own found."""
    path = tmp_path / "mine.toml"
    path.write_text(MINIMAL + definition)
    run = run_session(request_for(tmp_path / "results", "OH-001", (str(path),), **QUICK, **settings), Silent())
    assert run.refused is None, run.refused
    return {check.name: check.found for record in run.records[0].run.proof for check in record.checks}


def test_the_observer_sees_what_a_tenant_writes(tmp_path) -> None:
    found = checks_of(tmp_path, "[proof]\nobserver.memory = true\n")
    assert int(found["observer.memory"].split()[0]) >= 256 << 20


@pytest.mark.parametrize(
    ("schedule", "expected", "found"),
    [("time-slice", "never", "never, in slices of 2.00 ms"), ("side-by-side", "always", "always (100.0%")],
)
def test_two_tenants_show_how_they_share(tmp_path, schedule, expected, found) -> None:
    checks = checks_of(tmp_path, f'[proof]\noverlap = "{expected}"\n', emulate={"schedule": schedule})
    assert checks["overlap"].startswith(found)


def test_a_system_that_shares_otherwise_than_it_says_is_refused(tmp_path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(f'{MINIMAL}[proof]\noverlap = "always"\n')
    result = run_session(request_for(tmp_path / "results", "OH-001", (str(path),), **QUICK), Silent())
    assert result.refused == "mine is not in force: overlap is never, in slices of 2.00 ms, expected always"


def test_what_a_definition_records_is_in_the_file(tmp_path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(f'{MINIMAL}[[record]]\nname = "version"\nrun = ["echo", "1.2"]\n')
    result = run_session(request_for(tmp_path / "results", "OH-001", (str(path),), **QUICK), Silent())
    assert result.records[0].run.recorded == {"version": "1.2"}


def test_a_wide_interval_gets_more_repetitions_up_to_the_maximum(measure) -> None:
    run = measure("OH-001", resolution=-1.0, max_repetitions=4)
    assert len(run.outcomes["OH-001"].repetitions) == 4


def test_a_narrow_interval_gets_none(measure) -> None:
    run = measure("OH-001", resolution=1e9, max_repetitions=4)
    assert len(run.outcomes["OH-001"].repetitions) == 2


def test_an_outcome_that_has_had_its_time_gets_no_more_repetitions(measure) -> None:
    run = measure("OH-001", resolution=-1.0, max_repetitions=4, seconds_per_outcome=0.01)
    assert len(run.outcomes["OH-001"].repetitions) == 2


def test_all_entries_get_the_same_repetitions(tmp_path) -> None:
    request = request_for(tmp_path, "OH-001;OH-005", again=True, resolution=0.05, max_repetitions=6)
    runs = [record.run for record in run_session(request, Silent()).records]
    counts = [{name: len(found.repetitions) for name, found in run.outcomes.items()} for run in runs]
    assert counts[0] == counts[1]


def test_what_the_system_lacks_is_skipped_with_the_reason(measure) -> None:
    run = measure("OH-001;OH-001[compute=0.25]", **QUICK)
    assert run.outcomes["OH-001[compute=0.25]"].reason == "native has no compute-limit"
    assert run.outcomes["OH-001"].outcome == "measured"


def test_a_small_device_is_skipped_not_failed(measure) -> None:
    run = measure("OH-002[bytes=*]", device="emulated:tiny", **QUICK)
    skipped = run.outcomes["OH-002[bytes=1073741824]"]
    assert skipped.reason.startswith("needs 2147483648 bytes of device memory, found")
    assert run.outcomes["OH-002"].outcome == "measured"


def test_a_refused_call_fails_its_metric_alone(measure) -> None:
    run = measure("OH-001;OH-002", emulate={"fail.cuMemAlloc_v2": "100+:2"}, **QUICK)
    assert run.outcomes["OH-002"].outcome == "failed"
    assert "CUDA_ERROR_OUT_OF_MEMORY (2)" in run.outcomes["OH-002"].error
    assert run.status == "complete"


def test_a_device_that_loses_copies_is_not_measured(tmp_path) -> None:
    request = request_for(tmp_path, "OH-001", emulate={"corrupt_copy": "1"}, **QUICK)
    with pytest.raises(
        Unmeasurable,
        match="cannot be used without any layer: a count .* as 0, and as .*: it was copied back wrong, or work",
    ):
        run_session(request, Silent())


def test_a_context_that_dies_after_the_samples_takes_them_along(tmp_path) -> None:
    def body(bench) -> None:
        with contextlib.suppress(WorkloadError):
            bench.run(bench.party[0], GRAPH)

    emulate = {"sticky.cuGraphLaunch": "1:719"}
    request = request_for(tmp_path, "", emulate=emulate, extra=[misbehaving(body)], **QUICK)
    run = run_session(request, Silent()).records[0].run
    assert run.outcomes["XX-001"].error.startswith("context lost: ")
    assert "CUDA_ERROR_LAUNCH_FAILED (719)" in run.outcomes["XX-001"].error


GRAPH = Workload("launch_sync", {"api": "cuGraphLaunch", "count": 9}, timeout=1)


def misbehaving(body):
    """A metric that does what the body says."""

    def example(bench):
        """An example.

        sample = one
        """
        while True:
            body(bench)
            yield 1.0

    return metric("XX-001", unit="us", better="lower")(example)


@pytest.mark.parametrize(
    ("body", "emulate", "error"),
    [
        (
            lambda bench: (os.kill(bench.party[0].pid, signal.SIGKILL), bench.run(bench.party[0], GRAPH)),
            {},
            "was ended by signal 9",
        ),
        (
            lambda bench: bench.run(bench.party[0], GRAPH),
            {"hang.cuGraphLaunch": "3"},
            "did not answer launch_sync within 1 s and was killed",
        ),
        (lambda bench: 1 / 0, {}, "XX-001 raised ZeroDivisionError: division by zero"),
    ],
    ids=["dies", "hangs", "raises"],
)
def test_a_tenant_that_dies_or_hangs_fails_its_metric_and_the_run_goes_on(tmp_path, body, emulate, error) -> None:
    request = request_for(tmp_path, "OH-001", emulate=emulate, extra=[misbehaving(body)], **QUICK)
    run = run_session(request, Silent()).records[0].run
    assert run.outcomes["XX-001"].outcome == "failed"
    assert __import__("re").search(error, run.outcomes["XX-001"].error)
    assert run.outcomes["OH-001"].outcome == "measured"


COMMAND = [sys.executable, "-m", "gpu_virt_bench", "run", "--device", "emulated:tiny", "--metrics", "OH-001,OH-010"]


def start(output: Path) -> subprocess.Popen[str]:
    """A run of many repetitions, once its first outcome is on disk."""
    command = [*COMMAND, "--repetitions", "50", "--output", str(output)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not (written := list(output.glob("native/native_*.json"))) or not load(written[0]).outcomes:
        assert time.monotonic() < deadline
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    return process


def tenants_of(process: subprocess.Popen[str]) -> list[int]:
    """Pids of the harness's tenants, by the session directory in their environment."""
    mark = f"gvb-{process.pid}-".encode()
    found = []
    for entry in Path("/proc").glob("[0-9]*/environ"):
        try:
            if mark in entry.read_bytes() and int(entry.parent.name) != process.pid:
                found.append(int(entry.parent.name))
        except (PermissionError, FileNotFoundError, ProcessLookupError):
            continue
    return found


def test_kill_9_of_the_harness_leaves_no_tenant_and_a_valid_file(tmp_path) -> None:
    process = start(tmp_path)
    deadline = time.monotonic() + 10
    while not tenants_of(process):  # between two repetitions there are none
        assert time.monotonic() < deadline
    process.kill()
    process.communicate()
    deadline = time.monotonic() + 10
    while tenants_of(process) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert tenants_of(process) == []
    (path,) = tmp_path.glob("native/*.json")
    assert load(path).status == "running"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_ends_cleanly_and_says_what_is_missing(tmp_path, number) -> None:
    process = start(tmp_path)
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    (path,) = tmp_path.glob("native/*.json")
    run = load(path)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert run.status == "interrupted"
    assert run.missing
    assert str(path) in out
    assert tenants_of(process) == []


def test_the_next_session_removes_what_a_killed_one_left(tmp_path) -> None:
    from gpu_virt_bench.engine.folder import home, session_folder

    left = home() / "gvb-1-1"
    left.mkdir(exist_ok=True)
    with session_folder(print) as folder:
        assert folder.exists()
        assert not left.exists()
    assert not folder.exists()


def test_the_time_budget_ends_a_run_with_what_it_has(tmp_path) -> None:
    request = request_for(tmp_path, "OH-001;OH-010", repetitions=50, max_repetitions=50)
    result = run_session(replace(request, time_budget=4.0), Silent())
    run = result.records[0].run
    assert (run.outcomes["OH-001"].outcome, run.outcomes["OH-001"].stop) == ("measured", "out-of-time")
    assert (run.status, result.out_of_time, result.interrupted) == ("out-of-time", True, False)
    assert run.missing


def test_only_what_was_cut_says_so(tmp_path) -> None:
    """The second outcome of the last repetition does not fit any more; the first had all that was planned."""
    request = request_for(tmp_path, "OH-001;OH-002", repetitions=2, max_repetitions=3, resolution=1e9)
    with opened(request, Silent()) as (folder, target, throttle), closing(referred(target, folder)) as reference:
        course, items = prepared(request, Silent(), folder, reference, throttle, None)
    course.wanted, course.is_cut = {"OH-001", "OH-002"}, True
    for name, count in (("OH-001", 2), ("OH-002", 1)):
        course.records["native"].repetitions[name] = [
            Repetition(0, "2026-11-21T12:00:00+00:00", 1.0, [1e-6], "enough")
        ] * count
    stops = {item.id: course.stopped("native", item, set()) for item in items["native"]}
    assert stops == {"OH-001": "narrow", "OH-002": "out-of-time"}
    assert course.stopped("native", items["native"][0], {"OH-001"}) == "out-of-time"


@pytest.mark.parametrize(
    ("settings", "stop"),
    [
        ({"max_repetitions": 2}, "repetitions"),
        ({"max_repetitions": 3, "resolution": 1e9}, "narrow"),
        ({"max_repetitions": 3, "resolution": 1e-9, "seconds_per_outcome": 1e-9}, "seconds"),
    ],
)
def test_an_outcome_says_why_it_got_no_more_repetitions(tmp_path, settings, stop) -> None:
    settings = {"repetitions": 2, **settings}
    (record,) = run_session(request_for(tmp_path, "OH-001", device="emulated:tiny", **settings), Silent()).records
    assert (load(record.path).outcomes["OH-001"].stop, record.run.status) == (stop, "complete")


def test_a_budget_in_which_nothing_is_measured_is_no_success(tmp_path) -> None:
    command = [*COMMAND, "--time-budget", "0.1", "--output", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert "Nothing was measured" in done.stderr


def test_a_command_that_is_not_there_refuses_its_run(tmp_path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(f'{MINIMAL}[tenant]\ncommand = ["/no/such"]\n')
    (record,) = run_session(request_for(tmp_path / "results", "OH-001", (str(path),), **QUICK), Silent()).records
    assert record.run.status == "refused"
    assert record.refused == "mine: a tenant cannot be started: /no/such: No such file or directory"
