"""A tenant's place: its variables, its processes, and what is undone whatever happens."""

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from places import BASE, DEVICE, GIB, LIMITS, definition, in_use, place, short_folder

import gpu_virt_bench
from gpu_virt_bench.model.system import FULL, Quota
from gpu_virt_bench.model.workload import TenantDied, Workload
from gpu_virt_bench.systems import processes
from gpu_virt_bench.systems.journal import Journal, clean
from gpu_virt_bench.systems.load import load, parse
from gpu_virt_bench.systems.seat import command
from gpu_virt_bench.systems.variables import DefinitionError

folder = pytest.fixture(short_folder)
FLOOR = Workload("clock_floor", {"count": 10})
LOG = ["sh", "-c", 'echo "$0" >> {session_dir}/../log']


def log(words: str) -> dict[str, list[str]]:
    """A step that writes a line."""
    return {"run": [*LOG, words]}


def said(folder: Path) -> list[str]:
    return (folder / "log").read_text().splitlines() if (folder / "log").exists() else []


# -- variables


def test_a_tenant_gets_session_tenant_and_quota_variables(folder: Path) -> None:
    env = {"PLACE": "{session_dir}", "MEM": "{memory_mib}M", "DIR": "{tenant_dir}", "OF": "{tenants}"}
    with in_use(folder, definition(**LIMITS, tenant={"env": env})) as system:
        found = place(system, folder / "t0", Quota(memory_bytes=4 * GIB), of=2).env
    assert found == {"PLACE": f"{folder}/s0", "MEM": "4096M", "DIR": f"{folder}/t0", "OF": "2"}


def test_a_variable_of_a_quota_that_was_not_asked_for_is_left_out(folder: Path) -> None:
    env = {"MEM": "{memory_mib}M", "ALL": "{compute_percent} {tenant}"}
    with in_use(folder, definition(**LIMITS, tenant={"env": env})) as system:
        assert place(system, folder / "t0", FULL).env == {}
        assert place(system, folder / "t1", Quota(compute_share=0.25), of=2).env == {"ALL": "25 0"}


def test_a_tenant_is_led_to_its_own_device(folder: Path) -> None:
    other = replace(DEVICE, uuid="GPU-2", index=3, sm_count=16)
    env = {"GPU": "{gpu_uuid}", "INDEX": "{gpu_index}", "SMS": "{compute_sms} of {gpu_sm_count}"}
    more = {"devices": (DEVICE, other), "envs": [{"WHERE": "first"}, {"WHERE": "second"}]}
    with in_use(folder, definition(**LIMITS, tenant={"env": env}), **more) as system:
        first, second = (place(system, folder / f"t{gpu}", Quota(compute_share=0.5), 2, gpu).env for gpu in (0, 1))
    assert first == {"WHERE": "first", "GPU": "GPU-1", "INDEX": "0", "SMS": "66 of 132"}
    assert second == {"WHERE": "second", "GPU": "GPU-2", "INDEX": "3", "SMS": "8 of 16"}


def test_a_word_of_the_command_is_left_out_with_its_quota_and_not_without_its_option(folder: Path) -> None:
    options = {"guest": {"kind": "text"}}
    with in_use(folder, definition(**LIMITS, tenant={"command": ["run", "-m{memory_mib}", "-u{uid}"]})) as system:
        assert command(system.system, place(system, folder).values) == ["run", f"-u{os.getuid()}"]
    sentence = "mine: the command needs {guest}, which has no value"
    with (
        in_use(folder, definition(options=options, tenant={"command": ["ssh", "{guest}"]})) as system,
        pytest.raises(DefinitionError, match=sentence),
    ):
        place(system, folder / "t0").start("tenant")


def test_hami_core_is_told_its_share_by_its_own_variables(folder: Path) -> None:
    with in_use(folder, load("hami"), options={"library": "/opt/libvgpu.so"}) as system:
        found = place(system, folder / "t0", Quota(compute_share=0.25)).env
    assert found["CUDA_DEVICE_SM_LIMIT"] == "25" and "CUDA_DEVICE_MEMORY_LIMIT" not in found
    assert found["LD_PRELOAD"] == found["CUDA_REDIRECT"] == "/opt/libvgpu.so"
    assert found["CUDA_VISIBLE_DEVICES"] == "0"


# -- start and end


def test_a_started_tenant_works_and_is_ended_with_its_journal_entry(folder: Path) -> None:
    with in_use(folder, definition()) as system:
        seat = place(system, folder / "t0")
        tenant = seat.start("tenant")
        assert len(tenant.run(FLOOR).columns["floor"]) == 10
        (entry,) = [entry for entry in Journal(folder).open() if entry["kind"] == "process"]
        assert entry["pid"] == tenant.process_id
        assert seat.end(tenant) == []
        assert not tenant.is_alive()
        assert [entry["kind"] for entry in Journal(folder).open()] == ["path", "steps"]  # the session's own


STEPS = {
    "before": [{"run": ["echo", "partition 7"], "expect": r"(?P<partition>\d+)"}],
    "after": [log("rm {partition} of {pid}")],
    "env": {"PARTITION": "{partition}"},
}


