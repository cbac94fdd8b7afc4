"""On hardware: physical bounds, and two independent readings of one quantity. Bounds, not values."""

import pytest

from gpu_virt_bench.cli.progress import Silent
from gpu_virt_bench.engine.observer import NoNvml, open_nvml
from gpu_virt_bench.engine.session import run_session
from gpu_virt_bench.report.text import summarise
from sessions import request_for


def gpu_missing() -> str:
    """Why there is no GPU to test on, "" if there is one."""
    try:
        return "" if open_nvml().nvmlDeviceGetCount() else "NVML shows no device"
    except NoNvml as error:
        return f"needs a real NVIDIA GPU: {error}"


WHY = gpu_missing()
pytestmark = [pytest.mark.gpu, pytest.mark.skipif(bool(WHY), reason=WHY)]
CHOSEN = (
    "OH-001[path=*];OH-001[api=*];OH-002[bytes=*];OH-003[bytes=*];OH-003[state=pending,bytes=4096];"
    "OH-004[phase=*];OH-010"
)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Outcomes of one tenant, natively."""
    request = request_for(tmp_path_factory.mktemp("results"), CHOSEN, device="auto")
    return run_session(request, Silent()).records[0].run


@pytest.fixture
def value(run):
    """The estimate of an outcome."""

    def find(outcome: str) -> float:
        found = run.outcomes[outcome]
        return summarise(found, run.metrics[found.metric]).value

    return find


def test_everything_is_measured_on_a_real_device(run) -> None:
    assert not run.device.emulated
    assert {name: o.outcome for name, o in run.outcomes.items() if o.outcome != "measured"} == {}


def test_every_proof_holds(run) -> None:
    assert run.proof
    assert all(record.passed for record in run.proof)


def test_every_tenant_that_was_asked_before_its_samples_was_asked_after_them(run) -> None:
    before, after = ({(r.serial, r.child) for r in run.proof if r.when == when} for when in ("before", "after"))
    assert before
    assert before <= after


def test_every_sample_has_the_sm_clock_of_its_window(run) -> None:
    taken = [repetition for outcome in run.outcomes.values() for repetition in outcome.repetitions]
    assert all(len(repetition.clocks_hz) == len(repetition.samples) for repetition in taken)
    assert all(1e8 < clock < 5e9 for repetition in taken for clock in repetition.clocks_hz)


def test_a_launch_returns_before_the_kernel_starts_and_starts_before_the_host_knows(value) -> None:
    call, start = value("OH-001"), value("OH-001[path=start]")
    assert 0.2e-6 < call < start < value("OH-001[path=round-trip]") < 100e-6


def test_larger_allocations_do_not_cost_less(value) -> None:
    small, headline, large = value("OH-002[bytes=4096]"), value("OH-002"), value("OH-002[bytes=1073741824]")
    assert 0.05e-6 < small < headline < large < 50e-3


def test_a_pending_free_waits_for_the_kernel_of_one_millisecond(value) -> None:
    waited = value("OH-003[bytes=4096,state=pending]") - value("OH-003[bytes=4096]")
    assert 0.95e-3 < waited < 1.2e-3


def test_the_phases_of_a_start_add_up(value) -> None:
    phases = ("load", "init", "context", "allocate", "module", "launch")
    assert value("OH-004") == pytest.approx(sum(value(f"OH-004[phase={phase}]") for phase in phases), rel=0.1)


def test_a_cycle_lasts_at_least_as_long_as_its_kernels(run, value) -> None:
    kernels = 20 * run.session.calibration["fma_millisecond_seconds"] / 2
    assert value("OH-010") < 1.05 / kernels


def test_the_nominal_millisecond_lasts_about_one(run) -> None:
    assert run.session.calibration["fma_millisecond_seconds"] == pytest.approx(1e-3, rel=0.25)
