"""A machine of several emulated GPUs: each tenant of a party on its own, each GPU with its own observer and load."""

import pytest

from gpu_virt_bench import Share, Workload, emulated, metric
from gpu_virt_bench.cli.progress import Silent
from gpu_virt_bench.engine.device import DeviceError, choose
from gpu_virt_bench.engine.session import Unmeasurable, run_session
from sessions import request_for


def busy(bench) -> Workload:
    """Kernels of a millisecond, two in flight, for a fifth of a second."""
    args = {"iterations": bench.millisecond, "blocks": 8 * bench.device.sm_count, "depth": 2, "settle": 0}
    return Workload("launch_rate", {**args, "duration": 200_000_000, "wait": "block"})


@metric(
    "XX-001",
    unit="cycles/s",
    better="higher",
    effort="window",
    params={"gpu": (3, 1)},
    party=lambda params, device: (Share(role="here"), Share(gpu=int(params["gpu"]), role="there")),
    needs=("concurrent-tenants",),
)
def both(bench):
    """Kernels of two tenants on two GPUs.

    sample = launches per second of the slower one, both at work
    """
    while True:
        found = bench.read({tenant: busy(bench) for tenant in bench.party})
        yield min(len(series.columns["done"]) / series.duration for series in found.values())


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """One session on a machine of four."""
    once = {"repetitions": 2, "max_repetitions": 2}
    emulate = {"clock": "virtual", "jitter": "0", "nvml_order": "reversed"}
    folder = tmp_path_factory.mktemp("results")
    request = request_for(folder, "", ("time-slicing",), "emulated:h200x4", emulate, extra=[both], **once)
    return run_session(request, Silent()).records[0].run


def test_tenants_on_two_emulated_gpus_each_have_a_whole_one(run) -> None:
    assert run.outcomes["XX-001"].outcome == "measured", run.outcomes["XX-001"]
    rates = [value for one in run.outcomes["XX-001"].repetitions for value in one.samples]
    assert min(rates) > 990  # kernels of a millisecond; those who share one GPU have half of it


def test_the_run_names_every_gpu_of_the_machine(run) -> None:
    assert [device.index for device in run.devices] == [0, 1, 2, 3]
    assert len({device.uuid for device in run.devices}) == 4
    assert [one.gpu for one in run.outcomes["XX-001"].party] == [0, 3]
    assert {record.tenant for record in run.proof} == {0, 1}


def test_tenants_on_two_mig_instances_have_each_its_own(tmp_path) -> None:
    """8 blocks for each of 60 multiprocessors are 15 for each of 32: 1 ms there, 15/8 ms here, and nothing shared."""
    once = {"repetitions": 1, "max_repetitions": 1}
    emulate = {"clock": "virtual", "jitter": "0", "mig": "3,2"}
    request = request_for(tmp_path, "XX-001[gpu=1]", ("time-slicing",), "emulated:h200", emulate, extra=[both], **once)
    run = run_session(request, Silent()).records[0].run
    outcome = run.outcomes["XX-001[gpu=1]"]
    assert [device.sm_count for device in run.devices] == [60, 32]
    assert [one.gpu for one in outcome.party] == [0, 1]
    assert outcome.repetitions[0].samples[0] == pytest.approx(1000 * 8 / 15, rel=0.01)


def test_a_machine_of_one_has_no_fourth_gpu(tmp_path) -> None:
    once = {"repetitions": 1, "max_repetitions": 1}
    request = request_for(tmp_path, "", ("time-slicing",), "emulated:h200", {"clock": "virtual"}, extra=[both], **once)
    with pytest.raises(Unmeasurable, match="needs 4 GPUs, found 1: give --device emulated:h200x4"):
        run_session(request, Silent())


@pytest.mark.parametrize(
    ("words", "machine"),
    [
        ("h200", ("h200", {})),
        ("h200x4", ("h200", {"devices": "4"})),
        ("rtx3080", ("rtx3080", {})),
        ("rtx3080x2", ("rtx3080", {"devices": "2"})),
    ],
)
def test_a_profile_may_say_how_many(words, machine) -> None:
    assert emulated.machine(words) == machine


def test_how_many_is_said_once(tmp_path) -> None:
    with pytest.raises(DeviceError, match="both say how many"):
        choose("emulated:h200x4", {"devices": "2"}, tmp_path)


@pytest.mark.parametrize(
    ("profile", "links"), [("h200", (18, 1)), ("a100", (12, 1)), ("rtx3080", (0, 0)), ("tiny", (0, 1))]
)
def test_a_profile_says_how_its_devices_are_linked(profile, links) -> None:
    found = emulated.configuration(profile, {})
    assert (found["nvlinks"], found["peer_access"]) == links
