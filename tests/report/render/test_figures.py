"""Figures as SVG: what is drawn, what is left out, and what a picture keeps."""

import math
import re
from xml.etree import ElementTree

import pytest
from sample import kept
from sample_figures import figures, noisy

from gpu_virt_bench.report.blocks import Axis, Curves, HeatMap, Intervals, Point, Series, Strips
from gpu_virt_bench.report.render.drawn import description, drawing, svg
from gpu_virt_bench.report.render.palette import plain, themed
from gpu_virt_bench.report.render.sheet import DASHES, SHAPES, Sheet, marker
from gpu_virt_bench.report.render.svg import width_of

WIDE, NARROW = Sheet(920, plain), Sheet(360, plain)
FIGURES = [kept(), noisy(), *(block for block in figures() if not hasattr(block, "level"))]
AXIS = Axis("us")


def drawn(figure, sheet=WIDE) -> ElementTree.Element:
    """The figure, parsed."""
    return ElementTree.fromstring(svg(figure, drawing(figure, sheet), "f"))


def texts(figure, sheet=WIDE) -> list[str]:
    """What can be read in the picture."""
    return [found.text or "" for found in drawn(figure, sheet).iter("text")]


@pytest.mark.parametrize("sheet", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.title)
def test_everything_stands_within_the_picture(figure, sheet) -> None:
    root = drawn(figure, sheet)
    width, height = (float(part) for part in root.get("viewBox").split()[2:])
    places = [(float(found.get("x")), float(found.get("y"))) for found in root.iter("text")]
    assert all(0 <= x <= width and 0 <= y <= height for x, y in places)


def test_the_last_number_of_an_axis_is_not_cut() -> None:
    points = [Point(1.0, x=2.0**at) for at in range(0, 21, 4)]
    root = drawn(Curves("t", Axis("KiB", log=True), AXIS, [Series("s", points)]))
    (last,) = [found for found in root.iter("text") if found.text == "1,048,576"]
    assert float(last.get("x")) + width_of("1,048,576", 11.5) / 2 <= WIDE.width


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.title)
def test_a_picture_has_a_name_and_a_description(figure) -> None:
    root = drawn(figure)
    assert root.get("role") == "img"
    assert root.find(f"title[@id='{root.get('aria-labelledby')}']").text == figure.title
    assert root.find(f"desc[@id='{root.get('aria-describedby')}']").text


@pytest.mark.parametrize("figure", [one for one in FIGURES if one.marks], ids=lambda figure: figure.title)
@pytest.mark.parametrize("sheet", [WIDE, NARROW], ids=["wide", "narrow"])
def test_marks_are_in_the_picture_framed_and_across(figure, sheet) -> None:
    found = texts(figure, sheet)
    assert all(mark in found for mark in figure.marks)
    assert found.count(" · ".join(figure.marks)) >= 1
    assert "EMULATED" in description(figure, drawing(figure, sheet))


def test_series_are_told_apart_by_colour_and_by_shape() -> None:
    made = [str(marker(index, 0, 0, WIDE)) for index in range(36)]
    assert len(set(made)) == 36
    assert len({re.search('fill="(.*?)"', one)[1] for one in made[:6]}) == 6
    assert len(set(SHAPES)) == len(set(DASHES)) == 6


def test_colours_follow_the_theme_on_a_page() -> None:
    figure = kept()
    assert "var(--series-1,#0067a5)" in svg(figure, drawing(figure, Sheet(920, themed)), "f")


def test_points_that_are_no_numbers_are_left_out_and_counted() -> None:
    points = [Point(1.0), Point(math.nan), None, Point(math.inf), Point(2.0, low=-math.inf)]
    figure = Intervals("t", AXIS, list("abcde"), [("s", points)])
    assert drawing(figure, WIDE).left_out == 2
    assert "2 values that have no place" in description(figure, drawing(figure, WIDE))


def test_zero_has_no_place_on_a_logarithmic_axis() -> None:
    figure = Curves("t", Axis("x", log=True), AXIS, [Series("s", [Point(1.0, x=0.0), Point(1.0, x=10.0)])])
    assert drawing(figure, WIDE).left_out == 1


@pytest.mark.parametrize(
    "figure",
    [
        Intervals("t", AXIS, [], []),
        Intervals("t", AXIS, ["a"], [("s", [None])]),
        Curves("t", AXIS, AXIS, []),
        Strips("t", AXIS, [("s", [math.nan])]),
        HeatMap("t", "r", "c", ["a"], ["b"], [[None]], 0.0, 1.0),
    ],
)
def test_a_figure_of_nothing_says_so(figure) -> None:
    assert "nothing to draw" in texts(figure)


def test_a_value_and_its_reference_stand_on_the_axis() -> None:
    figure = Intervals("t", Axis("%", 100), ["a"], [("s", [Point(0.5, 0.4, 0.6, text="50 %")])], reference=1.0)
    found = texts(figure)
    assert "no change" in found
    assert {"40", "100", "50 %"} <= set(found)


def test_a_long_line_is_drawn_by_what_can_be_seen_of_it() -> None:
    points = [Point(math.sin(at / 50), x=float(at)) for at in range(50_000)]
    assert len(drawing(Curves("t", AXIS, AXIS, [Series("s", points)]), WIDE).content) < 80_000


def test_equal_samples_are_seen_beside_each_other() -> None:
    figure = Strips("t", AXIS, [("s", [5.0] * 10)])
    (dots,) = [found.get("d") for found in drawn(figure).iter("path") if found.get("stroke-linecap")]
    assert dots.count("h0") == 10


def test_the_deeper_the_colour_the_worse() -> None:
    cells = [[Point(0.0, text="a"), Point(0.5, text="b"), Point(2.0, text="c"), None]]
    figure = HeatMap("t", "r", "c", ["x"], list("1234"), cells, best=0.0, worst=1.0)
    depths = [float(found.get("fill-opacity")) for found in drawn(figure).iter("rect")]
    assert depths[:3] == [0.0, 0.36, 0.72]


def test_a_matrix_of_many_columns_is_as_wide_as_it_needs() -> None:
    names = [str(at) for at in range(500)]
    figure = HeatMap("t", "r", "c", ["x"], names, [[Point(1.0) for _ in names]], 0.0, 1.0)
    assert drawing(figure, NARROW).width > 3000


def test_an_interval_of_x_lies_across_and_one_of_y_stands() -> None:
    point = Point(2.0, 1.0, 3.0, x=20.0, x_low=10.0, x_high=30.0)
    figure = Curves("t", Axis("x"), Axis("y"), [Series("s", [point])])
    bars = next(
        one.get("d") for one in drawn(figure).iter("path") if "h6" in one.get("d", "") and "v6" in one.get("d", "")
    )
    assert bars.count("V") == 1
    assert bars.count("H") == 1
