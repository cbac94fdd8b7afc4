"""The page in a real browser: what a reader does with it."""

import hostile
import pytest
from sample import document

from gpu_virt_bench.report.blocks import Cell, Column, Document, Row, Sentence, Table

ROWS = "#table-all-outcomes > .scroll > table > tbody > tr:not(.more)"


def firsts(page, column: int = 1, rows: str = ROWS) -> list[str]:
    """The texts of a column, of the rows that are shown."""
    return page.locator(f"{rows}:visible > :nth-child({column}) > .said").all_inner_texts()


def small(values) -> Document:
    """A table of one column."""
    rows = [Row([Cell(text, value)]) for text, value in values]
    return Document("small", [Table([Column("value", numeric=True)], rows)])


def sorted_by(page, presses: int) -> tuple[list[str], str]:
    """The rows after so many presses of the first column's button, and what is said of their order."""
    for _ in range(presses):
        page.locator("thead button").first.press("Enter")
    return firsts(page, rows="tbody > tr"), page.locator("thead th").first.get_attribute("aria-sort")


def test_a_column_sorts_by_value_down_and_back(show) -> None:
    page = show(small([("9 us", 9e-6), ("1 ms", 1e-3), ("80 ns", 8e-8)]))
    assert sorted_by(page, 0) == (["9 us", "1 ms", "80 ns"], "none")
    assert sorted_by(page, 1) == (["80 ns", "9 us", "1 ms"], "ascending")
    assert sorted_by(page, 1) == (["1 ms", "9 us", "80 ns"], "descending")
    assert sorted_by(page, 1) == (["9 us", "1 ms", "80 ns"], "none")


def test_rows_without_a_value_come_last_both_ways(show) -> None:
    page = show(small([("-", None), ("2", 2), ("1", 1.0), ("nan", float("nan"))]))
    assert sorted_by(page, 1)[0] == ["1", "2", "-", "nan"]
    assert sorted_by(page, 1)[0][:2] == ["2", "1"]


def test_details_go_with_their_row(show) -> None:
    page = show(document())
    page.locator("#table-all-outcomes thead").first.get_by_role("button", name="change").click()
    page.locator("#OH-001-mps").click()
    assert page.locator("#OH-001-mps + tr.more").is_visible()


def test_words_and_verdicts_filter_rows_together(show) -> None:
    page = show(document())
    page.get_by_role("searchbox").fill("latency MPS")
    found = firsts(page)
    assert found
    assert all("latency" in text.lower() for text in found)
    page.get_by_role("button", name="slightly worse").first.click()
    assert firsts(page, 7) and set(firsts(page, 7)) == {"slightly worse"}
    assert page.get_by_role("status").inner_text() == f"{len(firsts(page))} of 27 rows"
    page.get_by_role("button", name="Show all").click()
    assert len(firsts(page)) == 27


def test_a_row_opens_and_closes_by_key_and_by_pointer(show) -> None:
    page = show(document())
    button = page.locator("#OH-002-mps .opener")
    more = page.locator("#OH-002-mps + tr.more")
    assert not more.is_visible()
    button.press("Enter")
    assert more.get_by_role("img", name="Samples").is_visible()
    assert button.get_attribute("aria-expanded") == "true"
    page.locator("#OH-002-mps td").last.click()
    assert not more.is_visible()


def test_a_view_comes_back_by_its_address(show) -> None:
    page = show(document())
    page.get_by_role("searchbox").fill("latency")
    page.get_by_role("button", name="inconclusive").first.click()
    page.locator("#table-all-outcomes thead").first.get_by_role("button", name="native").click()
    page.locator("tr.opens:visible").first.click()
    page.locator("summary", has_text="How to repeat this").click()
    page.wait_for_function("location.hash.includes('fold-')")
    address = page.url.partition("#")[2]
    other = show(document(), f"#{address}")
    assert firsts(other) == firsts(page)
    assert other.locator("tr.more:visible").count() == 1
    assert other.get_by_role("searchbox").input_value() == "latency"
    assert other.locator("details.fold[open]").count() == 1
    assert other.get_by_role("button", name="inconclusive").first.get_attribute("aria-pressed") == "true"
    assert other.url.partition("#")[2] == address


def test_the_id_of_a_row_or_a_heading_is_an_address(show) -> None:
    page = show(document(), "#IS-009-hami-core")
    assert page.locator("#IS-009-hami-core + tr.more").is_visible()
    assert page.locator("#IS-009-hami-core").evaluate("row => row.getBoundingClientRect().top") < 900
    page.evaluate("location.hash = 'methods'")
    page.wait_for_function("scrollY > 2000")


