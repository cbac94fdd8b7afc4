"""What a run is, above its table: its proof in one line, its time."""

from dataclasses import replace

import pytest

from builders import PROOF, a_run
from gpu_virt_bench.model.run import Check, Run
from gpu_virt_bench.report.about import about, lines, period


def said(run: Run, name: str) -> str:
    """The text of one line."""
    return dict(lines(run, about("run.json", run)))[name]


RUN = a_run({"OH-001": [1.0]})


def test_a_proof_in_force_is_counted() -> None:
    assert said(RUN, "proof") == "in force; 6 checks, none failed; proofs: 1 before first samples, 1 after last ones"


def test_a_failed_check_is_named_and_the_run_is_unproven() -> None:
    bad = replace(PROOF[1], checks=[Check("served_by.cuInit", "libcuda.so.1", "libvgpu.so", False)])
    text = said(replace(RUN, proof=[PROOF[0], bad]), "proof")
    assert text.startswith("UNPROVEN: native was not in force: served_by.cuInit is libvgpu.so, expected libcuda.so.1;")
    assert "; 4 checks, 1 failed; " in text


def test_a_feature_that_failed_its_own_outcomes_is_named() -> None:
    bad = replace(
        PROOF[1], checks=[*PROOF[1].checks, Check("memory-limit.calls", "all refused", "open: cuMemMap", False)]
    )
    text = said(replace(RUN, proof=[PROOF[0], bad]), "proof")
    assert text.startswith(
        "in force; 7 checks, 1 failed (the first: memory-limit.calls is open: cuMemMap, expected all"
    )


def test_a_tenant_that_was_not_asked_again_makes_the_run_unproven() -> None:
    text = said(replace(RUN, proof=PROOF[:1]), "proof")
    assert text.startswith("UNPROVEN: native is unproven: 1 tenant was not asked for its proof after its last sample;")
    assert text.endswith("proofs: 1 before first samples, 0 after last ones")


def test_a_derived_run_has_no_proof() -> None:
    assert said(replace(RUN, kind="derived", proof=[]), "proof") == "none: a model's values, nothing was measured"


def test_a_device_says_its_driver_and_that_it_is_emulated() -> None:
    assert said(RUN, "device") == "NVIDIA H200, driver 580.159.04, CUDA 13.0"
    assert "EMULATED" in said(a_run({"OH-001": [1.0]}, emulated=True), "device")


def test_a_session_names_its_other_systems() -> None:
    together = replace(RUN, session=replace(RUN.session, systems=["native", "mps"]))
    assert said(together, "suite") == "standard, 5 repetitions, seed 1; in one session with mps"


def test_the_host_says_its_kernel() -> None:
    assert said(RUN, "host") == "A processor, 16 processors, kernel 6.8.0, A distribution"


@pytest.mark.parametrize(
    ("ended", "expected"),
    [
        (None, "2026-11-21 23:00:00 UTC"),
        ("half past", "2026-11-21 23:00:00 UTC"),
        ("2026-11-21T23:01:30+00:00", "2026-11-21 23:00:00 to 23:01:30 UTC (90 s)"),
        ("2026-11-22T01:00:00+01:00", "2026-11-21 23:00:00 to 2026-11-22 00:00:00 UTC (60 min)"),
    ],
)
def test_a_period_is_in_utc(ended: str | None, expected: str) -> None:
    assert period("2026-11-21T23:00:00+00:00", ended) == expected
