"""What a session says of others on its host, and of those that came and went."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from gpu_virt_bench.cli.progress import Lines, Silent
from gpu_virt_bench.engine.beside import BESIDE, IN_ROUNDS
from gpu_virt_bench.engine.folder import neighbors
from gpu_virt_bench.engine.session import run_session
from sessions import request_for

SCRIPT = "from gpu_virt_bench.engine.folder import session_folder as s\nwith s(print): print(1, flush=True); input()"
ONCE = {"device": "emulated:tiny", "repetitions": 1, "max_repetitions": 1}
BOTH = ("native", "time-slicing")


@contextmanager
def another() -> Iterator[subprocess.Popen[bytes]]:
    """Another process's session on this host."""
    other = subprocess.Popen([sys.executable, "-c", SCRIPT], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert other.stdout is not None and other.stdout.readline() == b"1\n"
    try:
        yield other
    finally:
        other.communicate(b"\n")


def said(tmp_path, progress=None, systems=("native",), **settings) -> list[list[str]]:
    """What the files of a session say of others."""
    done = run_session(request_for(tmp_path, "OH-001", systems, **ONCE, **settings), progress or Silent())
    return [[one for one in record.run.warnings if one.startswith("another ")] for record in done.records]


@pytest.mark.host_time
def test_a_session_beside_another_says_so_once_on_the_screen_and_in_its_file(tmp_path, capsys) -> None:
    with another():
        assert said(tmp_path, Lines()) == [[BESIDE]]
    assert capsys.readouterr().err.count(BESIDE) == 1


@pytest.mark.host_time
def test_rounds_are_spoken_of_where_there_are_some(tmp_path) -> None:
    with another():
        assert said(tmp_path, systems=BOTH) == [[BESIDE + IN_ROUNDS]] * 2
        assert said(tmp_path, systems=BOTH, turns=True) == [[BESIDE]] * 2


@pytest.mark.host_time
def test_a_session_that_lived_only_within_a_repetition_is_remarked(tmp_path) -> None:
    class Visited(Silent):
        def step(self, entry: str, repetition: int, outcome: str) -> None:
            with another():
                pass

    assert said(tmp_path, Visited()) == [[BESIDE]]


def test_in_virtual_time_nobody_disturbs(tmp_path) -> None:
    with another():
        assert said(tmp_path) == [[]]


def test_a_neighbor_is_one_that_is_there_or_has_been_since() -> None:
    before = time.time()
    with another():
        assert neighbors(time.time())
    assert (neighbors(before), neighbors(time.time())) == (True, False)


def test_a_neighbor_that_was_killed_has_been_there() -> None:
    before = time.time() - 0.1
    with another() as other:
        other.kill()
        other.wait()
        assert (neighbors(before), neighbors(time.time())) == (True, False)


def test_no_session_of_this_host_is_seen_in_tests() -> None:
    assert not neighbors(time.time())
