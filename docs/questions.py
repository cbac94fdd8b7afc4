"""Pictures of the published pages: where each question of a buyer has its answer, and the page at two widths.

    python docs/questions.py          # needs playwright and Debian's chromium; writes docs/results/pages/*.png

Run it after docs/pages.sh, and look at what it wrote.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import sync_playwright

PAGES = Path(__file__).parent / "results" / "pages"
CHROMIUM = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run", "--disable-sync"]


class Picture(NamedTuple):
    """One picture: of which page, from which place on, how wide and high, light or dark."""

    name: str
    page: str
    place: str = ""
    width: int = 1120
    height: int = 700
    dark: bool = False


PICTURES = (
    Picture("page", "h100-rounds", height=760),
    Picture("phone", "h100-neighbors", width=390, height=844, dark=True),
    Picture("which-layer", "h200-overhead", "Which for what"),
    Picture("beside-a-neighbor", "h100-neighbors", "", height=900),
    Picture("memory-limit", "h100-overhead", "", height=620),
    Picture("what-hami-core-costs", "h100-rounds", "Overhead"),
    Picture("not-tested", "h200-overhead", "What this page cannot tell you", height=520),
)


def main() -> None:
    """All pictures."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM)
        for one in PICTURES:
            scheme = "dark" if one.dark else "light"
            page = browser.new_page(viewport={"width": one.width, "height": one.height}, color_scheme=scheme)
            page.goto(f"file://{PAGES / one.page}.html")
            if one.place:
                headings = page.locator("main").get_by_role("heading", name=one.place)
                place = (headings if headings.count() else page.locator("main").get_by_text(one.place)).first
                place.evaluate("place => window.scrollTo(0, place.getBoundingClientRect().top + scrollY - 24)")
            page.screenshot(path=PAGES / f"{one.name}.png")
            page.close()
        browser.close()


if __name__ == "__main__":
    main()