def test_an_address_of_nonsense_is_a_page_as_ever(show) -> None:
    page = show(
        document(),
        "#open=nothing,%zz,top&sort.all-outcomes=99-down&sort.t9=1&q.all-outcomes=&show.all-outcomes=%3Cscript%3E&%E0%A4%A",
    )
    assert page.get_by_role("status").inner_text() == "0 of 27 rows"
    assert "all-outcomes=99" in page.url


def background(page) -> str:
    """The page's colour."""
    return page.evaluate("getComputedStyle(document.body).backgroundColor")


def test_dark_where_the_system_says_so_or_the_button_does(show) -> None:
    light, dark = show(document()), show(document(), color_scheme="dark")
    assert (background(light), background(dark)) == ("rgb(247, 248, 250)", "rgb(17, 21, 27)")
    light.locator("#theme").click()
    dark.locator("#theme").click()
    assert (background(dark), background(light)) == ("rgb(247, 248, 250)", "rgb(17, 21, 27)")


def test_paper_has_folds_open_and_only_rows_that_were_opened(show) -> None:
    page = show(document(), "#open=OH-001-mps", color_scheme="dark")
    page.emulate_media(media="print")
    assert page.locator("tr.more:visible").count() == 1
    assert page.get_by_text("Holm's correction").is_visible()
    assert not page.get_by_role("searchbox").is_visible()
    assert background(page) == "rgb(255, 255, 255)"
    assert page.locator("body").evaluate("body => getComputedStyle(body).color") == "rgb(27, 36, 48)"


@pytest.mark.parametrize("size", ["desktop", "phone"])
@pytest.mark.parametrize("made", [document, hostile.document], ids=["sample", "hostile"])
def test_no_page_is_wider_than_its_window(show, made, size) -> None:
    page = show(made(), size=size)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_phone_gets_the_narrow_drawing(show) -> None:
    page = show(document(), size="phone")
    assert page.locator(".narrow:visible").count() > 5
    assert page.locator(".wide:visible").count() == 0


def test_the_first_key_leads_to_the_content(show) -> None:
    page = show(document())
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"


def test_without_a_script_everything_can_be_read(show) -> None:
    page = show(document(), java_script_enabled=False)
    assert not page.get_by_role("searchbox").is_visible()
    assert page.locator("tr.more:visible").count() == 27
    page.locator("#OH-001-mps + tr.more summary").first.click()
    assert page.locator("#OH-001-mps + tr.more").get_by_role("img").is_visible()


def test_a_hostile_report_does_nothing(show) -> None:
    page = show(hostile.document())
    page.wait_for_timeout(200)
    assert page.title() != "broken in"
    assert page.locator("script").count() == 1
    assert page.locator("img, iframe").count() == 0
    for button in page.locator("thead button:visible").all()[:5]:
        button.click()
    page.locator("tr.opens").first.click(position={"x": 5, "y": 5})


def test_ten_thousand_rows_are_sorted_and_filtered(show) -> None:
    page = show(hostile.many())
    page.locator("thead button").nth(1).click()
    page.locator("thead button").nth(1).click()
    assert page.locator("tbody tr").first.inner_text().startswith("outcome 9999")
    page.locator("input").fill("outcome 77")
    assert page.locator(".shown").inner_text() == "280 of 10000 rows"


@pytest.mark.parametrize(("size", "scheme"), [("desktop", "light"), ("phone", "dark")])
def test_axe_finds_nothing_serious(show, size, scheme) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="no axe: make .venv/.tools")
    page = show(document(), "#open=OH-001-mps", size=size, color_scheme=scheme)
    page.locator("tr.more:not(:visible)").evaluate_all("rows => rows.forEach(row => row.remove())")  # all are alike
    page.locator("tr.opens + tr.opens").evaluate_all("rows => rows.forEach(row => row.remove())")
    page.locator("summary:visible").evaluate_all("all => all.forEach(one => one.parentElement.open = true)")
    found = axe.Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    serious = [one for one in found if one["impact"] in ("serious", "critical")]
    assert [(one["id"], [node["html"][:200] for node in one["nodes"][:3]]) for one in serious] == []


def test_one_sentence_is_a_page(show) -> None:
    assert show(Document("t", [Sentence("nothing was measured")])).get_by_text("nothing was measured").is_visible()
