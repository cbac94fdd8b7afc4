"""On the emulated GPU the metrics return what its profile says, and move as its faults say."""

import pytest

from gpu_virt_bench import emulated
from gpu_virt_bench.model.run import Run
from sessions import steady, value

PROFILE = emulated.configuration("h200", {})
MIB = 1 << 20


def key(name: str) -> float:
    """A key of the h200 profile; nanoseconds become seconds."""
    default = emulated.keys()[name]
    number = PROFILE.get(name, default.default)
    return number / 1e9 if default.unit == "ns" else number


def pair_cost(call: str, size: int) -> float:
    """The model's cost of an allocation or free, seconds."""
    if size < 2 * MIB:
        return key(f"{call}_small")
    return key(f"{call}_large") + size // (2 * MIB) * key(f"{call}_per_2mib")


PATHS = "OH-001[path=*]"
STEP = 32e-9
"""Resolution of %globaltimer, seconds: a start is told no finer."""


PAIRS = "OH-002[bytes=*];OH-003[bytes=*]"
SIZES = (4096, 2 * MIB, 64 * MIB, 1024 * MIB)


def sized(metric: str, size: int) -> str:
    """The outcome of one size; 2 MiB is the headline."""
    return metric if size == 2 * MIB else f"{metric}[bytes={size}]"


def test_launch_latency_is_the_profiles(module_measure) -> None:
    launches = module_measure(PATHS)
    call, start = key("launch_kernel"), key("launch_to_start")
    trip = call + start + key("kernel_minimum") + key("sync_return")
    assert value(launches, "OH-001") == pytest.approx(call, rel=0.001)
    assert value(launches, "OH-001[path=start]") == pytest.approx(call + start, abs=STEP)
    assert value(launches, "OH-001[path=round-trip]") == pytest.approx(trip, rel=0.001)


def test_a_later_start_moves_start_and_round_trip_but_not_the_call(module_measure) -> None:
    launches = module_measure(PATHS)
    later = key("launch_to_start") * 1e9 + 20000
    slow = module_measure(PATHS, emulate={"launch_to_start": f"{later:.0f}"})
    for outcome in ("OH-001[path=start]", "OH-001[path=round-trip]"):
        assert value(slow, outcome) - value(launches, outcome) == pytest.approx(20e-6, abs=STEP)
    assert value(slow, "OH-001") == pytest.approx(value(launches, "OH-001"), rel=0.001)


def test_a_slower_call_moves_every_path_but_not_the_graph(module_measure) -> None:
    both = "OH-001[path=*];OH-001[api=cuGraphLaunch]"
    plain, slow = module_measure(both), module_measure(both, emulate={"latency.cuLaunchKernel": "5000"})
    for outcome in ("OH-001", "OH-001[path=start]", "OH-001[path=round-trip]"):
        assert value(slow, outcome) - value(plain, outcome) == pytest.approx(5e-6, abs=STEP)
    graph = "OH-001[api=cuGraphLaunch]"
    assert value(slow, graph) == pytest.approx(value(plain, graph), rel=0.001)


def test_allocation_and_free_cost_what_the_profile_says(module_measure) -> None:
    run = module_measure(PAIRS)
    found = [(value(run, sized("OH-002", size)), value(run, sized("OH-003", size))) for size in SIZES]
    modelled = [(pair_cost("alloc", size), pair_cost("free", size)) for size in SIZES]
    assert [alloc for alloc, _ in found] == pytest.approx([alloc for alloc, _ in modelled], rel=0.001)
    assert [free for _, free in found] == pytest.approx([free for _, free in modelled], rel=0.001)


def test_a_cost_per_block_moves_large_allocations_alone(module_measure) -> None:
    pairs = module_measure("OH-002[bytes=*]")
    more = key("alloc_per_2mib") * 1e9 + 1000
    slow = module_measure("OH-002[bytes=*]", emulate={"alloc_per_2mib": f"{more:.0f}"})
    large, small = "OH-002[bytes=1073741824]", "OH-002[bytes=4096]"
    assert value(slow, large) - value(pairs, large) == pytest.approx(512e-6, rel=0.001)
    assert value(slow, small) == pytest.approx(value(pairs, small), rel=0.001)


def test_a_pending_free_waits_for_the_kernel_unless_the_driver_does_not(module_measure) -> None:
    pairs = module_measure("OH-003[state=pending,bytes=4096]")
    outcome = "OH-003[bytes=4096,state=pending]"
    careless = module_measure("OH-003[state=pending,bytes=4096]", emulate={"free_waits": "0"})
    assert value(pairs, outcome) == pytest.approx(1e-3, rel=0.005)
    assert value(pairs, outcome) - value(careless, outcome) == pytest.approx(1e-3, rel=0.005)


@pytest.mark.host_time
@steady
def test_context_creation_is_the_profiles_and_its_phases_are_apart(module_measure) -> None:
    phases = "OH-004[phase=*]"
    plain, slow = module_measure(phases), module_measure(phases, emulate={"latency.cuInit": "100000000"})
    assert value(plain, "OH-004[phase=context]") == pytest.approx(key("context_create"), rel=0.05)
    assert value(plain, "OH-004[phase=init]") == pytest.approx(key("init"), rel=0.1)
    for outcome in ("OH-004", "OH-004[phase=init]"):
        assert value(slow, outcome) - value(plain, outcome) == pytest.approx(0.1, rel=0.05)
    context = "OH-004[phase=context]"
    assert value(slow, context) == pytest.approx(value(plain, context), rel=0.05)


def modelled_cycle() -> float:
    """Seconds of one cycle of OH-010 by the profile: the host's calls until the first `fma` can begin, the device's
    work from there on, and what the host does at the end."""
    launch, block = key("launch_kernel"), 64 * MIB
    copy = 16 * MIB / key("h2d_bandwidth") + key("copy_latency")
    back = 16 * MIB / key("d2h_bandwidth") + key("copy_latency")
    calls = key("copy_call") + 200 * launch
    empties = copy + 200 * key("kernel_minimum")
    streams = 20 * (3 * block / key("dram_bandwidth") + key("kernel_minimum")) + block / key("dram_bandwidth")
    return pair_cost("alloc", block) + max(calls, empties) + 20 * 0.5e-3 + streams + back + pair_cost("free", block)


def shortest_cycle(run: Run) -> float:
    """Seconds of the cycle that the host disturbed least."""
    return min(row["min"] for row in run.outcomes["OH-010"].repetitions[0].detail["cycles"])


def test_throughput_is_the_models_and_falls_with_the_rates(module_measure) -> None:
    plain, slow = module_measure("OH-010"), module_measure("OH-010", emulate={"rate": "0.8"})
    assert shortest_cycle(plain) == pytest.approx(modelled_cycle(), rel=0.002)
    assert shortest_cycle(plain) / shortest_cycle(slow) == pytest.approx(0.8, rel=0.01)
    # a busy host makes cycles longer than the model's, never shorter
    assert 0.5 <= value(plain, "OH-010") * modelled_cycle() <= 1.02


def test_intervals_vary_as_the_noise_does(module_measure) -> None:
    launches = module_measure("OH-001", emulate={"jitter": "0.01"})
    (first, *_) = launches.readings["OH-001 return cuLaunchKernel query quota"]
    assert (first["table"], first["repetition"], first["reading"]) == ("intervals", 0, 0)
    assert first["q75"] / first["q25"] > 1.002
