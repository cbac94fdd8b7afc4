"""The PCIe metrics return what the emulated link does, and move as its faults and the reference layer say."""

import pytest

from gpu_virt_bench import emulated
from gpu_virt_bench.model.run import Failed, Run
from sessions import value

KIB, MIB = 1 << 10, 1 << 20
LINK, LATENCY, CALL = (float(emulated.keys()[key].default) for key in ("h2d_bandwidth", "copy_latency", "copy_call"))
SLOW = {"pcie_generation": "1", "pcie_width": "1"}
"""Batches are four copies, or a few hundred small ones."""
ONCE = {
    "repetitions": 1,
    "max_repetitions": 1,
    "warmup": 0,
    "rounds": dict.fromkeys(("latency", "tail", "process", "window", "long"), 1),
    "window_seconds": 0.05,
    "settle_seconds": 0.0,
}
SMALL, LARGE = "PCIE-001[bytes=65536]", "PCIE-001"
BACK = "PCIE-002[bytes=16777216]"
THERE = "PCIE-001[bytes=16777216]"
DUPLEX = "PCIE-002[bytes=16777216,direction=duplex]"


def modelled(size: int, bandwidth: float = LINK) -> float:
    """Bytes per second of copies back to back on the model's engine."""
    return size / (size / bandwidth + LATENCY / 1e9)


@pytest.fixture(scope="module")
def natively(module_measure):
    """One sample of some outcomes on a link that was told what to be."""

    def measure(chosen: str, **emulate: str) -> Run:
        return module_measure(chosen, emulate={**SLOW, **emulate}, **ONCE)

    return measure


@pytest.fixture(scope="module")
def plain(natively) -> Run:
    """The link as it is."""
    return natively(f"{THERE};{BACK};{DUPLEX};PCIE-001[bytes=65536]")


def test_bandwidth_is_the_links(plain) -> None:
    assert value(plain, THERE) == pytest.approx(modelled(16 * MIB), rel=0.01)
    assert value(plain, BACK) == pytest.approx(modelled(16 * MIB), rel=0.01)
    assert value(plain, SMALL) == pytest.approx(modelled(64 * KIB), rel=0.02)


def test_duplex_is_both_directions(plain) -> None:
    assert value(plain, DUPLEX) == pytest.approx(2 * modelled(16 * MIB), rel=0.02)


def test_a_link_at_half_its_rate_gives_half(natively) -> None:
    half = natively(f"{LARGE};{THERE};{BACK}", h2d_bandwidth=f"{LINK / 2:.0f}")
    assert value(half, LARGE) == pytest.approx(modelled(256 * MIB) / 2, rel=0.02)
    assert value(half, THERE) == pytest.approx(modelled(16 * MIB) / 2, rel=0.02)
    assert value(half, BACK) == pytest.approx(modelled(16 * MIB), rel=0.01)


def test_a_slower_way_back_is_seen_there_alone(plain, natively) -> None:
    slow = natively(f"{THERE};{BACK};{DUPLEX}", d2h_bandwidth=f"{LINK * 0.8:.0f}")
    assert value(slow, BACK) / value(plain, BACK) == pytest.approx(0.8, abs=0.02)
    assert value(slow, THERE) == pytest.approx(value(plain, THERE), rel=0.01)
    assert value(slow, DUPLEX) / value(plain, DUPLEX) == pytest.approx(0.9, abs=0.02)


@pytest.mark.parametrize(
    ("outcome", "copy"),
    [(SMALL, 300), ("PCIE-002[bytes=65536]", 300), ("PCIE-004[bytes=1048576,direction=d2h]", 20)],
)
def test_a_copy_that_loses_its_last_page_fails(natively, outcome, copy) -> None:
    """What arrived last at each of 256 destinations is compared, of about 390 copies."""
    found = natively(outcome, corrupt_copy=str(copy)).outcomes[outcome]
    assert isinstance(found, Failed)
    assert "copied wrong" in found.error
    assert "512 words" in found.error


def test_a_delay_of_each_copy_is_seen_in_small_ones(plain, layered) -> None:
    delayed = layered(f"{SMALL};{LARGE}", {"DELAY": "cuMemcpyHtoDAsync_v2=20000"}, emulate=SLOW, **ONCE)
    assert value(delayed, SMALL) == pytest.approx(64 * KIB / (CALL / 1e9 + 20e-6), rel=0.1)
    assert value(delayed, LARGE) == pytest.approx(modelled(256 * MIB), rel=0.01)


def test_pinning_is_worth_the_rates_beside_what_every_call_costs(natively) -> None:
    size, quarter = MIB, natively("PCIE-004[bytes=1048576,direction=*]", pageable_bandwidth=f"{LINK / 4:.0f}")
    keys = ("copy_call", "launch_to_start", "copy_latency", "sync_return")
    fixed = sum(float(emulated.keys()[key].default) for key in keys) / 1e9
    expected = (4 * size / LINK + fixed) / (size / LINK + fixed)
    for outcome in ("PCIE-004[bytes=1048576]", "PCIE-004[bytes=1048576,direction=d2h]"):
        assert value(quarter, outcome) == pytest.approx(expected, rel=0.01)


def test_pinning_64_mib_is_worth_four_on_a_quarter_of_the_rate(natively) -> None:
    assert value(natively("PCIE-004", pageable_bandwidth=f"{LINK / 4:.0f}"), "PCIE-004") == pytest.approx(4.0, rel=0.03)


def test_a_layer_that_stages_pinned_copies_leaves_pinning_nothing(layered) -> None:
    staged = layered("PCIE-004", {"STAGE": "1"}, emulate=SLOW, **ONCE)
    assert value(staged, "PCIE-004") == pytest.approx(1.0, rel=0.05)


def shared(module_measure, n: int, direction: str, **emulate: str) -> float:
    """PCIE-003 of n tenants under time-slicing."""
    outcome = f"PCIE-003[n={n},direction={direction}]"
    run = module_measure(outcome, systems=("time-slicing",), emulate={**SLOW, **emulate}, **ONCE)
    (found,) = run.outcomes
    return value(run, found)


@pytest.mark.parametrize(("n", "fair"), [(2, 0.5), (4, 0.75)])
def test_a_shared_link_leaves_each_tenant_its_nth_part(module_measure, n, fair) -> None:
    assert shared(module_measure, n, "h2d") == pytest.approx(fair, abs=0.02)


def test_two_tenants_on_a_duplex_link_do_not_meet_in_opposite_directions(module_measure) -> None:
    assert shared(module_measure, 2, "both") == pytest.approx(0.0, abs=0.02)
