"""Throttling and clocks: what polls say of any window."""

import pytest

from gpu_virt_bench.engine.throttle import Throttle

FREE, THERMAL, POWER_CAP = 0, 0x40, 0x4


def polled(*polls: tuple[float, int, int]) -> Throttle:
    """A throttle that was polled at these times: reasons and SM clock."""
    throttle = Throttle(None)
    for at, mask, clock in polls:
        throttle._masks.append(mask)
        throttle._clocks.append(clock)
        throttle._times.append(at)
    return throttle


def test_a_window_between_two_polls_is_judged_by_the_last_one_before_it() -> None:
    throttle = polled((0.0, THERMAL, 1), (0.1, FREE, 1), (0.2, FREE, 1))
    assert throttle.reason(0.05, 0.053) == "throttled: hardware-thermal"
    assert throttle.reason(0.15, 0.153) == ""


def test_every_short_window_on_a_device_that_is_always_throttled_is_rejected() -> None:
    throttle = polled(*((i / 10, THERMAL, 1) for i in range(6)))
    assert all(throttle.reason(at / 1000, (at + 3) / 1000) for at in range(0, 500, 3))


def test_a_poll_within_the_window_counts() -> None:
    assert polled((0.0, FREE, 1), (0.1, THERMAL, 1)).reason(0.05, 0.15) == "throttled: hardware-thermal"


def test_a_poll_after_the_window_does_not() -> None:
    assert polled((0.0, FREE, 1), (0.1, THERMAL, 1)).reason(0.05, 0.09) == ""


def test_the_power_cap_is_part_of_the_load() -> None:
    assert polled((0.0, POWER_CAP, 1)).reason(0.0, 1.0) == ""


def test_the_clock_of_a_window_is_the_mean_of_its_polls() -> None:
    throttle = polled((0.0, FREE, 1000), (0.1, FREE, 2000), (0.2, FREE, 9000))
    assert throttle.clock(0.05, 0.15) == pytest.approx(1500)
    assert throttle.clock(0.11, 0.12) == 2000


def test_without_polls_nothing_is_said() -> None:
    assert Throttle(None).reason(0.0, 1.0) == ""
    assert Throttle(None).clock(0.0, 1.0) is None
