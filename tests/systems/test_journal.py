"""The journal: whatever ends the harness, everything it started is undone."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gpu_virt_bench.model.system import Step
from gpu_virt_bench.systems import processes
from gpu_virt_bench.systems.journal import NAME, Journal, clean

ENV = {"PATH": os.environ["PATH"]}


def touch(path: Path) -> Step:
    return Step(run=("touch", str(path)))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "session"
    path.mkdir(mode=0o700)
    return path


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen]:
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as process:
        yield process
        process.kill()


def test_entries_are_undone_backwards(folder: Path) -> None:
    journal = Journal(folder)
    append = "echo {} >> {}/order"
    for number in (1, 2, 3):
        journal.steps([Step(run=("sh", "-c", append.format(number, folder)))], ENV)
    assert clean(folder) == []
    assert (folder / "order").read_text() == "3\n2\n1\n"


def test_what_is_done_is_not_undone_again(folder: Path) -> None:
    journal = Journal(folder)
    journal.undo(journal.steps([touch(folder / "a")], ENV))
    (folder / "a").unlink()
    assert clean(folder) == []
    assert not (folder / "a").exists()


def test_two_journals_of_one_session_do_not_mix(folder: Path) -> None:
    first, second = Journal(folder), Journal(folder)
    entry = first.path(folder / "x")
    second.path(folder / "y")
    first.done(entry)
    assert [left["path"] for left in second.open()] == [str(folder / "y")]


def test_all_teardown_steps_run_whatever_fails(folder: Path) -> None:
    Journal(folder).steps([Step(run=("false",), name="quit"), touch(folder / "a")], ENV)
    assert clean(folder) == ["step 'quit', `false` exited with status 1, expected 0; it printed nothing"]
    assert (folder / "a").exists()


def test_a_teardown_step_has_its_timeout(folder: Path) -> None:
    Journal(folder).steps([Step(run=("sleep", "60"), timeout=0.2)], ENV)
    assert clean(folder) == ["`sleep 60` did not end within 0.2 s and was killed; it printed nothing"]


def test_a_process_is_ended_by_sigterm(folder: Path, sleeper: subprocess.Popen) -> None:
    Journal(folder).process(sleeper.pid, grace=10)
    assert clean(folder) == []
    assert sleeper.wait(5) == -signal.SIGTERM


def test_before_kill_runs_before_the_signals(folder: Path, sleeper: subprocess.Popen) -> None:
    script = f"kill -0 {sleeper.pid} && touch {folder}/asked"
    Journal(folder).process(sleeper.pid, grace=10, before_kill=Step(run=("sh", "-c", script)), env=ENV)
    assert clean(folder) == []
    assert (folder / "asked").exists()


def test_a_process_that_ignores_sigterm_is_killed_after_its_grace(folder: Path) -> None:
    argv = ["sh", "-c", "trap '' TERM; echo up; while :; do sleep 0.05; done"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        Journal(folder).process(process.pid, grace=0.2, group=True)
        assert clean(folder) == []
        assert process.wait(5) == -signal.SIGKILL


def test_another_process_with_that_pid_is_left_alone(folder: Path, sleeper: subprocess.Popen) -> None:
    entry = Journal(folder).process(sleeper.pid, grace=0.1)
    assert entry is not None
    (folder / NAME).write_text(json.dumps({**entry, "start": "1"}) + "\n")
    assert clean(folder) == []
    assert sleeper.poll() is None


def test_a_process_that_is_gone_is_not_written_down(folder: Path) -> None:
    assert Journal(folder).process(2**22 + 1, grace=1) is None


def test_what_could_not_be_undone_stays_open_until_it_is(folder: Path) -> None:
    journal = Journal(folder)
    entry = journal.steps([Step(run=("test", "-e", str(folder / "ready")))], ENV)
    assert len(journal.undo(entry)) == len(clean(folder)) == len(clean(folder)) == 1
    assert [left["entry"] for left in journal.open()] == [entry["entry"]]
    (folder / "ready").touch()
    assert clean(folder) == [] and journal.open() == []


def test_a_journal_undoes_its_own_entries_once_and_backwards(folder: Path) -> None:
    own, other = Journal(folder), Journal(folder)
    other.steps([touch(folder / "other")], ENV)
    for number in (1, 2):
        own.steps([Step(run=("sh", "-c", f"echo {number} >> {folder}/order; exit 1"))], ENV)
    assert len(own.undo_all()) == 2
    assert own.undo_all() == []
    assert (folder / "order").read_text() == "2\n1\n"
    assert not (folder / "other").exists() and len(own.open()) == 3


def leader_that_left(folder: Path, mark: str) -> tuple[dict, int]:
    """The journal's entry of a leader that has ended, and the process that it left in its group."""
    script = "sleep 60 > /dev/null & echo $!; read line"
    argv, env = ["sh", "-c", script], {**ENV, processes.MARK: mark}
    with subprocess.Popen(
        argv, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as leader:
        assert leader.stdin is not None and leader.stdout is not None
        left = int(leader.stdout.readline())
        entry = Journal(folder).process(leader.pid, grace=5, group=True)
        leader.stdin.close()
    assert entry is not None
    return entry, left


def test_what_a_process_left_in_its_group_is_ended_though_the_process_is_gone(folder: Path) -> None:
    entry, left = leader_that_left(folder, str(folder))
    assert processes.members(entry["pid"]) == [left]
    assert clean(folder) == []
    assert processes.members(entry["pid"]) == []


def test_a_group_of_others_that_has_the_number_now_is_left_alone(folder: Path) -> None:
    entry, left = leader_that_left(folder, "/another/session")
    assert clean(folder) == []
    assert processes.members(entry["pid"]) == [left]
    os.kill(left, signal.SIGKILL)


def test_a_path_under_the_session_directory_goes(folder: Path) -> None:
    (folder / "s0").mkdir()
    (folder / "s0" / "socket").touch()
    Journal(folder).path(folder / "s0")
    assert clean(folder) == []
    assert not (folder / "s0").exists()


@pytest.mark.parametrize("path", ["../precious", "link/precious", "..", "."])
def test_a_path_elsewhere_stays(folder: Path, path: str) -> None:
    precious = folder.parent / "precious"
    precious.touch()
    (folder / "link").symlink_to(folder.parent)
    Journal(folder).path(folder / path)
    assert clean(folder) == [f"{folder / path} is not under {folder} and is left"]
    assert precious.exists() and folder.exists()


def test_a_last_line_cut_off_by_death_is_passed_over(folder: Path) -> None:
    Journal(folder).steps([touch(folder / "a")], ENV)
    with (folder / NAME).open("a") as file:
        file.write('{"kind": "path", "pa')
    assert clean(folder) == []
    assert (folder / "a").exists()
    assert Journal(folder).open() == []


def test_a_journal_that_others_could_have_written_is_not_followed(folder: Path) -> None:
    Journal(folder).steps([touch(folder / "a")], ENV)
    folder.chmod(0o777)
    assert clean(folder) == [
        f"{folder} could have been written by another user and is left; look at it and remove it yourself"
    ]
    assert not (folder / "a").exists()


def test_a_directory_without_a_journal_needs_nothing(folder: Path) -> None:
    assert clean(folder) == []


HARNESS = """
import subprocess, sys, time
from pathlib import Path
from gpu_virt_bench.model.system import Step
from gpu_virt_bench.systems.journal import Journal
folder, path = Path(sys.argv[1]), sys.argv[2]
journal = Journal(folder)
journal.path(folder / "private")
(folder / "private").mkdir()
journal.steps([Step(run=("touch", str(folder / "torn-down")))], {"PATH": path})
child = subprocess.Popen(["sleep", "60"], start_new_session=True)
journal.process(child.pid, grace=5)
print(child.pid, flush=True)
time.sleep(60)
"""


def test_a_harness_killed_by_sigkill_leaves_nothing_after_the_next_one_cleaned(folder: Path) -> None:
    argv = [sys.executable, "-c", HARNESS, str(folder), ENV["PATH"]]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as harness:
        assert harness.stdout is not None
        pid = int(harness.stdout.readline())
        harness.kill()
    start = processes.start_time(pid)
    assert start is not None and processes.lives(pid, start)  # it outlived its harness
    began = time.monotonic()
    assert clean(folder) == []
    assert not processes.lives(pid, start)
    assert (folder / "torn-down").exists() and not (folder / "private").exists()
    assert time.monotonic() - began < 5
