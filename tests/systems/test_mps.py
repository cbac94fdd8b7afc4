"""The definition of MPS with a control daemon of its documented behavior, without a GPU."""

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import places
import pytest
from places import DEVICE, GIB, place, short_folder

from gpu_virt_bench.model.system import Quota
from gpu_virt_bench.systems import processes
from gpu_virt_bench.systems.active import Active
from gpu_virt_bench.systems.journal import Journal, clean
from gpu_virt_bench.systems.load import load

folder = pytest.fixture(short_folder)

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
    return places.active(folder, load("mps"))


def test_mps_is_set_up_used_and_torn_down_by_its_definition(mps: Active, folder: Path) -> None:
    mps.setup()
    server = int(mps.values["server_pid"] or 0)
    start = processes.start_time(server) or ""
    seat = place(mps, folder / "t0", Quota(4 * GIB, 0.25, 1), of=2)
    assert seat.env == {
        "CUDA_MPS_PIPE_DIRECTORY": f"{folder}/s0/p",
        "CUDA_MPS_LOG_DIRECTORY": f"{folder}/s0/l",
        "CUDA_MPS_ACTIVE_THREAD_PERCENTAGE": "25",
        "CUDA_MPS_PINNED_DEVICE_MEM_LIMIT": "0=4096M",
        "CUDA_MPS_CLIENT_PRIORITY": "1",
    }
    tenant = seat.start("tenant")
    tenant.kill()
    assert seat.end(tenant) == []
    assert (folder / "log").read_text() == f"terminate_client {server} {tenant.pid}\n"
    assert mps.record() == {"control daemon's version": "13000"}
    assert server in mps.daemons() and len(mps.daemons()) == 2
    assert mps.teardown() == []
    assert not processes.lives(server, start)


def test_one_daemon_serves_all_devices_of_a_session(mps: Active, folder: Path) -> None:
    two = places.active(folder, load("mps"), devices=(DEVICE, replace(DEVICE, uuid="GPU-2", index=1)))
    two.setup()
    assert two.step_env()["CUDA_VISIBLE_DEVICES"] == "GPU-1,GPU-2"
    assert two.teardown() == []


HARNESS = """
import sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from places import active
from gpu_virt_bench.systems.load import load
system = active(Path(sys.argv[1]), load("mps"))
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
