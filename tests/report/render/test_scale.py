"""Round ticks, and places between them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpu_virt_bench.report.render.scale import drawable, scale, short
from gpu_virt_bench.report.render.svg import clean, cut, element, width_of, wrapped


def ticks(values, start=0, end=400, log=False) -> list[str]:
    return [text for _, text in scale(values, start, end, log).ticks]


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ([0, 100], ["0", "20", "40", "60", "80", "100"]),
        ([0.61, 0.98], ["0.6", "0.7", "0.8", "0.9", "1.0"]),
        ([-1.0, 1.0], ["−1.0", "−0.5", "0.0", "0.5", "1.0"]),  # noqa: RUF001
        ([1200, 5400], ["1,000", "2,000", "3,000", "4,000", "5,000", "6,000"]),
        ([5, 5], ["4.7", "4.8", "4.9", "5.0", "5.1", "5.2", "5.3"]),
    ],
)
def test_ticks_are_round(values, wanted) -> None:
    assert ticks(values) == wanted


def test_powers_of_ten_on_a_logarithmic_axis() -> None:
    assert ticks([0.002, 700], end=700, log=True) == ["0.001", "0.01", "0.1", "1", "10", "100", "1,000"]


def test_powers_of_two_where_all_values_are_such() -> None:
    assert ticks([1, 4, 16, 64], log=True) == ["1", "4", "16", "64"]


def test_a_place_is_as_far_along_as_its_value() -> None:
    assert scale([0, 10], 100, 200)(2.5) == 125
    assert scale([1, 100], 0, 200, log=True)(10) == 100


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True)), st.booleans())
def test_whatever_can_be_drawn_stands_within_the_axis(values, log) -> None:
    found = scale(values, 10, 300, log)
    assert len(found.ticks) < 40
    for value in values:
        if drawable(value, log):
            assert -1 <= found(value) - 10 <= 291
    assert all(math.isfinite(value) for value, _ in found.ticks)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (3.2614, "3.261"),
        (1495.2, "1,495"),
        (0.07, "0.07"),
        (1.5e9, "1.5e9"),
        (-2e-7, "-2e-7"),
        (54.0, "54"),
    ],
)
def test_a_number_has_four_digits(value, text) -> None:
    assert short(value) == text


def test_a_text_is_cut_to_its_room() -> None:
    assert cut("short", 200, 12) == "short"
    assert cut("x" * 500, 60, 12).endswith("…")
    assert width_of(cut("x" * 500, 60, 12), 12) <= 65


def test_a_text_is_wrapped_and_its_last_line_cut() -> None:
    lines = wrapped("one two three four five six seven", 60, 12, 2)
    assert len(lines) == 2
    assert lines[1].endswith("…")
    assert wrapped("", 60, 12, 2) == [""]


def test_an_element_escapes_what_it_is_given() -> None:
    assert element("text", "<b>&", font_size='"1') == '<text font-size="&#34;1">&lt;b&gt;&amp;</text>'


def test_a_change_of_direction_is_shown() -> None:
    assert clean("a\u202eb\tc") == "a[U+202E]b\tc"
