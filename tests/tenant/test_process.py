"""Real processes: start, death, stray output, late answers, and what they leave behind."""

import os
import signal
import sys
import threading
from pathlib import Path

import pytest
from fakes import HELLO, eventually, lives

from gpu_virt_bench.model.workload import TenantDied, TenantHung, Workload, WorkloadError
from gpu_virt_bench.tenant import argv

FLOOR = Workload("clock_floor", {"count": 100})
ANSWER = """
for line in sys.stdin:
    request = json.loads(line)
    BEFORE
    reply = {"id": request["id"], "ok": True, "begin": 0, "end": 1, "columns": {"floor": [1]}, "notes": {}}
    print("\\n@gvb " + json.dumps({**reply, "conditions": {}}), flush=True)
"""
"""The rest of a fake that answers everything, and does something before."""


def answering(before: str) -> str:
    """A fake that does something before each answer."""
    return HELLO + ANSWER.replace("BEFORE", before)


def test_a_tenant_gets_the_environment_of_its_argv_and_no_other(start, monkeypatch) -> None:
    monkeypatch.setenv("SECRET", "1")
    environ = Path(f"/proc/{start(env={'MINE': '2'}).pid}/environ").read_bytes().decode().split("\0")
    names = {line.partition("=")[0] for line in environ if line}
    assert names == {"PATH", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "MINE"}


def test_a_shell_on_the_way_splits_no_value(begin) -> None:
    tenant = begin(argv(["sh", "-c"], {"MINE": "two  words; exit"}, shell=True))
    assert b"\0MINE=two  words; exit\0" in Path(f"/proc/{tenant.pid}/environ").read_bytes() + b"\0"


def test_another_python_with_the_package_installed_is_a_tenant(begin) -> None:
    assert begin(argv([], {}, python=sys.executable)).run(FLOOR).columns


def test_a_killed_tenant_is_a_value_with_its_signal(start) -> None:
    tenant = start()
    tenant.kill()
    assert not tenant.is_alive()
    assert tenant.status() == -signal.SIGKILL
    with pytest.raises(TenantDied, match="tenant-1 was ended by signal 9"):
        tenant.run(FLOOR)


def test_what_must_precede_a_kill_precedes_it(start) -> None:
    alive = []
    tenant = start(before_kill=lambda: alive.append(tenant.is_alive()))
    tenant.kill()
    tenant.kill()
    assert alive == [True]


def test_a_tenant_that_dies_while_working_fails_the_request_with_its_last_words(fake) -> None:
    tenant = fake(HELLO + "sys.stdin.readline(); sys.stderr.write('out of luck'); sys.exit(3)")
    with pytest.raises(TenantDied, match="exited with status 3; its last words: out of luck"):
        tenant.run(FLOOR)
    assert tenant.status() == 3


def test_a_tenant_that_never_answers_is_killed(fake) -> None:
    tenant = fake(HELLO + "time.sleep(60)")
    with pytest.raises(TenantHung, match=r"tenant-1 did not answer clock_floor within 0\.3 s and was killed"):
        tenant.run(Workload("clock_floor", {"count": 1}, timeout=0.3))
    assert not tenant.is_alive()


def test_a_tenant_that_closes_its_output_fails_the_request(fake) -> None:
    tenant = fake(HELLO + "import os; sys.stdin.readline(); os.close(1); time.sleep(60)")
    with pytest.raises(TenantDied, match="closed its output, and runs on"):
        tenant.run(FLOOR)


def test_a_tenant_that_dies_before_its_first_words_is_told(fake) -> None:
    with pytest.raises(TenantDied, match="exited with status 7"):
        fake("sys.exit(7)")


def test_another_protocol_is_refused(fake) -> None:
    with pytest.raises(TenantHung, match="speaks protocol 99, expected 2"):
        fake('print(\'@gvb {"hello": 99, "pid": 1}\', flush=True); time.sleep(60)')


def test_the_end_of_input_ends_the_tenant(start) -> None:
    tenant = start()
    tenant.close()
    assert tenant.status() == 0


def test_a_tenant_that_ignores_the_end_of_input_is_killed(fake) -> None:
    tenant = fake(HELLO + "time.sleep(60)")
    tenant.close(grace=0.1)
    assert tenant.status() == -signal.SIGKILL


@pytest.mark.parametrize(
    "stray",
    [
        "print('[layer] hello')",
        "sys.stdout.write('half a line')",
        "sys.stdout.buffer.write(b'\\xff')",
        "sys.stdout.buffer.write(b'@gvb \\xff\\n')",
        "print('@gvb not json')",
        "print('@gvb ' + 100000 * '[')",
        "print('@gvb 5')",
        "print('@gvb [1]')",
        "print('@gvb {}')",
        "print('@gvb {\"ok\": true}')",
        'print(\'@gvb {"id": [1], "ok": true}\')',
        'print(\'@gvb {"id": 12345, "ok": true}\')',
        "print('@gvb {\"id\": %d}' % request['id'])",
        "print('@gvb {\"hello\": 99}')",
        "sys.stdout.write('x' * 1000000)",
    ],
)
def test_what_a_layer_prints_is_no_answer_and_no_death(fake, stray) -> None:
    tenant = fake(answering(stray))
    assert tenant.run(FLOOR).columns == {"floor": (1,)}
    assert tenant.run(FLOOR).columns == {"floor": (1,)}


