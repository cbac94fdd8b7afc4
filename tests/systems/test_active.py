"""A system in use, with real commands and no GPU."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import places
import pytest
from places import DEVICE, definition, in_use, short_folder

from gpu_virt_bench.systems import processes
from gpu_virt_bench.systems.active import Active
from gpu_virt_bench.systems.available import Unavailable
from gpu_virt_bench.systems.journal import Journal, clean
from gpu_virt_bench.systems.steps import StepFailed

folder = pytest.fixture(short_folder)


def active(folder: Path, **keys: object) -> Active:
    return places.active(folder, definition(**keys))


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


def test_record_steps_are_kept_word_for_word(folder: Path) -> None:
    system = active(folder, record=[{"name": "version", "run": ["echo", "1.2"]}, {"run": ["no-such-program"]}])
    system.setup()
    assert system.record() == {
        "version": "1.2",
        "no-such-program": "`no-such-program` cannot start: there is no program 'no-such-program'; it printed nothing",
    }
    system.teardown()


def test_a_session_of_several_devices_names_them_all_and_its_steps_the_first(folder: Path) -> None:
    other = replace(DEVICE, uuid="GPU-2", index=3)
    record = [{"name": "seen", "run": ["echo", "{gpu_uuids} {gpu_uuid} {gpu_index}"]}, {"run": ["printenv", "WHERE"]}]
    envs = [{"WHERE": "first"}, {"WHERE": "second"}]
    with in_use(folder, definition(record=record), devices=(DEVICE, other), envs=envs) as system:
        assert system.record() == {"seen": "GPU-1,GPU-2 GPU-1 0", "printenv WHERE": "first"}


def test_a_system_that_needs_two_devices_refuses_a_session_with_one(folder: Path) -> None:
    with pytest.raises(Unavailable, match="mine is unavailable: needs 2 GPUs, the session has 1"):
        active(folder, requires={"gpus": 2}).setup()


def test_before_the_devices_are_read_what_names_them_is_left_out(folder: Path) -> None:
    with in_use(folder, definition(env={"GPU": "{gpu_uuid}", "GPUS": "{gpu_uuids}"}), devices=()) as system:
        assert not {"GPU", "GPUS"} & set(system.step_env())


def test_daemons_are_the_background_steps_and_the_captured_pids(folder: Path) -> None:
    system = active(folder, **daemon())
    system.setup()
    assert system.daemons() == [int(system.values["daemon_pid"] or 0)]  # both are the same process here
    system.teardown()


def test_a_teardown_that_failed_stays_in_the_journal(folder: Path) -> None:
    system = active(folder, teardown=[{"run": ["test", "-e", f"{folder}/ready"]}])
    system.setup()
    (problem,) = system.teardown()
    assert "exited with status 1" in problem
    assert [entry["kind"] for entry in Journal(folder).open()] == ["steps"]
    (folder / "ready").touch()
    assert clean(folder) == [] and Journal(folder).open() == []
