"""Remarks below a run's table."""

from dataclasses import replace

from builders import a_run
from gpu_virt_bench.model.run import SLOWED, Measured, Run
from gpu_virt_bench.report.text import remarks


def noted(*notes: str) -> Run:
    """A run of five repetitions, the first with these notes."""
    run = a_run({"OH-001": [1.0] * 5})
    outcome = run.outcomes["OH-001"]
    assert isinstance(outcome, Measured)
    first = replace(outcome.repetitions[0], notes=list(notes))
    return replace(run, outcomes={"OH-001": replace(outcome, repetitions=[first, *outcome.repetitions[1:]])})


def test_a_quiet_run_has_no_remark() -> None:
    assert remarks(noted("waited 0.3 s for quiet processors")) == []


def test_repetitions_on_a_busy_host_are_counted() -> None:
    (remark,) = remarks(noted(f"3 of 11 samples {SLOWED}"))
    assert remark.startswith(f"1 of 5 repetitions have samples that {SLOWED}: their latencies are too long")
