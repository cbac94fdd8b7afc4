"""Other processes: their CPU time, and whose they are."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from gpu_virt_bench.systems import processes
from gpu_virt_bench.systems.processes import Gone, cpu_seconds

BURN = """
import sys, threading, time
def burn():
    while time.thread_time() < 0.05: pass
for _ in range(10):
    thread = threading.Thread(target=burn)
    thread.start()
    thread.join()
print(time.process_time(), flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def burnt() -> Iterator[tuple[subprocess.Popen, float]]:
    """A process whose threads have worked for half a second and ended, and what it says that they used."""
    argv = [sys.executable, "-c", BURN]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process, float(process.stdout.readline())
        process.kill()


def test_threads_that_have_ended_are_counted(burnt: tuple[subprocess.Popen, float]) -> None:
    process, used = burnt
    assert cpu_seconds(process.pid) >= used >= 0.5


def test_a_process_that_is_gone_has_no_cpu_time(burnt: tuple[subprocess.Popen, float]) -> None:
    process, _ = burnt
    process.kill()
    process.wait()
    with pytest.raises(Gone, match=f"process {process.pid} has ended while its CPU time was counted"):
        cpu_seconds(process.pid)


def test_a_process_that_ended_and_is_not_waited_for_has_none_either(burnt: tuple[subprocess.Popen, float]) -> None:
    process, _ = burnt
    process.send_signal(signal.SIGKILL)
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert processes.stat(process.pid)[0] == "Z"
    with pytest.raises(Gone):
        cpu_seconds(process.pid)


def test_a_process_belongs_to_the_leader_of_its_session() -> None:
    argv = ["sh", "-c", "sleep 60 & echo $!; wait"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, start_new_session=True) as leader:
        assert leader.stdout is not None
        inner = int(leader.stdout.readline())
        assert processes.owner(inner, [leader.pid]) == leader.pid
        assert processes.owner(inner, [leader.pid, inner]) == inner
        assert processes.owner(inner, []) == inner
        os.killpg(leader.pid, signal.SIGKILL)
    assert processes.owner(2**22 + 1, [1]) == 2**22 + 1
