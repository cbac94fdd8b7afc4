"""On two GPUs: each tenant of a party on its own, and each GPU with its own observer and clocks."""

import pytest

from gpu_virt_bench import Share, Workload, metric
from gpu_virt_bench.cli.progress import Silent
from gpu_virt_bench.engine.observer import NoNvml, open_nvml
from gpu_virt_bench.engine.session import run_session
from sessions import request_for


def devices() -> int:
    """How many real GPUs there are."""
    try:
        return int(open_nvml().nvmlDeviceGetCount())
    except NoNvml:
        return 0


COUNT = devices()
pytestmark = [pytest.mark.gpu, pytest.mark.skipif(COUNT < 2, reason=f"needs two real NVIDIA GPUs, found {COUNT}")]
SEEN: list[tuple[str, str]] = []


def busy(bench) -> Workload:
    """Kernels for half a second."""
    args = {"iterations": bench.millisecond, "blocks": 8 * bench.device.sm_count, "depth": 2, "settle": 0}
    return Workload("launch_rate", {**args, "duration": 500_000_000, "wait": "block"})


@metric(
    "XX-001",
    unit="cycles/s",
    better="higher",
    effort="window",
    party=lambda params, device: (Share(role="here"), Share(gpu=1, role="there")),
    needs=("concurrent-tenants",),
)
def both(bench):
    """Kernels of two tenants on two GPUs.

    sample = launches per second of the slower one, both at work
    """
    SEEN.append(tuple(tenant.tenant.facts()["device"]["uuid"] for tenant in bench.party))
    while True:
        found = bench.read({tenant: busy(bench) for tenant in bench.party})
        yield min(len(series.columns["done"]) / series.duration for series in found.values())


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """One session on two GPUs."""
    once = {"repetitions": 2, "max_repetitions": 2}
    request = request_for(tmp_path_factory.mktemp("results"), "", ("time-slicing",), "0,1", extra=[both], **once)
    return run_session(request, Silent()).records[0].run


def test_each_tenant_of_a_party_works_on_its_own_gpu(run) -> None:
    assert run.outcomes["XX-001"].outcome == "measured", run.outcomes["XX-001"]
    first, second = SEEN[0]
    assert (first, second) == tuple(device.uuid for device in run.devices)
    assert first != second


def test_tenants_on_two_gpus_do_not_share_one(run) -> None:
    """Each keeps its GPU busy with kernels of a millisecond; sharing one they would have half the rate."""
    rates = [value for one in run.outcomes["XX-001"].repetitions for value in one.samples]
    assert min(rates) > 700


def test_the_outcome_and_the_proofs_name_both_gpus(run) -> None:
    assert [one.gpu for one in run.outcomes["XX-001"].party] == [0, 1]
    assert all(record.passed for record in run.proof)
    assert {record.tenant for record in run.proof} == {0, 1}
