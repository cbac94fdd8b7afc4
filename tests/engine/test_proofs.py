"""Every tenant is proved before its samples and after them, whatever ends the repetition."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import replace
from datetime import datetime

import pytest

from gpu_virt_bench import Workload, metric, metrics
from gpu_virt_bench.cli.progress import Silent
from gpu_virt_bench.engine.session import run_session
from gpu_virt_bench.model.run import Run
from gpu_virt_bench.results import load
from gpu_virt_bench.systems.options import configured, resolve_options
from sessions import LAYER, request_for

ONCE = {"repetitions": 1, "max_repetitions": 1}
ONE_ROUND = dict.fromkeys(("latency", "tail", "process", "window", "long"), 1)
LAUNCH = Workload("launch_sync", {"api": "cuLaunchKernel", "count": 10})


def asked(run: Run, when: str) -> Counter[tuple[int, int, int]]:
    """Who was asked then: repetition, tenant's number, process."""
    return Counter((one.repetition, one.serial, one.child) for one in run.proof if one.when == when)


def unasked(run: Run) -> set[tuple[int, int, int]]:
    """Who was asked before the samples and not after them."""
    return set(asked(run, "before")) - set(asked(run, "after"))


def layered(folder, layer, chosen: str, **settings):
    """A request under the reference interposer, beside native."""
    request = request_for(folder, chosen, ("native", str(LAYER / "reference-layer.toml")), **{**ONCE, **settings})
    options = resolve_options(request.systems[1], {"library": str(layer)})
    systems = [request.systems[0], configured(request.systems[1], options)]
    return replace(request, systems=systems, options={"reference-layer": options})


OTHERS_BESIDE = ("IS-003", "IS-004", "IS-006", "IS-007", "IS-008", "IS-009", "PCIE-003", "SCHED-001", "SCHED-004")
SIDE_BY_SIDE = [name for name in metrics.load() if name.startswith(("BW-", "CACHE-")) or name in OTHERS_BESIDE]
"""Judged by what tenants do at one instant, which processes that share two processors in real time do not."""


def each_is_proved_after(request, name: str) -> None:
    for record in run_session(request, Silent()).records:
        assert record.run.outcomes[name].outcome in ("measured", "skipped")
        assert not unasked(record.run)
        if record.run.outcomes[name].outcome == "measured":
            assert asked(record.run, "after")


@pytest.mark.host_time
@pytest.mark.parametrize("name", sorted(set(metrics.load()) - set(SIDE_BY_SIDE)))
def test_each_before_of_a_metric_has_an_after(name, layer, tmp_path) -> None:
    each_is_proved_after(layered(tmp_path, layer, name, rounds=ONE_ROUND), name)


@pytest.mark.parametrize("name", SIDE_BY_SIDE)
def test_in_virtual_time_each_before_of_a_metric_has_an_after(name, tmp_path) -> None:
    request = request_for(tmp_path, name, ("native", "mps"), compute_limit=0.5, **{**ONCE, "rounds": ONE_ROUND})
    each_is_proved_after(request, name)


def test_with_all_metrics_each_before_has_an_after(tmp_path) -> None:
    request = request_for(tmp_path, "OH-001;OH-004;OH-006;OH-009", ("time-slicing",), **ONCE)
    (record,) = run_session(request, Silent()).records
    assert len(asked(record.run, "before")) >= 5
    assert not unasked(record.run)


def ending(do):
    """A metric that does something with its tenant before each sample."""

    def example(bench):
        """An example.

        sample = one
        """
        while True:
            bench.run(bench.party[0], LAUNCH)
            do(bench)
            yield 1.0

    return metric("XX-001", unit="us", better="lower")(example)


def interrupt(bench) -> None:
    """Ctrl-C, as the main thread sees it."""
    del bench
    raise KeyboardInterrupt


def kill(bench) -> None:
    """The tenant dies unasked."""
    os.kill(bench.party[0].pid, signal.SIGKILL)
    time.sleep(0.1)