def test_a_layer_may_print_before_the_first_words(fake) -> None:
    assert fake("sys.stdout.buffer.write(b'\\xff\\n@gvb {}\\n')\n" + HELLO).hello["hello"] == 2


def test_a_stray_line_without_end_takes_no_memory(fake) -> None:
    flood = "import resource; [sys.stdout.write('x' * (1 << 20)) for _ in range(200)]"
    tenant = fake(answering(flood))
    before = resident()
    tenant.run(FLOOR)
    assert resident() - before < 100 << 20


def resident() -> int:
    """Most bytes of memory that this process has had."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


def test_of_much_standard_error_the_beginning_and_the_end_are_read(fake) -> None:
    flood = "sys.stderr.write('layer ready\\n' + 'x' * (64 << 20) + '\\nlast words\\n'); sys.stderr.flush()\n"
    said = fake(flood + HELLO + "time.sleep(60)").stderr()
    assert said.startswith("layer ready")
    assert said.endswith("last words\n")
    assert len(said) < 1 << 20


def test_standard_error_that_is_no_text_is_read(fake) -> None:
    assert (
        fake("sys.stderr.buffer.write(b'\\xffx'); sys.stderr.flush()\n" + HELLO + "time.sleep(60)").stderr()
        == "\ufffdx"
    )


LITTER = ["sh", "-c", 'sleep 600 & echo $! >&2; exec "$@"', "sh"]
"""A wrapper that leaves a process behind."""


def litter(tenant) -> int:
    """The process that the wrapper started."""
    return next(int(word) for word in tenant.stderr().split() if word.isdigit())


def test_children_end_with_a_tenant_that_is_closed(start) -> None:
    tenant = start(LITTER)
    pid = litter(tenant)
    assert lives(pid)
    tenant.close()
    assert tenant.status() == 0
    assert not lives(pid)


def test_children_end_with_a_tenant_that_is_killed(start) -> None:
    tenant = start(LITTER)
    pid = litter(tenant)
    tenant.kill()
    assert not lives(pid)


def test_children_end_with_a_tenant_that_dies_by_itself(start) -> None:
    tenant = start(LITTER)
    pid = litter(tenant)
    os.kill(tenant.pid, signal.SIGSEGV)
    with pytest.raises(TenantDied, match="ended by signal 11"):
        tenant.run(FLOOR)
    assert eventually(lambda: not lives(pid))


def test_a_child_that_ignores_sigterm_ends_all_the_same(start) -> None:
    stubborn = "(trap '' TERM; while :; do sleep 1; done) & echo $! >&2; exec \"$@\""
    tenant = start(["sh", "-c", stubborn, "sh"])
    pid = litter(tenant)
    tenant.close()
    assert not lives(pid)


def test_its_number_stays_its_own_until_its_children_have_ended(start) -> None:
    tenant = start(["sh", "-c", "(trap '' TERM; while :; do sleep 1; done) & exec \"$@\"", "sh"])
    os.kill(tenant.pid, signal.SIGKILL)
    assert eventually(lambda: not tenant.is_alive())
    unreaped = Path(f"/proc/{tenant.pid}").exists()
    assert unreaped or tenant._child.gone.is_set()


def test_a_child_in_a_group_of_its_own_ends_too(start) -> None:
    apart = "import os, sys, time; os.setpgid(0, 0); print(os.getpid(), file=sys.stderr, flush=True); time.sleep(600)"
    tenant = start(["sh", "-c", '"$0" -c "$1" & shift; exec "$@"', sys.executable, apart])
    assert eventually(lambda: tenant.stderr().strip().isdigit())
    pid = litter(tenant)
    assert os.getpgid(pid) != tenant.process_id
    tenant.close()
    assert not lives(pid)


def test_a_daemon_that_holds_the_output_does_not_hide_a_death(start) -> None:
    tenant = start(["sh", "-c", 'setsid sleep 600 & echo $! >&2; exec "$@"', "sh"])
    daemon = litter(tenant)
    assert eventually(lambda: os.getsid(daemon) == daemon)
    running = tenant.begin(FLOOR, at=1 << 62)
    os.kill(tenant.pid, signal.SIGKILL)
    try:
        with pytest.raises(TenantDied, match="ended by signal 9"):
            running.series()
        assert lives(daemon)  # a daemon of the system's own is the system's to end
    finally:
        os.kill(daemon, signal.SIGKILL)


def test_a_wrapper_that_stays_hides_neither_the_tenant_nor_its_end(start) -> None:
    tenant = start(["sh", "-c", '"$@"; exit 4', "sh"])
    assert tenant.pid != tenant.process_id
    tenant.close()
    assert tenant.status() == 4
    assert not lives(tenant.pid)


def test_no_thread_stays_when_a_tenant_has_been_closed(start) -> None:
    before = threading.active_count()
    start().close()
    assert eventually(lambda: threading.active_count() <= before)


def test_an_error_is_no_death(start) -> None:
    tenant = start()
    with pytest.raises(WorkloadError, match="no routine 'frobnicate'; there are clock_floor"):
        tenant.run(Workload("frobnicate"))
    assert tenant.run(FLOOR).columns
