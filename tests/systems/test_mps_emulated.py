"""MPS on the emulated GPU: the definition that works on hardware, with every proof of it."""

import os
import re
from dataclasses import replace
from importlib import resources
from pathlib import Path

import pytest

from gpu_virt_bench.cli.progress import Silent
from gpu_virt_bench.compare.admissible import unproven
from gpu_virt_bench.engine.folder import PREFIX, home
from gpu_virt_bench.engine.session import run_session
from gpu_virt_bench.results import load
from gpu_virt_bench.systems.available import Here, availability
from gpu_virt_bench.systems.load import load as load_system
from sessions import request_for

MIB = 1 << 20
DEFINITION = resources.files("gpu_virt_bench.systems").joinpath("mps.toml").read_text()
DAEMON = '[[setup]]\nname = "control daemon"\n'
READY = '[[setup]]\nname = "ready"\n'
CLIENT = '[tenant]\nenv.CUDA_MPS_PIPE_DIRECTORY = "{session_dir}/p"'
PAIR = ('overlap = "always"\n', "")
"""Two tenants at once are asked before any other proof; without that question the next one refuses."""


def request(folder: Path, *systems: str):
    """One repetition on the small device, with half of it for each tenant; OH-004 is of the host's time."""
    asked = request_for(folder, "OH-001;OH-004", systems, "emulated:tiny", repetitions=1, max_repetitions=1)
    return replace(asked, emulate={}, memory_limit=512 * MIB, compute_limit=0.5)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The run of MPS, measured beside native."""
    result = run_session(request(tmp_path_factory.mktemp("results"), "native", "mps"), Silent())
    assert result.refused is None, result.refused
    return next(record.run for record in result.records if record.run.system.id == "mps")


def test_mps_is_measured(run) -> None:
    assert {outcome.outcome for outcome in run.outcomes.values()} == {"measured"}


def test_every_check_is_made_and_holds(run) -> None:
    found = {check.name: check.passed for proof in run.proof for check in proof.checks}
    assert {"command", "memory-limit.refused_above", "compute-limit.sm_count", "overlap"} <= found.keys()
    assert all(found.values())


def test_half_of_four_multiprocessors_are_two(run) -> None:
    assert {proof.granted["sm_count"] for proof in run.proof if proof.granted} == {"2"}


def test_every_tenant_is_asked_after_its_last_sample(run) -> None:
    assert not list(unproven(run))


@pytest.fixture
def refusal(tmp_path):
    """The sentence that refuses a session under a changed definition; no daemon and no file is left."""

    def refuse(*changes: tuple[str, str]) -> str:
        text = DEFINITION.replace("retry_for = 10", "retry_for = 0.3")
        for old, new in changes:
            assert text.count(old) == 1
            text = text.replace(old, new)
        path = tmp_path / "mine.toml"
        path.write_text(text)
        result = run_session(request(tmp_path / "results", str(path)), Silent())
        (file,) = (tmp_path / "results").glob("*/*.json")
        assert (load(file).status, load(file).outcomes) == ("refused", {})
        return result.refused or ""

    yield refuse
    assert list(home().glob(f"{PREFIX}{os.getpid()}-*")) == []


def test_a_daemon_that_does_not_answer_is_refused(refusal) -> None:
    sentence = refusal(('run = ["nvidia-cuda-mps-control", "-f"]', 'run = ["sleep", "60"]'))
    assert re.fullmatch(
        "mine: setup: step 'ready', `nvidia-cuda-mps-control` exited with status 1, expected 0 for 0.3 s; it "
        r"printed: no MPS control daemon answers in \S+/p: start one with `nvidia-cuda-mps-control -d`",
        sentence,
    )


def test_a_daemon_that_is_already_there_is_refused(refusal) -> None:
    first = '[[setup]]\nrun = ["nvidia-cuda-mps-control", "-d"]\n\n'
    pause = '[[setup]]\nrun = ["sleep", "0.5"]\n\n'  # until the second has looked
    sentence = refusal((DAEMON, first + DAEMON), (READY, pause + READY))
    assert re.fullmatch(
        "mine: setup: step 'control daemon', `nvidia-cuda-mps-control -f` ended with status 1, expected to stay up; "
        r"it printed: an MPS control daemon already runs in \S+/p: end it with `echo quit \| nvidia-cuda-mps-control`",
        sentence,
    )


def test_a_limit_that_does_not_bind_is_refused(refusal) -> None:
    sentence = refusal(("[env]\n", '[env]\nGVB_EMULATED_MPS_LIMITS = "ignored"\n'), PAIR)
    open_doors = "cuMemAlloc, cuMemAllocPitch, cuMemAllocManaged, cuMemAllocAsync, cuMemCreate, cuArrayCreate"
    found = f"cuMemAlloc of quota + 256 MiB succeeded; open: {open_doors}, cuMemAlloc in parts"
    assert sentence == f"mine: memory-limit not in force: {found}"


def test_a_tenant_that_is_no_client_is_not_in_force(refusal) -> None:
    sentence = refusal((CLIENT, "[tenant]"), PAIR)
    assert sentence.startswith("mine is not in force: command is `nvidia-cuda-mps-control` did not print '(?m)^")


def test_tenants_that_are_no_clients_do_not_overlap(refusal) -> None:
    sentence = refusal((CLIENT, "[tenant]"))
    assert sentence.startswith("mine is not in force: overlap is never, ")


@pytest.mark.parametrize(
    ("emulated", "reason"), [(True, None), (False, "needs the program nvidia-cuda-mps-control, which is not in PATH")]
)
def test_the_emulated_gpu_brings_its_own_daemon(run, tmp_path, emulated, reason) -> None:
    here = Here((replace(run.device, emulated=emulated),), path="/nowhere", system_preload=tmp_path / "none")
    assert availability(load_system("mps"), here) == reason