@pytest.mark.parametrize(
    ("do", "budget", "outcome"),
    [(interrupt, None, None), (kill, None, "failed"), (lambda bench: time.sleep(0.2), 3.0, "measured")],
    ids=["interrupted", "died", "budget"],
)
def test_each_before_has_an_after_however_a_repetition_ends(tmp_path, do, budget, outcome) -> None:
    request = request_for(tmp_path, "OH-001", extra=[ending(do)], repetitions=9, max_repetitions=9)
    (record,) = run_session(replace(request, time_budget=budget), Silent()).records
    assert asked(record.run, "before")
    assert not unasked(record.run)
    assert getattr(record.run.outcomes.get("XX-001"), "outcome", None) == outcome


MINE = 'title = "T"\ndescription = "D"\nmechanism = "none"\nfeatures = ["separate-processes"]\n'


def mine(tmp_path, text: str) -> str:
    """A definition of one's own."""
    path = tmp_path / "mine.toml"
    path.write_text(MINE + text)
    return str(path)


def test_a_ctrl_c_while_tenants_are_asked_for_the_last_time_leaves_none_unasked(tmp_path) -> None:
    log = tmp_path / "log"
    script = f"echo x >> {log}; [ $(wc -l < {log}) -ne 3 ] || kill -INT $PPID"
    path = mine(tmp_path, f"[proof]\ncommand = {{ run = ['sh', '-c', '{script}'] }}\n")
    request = request_for(tmp_path / "results", "OH-001", (path,), again=True, **ONCE)
    result = run_session(request, Silent())
    assert result.interrupted
    for record in result.records:
        assert asked(record.run, "before")
        assert not unasked(record.run)


@pytest.mark.host_time
@pytest.mark.parametrize(("outcome", "turn"), [("OH-001", 2), ("OH-004", 3)])
def test_a_proof_that_is_lost_with_a_ctrl_c_takes_what_its_tenant_gave(tmp_path, outcome, turn) -> None:
    log = tmp_path / "log"
    script = f"echo x >> {log}; n=$(wc -l < {log}); [ $n -ne {turn} ] || kill -INT $PPID; [ $n -lt {turn} ]"
    path = mine(tmp_path, f"[proof]\ncommand = {{ run = ['sh', '-c', '{script}'] }}\n")
    rounds = {"rounds": dict.fromkeys(("latency", "tail", "process", "window", "long"), 4)}
    result = run_session(request_for(tmp_path / "results", outcome, (path,), **ONCE, **rounds), Silent())
    assert result.interrupted
    (record,) = result.records
    assert record.run.outcomes[outcome].error.startswith("proof lost: mine is not in force: command is ")


@pytest.mark.host_time
def test_a_tenant_that_dies_while_it_warms_the_device_fails_its_outcomes_alone(tmp_path) -> None:
    path = mine(tmp_path, '[tenant]\ncommand = ["timeout", "-s", "KILL", "3"]\n')
    request = request_for(tmp_path / "results", "OH-001", ("native", path), warm_seconds=10.0, **ONCE)
    native, other = (record.run for record in run_session(request, Silent()).records)
    assert native.outcomes["OH-001"].outcome == "measured"
    assert other.outcomes["OH-001"].outcome == "failed"
    assert "was ended by signal 9" in other.outcomes["OH-001"].error
    assert not unasked(other)


@pytest.mark.host_time
def test_a_tenant_that_cannot_be_started_in_mid_session_refuses_its_run_alone(tmp_path) -> None:
    log = tmp_path / "log"
    script = f"echo x >> {log}; [ $(wc -l < {log}) -lt 2 ]"
    path = mine(tmp_path, f"[[tenant.before]]\nname = 'late'\nrun = ['sh', '-c', '{script}']\n")
    settings = {"rounds": dict.fromkeys(("latency", "tail", "process", "window", "long"), 3)}
    request = request_for(tmp_path / "results", "OH-004", ("native", path), **ONCE, **settings)
    native, other = (record.run for record in run_session(request, Silent()).records)
    assert (native.status, len(native.outcomes["OH-004"].repetitions[0].samples)) == ("complete", 3)
    assert other.status == "refused"


