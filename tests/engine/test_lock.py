"""One session at a time on a GPU."""

import subprocess
import sys

import pytest

from gpu_virt_bench.engine import lock
from gpu_virt_bench.engine.device import DeviceError

HOLD = """
import sys
from pathlib import Path
from gpu_virt_bench.engine import lock
lock.home = lambda: Path(sys.argv[1])
with lock.held(sys.argv[2:]):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """Locks of a directory of the test's own."""
    monkeypatch.setattr(lock, "home", lambda: tmp_path)
    return tmp_path


@pytest.fixture
def other(home):
    """Another process that holds locks until it is told to go, or killed."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(home), "GPU-1"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_a_second_session_on_a_gpu_is_refused_and_named(other) -> None:
    with pytest.raises(DeviceError) as refused, lock.held(["GPU-0", "GPU-1"]):
        pass
    way_out = "wait until it has ended, or choose another GPU by --device"
    assert str(refused.value) == f"a session measures GPU-1 already (process {other.pid}): {way_out}"


def test_what_was_locked_before_a_refusal_is_free_again(other) -> None:
    with pytest.raises(DeviceError), lock.held(["GPU-0", "GPU-1"]):
        pass
    with lock.held(["GPU-0"]):
        pass


def test_another_gpu_is_free(other) -> None:
    with lock.held(["GPU-2"]):
        pass


def test_a_lock_goes_with_its_process_however_that_ends(other) -> None:
    other.kill()
    other.wait()
    with lock.held(["GPU-1"]):
        pass


def test_a_lock_that_another_user_made_is_respected(home) -> None:
    path = home / f"{lock.PREFIX}GPU-3.lock"
    path.touch(mode=0o444)
    with lock.held(["GPU-3"]), pytest.raises(DeviceError), lock.held(["GPU-3"]):
        pass


def test_a_link_in_its_place_is_not_followed(home) -> None:
    (home / f"{lock.PREFIX}GPU-4.lock").symlink_to("/etc/passwd")
    with pytest.raises(OSError, match="GPU-4"), lock.held(["GPU-4"]):
        pass


def test_nothing_is_left(home) -> None:
    with lock.held(["GPU-5", "GPU-6"]):
        assert len(list(home.iterdir())) == 2
    assert list(home.iterdir()) == []
