"""A system in use, with real commands and no GPU."""

import os
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gpu_virt_bench.model.run import Check, Device
from gpu_virt_bench.model.system import FULL, Quota, System
from gpu_virt_bench.systems import processes, proof
from gpu_virt_bench.systems.active import Active
from gpu_virt_bench.systems.available import Here, Unavailable
from gpu_virt_bench.systems.evidence import Attempt
from gpu_virt_bench.systems.journal import Journal, clean
from gpu_virt_bench.systems.load import load, parse
from gpu_virt_bench.systems.steps import StepFailed
from gpu_virt_bench.systems.variables import DefinitionError

GIB = 1 << 30
DEVICE = Device(
    "GPU", "GPU-1", False, 0, "0000:01:00.0", None, "9.0", 132, 2048, 80 * GIB, 50 << 20, 1, 1, 1, "580.65", 13000
)
BASE = {"title": "T", "description": "D", "mechanism": "daemon"}
LIMITS = {
    "features": ["concurrent-tenants", "memory-limit", "compute-limit"],
    "quota": {
        "memory": {"step": 1048576, "scope": "tenant"},
        "compute": {"step": 0.01, "means": "time-share"},
    },
}
FACTS: dict[str, Any] = {
    "served_by": {},
    "served_by_query": {},
    "mapped": [],
    "env": {},
    "memory_total": 4 * GIB,
    "device": {"sm_count": 33, "uuid": "GPU-1", "name": "GPU"},
}


@pytest.fixture
def folder() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="gvb-t-"))  # shorter than tmp_path: a socket must fit
    yield path
    shutil.rmtree(path)


def active(folder: Path, system: System | None = None, **keys: object) -> Active:
    here = Here(path=os.environ["PATH"], system_preload=folder / "none")
    options = {"library": "/opt/libvgpu.so"}
    given = options if system is not None and "library" in system.options else {}
    return Active(system or parse("mine", {**BASE, **keys}), DEVICE, folder, given, here=here)


def daemon(**more: object) -> dict[str, Any]:
    """A system with a daemon that writes its pid, and says goodbye."""
    script = "echo $$ > {session_dir}/pid; exec sleep 60"
    return {
        "env": {"PLACE": "{session_dir}"},
        "setup": [
            {"run": ["mkdir", "{session_dir}/p"]},
            {"name": "daemon", "run": ["sh", "-c", script], "background": True},
            {"name": "ready", "run": ["cat", "{session_dir}/pid"], "expect": r"(?P<daemon_pid>\d+)", "retry_for": 10},
        ],
        "teardown": [{"run": ["sh", "-c", "echo bye {daemon_pid} from $PLACE >> {session_dir}/../log"]}],
        "tenant": {"env": {"DAEMON": "{daemon_pid}", "MEM": "{memory_mib}M", "DIR": "{tenant_dir}"}},
        **more,
    }


def test_a_daemon_is_started_found_and_ended(folder: Path) -> None:
    system = active(folder, **daemon())
    system.setup()
    pid = int(system.values["daemon_pid"] or 0)
    start = processes.start_time(pid) or ""
    assert processes.lives(pid, start)
    assert system.teardown() == []
    assert not processes.lives(pid, start)
    assert (folder / "log").read_text() == f"bye {pid} from {folder}/s0\n"
    assert not (folder / "s0").exists() and Journal(folder).open() == []


def test_a_restart_gives_a_new_directory_and_a_new_daemon(folder: Path) -> None:
    system = active(folder, **daemon())
    system.setup()
    first = system.values["daemon_pid"]
    assert system.restart() == []
    assert system.values["daemon_pid"] != first
    assert system.teardown() == []


def test_a_failed_setup_runs_the_teardown_and_quotes_the_command(folder: Path) -> None:
    teardown = [{"run": ["touch", "{session_dir}/../torn-down"]}, {"run": ["kill", "{never_pid}"]}]
    setup = [
        {"name": "start", "run": ["sh", "-c", "echo no device; exit 7"]},
        {"run": ["true"], "expect": r"(?P<never_pid>\d+)"},
    ]
    system = active(folder, setup=setup, teardown=teardown)
    with pytest.raises(StepFailed, match="step 'start', `sh -c .*` exited with status 7, expected 0; it printed: no d"):
        system.setup()
    assert (folder / "torn-down").exists()
    assert not (folder / "s0").exists()