def test_what_ctrl_c_cut_short_is_missing(tmp_path) -> None:
    calls = []

    def third(bench) -> None:
        calls.append(True)
        if len(calls) == 5:
            interrupt(bench)

    settings = {"rounds": dict.fromkeys(("latency", "tail", "process", "window", "long"), 2)}
    extra = [ending(third)]
    request = request_for(tmp_path, "", extra=extra, repetitions=2, max_repetitions=2, **settings)
    (record,) = run_session(request, Silent()).records
    assert (record.run.status, record.run.missing) == ("interrupted", ["XX-001: 1 of 2 repetitions"])


def test_a_refused_tenant_is_asked_again_too(tmp_path) -> None:
    path = tmp_path / "mine.toml"
    minimal = 'title = "T"\ndescription = "D"\nmechanism = "none"\nfeatures = ["separate-processes"]\n'
    path.write_text(f'{minimal}[proof]\nmapped = ["libmine.so"]\n')
    (record,) = run_session(request_for(tmp_path / "results", "OH-001", (str(path),), **ONCE), Silent()).records
    assert record.run.status == "refused"
    assert asked(record.run, "before")
    assert not unasked(record.run)


def test_ctrl_c_of_a_whole_run_leaves_no_tenant_unasked(tmp_path) -> None:
    command = [sys.executable, "-m", "gpu_virt_bench", "run", "--device", "emulated", "--metrics", "OH-001,OH-010"]
    process = subprocess.Popen(
        [*command, "--repetitions", "50", "--output", str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    stopper = threading.Timer(9.0, process.send_signal, [signal.SIGINT])
    stopper.start()
    process.communicate(timeout=60)
    stopper.cancel()
    (path,) = tmp_path.glob("native/*.json")
    run = load(path)
    assert run.status == "interrupted"
    assert asked(run, "before")
    assert not unasked(run)


def test_what_a_lost_tenant_gave_is_measured_again(tmp_path) -> None:
    died = []

    def once(bench) -> None:
        if not died:
            died.append(time.time())
            kill(bench)

    settings = {"rounds": dict.fromkeys(("latency", "tail", "process", "window", "long"), 2)}
    others = ("OH-001", "OH-002", "OH-003", "OH-005")
    request = request_for(tmp_path, ";".join(others), extra=[ending(once)], **ONCE, **settings)
    (record,) = run_session(replace(request, seed=SEED), Silent()).records
    assert record.run.outcomes["XX-001"].outcome == "failed"
    taken = [record.run.outcomes[name].repetitions for name in others]
    assert [len(some) for some in taken] == [1] * 4
    assert all(len(one.samples) == 2 for (one,) in taken)
    assert all("measured again, since a tenant was lost" in one.why for (one,) in taken)
    assert all(datetime.fromisoformat(one.began).timestamp() > died[0] for (one,) in taken)
    launch, alloc, free, calls = (one.seconds for (one,) in taken)
    assert min(launch, alloc + free, calls) > 0.001
    assert len({one.begins[0] for (one,) in taken}) == 3  # OH-002 and OH-003 share their readings


SEED = 3
"""Of an order in which other outcomes come before XX-001."""


def test_a_proof_that_is_lost_takes_what_its_tenants_gave(tmp_path) -> None:
    mark = tmp_path / "mark"
    mark.touch()
    path = tmp_path / "mine.toml"
    minimal = 'title = "T"\ndescription = "D"\nmechanism = "none"\nfeatures = ["separate-processes"]\n'
    path.write_text(f'{minimal}[proof]\ncommand = {{ run = ["test", "-e", "{mark}"] }}\n')
    request = request_for(
        tmp_path / "results", "OH-001", (str(path),), extra=[ending(lambda bench: mark.unlink(missing_ok=True))], **ONCE
    )
    (record,) = run_session(request, Silent()).records
    assert record.run.outcomes["XX-001"].error.startswith("proof lost: mine is not in force: command is ")
    assert record.run.outcomes["OH-001"].error.startswith("proof lost: mine is not in force: command is ")