def test_steps_before_and_after_a_tenant_share_what_was_captured(folder: Path) -> None:
    with in_use(folder, definition(tenant=STEPS)) as system:
        seat = place(system, folder / "t0")
        tenant = seat.start("tenant")
        assert seat.env == {"PARTITION": "7"}
        assert said(folder) == []
        assert seat.end(tenant) == []
        assert said(folder) == [f"rm 7 of {tenant.pid}"]
        assert seat.end(tenant) == []  # once
    assert said(folder) == [f"rm 7 of {tenant.pid}"]


def test_a_tenant_that_does_not_start_leaves_nothing(folder: Path) -> None:
    tenant = {"before": [{"run": ["touch", "{tenant_dir}/state"]}], "after": [log("after")]}
    system = definition(tenant={**tenant, "command": ["false"]}, cleanup={"remove": ["{tenant_dir}/state"]})
    with in_use(folder, system) as system:
        with pytest.raises(TenantDied, match="exited with status 1"):
            place(system, folder / "t0").start("tenant")
        assert said(folder) == ["after"]
        assert not (folder / "t0" / "state").exists()
        assert [entry["kind"] for entry in Journal(folder).open()] == ["path", "steps"]


def test_a_failing_step_before_a_tenant_undoes_those_before_it(folder: Path) -> None:
    tenant = {"before": [{"run": ["true"]}, {"run": ["false"]}], "after": [log("after")]}
    with in_use(folder, definition(tenant=tenant)) as system:
        with pytest.raises(Exception, match="`false` exited with status 1"):
            place(system, folder / "t0").start("tenant")
        assert said(folder) == ["after"]


def test_two_layers_at_once_are_refused_and_undone(folder: Path) -> None:
    directory = folder / "mps"
    directory.mkdir()
    (directory / "control").touch()
    env = {"LD_PRELOAD": "/opt/libvgpu.so", "CUDA_MPS_PIPE_DIRECTORY": str(directory)}
    with in_use(folder, definition(tenant={"env": env, "after": [log("after")]})) as system:
        with pytest.raises(DefinitionError, match="mine drives two layers at once"):
            place(system, folder / "t0").start("tenant")
        assert said(folder) == ["after"]


def test_a_step_after_a_tenant_that_fails_is_told_and_stays_in_the_journal(folder: Path) -> None:
    after = [{"run": ["test", "-e", str(folder / "ready")]}]
    with in_use(folder, definition(tenant={"after": after})) as system:
        seat = place(system, folder / "t0")
        (problem,) = seat.end(seat.start("tenant"))
        assert "exited with status 1" in problem
        (folder / "ready").touch()  # the teardown tries again
    assert Journal(folder).open() == []


def test_what_a_wrapper_left_behind_ends_with_the_tenant(folder: Path) -> None:
    wrapper = ["sh", "-c", 'sleep 60 & echo $! > {session_dir}/left; exec "$@"', "sh"]
    with in_use(folder, definition(tenant={"command": wrapper})) as system:
        seat = place(system, folder / "t0")
        tenant = seat.start("tenant")
        left = int((folder / "s0" / "left").read_text())
        start = processes.start_time(left) or ""
        assert processes.lives(left, start)
        assert seat.end(tenant) == []
    assert not processes.lives(left, start)


def test_a_tenant_left_at_the_end_is_ended_by_the_teardown_with_before_kill(folder: Path) -> None:
    with in_use(folder, definition(tenant={"before_kill": log("terminate {pid}")})) as system:
        tenant = place(system, folder / "t0").start("tenant")
    tenant.close()
    assert tenant.status() == -15
    assert said(folder) == [f"terminate {tenant.pid}"]


def test_before_a_tenant_is_killed_its_system_is_told(folder: Path) -> None:
    with in_use(folder, definition(tenant={"before_kill": log("terminate {pid}")})) as system:
        seat = place(system, folder / "t0")
        tenant = seat.start("tenant")
        tenant.kill()
        assert tenant.status() == -9
        assert said(folder) == [f"terminate {tenant.pid}"]
        assert seat.end(tenant) == []


def test_the_state_file_of_a_tenant_goes_with_it(folder: Path) -> None:
    with in_use(folder, definition(cleanup={"remove": ["{tenant_dir}/vgpu.cache"]})) as system:
        seat = place(system, folder / "t0")
        tenant = seat.start("tenant")
        (folder / "t0" / "vgpu.cache").touch()
        assert seat.end(tenant) == []
        assert not (folder / "t0" / "vgpu.cache").exists()


# -- children


def test_a_child_has_the_tenants_environment_and_a_stderr_of_its_own(folder: Path) -> None:
    with in_use(folder, definition(tenant={"env": {"LIMIT": "{tenant}"}})) as system:
        seat = place(system, folder / "t0")
        tenant, child = seat.start("tenant"), seat.child("child")
        environments = [Path(f"/proc/{one.process_id}/environ").read_bytes() for one in (tenant, child)]
        assert all(b"LIMIT=0\0" in found for found in environments)
        assert tenant.pid != child.pid
        assert sorted(path.name for path in (folder / "t0").iterdir()) == ["stderr", "stderr-1"]
        assert len([entry for entry in Journal(folder).open() if entry["kind"] == "process"]) == 2
        assert seat.end(tenant) == []