def test_a_daemon_that_dies_is_named_as_the_cause(folder: Path) -> None:
    setup = [
        {"name": "daemon", "run": ["sh", "-c", "echo broken; exit 1"], "background": True},
        {"name": "ready", "run": ["true"], "expect": "yes", "retry_for": 0.5},
    ]
    with pytest.raises(StepFailed, match="step 'daemon', .* ended with status 1, expected to stay up; .*broken"):
        active(folder, setup=setup).setup()


def test_an_unmet_requirement_refuses_before_anything_is_started(folder: Path) -> None:
    with pytest.raises(Unavailable, match="mine is unavailable: needs the program frob, which is not in PATH"):
        active(folder, requires={"tools": ["frob"]}).setup()
    assert list(folder.iterdir()) == []


def test_a_system_on_a_path_too_long_is_refused(folder: Path) -> None:
    deep = folder / ("x" * 90)
    deep.mkdir()
    with pytest.raises(Unavailable, match="set TMPDIR to a shorter directory"):
        active(deep, env={"PIPE": "{session_dir}/p"}).setup()


def test_a_tenant_gets_session_tenant_and_quota_variables(folder: Path) -> None:
    system = active(folder, **daemon(**LIMITS))
    system.setup()
    seat = system.tenant(0, folder / "t0", Quota(memory_bytes=4 * GIB))
    assert seat.env == {"DAEMON": system.values["daemon_pid"], "MEM": "4096M", "DIR": f"{folder}/t0"}
    system.teardown()


def test_a_variable_of_a_quota_that_was_not_asked_for_is_left_out(folder: Path) -> None:
    system = active(folder, **LIMITS, tenant={"env": {"MEM": "{memory_mib}M", "ALL": "{compute_percent} {tenant}"}})
    system.setup()
    assert system.tenant(0, folder / "t0", FULL).env == {}
    assert system.tenant(1, folder / "t1", Quota(compute_share=0.25), of=2).env == {"ALL": "25 1"}
    system.teardown()


def test_a_word_of_the_command_is_left_out_with_its_quota_and_not_without_its_option(folder: Path) -> None:
    options = {"guest": {"kind": "text"}}
    tenant = {"command": ["run", "-m{memory_mib}", "-u{uid}"]}
    system = active(folder, **LIMITS, options=options, tenant=tenant)
    system.setup()
    assert system.tenant(0, folder).command == ["run", f"-u{os.getuid()}"]
    system.teardown()
    system = active(folder, options=options, tenant={"command": ["ssh", "{guest}"]})
    system.setup()
    with pytest.raises(DefinitionError, match="mine: the command needs {guest}, which has no value"):
        _ = system.tenant(0, folder).command
    system.teardown()


def test_steps_before_and_after_a_tenant_share_what_was_captured(folder: Path) -> None:
    tenant = {
        "before": [{"run": ["echo", "partition 7"], "expect": r"(?P<partition>\d+)"}],
        "after": [{"run": ["sh", "-c", "echo rm {partition} of {pid} >> {session_dir}/../log"]}],
        "env": {"PARTITION": "{partition}"},
    }
    system = active(folder, tenant=tenant)
    system.setup()
    seat = system.tenant(0, folder / "t0")
    seat.before()
    assert seat.env == {"PARTITION": "7"}
    seat.started(42)
    assert seat.after() == []
    assert (folder / "log").read_text() == "rm 7 of 42\n"
    assert system.teardown() == []
    assert (folder / "log").read_text() == "rm 7 of 42\n"


def test_a_tenant_left_at_the_end_is_ended_by_the_teardown_with_before_kill(folder: Path) -> None:
    before_kill = {"run": ["sh", "-c", "echo terminate {daemon_pid} {pid} >> {session_dir}/../log"]}
    system = active(folder, **{**daemon(), "tenant": {"before_kill": before_kill}, "teardown": []})
    system.setup()
    server = system.values["daemon_pid"]
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as process:
        seat = system.tenant(0, folder / "t0")
        seat.before()
        seat.started(4711, process.pid)
        assert system.teardown() == []
        assert process.wait(5) == -15
    assert (folder / "log").read_text() == f"terminate {server} 4711\n"


def test_a_quota_that_cannot_be_given_is_refused(folder: Path) -> None:
    system = active(folder, **LIMITS)
    system.setup()
    with pytest.raises(DefinitionError, match="3 shares of 0.4 add up to more than 1"):
        system.tenant(0, folder, Quota(compute_share=0.4), of=3)
    system.teardown()


PROOF = {
    "command": {"run": ["cat", "{session_dir}/clients"], "expect": "(?m)^{pid}$"},
    "overlap": "never",
    "memory-limit": {"memory_total": "{memory_bytes}", "refused_above": "{memory_bytes}"},
    "compute-limit": {"sm_count": {"at_most": "{compute_sms}"}, "slowed": {"probe": "many-blocks"}},
}


