"""Blocks as Markdown."""

import pytest
from markdown_it import MarkdownIt

from documents import DOCUMENT, FIGURES, HOSTILE, TABLE, empty, hostile, matrix
from gpu_virt_bench.report.blocks import Block, Bullets, Cell, Code, Column, Fold, Row, Sentence, Table
from gpu_virt_bench.report.render.markdown import document, markdown


def text(*blocks: Block) -> str:
    """Blocks as Markdown."""
    return markdown(blocks)


def html(found: str) -> str:
    """What a reader of Markdown makes of it."""
    return MarkdownIt("commonmark").enable("table").render(found)


def test_a_table_has_a_line_for_each_row_and_numbers_at_the_right() -> None:
    assert text(TABLE).splitlines()[:6] == [
        "**Overhead**",
        "",
        "| outcome | value | verdict |",
        "| --- | ---: | --- |",
        "| OH-001 Launch | 2.000 us<br>1.9 .. 2.1 | worse |",
        "| OH-002 Switch | - | skipped<br>needs 2 GPUs |",
    ]


def test_what_a_row_opens_to_is_folded_below_the_table() -> None:
    assert "\n<details><summary>OH-001 Launch</summary>\n\nHow long a launch takes.\n" in text(TABLE)


def test_figures_are_tables_with_their_marks() -> None:
    shown = text(*FIGURES)
    assert "**Limits \\[EMULATED, UNPROVEN\\]: got, %**" in shown
    assert "| OH-001 | 2.000<br>1.000 .. 3.000 | 4.000<br>3.000 .. 5.000 |" in shown
    assert "| compute | 2.0 x | nan |" in shown


def test_a_document_begins_with_its_title() -> None:
    assert document(DOCUMENT).startswith("# A report\n\n<sub>2026-11-27</sub>\n\n<details><summary>Run files</summary>")


@pytest.mark.parametrize(
    "start", ["- x", "+ x", "1. x", "12) x", "# x", "> x", "---", "===", ":--", "| x", "    x", "* x"]
)
def test_a_text_is_a_paragraph_however_it_begins(start: str) -> None:
    assert html(text(Sentence(start))).startswith("<p>")
    assert html(text(Bullets([start]))).count("<li>") == 1


def test_a_sign_before_a_number_is_no_list() -> None:
    assert text(Sentence("+4.6 ±1.0 %")) == "+4.6 ±1.0 %\n"


def test_hostile_words_are_words() -> None:
    shown = html(document(hostile()))
    assert "<script" not in shown and "alert(1)" in shown
    assert shown.count("<table>") == 5 and all(letter.isprintable() or letter == "\n" for letter in shown)
    assert "<a " not in html(text(Sentence("[x](javascript:y) <https://x.y> ![z](q)")))


def test_nobody_is_mentioned() -> None:
    assert "@me" not in text(Sentence("ask @me"), Fold("@me", []), Bullets(["(@me)"]))


def test_code_does_not_end_before_its_end() -> None:
    shown = html(text(Code(HOSTILE), Sentence("after")))
    assert shown.count("<code>") == 1 and shown.endswith("<p>after</p>\n")


def test_a_cell_has_no_line_of_its_own_making() -> None:
    lines = text(Table([Column("a")], [Row([Cell("b\n\n| c |", below=["d\r\ne"])])])).splitlines()
    assert lines == ["| a |", "| --- |", "| b \\| c \\|<br>d e |"]


def test_a_wide_table_is_one() -> None:
    assert text(matrix(9)).count("\n| --- |") == 1


def test_nothing_is_no_error() -> None:
    assert html(document(empty())).count("<table>") == 0