def test_a_child_ends_alone_and_the_first_takes_all_with_it(folder: Path) -> None:
    with in_use(folder, definition(tenant={"after": [log("after {pid}")]})) as system:
        seat = place(system, folder / "t0")
        tenant, one, other = seat.start("tenant"), seat.child("one"), seat.child("other")
        assert seat.end(one) == []
        assert (tenant.is_alive(), one.is_alive(), other.is_alive()) == (True, False, True)
        assert said(folder) == []
        assert seat.end(tenant) == []
        assert (tenant.is_alive(), other.is_alive()) == (False, False)
        assert said(folder) == [f"after {tenant.pid}"]


def test_a_child_without_a_tenant_is_refused(folder: Path) -> None:
    with in_use(folder, definition()) as system, pytest.raises(RuntimeError, match="a further process needs the first"):
        place(system, folder / "t0").child("child")


# -- after a harness that died

HARNESS = """
import sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from places import active, definition, place
folder = Path(sys.argv[1])
wrapper = ["sh", "-c", 'sleep 60 & echo $! > {session_dir}/../left; exec "$@"', "sh"]
system = active(folder, definition(tenant={"command": wrapper}))
system.setup()
tenant = place(system, folder / "t0").start("tenant")
print(tenant.process_id, flush=True)
time.sleep(60)
"""


def test_what_a_tenant_of_a_killed_harness_left_is_ended_though_the_tenant_is_gone(folder: Path) -> None:
    argv = [sys.executable, "-c", HARNESS, str(folder), str(Path(__file__).parent)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as harness:
        assert harness.stdout is not None
        leader = int(harness.stdout.readline())
        start = processes.start_time(leader) or ""
        left = int((folder / "left").read_text())
        harness.kill()
    processes.wait(leader, start, 10)  # the end of its input
    assert not processes.lives(leader, start)
    assert processes.start_time(left) is not None
    assert clean(folder) == [] and Journal(folder).open() == []
    assert processes.members(leader) == []


# -- other places

GUEST = """#!/bin/sh
# a guest: its own network, and a shell that splits words again, as ssh's other side does
exec unshare --net -- sh -c "$*"
"""


def guest_python(folder: Path) -> Path:
    """A Python of another place: this one, with a copy of the package."""
    source = Path(gpu_virt_bench.__file__).parent
    ignored = shutil.ignore_patterns("__pycache__", "results")
    shutil.copytree(source, folder / "guest" / "lib" / "gpu_virt_bench", ignore=ignored)
    python = folder / "guest" / "python3"
    python.write_text(f'#!/bin/sh\nPYTHONPATH={folder}/guest/lib exec {sys.executable} "$@"\n')
    python.chmod(0o755)
    return python


@pytest.fixture
def guest(folder: Path) -> Path:
    """The command that enters another network namespace."""
    if os.system("unshare --net true 2> /dev/null") != 0:
        pytest.skip("needs `unshare --net`, which this machine does not allow")
    path = folder / "enter"
    path.write_text(GUEST)
    path.chmod(0o755)
    return path


AWKWARD = """it's "one" $HOME; `two`\t*"""


def test_a_guest_has_its_own_python_and_words_that_a_shell_split_arrive_whole(folder: Path, guest: Path) -> None:
    env = {"AWKWARD": AWKWARD}
    start = {"command": [str(guest)], "python": str(guest_python(folder)), "shell": True, "env": env}
    with in_use(folder, definition(tenant=start)) as system:
        seat = place(system, folder / "t0")
        tenant = seat.start("tenant")
        assert len(tenant.run(FLOOR).columns["floor"]) == 10
        maps = Path(f"/proc/{tenant.pid}/maps").read_text()
        assert f"{folder}/guest/lib/gpu_virt_bench/libgvb/libgvb.so" in maps
        assert f"AWKWARD={AWKWARD}".encode() in Path(f"/proc/{tenant.pid}/environ").read_bytes().split(b"\0")
        network = [Path(f"/proc/{pid}/ns/net").readlink() for pid in ("self", tenant.pid)]
        assert network[0] != network[1]
        child = seat.child("child")
        assert len(child.run(FLOOR).columns["floor"]) == 10
        assert seat.end(tenant) == []


@pytest.mark.parametrize(("options", "ours"), [({}, True), ({"python": sys.executable}, False)])
def test_a_python_given_as_an_option_gets_no_search_path_of_ours(folder: Path, options: dict, ours: bool) -> None:
    system = parse("mine", {**BASE, "options": {"python": {}}, "tenant": {"python": "{python}"}})
    with in_use(folder, system, options=options) as active:
        seat = place(active, folder / "t0")
        tenant = seat.start("tenant")
        environment = Path(f"/proc/{tenant.process_id}/environ").read_bytes()
        assert (b"\0PYTHONPATH=" in environment) is ours
        assert seat.end(tenant) == []
