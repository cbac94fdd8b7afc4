"""`gpu-virt-bench prove`, as its users meet it."""

import json

import pytest
from click.testing import CliRunner, Result

from gpu_virt_bench.cli import group
from sessions import LAYER

REFERENCE = str(LAYER / "reference-layer.toml")


def prove(*words: str) -> Result:
    """The command on the emulated GPU."""
    return CliRunner().invoke(group, ["prove", "--device", "emulated", *words])


def record(*words: str) -> dict:
    """What it says of one system, as JSON."""
    (found,) = json.loads(prove("--format", "json", *words).stdout)["proofs"]
    return found


@pytest.mark.parametrize("system", ["native", "time-slicing", "mps"])
def test_what_the_emulated_gpu_has_is_in_force_and_nothing_is_open(system) -> None:
    result = prove("--system", system, "--memory-limit", "8192", "--compute-limit", "50")
    assert result.exit_code == 0, result.output
    assert f"{system} on NVIDIA H200 (emulated): in force\n" in result.output
    assert "doors: the driver serves all 67 functions, by dlsym and by cuGetProcAddress" in result.output


def test_a_limit_of_mps_is_shown_through_every_call() -> None:
    found = {check["name"]: check["found"] for check in record("--system", "mps", "--memory-limit", "8192")["checks"]}
    assert found["memory-limit.calls"] == (
        "refused by cuMemAlloc, cuMemAllocPitch, cuMemAllocManaged, cuMemAllocAsync, cuMemCreate, cuArrayCreate"
    )


def test_what_a_layer_leaves_open_is_said_and_is_the_exit_status(layer) -> None:
    options = ["--option", f"library={layer}", "--option", "env.LAYER_MEMORY_SKIP=cuMemCreate"]
    result = prove("--system", REFERENCE, *options, "--memory-limit", "4096")
    assert result.exit_code == 1
    assert "reference-layer on NVIDIA H200 (emulated): in force, with something open" in result.output
    assert "memory limit: open: cuMemCreate, cuArrayCreate" in result.output


def test_a_pool_that_refuses_with_an_odd_code_is_said(layer) -> None:
    options = ["--option", f"library={layer}", "--option", "env.LAYER_REFUSE_CODE=999"]
    found = record("--system", REFERENCE, *options, "--memory-limit", "4096")
    assert "memory limit: cuMemAllocAsync answers 999" in found["open"]


def test_half_a_door_is_named_with_its_way(layer) -> None:
    options = ["--option", f"library={layer}", "--option", "env.LAYER_WAYS=query"]
    found = record("--system", "preload-generic", *options)
    assert found["in_force"]
    assert found["open"] == [
        "half a door: by cuGetProcAddress alone cuInit, cuDeviceTotalMem_v2, cuDevicePrimaryCtxRelease_v2, "
        "cuStreamSynchronize, cuStreamQuery, cuLaunchKernel and 13 more"
    ]
    assert found["doors"]["cuLaunchKernel"]["cuGetProcAddress"] == str(layer)
    assert found["doors"]["cuLaunchKernel"]["dlsym"].endswith("libcuda.so.1")


@pytest.mark.parametrize(
    ("knob", "kind"), [("QUERY_SINCE=12000", "CUDA 11.3"), ("QUERY_PLAIN=1", "per-thread streams")]
)
def test_a_look_up_that_goes_past_the_layer_for_a_version_or_a_flag_is_half_a_door(layer, knob, kind) -> None:
    options = ["--option", f"library={layer}", "--option", f"env.LAYER_{knob}"]
    found = record("--system", "preload-generic", *options)
    (told,) = found["open"]
    assert told.startswith(f"half a door: past the layer by cuGetProcAddress for {kind} cuInit, ")
    assert found["doors"]["cuLaunchKernel"][f"cuGetProcAddress for {kind}"].endswith("libcuda.so.1")


def test_a_limit_that_does_not_bind_is_said(layer) -> None:
    options = ["--option", f"library={layer}", "--option", "env.LAYER_BUCKET=1e9"]
    result = prove("--system", REFERENCE, *options, "--compute-limit", "50")
    assert result.exit_code == 1
    assert "compute-limit.slowed" in result.output
    assert "the limit does not bind: 1.0" in " ".join(result.output.split()) or "0.99" in result.output


@pytest.mark.parametrize(
    ("variable", "limit", "status", "told"),
    [
        ("{memory_bytes}", "--memory-limit", 2, "memory-limit not in force"),
        ("{compute_percent}", "--compute-limit", 1, "the limit does not bind"),
    ],
)
def test_a_layer_that_does_nothing_holds_no_limit(layer, variable, limit, status, told) -> None:
    options = ["--option", f"library={layer}", "--option", f"env.NOBODY_READS={variable}"]
    result = prove("--system", "preload-generic", *options, limit, "50")
    assert result.exit_code == status
    assert told in " ".join(result.output.split())


def test_a_layer_that_is_not_in_force_is_told_what_it_serves(layer) -> None:
    inert = layer.with_name("libgvblayer-inert.so")
    result = prove("--system", "preload-generic", "--option", f"library={inert}")
    assert result.exit_code == 2
    assert "preload-generic on NVIDIA H200 (emulated): NOT in force" in result.output
    assert "It serves none of the functions that are measured" in " ".join(result.output.split())


def test_wrong_use_is_a_sentence() -> None:
    result = prove("--system", "no-such-system")
    assert result.exit_code == 2
    assert "no-such-system" in result.output
    assert "Traceback" not in result.output
