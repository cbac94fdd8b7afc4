"""Real processes: start, death, stray output, late answers."""

import sys
import textwrap

import pytest

from gpu_virt_bench.model.workload import TenantDied, TenantHung, Workload, WorkloadError
from gpu_virt_bench.systems.environment import clean
from gpu_virt_bench.tenant import Process, argv

FLOOR = Workload("clock_floor", {"count": 100})


@pytest.fixture
def start(tmp_path):
    """Starts tenants and ends them all."""
    started = []

    def begin(command=(), env=None) -> Process:
        process = Process("tenant-1", command, env or {}, tmp_path / "stderr", clean())
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.close()


@pytest.fixture
def fake(start, tmp_path):
    """Starts a script in a tenant's place."""

    def begin(body: str) -> Process:
        script = tmp_path / "fake.py"
        script.write_text("import sys, json, time\n" + textwrap.dedent(body))
        return start([sys.executable, str(script)])

    return begin


HELLO = 'print(\'@gvb {"hello": 1, "pid": 1, "boot_id": "", "cpus": []}\', flush=True)\n'


def test_variables_travel_in_argv_behind_the_command() -> None:
    assert argv(["ssh", "-T", "vm1"], {"A": "1"}, "python3") == [
        *("ssh", "-T", "vm1", "env", "A=1", "python3", "-m", "gpu_virt_bench.tenant")
    ]


def test_a_tenant_says_hello_and_runs_a_workload(start) -> None:
    tenant = start()
    assert tenant.hello["pid"] == tenant.pid
    assert len(tenant.run(FLOOR).columns["floor"]) == 100


def test_a_tenant_gets_a_clean_environment(start, monkeypatch) -> None:
    monkeypatch.setenv("LD_PRELOAD", "")
    monkeypatch.setenv("SECRET", "1")
    monkeypatch.setenv("CUDA_MPS_PIPE_DIRECTORY", "/x")
    environ = (
        (__import__("pathlib").Path(f"/proc/{start(env={'MINE': '2'}).pid}/environ")).read_bytes().decode().split("\0")
    )
    names = {line.partition("=")[0] for line in environ}
    assert "MINE" in names
    assert not names & {"LD_PRELOAD", "SECRET", "CUDA_MPS_PIPE_DIRECTORY"}


def test_an_unknown_routine_is_an_error_not_a_death(start) -> None:
    tenant = start()
    with pytest.raises(WorkloadError, match="no routine 'frobnicate'; there are clock_floor"):
        tenant.run(Workload("frobnicate"))
    assert tenant.run(FLOOR).columns


def test_a_missing_argument_is_named(start) -> None:
    with pytest.raises(WorkloadError, match="clock_floor needs the argument count"):
        start().run(Workload("clock_floor"))


def test_no_driver_is_one_sentence(start) -> None:
    with pytest.raises(WorkloadError, match=r"libcuda.so.1"):
        start().run(Workload("probe", {"bytes": 4096, "seed": 1}))


def test_a_killed_tenant_is_a_value_with_its_signal(start) -> None:
    tenant = start()
    tenant.kill()
    with pytest.raises(TenantDied, match="tenant-1 was ended by signal 9"):
        tenant.run(FLOOR)


def test_a_tenant_that_dies_while_working_fails_the_request_with_its_last_words(fake) -> None:
    tenant = fake(HELLO + "sys.stdin.readline(); sys.stderr.write('out of luck'); sys.exit(3)")
    with pytest.raises(TenantDied, match="exited with status 3; its last words: out of luck"):
        tenant.run(FLOOR)


def test_a_tenant_that_never_answers_is_killed(fake) -> None:
    tenant = fake(HELLO + "time.sleep(60)")
    with pytest.raises(TenantHung, match="tenant-1 did not answer clock_floor within 0 s and was killed"):
        tenant.run(Workload("clock_floor", {"count": 1}, timeout=0.3))
    assert not tenant.is_alive()


def test_a_tenant_that_dies_before_its_first_words_is_told(fake) -> None:
    with pytest.raises(TenantDied, match="exited with status 7"):
        fake("sys.exit(7)")


def test_stray_output_is_ignored(fake) -> None:
    tenant = fake(
        "print('[HAMI-core Msg]: hello')\nprint('@gvb not json')\n"
        + HELLO
        + """
        for line in sys.stdin:
            request = json.loads(line)
            sys.stdout.write('half a line')
            reply = {"id": request["id"], "ok": True, "columns": {"floor": [1]}, "begin": 0, "end": 1, "notes": {}}
            print("\\n@gvb " + json.dumps(reply), flush=True)
        """.replace("\n        ", "\n")
    )
    assert tenant.run(FLOOR).columns == {"floor": (1,)}


def test_another_protocol_is_refused(fake) -> None:
    with pytest.raises(TenantHung, match="speaks protocol 99, expected 1"):
        fake('print(\'@gvb {"hello": 99, "pid": 1}\', flush=True); time.sleep(60)')


def test_the_end_of_input_ends_the_tenant(start) -> None:
    tenant = start()
    tenant.close()
    assert not tenant.is_alive()
