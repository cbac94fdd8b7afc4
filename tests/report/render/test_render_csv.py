"""Tables of blocks as CSV."""

import csv
import io
import math

import pytest

from documents import BLOCKS, FIGURES, HOSTILE, INTERVALS, STRIPS, TABLE, empty, hostile
from gpu_virt_bench.report.blocks import Block, Box, Cell, Column, Fold, Heading, Row, Table
from gpu_virt_bench.report.render.csv import csv as written
from gpu_virt_bench.report.render.csv import document


def read(*blocks: Block) -> list[dict[str, str]]:
    """The rows as a data frame reads them."""
    return list(csv.DictReader(io.StringIO(written(blocks)), strict=True))


def one(text: str, value: float | str | None = None) -> Table:
    """A table of one cell."""
    return Table([Column("a")], [Row([Cell(text, value)])])


def test_a_value_is_exact_and_its_text_stands_beside_it() -> None:
    first, second = read(Heading("Costs"), TABLE)
    assert float(first["value [s]"]) == 2.0000000000000003e-06
    assert (first["value [s]_text"], first["outcome"]) == ("2.000 us | 1.9 .. 2.1", "OH-001 Launch")
    assert (second["value [s]"], second["value [s]_text"]) == ("", "-")
    assert (first["section"], first["table"]) == ("Costs", "Overhead")


def test_a_column_of_texts_is_one() -> None:
    assert written([one("x")]) == "section,table,a\n,,x\n"
    assert written([one("x", "x"), one("5", 5)]) == "section,table,a\n,,x\n,,5\n"


def test_tables_in_boxes_folds_and_rows_are_found() -> None:
    opening = Table([Column("a")], [Row([Cell("row")], opens=[one("1")])])
    found = read(Box("box", [one("2")]), Fold("fold", [one("3")]), opening)
    assert [(row["section"], row["a"]) for row in found] == [("box", "2"), ("fold", "3"), ("", "row"), ("row", "1")]


def test_a_figure_has_a_row_for_each_point() -> None:
    points = read(INTERVALS)
    assert [point["value"] for point in points] == ["2e-06", "", "4e-06", "nan"]
    assert points[0] | {"low": "1e-06", "high": "3e-06", "series": "native", "row": "OH-001"} == points[0]
    assert points[0]["marks"] == "EMULATED"
    assert [row["value"] for row in read(STRIPS)] == ["1e-06", "2e-06", "3e-06", "nan"]


def test_every_row_has_every_column() -> None:
    table = list(csv.reader(io.StringIO(written(BLOCKS))))
    assert len({len(row) for row in table}) == 1 and len(table) > 200


def test_columns_of_one_name_in_a_table_are_told_apart() -> None:
    assert written([Table([Column("a"), Column("a")], [Row([Cell("1"), Cell("2")])])]).startswith(
        "section,table,a,a 2\n"
    )


def test_hostile_words_stay_in_their_cell() -> None:
    rows = list(csv.reader(io.StringIO(document(hostile())), strict=True))
    assert len({len(row) for row in rows}) == 1
    assert all(cell.isprintable() for row in rows for cell in row)
    assert len(document(hostile()).splitlines()) == len(rows)


@pytest.mark.parametrize("text", ["=1+1", "@SUM(A1)", "+cmd|' /C calc'!A0", "-1+cmd|'x'!A0", "+HYPERLINK(1)", "-@x"])
def test_no_spreadsheet_calculates_a_text(text: str) -> None:
    assert read(one(text))[0]["a"] == f"'{text}"


@pytest.mark.parametrize("text", ["-", "+4.6 ±1.0 %", "-40.00 % | -41.00 to -39.00", "+- 1"])
def test_a_number_with_its_sign_is_none(text: str) -> None:
    assert read(one(text))[0]["a"] == text


def test_not_a_number_is_read_as_such() -> None:
    assert math.isnan(float(read(one(HOSTILE, math.nan))[0]["a"]))


def test_nothing_is_a_header() -> None:
    assert document(empty()).splitlines()[0].startswith("section,table,a")
    assert len(FIGURES) == 5
