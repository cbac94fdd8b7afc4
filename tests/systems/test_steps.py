"""Steps, with real commands."""

import os
import sys
import time
from pathlib import Path

import pytest

from gpu_virt_bench.model.system import Step
from gpu_virt_bench.systems import processes, steps
from gpu_virt_bench.systems.steps import Background, StepFailed, run

ENV = {"PATH": os.environ["PATH"]}


def sh(script: str, **keys: object) -> Step:
    return Step(run=("sh", "-c", script), **keys)


def test_named_groups_are_captured() -> None:
    assert run(sh("echo server 42", expect=r"(?P<server_pid>\d+)"), ENV) == {"server_pid": "42"}


def test_a_step_reads_its_input_and_its_environment() -> None:
    step = Step(run=("sh", "-c", 'read x; echo "$x $Y"'), stdin="a\n", env={"Y": "b"}, expect="^a b$")
    assert run(step, ENV) == {}


def test_nothing_is_a_shells_business() -> None:
    assert run(Step(run=("echo", "$HOME;"), expect=r"^\$HOME;$"), ENV) == {}


def test_the_environment_is_only_what_was_given() -> None:
    os.environ["STRAY"] = "1"
    run(sh('test -z "$STRAY"'), ENV)


def test_another_status_may_be_a_success() -> None:
    run(sh("exit 3", ok=(0, 3)), ENV)


@pytest.mark.parametrize(
    ("step", "sentence"),
    [
        (sh("echo a; echo oops >&2; exit 3", name="go"),
         "step 'go', `sh -c echo a; echo oops >&2; exit 3` exited with status 3, expected 0; it printed: a\n\noops"),
        (sh("true", expect="x"), "`sh -c true` did not print 'x'; it printed nothing"),
        (sh("sleep 9", timeout=0.2), "`sh -c sleep 9` did not end within 0.2 s and was killed; it printed nothing"),
        (Step(run=("no-such-program",)), "`no-such-program` cannot start: there is no program 'no-such-program'; "
         "it printed nothing"),
    ],
)  # fmt: skip
def test_a_failure_quotes_the_command_and_what_it_printed(step: Step, sentence: str) -> None:
    with pytest.raises(StepFailed) as error:
        run(step, ENV)
    assert str(error.value) == sentence


def test_only_the_last_lines_are_quoted() -> None:
    with pytest.raises(StepFailed, match="it printed: 5\n6\n7\n8\n9$"):
        run(sh("for i in 1 2 3 4 5 6 7 8 9; do echo $i; done; exit 1"), ENV)


def test_a_step_is_repeated_until_it_succeeds(tmp_path: Path) -> None:
    script = f"echo x >> {tmp_path}/n; wc -l < {tmp_path}/n"
    assert run(sh(script, expect=r"(?P<n>3)", retry_for=10), ENV) == {"n": "3"}


def test_repeating_ends() -> None:
    with pytest.raises(StepFailed, match="did not print 'x' for 0.3 s"):
        run(sh("true", expect="x", retry_for=0.3), ENV)


def test_what_a_step_leaves_in_the_background_does_not_hold_it_up(tmp_path: Path) -> None:
    began = time.monotonic()
    found = run(sh("sleep 60 & echo $!", expect=r"(?P<left_pid>\d+)"), ENV)
    assert time.monotonic() - began < 5
    os.kill(int(found["left_pid"]), 9)


def test_a_step_that_takes_too_long_is_killed_with_its_children() -> None:
    ran = steps.once(sh("sleep 60 & echo $!; wait", timeout=0.3), ENV)
    assert ran.status is None
    pid = int(ran.output)
    start = processes.start_time(pid) or ""
    processes.wait(pid, start, 5)
    assert not processes.lives(pid, start)


def test_a_background_step_stays_up() -> None:
    background = Background(Step(run=("sleep", "60"), background=True), ENV)
    background.check()
    background.process.kill()
    background.close()


def test_a_background_step_that_ended_is_a_failure() -> None:
    background = Background(sh("echo no device; exit 4", background=True), ENV)
    background.process.wait(10)
    with pytest.raises(StepFailed, match="ended with status 4, expected to stay up; it printed: no device"):
        background.check()
    background.close()


HARNESS = """
import sys, time
from gpu_virt_bench.model.system import Step
from gpu_virt_bench.systems.steps import Background
child = Background(Step(run=("sleep", "60"), background=True), {"PATH": sys.argv[1]})
print(child.process.pid, flush=True)
time.sleep(60)
"""


def test_a_background_step_ends_with_its_harness() -> None:
    import subprocess

    with subprocess.Popen([sys.executable, "-c", HARNESS, ENV["PATH"]], stdout=subprocess.PIPE, text=True) as harness:
        assert harness.stdout is not None
        pid = int(harness.stdout.readline())
        until = time.monotonic() + 10
        while Path(f"/proc/{pid}/comm").read_text() != "sleep\n" and time.monotonic() < until:
            time.sleep(0.02)
        start = processes.start_time(pid)
        assert start is not None
        harness.kill()
    processes.wait(pid, start, 10)
    assert not processes.lives(pid, start)
