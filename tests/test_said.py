"""A change in words: one unit, and an interval that hides nothing."""

import pytest

from gpu_virt_bench.compare.said import Scaled, change_text, ends_text, share_text, size_text, spoken, value_text
from gpu_virt_bench.model.comparison import Change, Interval


@pytest.mark.parametrize(
    ("value", "low", "high", "expected"),
    [
        (4.58, 3.4, 5.4, "+4.6 ±1.2 %"),
        (241.2, 217.5, 263.3, "+241 ±24 %"),
        (-0.0004, -0.011, 0.0117, "0.000 ±0.012 %"),
        (5.0, None, None, "+5.00 %"),
        (0.0, 0.0, 0.0, "0.00 ±0.00 %"),
        (12345.0, 12000.0, 12690.0, "+12,345 ±345 %"),
    ],
)
def test_a_value_has_as_many_digits_as_its_interval(
    value: float, low: float | None, high: float | None, expected: str
) -> None:
    assert spoken(Scaled(Interval(value, low, high, 0.95), "%", 0.0, 3)) == expected


@pytest.mark.parametrize(
    ("kind", "found", "unit", "expected"),
    [
        ("ratio", Interval(2.379, 2.216, 2.491, 0.95), "ms", "+138 ±16 %"),
        ("ratio", Interval(0.8549, 0.8152, 0.891, 0.95), "ms", "-14.5 ±4.0 %"),
        ("difference", Interval(214.9e-9, 203.8e-9, 223.2e-9, 0.95), "ns", "+215 ±11 ns"),
        ("difference", Interval(0.01447, 0.0142, 0.01504, 0.95), "%", "+1.447 pp (+1.420 to +1.504)"),
    ],
)
def test_a_change_is_said_in_the_unit_that_people_use(kind: str, found: Interval, unit: str, expected: str) -> None:
    assert change_text(Change(kind, "paired", found, 0.02), unit) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "low", "high", "expected"),
    [
        (3.1, 2.9, 5.0, "+3.1 % (+2.9 to +5.0)"),
        (6.4, -3.2, 8.3, "+6.4 % (-3.2 to +8.3)"),
        (3.0, 2.0, 5.0, "+3.0 ±2.0 %"),
        (3.0, 1.0, 4.0, "+3.0 ±2.0 %"),
        (3.0, 0.98, 4.0, "+3.0 % (+1.0 to +4.0)"),
        (1.0, 1.0, 1.001, "+1.00 ±0.00 %"),
    ],
)
def test_an_interval_has_its_ends_where_one_half_is_more_than_twice_the_other(
    value: float, low: float, high: float, expected: str
) -> None:
    assert spoken(Scaled(Interval(value, low, high, 0.95), "%", 0.0, 2)) == expected


def test_a_change_that_is_certain_never_looks_as_if_it_might_be_none() -> None:
    assert spoken(Scaled(Interval(1.5, 0.5, 3.2, 0.95), "%", 0.0, 2)) == "+1.5 % (+0.5 to +3.2)"
    assert share_text(Interval(1.5, 1.1, 2.1, 0.95)) == "150 % (110 to 210)"


def test_a_rate_under_a_share_is_what_it_is_of_that_share() -> None:
    change = Change("ratio", "paired", Interval(1.607, 1.554, 1.66, 0.95), 0.02, shares=[1.0, 0.5])
    assert change_text(change, "cycles/s") == "160.7 ±5.3 % of share"


def test_a_value_its_ends_and_its_margin_have_one_unit() -> None:
    change = Change("ratio", "paired", Interval(1.868, 1.76, 1.902, 0.95), 0.02)
    assert (value_text(change, "ms"), ends_text(change, "ms")) == ("+87 %", "+76 to +90")
    points = Change("difference", "paired", Interval(0.01, 0.008, 0.012, 0.95), 0.005)
    assert (value_text(points, "%"), size_text(0.005, points, "%")) == ("+1.00 pp", "0.5 pp")
