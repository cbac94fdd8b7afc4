"""What the observer sees among the tenants of a session."""

import os
import subprocess
import sys

import pytest

from gpu_virt_bench.model.run import Check
from gpu_virt_bench.model.system import Checks, Exclusive
from gpu_virt_bench.systems.proof.checks import check
from gpu_virt_bench.systems.proof.evidence import Driver, Evidence, Seen
from gpu_virt_bench.systems.proof.outside import observer_checks, seen

MIB = 1 << 20
ALONE, LISTED, MEMORY = Exclusive(alone=True), Exclusive(listed=True), Exclusive(memory=True)


def only(rules: Exclusive, seen: Seen) -> Check:
    (found,) = observer_checks(rules, seen)
    return found


@pytest.mark.parametrize(
    ("seen", "passed"),
    [
        (Seen([1], tenants=[1]), True),
        (Seen([1, 2], tenants=[1, 2]), True),  # another entry's tenant is nobody else
        (Seen([1, 2], tenants=[1]), False),
        (Seen([1], tenants=[1, 2]), True),  # one that has no context yet
        (Seen([1, 3], tenants=[1, 2]), True),  # one that stands there under another pid
        (Seen([1, 3, 4], tenants=[1, 2]), False),
        (Seen([1, 9], tenants=[1], daemons=[8, 9]), True),
        (Seen([1, 7], tenants=[1], daemons=[8, 9]), False),  # a daemon without a context does not excuse anybody
        (Seen([7, 8], tenants=[1, 2]), True),  # pids of another namespace: as many as ours
        (Seen([7, 8, 9], tenants=[1, 2]), False),
        (Seen([7, 8, 9], tenants=[1, 2], daemons=[3]), True),
        (Seen([]), True),
    ],
)
def test_nobody_else_means_nobody_outside_the_session(seen: Seen, passed: bool) -> None:
    assert only(ALONE, seen).passed is passed


def test_who_is_not_known_is_said() -> None:
    assert only(ALONE, Seen([1, 7], tenants=[1])) == Check(
        "observer.alone",
        "no process of others",
        "2 on the device, 1 of this session's tenants should be, not known as ours: 7; "
        "0 of our tenants under another pid",
        False,
    )


@pytest.mark.parametrize(
    ("seen", "passed"),
    [
        (Seen([1, 2], tenants=[1, 2], tenant=2), True),
        (Seen([1], tenants=[1, 2], tenant=2), False),
        (Seen([7, 8], tenants=[1, 2], tenant=2), True),
        (Seen([7], tenants=[1, 2], tenant=2), False),
        (Seen([], tenants=[1], tenant=1), False),
        (Seen([], tenants=[], tenant=1), False),
    ],
)
def test_a_tenant_is_listed_by_its_pid_and_where_none_matches_by_number(seen: Seen, passed: bool) -> None:
    assert only(LISTED, seen).passed is passed


@pytest.mark.parametrize(("grown", "passed"), [(300 * MIB, True), (0, False), (None, False)])
def test_what_a_tenant_writes_to_must_be_memory_of_the_device(grown: int | None, passed: bool) -> None:
    assert only(MEMORY, Seen([1], grown_bytes=grown)).passed is passed


def test_an_observer_that_lists_no_processes_is_not_asked() -> None:
    facts = {"served_by": {}, "served_by_query": {}, "mapped": [], "env": {}}
    assert check(Checks(observer=ALONE), Evidence(facts, Driver(""))) == []


class Fake:
    """A device on which these processes are."""

    lists_processes = True

    def __init__(self, processes: list[int] | None, ours: list[int]) -> None:
        self._processes, self._ours = processes, ours

    def processes(self) -> list[int] | None:
        return self._processes

    def ours(self) -> list[int]:
        return self._ours

    def daemons(self) -> list[int]:
        return []

    def memory_used(self) -> int | None:
        return None


SPAWN = "import subprocess, time; print(subprocess.Popen(['sleep', '60']).pid, flush=True); time.sleep(60)"


def test_a_process_that_a_tenants_command_started_is_the_tenants() -> None:
    argv = [sys.executable, "-c", SPAWN]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, start_new_session=True) as command:
        assert command.stdout is not None
        inner = int(command.stdout.readline())
        found = seen(Fake([inner], [command.pid]), command.pid, None)
        os.killpg(command.pid, 9)
    assert found == Seen([command.pid], [command.pid], [], command.pid)


def test_without_a_list_of_processes_nothing_is_seen() -> None:
    assert seen(Fake(None, [1]), 1, None) is None
