"""A run whose layer is not in force does not exist: each refusal with its sentence."""

import os
import re
import shutil
from dataclasses import replace

import pytest

from gpu_virt_bench.cli.progress import Silent
from gpu_virt_bench.engine.folder import PREFIX, home
from gpu_virt_bench.engine.session import Unmeasurable, run_session
from gpu_virt_bench.results import load
from gpu_virt_bench.systems.options import configured, resolve_options
from sessions import LAYER, request_for

ONCE = {"repetitions": 1, "max_repetitions": 1}
MINIMAL = """
title = "T"
description = "D"
mechanism = "none"
features = ["separate-processes"]
"""


@pytest.fixture
def refusal(tmp_path):
    """The sentence that refuses a session; the file it leaves is valid and has no outcome."""

    def run(system: str, options: dict[str, str] | None = None, **changes) -> str:
        request = request_for(tmp_path / "results", "OH-001", (system,), **ONCE)
        (found,) = request.systems
        given = resolve_options(found, options or {})
        request = replace(request, systems=[configured(found, given)], options={found.id: given}, **changes)
        result = run_session(request, Silent())
        (path,) = (tmp_path / "results").glob("*/*.json")
        assert (load(path).status, load(path).outcomes) == ("refused", {})
        return result.refused or ""

    return run


@pytest.fixture
def definition(tmp_path):
    """Writes a definition."""

    def write(text: str) -> str:
        path = tmp_path / "mine.toml"
        path.write_text(MINIMAL + text)
        return str(path)

    return write


def test_a_library_that_hooks_nothing_is_not_in_force(refusal, layer) -> None:
    inert = layer.with_name("libgvblayer-inert.so")
    sentence = refusal(str(LAYER / "reference-layer.toml"), {"library": str(inert)})
    assert sentence.startswith("reference-layer is not in force: ")
    assert re.search(rf"served_by.cuMemAlloc_v2 is \S*libcuda.so.1, expected {re.escape(str(inert))}", sentence)


def test_a_layer_that_was_not_loaded_is_not_in_force(refusal, definition) -> None:
    sentence = refusal(definition('[proof]\nmapped = ["libmylayer.so"]\n'))
    assert sentence == "mine is not in force: mapped.libmylayer.so is not mapped, expected mapped"


def test_a_library_of_another_layer_is_refused(refusal, definition, layer, tmp_path) -> None:
    other = tmp_path / "libvgpu.so"
    shutil.copy(layer, other)
    sentence = refusal(definition(f'[tenant]\ncommand = ["env", "LD_PRELOAD={other}"]\n'))
    assert sentence == f"mine is not in force: foreign_layers is {other}, expected no library of another layer"


def test_two_layers_at_once_are_refused(refusal, definition, layer, tmp_path) -> None:
    others = [tmp_path / "libvgpu.so", tmp_path / "libnvshare.so"]
    for other in others:
        shutil.copy(layer, other)
    sentence = refusal(definition(f'[tenant]\nenv.LD_PRELOAD = "{others[0]}:{others[1]}"\n'))
    assert sentence == (f"mine drives two layers at once, {others[0]} and {others[1]}; give each its own system")


def test_a_preloaded_layer_under_a_daemon_is_refused(refusal, definition, layer, tmp_path) -> None:
    other = tmp_path / "libvgpu.so"
    shutil.copy(layer, other)
    (tmp_path / "pipes").mkdir()
    (tmp_path / "pipes" / "control").touch()
    env = f'env.LD_PRELOAD = "{other}"\nenv.CUDA_MPS_PIPE_DIRECTORY = "{tmp_path}/pipes"\n'
    sentence = refusal(definition(f"[tenant]\n{env}"))
    found = f"{other} and MPS (a control daemon in {tmp_path}/pipes)"
    assert sentence == f"mine drives two layers at once, {found}; give each its own system"


def test_a_leaky_limit_is_refused(refusal, layer) -> None:
    options = {"library": str(layer), "env.LAYER_MEMORY_MODE": "leaky", "env.LAYER_MEMORY_SLACK": str(1 << 30)}
    sentence = refusal(str(LAYER / "reference-layer.toml"), options, memory_limit=4 << 30)
    found = "cuMemAlloc of quota + 256 MiB succeeded; open: cuMemAlloc, "
    assert sentence.startswith(f"reference-layer: memory-limit not in force: {found}")


def test_a_memory_quota_below_the_work_that_checks_a_context_is_refused_before_any_sample(refusal, layer) -> None:
    sentence = refusal(str(LAYER / "reference-layer.toml"), {"library": str(layer)}, memory_limit=1 << 20)
    assert sentence.startswith(
        "reference-layer: a tenant's memory quota is 1 MiB, and the work that checks its context after each outcome"
        " takes 4 MiB: give --memory-limit more"
    )


def test_a_limit_that_holds_is_measured(layer, tmp_path) -> None:
    request = request_for(tmp_path, "OH-001", (str(LAYER / "reference-layer.toml"),), **ONCE)
    options = resolve_options(request.systems[0], {"library": str(layer)})
    request = replace(request, options={"reference-layer": options}, memory_limit=4 << 30)
    run = run_session(request, Silent()).records[0].run
    found = {check.name: check.found for check in run.proof[0].checks}
    assert found["memory-limit.refused_above"] == "refused"
    assert run.proof[0].granted["memory_bytes"] == str(4 << 30)
    assert run.outcomes["OH-001"].outcome == "measured"