@pytest.fixture
def proved(folder: Path) -> Iterator[Active]:
    system = active(folder, **LIMITS, proof=PROOF)
    system.setup()
    (folder / "s0" / "clients").write_text("41\n42\n")
    yield system
    system.teardown()


def names(checks: list[Check]) -> list[str]:
    return [check.name for check in checks]


def test_without_a_quota_only_the_activation_is_asked(proved: Active, folder: Path) -> None:
    seat = proved.tenant(0, folder)
    seat.started(42)
    assert names(seat.prove(FACTS)) == ["foreign_layers", "command"]
    wanted = seat.wanted()
    assert (list(wanted.attempts), wanted.slowed, wanted.pair, wanted.observer) == ([], "", True, False)


def test_with_a_quota_its_checks_come_under_the_features_name(proved: Active, folder: Path) -> None:
    seat = proved.tenant(0, folder, Quota(memory_bytes=4 * GIB))
    seat.started(42)
    sizes = list(seat.wanted().attempts)
    assert sizes == [2 * GIB, 4 * GIB + (256 << 20)]
    native = [Attempt(size, 0) for size in sizes]
    checks = seat.prove(FACTS, [Attempt(sizes[0], 0), Attempt(sizes[1], 2)], native)
    assert names(checks)[2:] == ["memory-limit.memory_total", "memory-limit.refused_above"]
    assert all(check.passed for check in checks)
    assert seat.granted(FACTS) == {
        "memory_bytes": str(4 * GIB), "memory_mib": "4096", "memory_total": str(4 * GIB), "sm_count": "33"
    }  # fmt: skip


def test_a_limit_that_does_not_bind_withdraws_its_feature_alone(proved: Active, folder: Path) -> None:
    seat = proved.tenant(0, folder, Quota(4 * GIB, 0.25))
    seat.started(42)
    free = [Attempt(size, 0) for size in seat.wanted().attempts]
    checks = seat.prove(FACTS, free, free, rate=0.99)
    assert proof.activated(checks)
    assert proof.withdrawn(checks) == {
        "memory-limit": "memory-limit not in force: cuMemAlloc of quota + 256 MiB succeeded"
    }
    assert checks[-1] == Check("compute-limit.slowed", "evidence only", "0.990 of the native rate", True)


def test_a_client_that_the_daemon_does_not_list_fails_the_activation(proved: Active, folder: Path) -> None:
    seat = proved.tenant(0, folder)
    seat.started(4)
    assert not proof.activated(seat.prove(FACTS))


def test_two_tenants_are_proved_by_their_fingerprints(proved: Active, folder: Path) -> None:
    seat = proved.tenant(0, folder)
    first, second = [(0, 0, 10), (0, 20, 30)], [(0, 10, 20)]
    assert seat.prove_pair(first, second) == [Check("overlap", "never", "never", True)]
    assert not proof.activated(seat.prove_pair(first, [(1, 5, 15)]))


def test_a_library_of_another_layer_fails_the_activation(proved: Active, folder: Path) -> None:
    seat = proved.tenant(0, folder)
    seat.started(42)
    checks = seat.prove({**FACTS, "mapped": ["/opt/libvgpu.so"]})
    assert proof.refusal(proved.system, checks) == (
        "mine is not in force: foreign_layers is /opt/libvgpu.so, expected no library of another layer"
    )


def test_hami_core_is_proved_by_its_state_file(folder: Path) -> None:
    system = active(folder, load("hami"))
    system.setup()
    (folder / "t0").mkdir()
    seat = system.tenant(0, folder / "t0", Quota(compute_share=0.25))
    assert seat.env["CUDA_DEVICE_SM_LIMIT"] == "25" and "CUDA_DEVICE_MEMORY_LIMIT" not in seat.env
    assert seat.env["LD_PRELOAD"] == seat.env["CUDA_REDIRECT"] == "/opt/libvgpu.so"
    assert seat.env["CUDA_VISIBLE_DEVICES"] == "0"
    region = bytearray(2008952)
    for offset, form, value in ((0, "<i", 19920718), (8, "<I", 2), (1728, "<Q", 25), (1860, "<i", 99)):
        struct.pack_into(form, region, offset, value)
    (folder / "t0" / "vgpu.cache").write_bytes(region)
    calls = dict.fromkeys(("cuMemAlloc_v2", "cuLaunchKernel", "cuMemAlloc"), "/opt/libvgpu.so")
    checks = seat.prove({**FACTS, "served_by": calls, "served_by_query": calls, "mapped": ["/opt/libvgpu.so"]})
    assert [check.name for check in checks if not check.passed] == []
    assert len(checks) == 8
    system.teardown()


