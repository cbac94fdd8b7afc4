"""The page as text: one file, nothing that is asked for, nothing that a run file can do to it."""

import base64
import hashlib
import re
from html.parser import HTMLParser

import hostile
import pytest
from sample import document

from gpu_virt_bench.report.blocks import Box, Cell, Code, Column, Document, Fold, Heading, Row, Sentence, Table
from gpu_virt_bench.report.render.html import html
from gpu_virt_bench.report.render.page import sort_key, verdicts

VOID = {"meta", "link", "input", "img", "br"}


class Tags(HTMLParser):
    """Every element with its attributes; and whether each was closed where it should be."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(scope="module", params=[document, hostile.document], ids=["sample", "hostile"])
def page(request) -> str:
    return html(request.param())


@pytest.fixture(scope="module")
def tags(page) -> Tags:
    return Tags(page)


def test_every_element_is_closed(tags) -> None:
    assert tags.open == []


def test_no_two_ids_are_the_same(tags) -> None:
    ids = [found["id"] for _, found in tags.found if "id" in found]
    assert len(ids) == len(set(ids))


def test_whatever_an_attribute_names_is_there(tags) -> None:
    ids = {found.get("id") for _, found in tags.found}
    named = [found.get(name) for _, found in tags.found for name in ("aria-controls", "aria-labelledby")]
    links = [found["href"][1:] for tag, found in tags.found if tag == "a"]
    assert {name for name in [*named, *links] if name} <= ids


def test_links_stay_on_the_page(tags) -> None:
    assert all(found["href"].startswith("#") for tag, found in tags.found if tag == "a")
    assert not {tag for tag, _ in tags.found} & {"img", "iframe", "object", "embed", "form", "base", "use", "image"}
    assert not [found for _, found in tags.found if "src" in found or "xlink:href" in found]


def test_no_style_and_no_handler_stands_in_an_attribute(tags) -> None:
    names = {name for _, found in tags.found for name in found}
    assert not {name for name in names if name == "style" or name.startswith("on")}


def test_the_policy_allows_our_style_and_our_script_alone(page, tags) -> None:
    policy = next(found["content"] for _, found in tags.found if found.get("http-equiv"))
    allowed = re.findall(r"'(sha256-[^']+)'", policy)
    inline = re.search(r"<style>(.*?)</style>", page, re.S)[1], re.search(r"<script>(.*?)</script>", page, re.S)[1]
    assert allowed == [f"sha256-{base64.b64encode(hashlib.sha256(one.encode()).digest()).decode()}" for one in inline]
    assert policy.startswith("default-src 'none'; ")
    assert page.count("<script") == 1


def test_control_characters_are_shown_as_what_they_are() -> None:
    page = html(Document("\u202eevil\x00", [Sentence("\ud800 ok")]))
    assert "[U+202E]evil[U+0000]" in page
    assert "[U+D800] ok" in page
    page.encode()


def test_the_same_document_gives_the_same_page() -> None:
    assert html(document()) == html(document())


def test_the_title_is_said_once() -> None:
    page = html(Document("a title", [Heading("a title", 1), Heading("a section")]))
    assert page.count("<h1") == 1
    assert page.count(">a title<") == 2  # and in <title>


def test_contents_lead_to_headings_but_not_into_folds() -> None:
    blocks = [Heading("one", id="x"), Box("box", [Heading("two", 3)]), Fold("fold", [Heading("three", 3)])]
    contents = re.search(r"<nav.*?</nav>", html(Document("t", blocks)), re.S)[0]
    assert re.findall(r'href="#(.*?)">(.*?)<', contents) == [("x", "one"), ("two", "two")]


def test_an_id_that_is_taken_gets_a_number() -> None:
    page = html(Document("t", [Heading("a", id="content"), Heading("b", id="content"), Heading("c", id="a b/ü")]))
    assert re.findall(r'<h2 id="(.*?)"', page) == ["content-2", "content-3", "a-b"]


def test_a_file_name_and_a_command_are_shown_as_they_are() -> None:
    page = html(Document("t", [Code("a && b < c")], files=["x<y>.json"]))
    assert "a &amp;&amp; b &lt; c" in page
    assert "x&lt;y&gt;.json" in page


@pytest.mark.parametrize(
    ("cell", "key"),
    [
        (Cell("3.26 us", 3.261e-6), "3.261e-06"),
        (Cell("5", 5), "5"),
        (Cell("yes", True), "1"),
        (Cell("x", "y"), "y"),
        (Cell("x", "x"), None),
        (Cell("x"), None),
        (Cell("x", float("nan")), None),
        (Cell("x", float("-inf")), None),
    ],
)
def test_a_cell_sorts_by_its_exact_value(cell, key) -> None:
    assert sort_key(cell) == key


def test_rows_are_filtered_by_the_words_of_the_verdict_column() -> None:
    rows = [Row([Cell("a"), Cell("+9 %", 0.09, "bad"), Cell("worse", tone="bad")])]
    rows.append(Row([Cell("b"), Cell("+1 %", 0.01), Cell("same", tone="good")]))
    listed, places = verdicts(Table([Column("m"), Column("c", numeric=True), Column("v")], rows))
    assert [(one.word, one.tone, one.count) for one in listed] == [("worse", "bad", 1), ("same", "good", 1)]
    assert places == ["0", "1"]


def test_rows_are_filtered_by_tone_where_no_column_has_verdicts() -> None:
    columns = [Column("m"), Column("x", numeric=True), Column("y", numeric=True)]
    rows = [Row([Cell("a"), Cell("1", tone="good"), Cell("2", tone="bad")]), Row([Cell("b"), Cell("1"), Cell("2")])]
    listed, places = verdicts(Table(columns, rows))
    assert [one.word for one in listed] == ["bad", "good", "no verdict"]
    assert places == ["0 1", "2"]


def test_ten_thousand_rows_are_all_there() -> None:
    assert html(hostile.many()).count("<tr id=") == 10_000