def test_a_daemon_that_does_not_answer_is_refused(refusal, definition) -> None:
    step = '[[setup]]\nname = "daemon"\nrun = ["echo", "starting"]\nexpect = "ready"\nretry_for = 0.5\n'
    sentence = refusal(definition(step))
    assert "daemon" in sentence
    assert "starting" in sentence


BUSY = "from gpu_virt_bench import libgvb; import time; libgvb.open_driver(); libgvb.make_context(); time.sleep(20)"


def test_another_process_on_the_device_is_refused(refusal, definition) -> None:
    import sys

    # not a background step, which is the session's own: it leaves for a session of its own, as a stranger would
    step = f'[[setup]]\nrun = ["setsid", "-f", "{sys.executable}", "-c", "{BUSY}"]\n'
    wait = '[[setup]]\nrun = ["sleep", "1.5"]\n'
    sentence = refusal(definition(f"{step}{wait}[proof]\nobserver.alone = true\n"))
    assert sentence.startswith("mine is not in force: observer.alone is ")
    assert "expected no process of others" in sentence


def test_a_program_that_is_missing_makes_a_system_unavailable(tmp_path, definition) -> None:
    request = request_for(tmp_path, "OH-001", (definition('[requires]\ntools = ["no-such-daemon"]\n'),), **ONCE)
    with pytest.raises(
        Unmeasurable, match="mine is unavailable: needs the program no-such-daemon, which is not in PATH"
    ):
        run_session(request, Silent())


def test_nothing_is_left_behind(refusal, definition, tmp_path) -> None:
    mark = tmp_path / "torn-down"
    refusal(
        definition(
            f'[[teardown]]\nrun = ["touch", "{mark}"]\n[proof]\nmapped = ["libmylayer.so"]\n',
        )
    )
    assert mark.exists()
    assert list(home().glob(f"{PREFIX}{os.getpid()}-*")) == []


def test_a_library_that_nobody_knows_and_that_serves_a_driver_function_is_refused(refusal, definition, layer) -> None:
    sentence = refusal(
        definition(f'[tenant]\ncommand = ["env", "LD_PRELOAD={layer}", "LAYER_DELAY=cuMemFree_v2=5000"]\n')
    )
    assert sentence.startswith(f"mine is not in force: foreign_layers is {layer} (it serves cuInit by dlsym, ")


def test_native_is_native_in_every_function(refusal, definition, layer) -> None:
    preloaded = f'[tenant]\ncommand = ["env", "LD_PRELOAD={layer}", "LAYER_WAYS=query"]\n'
    sentence = refusal(definition(preloaded + '[proof]\nserved_by = { cuMemAlloc_v2 = "libcuda.so.1" }\n'))
    assert f"foreign_layers is {layer} (it serves cuInit by cuGetProcAddress, " in sentence


def test_a_limit_that_is_open_in_one_way_is_refused(refusal, layer, tmp_path) -> None:
    options = {"library": str(layer), "env.LAYER_WAYS": "handle"}
    text = re.sub(r"(?m)^(served_by|file|memory_total).*\n", "", (LAYER / "reference-layer.toml").read_text())
    half = tmp_path / "half.toml"
    half.write_text(text)
    sentence = refusal(str(half), options, memory_limit=4 << 30)
    assert sentence.startswith(
        "half: memory-limit not in force: cuMemAlloc of quota + 256 MiB succeeded when found by "
        "cuGetProcAddress; open: cuMemAlloc by cuGetProcAddress"
    )


def test_a_layer_that_does_nothing_is_refused_when_it_is_claimed_to_limit_memory(refusal, layer) -> None:
    options = {"library": str(layer), "env.NOBODY_READS": "{memory_bytes}"}
    sentence = refusal("preload-generic", options, memory_limit=4 << 30)
    assert sentence.startswith(
        "preload-generic: memory-limit not in force: cuMemAlloc of quota + 256 MiB succeeded; open: cuMemAlloc, "
    )


def measured_with(definition, tmp_path, **changes):
    """The runs of a session in turns whose second system is not in force."""
    path = definition('[proof]\nmapped = ["libmylayer.so"]\n')
    request = request_for(tmp_path / "results", "OH-001", ("native", path), turns=True, **ONCE)
    return [record.run for record in run_session(replace(request, **changes), Silent()).records]


def test_a_system_that_takes_its_turn_is_proved_before_anything_is_measured(definition, tmp_path) -> None:
    native, other = measured_with(definition, tmp_path)
    assert (native.status, native.outcomes["OH-001"].outcome) == ("complete", "measured")
    assert other.status == "refused"
    assert native.session.order == ["0: native"]


def test_a_strict_session_ends_with_one_refused_system(definition, tmp_path) -> None:
    native, other = measured_with(definition, tmp_path, strict=True)
    assert [native.status, other.status] == ["refused", "refused"]
    assert native.outcomes == {}


@pytest.mark.host_time
def test_a_session_of_fresh_tenants_alone_is_proved_before_it_measures(tmp_path) -> None:
    request = replace(request_for(tmp_path, "OH-004", ("mps",), **ONCE), memory_limit=8 << 30)
    (record,) = run_session(request, Silent()).records
    first = record.run.proof[0]
    assert first.when == "before"
    assert "memory-limit.calls" in {check.name for check in first.checks}