def test_the_state_file_of_a_tenant_goes_with_the_teardown(folder: Path) -> None:
    remove = ["{tenant_dir}/vgpu.cache"]
    system = active(folder, cleanup={"remove": remove})
    system.setup()
    (folder / "t0").mkdir()
    system.tenant(0, folder / "t0").before()
    (folder / "t0" / "vgpu.cache").touch()
    assert system.teardown() == []
    assert list((folder / "t0").iterdir()) == []


def test_record_steps_are_kept_word_for_word(folder: Path) -> None:
    system = active(folder, record=[{"name": "version", "run": ["echo", "1.2"]}, {"run": ["no-such-program"]}])
    system.setup()
    assert system.record() == {
        "version": "1.2",
        "no-such-program": "`no-such-program` cannot start: there is no program 'no-such-program'; it printed nothing",
    }
    system.teardown()


MPS_CONTROL = """#!/bin/sh
# a control daemon's behaviour as documented: -f stays up, else one command on standard input
p=$CUDA_MPS_PIPE_DIRECTORY
case "$1" in
-f) touch $p/up; trap 'rm $p/up; exit 0' TERM; while [ -e $p/up ]; do sleep 0.05; done; exit 0 ;;
-v) echo 13000; exit 0 ;;
esac
read command
[ -e $p/up ] || { echo "Cannot find MPS control daemon process"; exit 1; }
case "$command" in
get_default_active_thread_percentage) echo 100.0 ;;
start_server*) (setsid sleep 60 >/dev/null 2>&1 & echo $! > $p/server) ;;
get_server_list) cat $p/server ;;
get_client_list*) cat $p/clients ;;
quit) kill $(cat $p/server); rm $p/up ;;
*) echo "$command" >> $p/../../log ;;
esac
"""


@pytest.fixture
def mps(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Active:
    tool = folder / "nvidia-cuda-mps-control"
    tool.write_text(MPS_CONTROL)
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return Active(load("mps"), DEVICE, folder, here=Here(system_preload=folder / "none"))


def test_mps_is_set_up_used_and_torn_down_by_its_definition(mps: Active, folder: Path) -> None:
    mps.setup()
    server = int(mps.values["server_pid"] or 0)
    start = processes.start_time(server) or ""
    seat = mps.tenant(0, folder / "t0", Quota(4 * GIB, 0.25, 1), of=2)
    assert seat.env == {
        "CUDA_MPS_PIPE_DIRECTORY": f"{folder}/s0/p",
        "CUDA_MPS_LOG_DIRECTORY": f"{folder}/s0/l",
        "CUDA_MPS_ACTIVE_THREAD_PERCENTAGE": "25",
        "CUDA_MPS_PINNED_DEVICE_MEM_LIMIT": "0=4096M",
        "CUDA_MPS_CLIENT_PRIORITY": "1",
    }
    (folder / "s0" / "p" / "clients").write_text("42\n")
    seat.started(42)
    free = [Attempt(size, 0) for size in seat.wanted().attempts]
    assert proof.activated(seat.prove(FACTS, free, free))
    assert seat.before_kill() == []
    assert (folder / "log").read_text() == f"terminate_client {server} 42\n"
    assert mps.record() == {"control daemon's version": "13000"}
    assert mps.teardown() == []
    assert not processes.lives(server, start)


HARNESS = """
import os, sys, time
from dataclasses import replace
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from test_active import DEVICE, Active, Here, load
folder = Path(sys.argv[1])
system = Active(load("mps"), DEVICE, folder, here=Here(system_preload=folder / "none"))
system.setup()
print(system.values["server_pid"], flush=True)
time.sleep(60)
"""


def test_mps_of_a_killed_harness_is_ended_from_its_journal(mps: Active, folder: Path) -> None:
    argv = [sys.executable, "-c", HARNESS, str(folder), str(Path(__file__).parent)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as harness:
        assert harness.stdout is not None
        server = int(harness.stdout.readline())
        harness.kill()
    start = processes.start_time(server) or ""
    assert processes.lives(server, start)
    began = time.monotonic()
    clean(folder)
    assert not processes.lives(server, start)
    assert not (folder / "s0").exists() and Journal(folder).open() == []
    assert time.monotonic() - began < 10
