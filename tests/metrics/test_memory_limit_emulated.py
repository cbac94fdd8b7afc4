"""On the emulated GPU, IS-001 and IS-002 show what the reference layer does to its memory limit, and nothing else."""

import re
from dataclasses import replace

import pytest

from gpu_virt_bench.cli.progress import Silent
from gpu_virt_bench.engine.session import run_session
from gpu_virt_bench.model.run import Failed, Run
from gpu_virt_bench.systems.options import configured, resolve_options
from sessions import LAYER, request_for, value

MIB, GIB = 1 << 20, 1 << 30
DEVICE = 150754820096
"""Bytes of the h200 profile."""
EVERY_CALL = "IS-001[api=*]"
US = 1e-6


@pytest.fixture
def limited(layer, tmp_path):
    """A run under the reference layer with knobs, each tenant with a memory limit of 4 GiB."""

    def measure(chosen: str, refused: bool = False, limit: int | None = 4 * GIB, **knobs: str) -> Run | str:
        request = request_for(tmp_path / "results", chosen, (str(LAYER / "reference-layer.toml"),), repetitions=1)
        (system,) = request.systems
        scope = {"LAYER_MEMORY_SCOPE": knobs.pop("MEMORY_SCOPE", "tenant")}
        system = replace(system, tenant=replace(system.tenant, env={**system.tenant.env, **scope}))
        options = {"library": str(layer), **{f"env.LAYER_{name}": text for name, text in knobs.items()}}
        given = resolve_options(system, options)
        asked = replace(
            request,
            suite=replace(request.suite, max_repetitions=1),
            systems=[configured(system, given)],
            options={system.id: given},
            memory_limit=limit,
        )
        result = run_session(asked, Silent())
        if refused:
            assert result.refused is not None
            return str(result.refused)
        assert result.refused is None, result.refused
        return result.records[0].run

    return measure


def limits(run: Run, outcome: str):
    """What the reader is told of a limit."""
    return run.outcomes[outcome].repetitions[0].detail["limit"][0]


def test_a_limit_that_holds_is_exact_by_every_call_that_is_counted(limited) -> None:
    run = limited(EVERY_CALL)
    for outcome in ("IS-001", "IS-001[api=pool]", "IS-001[api=vmm]", "IS-001[api=pitch]", "IS-001[api=managed]"):
        assert value(run, outcome) == 1.0
        assert limits(run, outcome)["physical"] == 4 * GIB


def test_a_call_that_the_layer_does_not_know_gives_all_that_is_there(limited) -> None:
    run = limited("IS-001[api=array]")
    assert value(run, "IS-001[api=array]") < -30
    row = limits(run, "IS-001[api=array]")
    assert DEVICE - 4 * GIB < row["enforced"] < DEVICE - 2 * GIB
    assert row["ended_by"].startswith("no refusal")


def test_a_limit_that_is_128_mib_too_high_is_96_9_percent_accurate(limited) -> None:
    run = limited("IS-001", MEMORY_MODE="leaky")
    assert value(run, "IS-001") == pytest.approx(0.96875, abs=0.001)
    assert limits(run, "IS-001")["sign"] == "+"


def test_a_call_that_is_not_counted_falls_alone_and_below_zero(limited) -> None:
    run = limited("IS-001;IS-001[api=pool];IS-001[api=vmm]", MEMORY_SKIP="cuMemCreate")
    assert [value(run, name) for name in ("IS-001", "IS-001[api=pool]")] == [1.0, 1.0]
    assert value(run, "IS-001[api=vmm]") < 0


def test_a_limit_that_is_not_set_is_refused_by_its_proof(limited) -> None:
    assert "quota + 256 MiB succeeded" in limited("IS-001", refused=True, MEMORY_MODE="none")


def test_parts_of_the_device_are_limits_too(limited) -> None:
    run = limited("IS-001;IS-001[memory=0.25]", limit=None)
    assert [value(run, name) for name in ("IS-001", "IS-001[memory=0.25]")] == pytest.approx([1.0, 1.0], abs=1e-4)
    assert [limits(run, name)["asked"] for name in run.outcomes] == [DEVICE // 2, DEVICE // 4]


def test_a_second_process_counts_with_the_first_unless_the_limit_is_the_processs(limited) -> None:
    assert value(limited("IS-001[process=second]"), "IS-001[process=second]") == 1.0
    own = limited("IS-001[process=second]", MEMORY_SCOPE="process")
    assert value(own, "IS-001[process=second]") == 0.5


def test_memory_of_a_process_that_was_killed_is_not_given_to_the_next(limited) -> None:
    assert value(limited("IS-001[process=after]"), "IS-001[process=after]") == 0.75
    own = limited("IS-001[process=after]", MEMORY_SCOPE="process")
    assert value(own, "IS-001[process=after]") == 1.0


def test_a_refusal_takes_as_long_as_the_layer_makes_it(limited) -> None:
    every = "IS-002;IS-002[api=pool];IS-002[api=vmm]"
    plain, slow = limited(every), limited(every, REFUSE_DELAY="1000500")
    for outcome in plain.outcomes:
        assert value(plain, outcome) == pytest.approx(0.5 * US, rel=0.1)
        assert value(slow, outcome) - value(plain, outcome) == pytest.approx(1e-3, rel=0.05)


def test_a_refusal_by_the_driver_is_not_touched_by_the_layers(limited) -> None:
    physical = "IS-002[limit=physical]"
    plain, slow = (value(limited(physical, limit=None, REFUSE_DELAY=ns), physical) for ns in ("500", "1000500"))
    assert slow == pytest.approx(plain, rel=0.01)


@pytest.mark.parametrize("every", ["10", "100"])
def test_a_refusal_that_is_missed_once_fails_the_outcome(limited, every) -> None:
    found = limited("IS-002", REFUSE_MISS=every).outcomes["IS-002"]
    assert isinstance(found, Failed)
    assert re.search(r"requests by cuMemAlloc_v2 for \d+ bytes were granted", found.error)
