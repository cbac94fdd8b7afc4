"""`gpu-virt-bench prove`, as its users meet it."""

import json
import re

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


@pytest.mark.parametrize(
    ("system", "limits"),
    [("native", ()), ("time-slicing", ()), ("mps", ("--memory-limit", "8192", "--compute-limit", "50"))],
)
def test_what_the_emulated_gpu_has_is_in_force_and_nothing_is_open(system, limits) -> None:
    result = prove("--system", system, *limits)
    assert result.exit_code == 0, result.output
    assert f"{system} on NVIDIA H200 (emulated): in force\n" in result.output
    assert "doors: the driver serves all 71 functions, by dlsym and by cuGetProcAddress" in result.output


@pytest.mark.parametrize("system", ["native", "preload-generic"])
def test_a_limit_that_a_system_does_not_have_is_said(system, layer) -> None:
    options = ["--option", f"library={layer}"] if system == "preload-generic" else []
    found = record("--system", system, *options, "--memory-limit", "4096")
    assert f"{system} has no memory-limit: proved without" in found["open"]


CLAIMS = """
title = "Banner"
description = "Loaded, and without effect."
mechanism = "preload"
features = ["separate-processes", "memory-limit", "compute-limit"]
[quota]
memory = { step = 1 }
compute = { step = 0.01 }
[options.library]
kind = "file"
required = true
help = "any"
[tenant]
env.LD_PRELOAD = "{library}"
"""
BY_NAME = '[proof]\nmapped = ["{library}"]\n'
NATIVES = BY_NAME + 'full_device = true\nserved_by.cuInit = "libcuda.so.1"\n'
ALWAYS = '[proof.memory-limit]\ncommand = { run = ["true"], expect = "" }\n'


@pytest.mark.parametrize("proof", ["", BY_NAME, NATIVES, NATIVES + ALWAYS], ids=["none", "name", "natives", "always"])
def test_what_a_native_run_would_pass_as_well_proves_nothing(proof, layer, tmp_path) -> None:
    inert = layer.with_name("libgvblayer-inert.so")
    (tmp_path / "banner.toml").write_text(CLAIMS + proof)
    options = ["--option", f"library={inert}", "--memory-limit", "4096", "--compute-limit", "50"]
    result = prove("--system", str(tmp_path / "banner.toml"), *options)
    told = " ".join(result.output.split())
    assert result.exit_code == 2
    assert "banner on NVIDIA H200 (emulated): NOT proved" in told
    assert "banner is unproven: no check of its definition would fail if the layer were not in force" in told
    for kind in ("memory", "compute"):
        assert f"banner is unproven: nothing shows that its {kind} limit was in force" in told


def test_a_limit_of_mps_is_shown_through_every_call() -> None:
    found = {check["name"]: check["found"] for check in record("--system", "mps", "--memory-limit", "8192")["checks"]}
    assert found["memory-limit.calls"] == (
        "refused by cuMemAlloc, cuMemAllocPitch, cuMemAllocManaged, cuMemAllocAsync, cuMemCreate, cuArrayCreate, "
        "cuMemAlloc in parts, in a second process too; each process has a limit of its own"
    )


def test_a_limit_that_looks_at_single_requests_is_no_limit(layer) -> None:
    options = ["--option", f"library={layer}", "--option", "env.LAYER_MEMORY_MODE=single"]
    result = prove("--system", REFERENCE, *options, "--memory-limit", "4096")
    told = " ".join(result.output.split())
    assert result.exit_code == 2
    assert "memory-limit not in force" in told
    assert "open: cuArrayCreate, cuMemAlloc in parts" in told


def test_a_limit_that_processes_share_is_not_said_to_be_their_own(layer) -> None:
    """The reference layer counts a tenant's processes together; those of MPS have limits of their own, see above."""
    options = ["--option", f"library={layer}", "--memory-limit", "4096"]
    found = {check["name"]: check["found"] for check in record("--system", REFERENCE, *options)["checks"]}
    assert "in a second process too" in found["memory-limit.calls"]
    assert "each process has a limit of its own" not in found["memory-limit.calls"]


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
        "cuStreamSynchronize, cuStreamQuery, cuLaunchKernel and 15 more"
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
    assert re.search(r"(the limit does not bind: |granted 0\.5, )(1\.0|0\.9)", " ".join(result.output.split()))


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
