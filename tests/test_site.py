"""The documentation as a site: every link leads somewhere, and nothing of it comes from another server."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).parents[1]
CHROMIUM = shutil.which("chromium")
SWITCHES = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run",
            "--disable-component-update", "--disable-sync"]  # fmt: skip


class Page(HTMLParser):
    """The anchors, the links and the parts of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors, self.links, self.parts = {"", "top"}, [], []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Takes what leads somewhere."""
        given = {name: value for name, value in attrs if value}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if tag in ("script", "img", "iframe") and "src" in given:
            self.parts.append(given["src"])
        if tag == "link" and given.get("rel") != "canonical" and "href" in given:
            self.parts.append(given["href"])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built; mkdocs itself fails on a page that is not in the navigation and on a dead link in a page."""
    folder = tmp_path_factory.mktemp("site")
    build = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", str(folder)]
    done = subprocess.run(build, cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    return folder


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Page]:
    """Every page; that of the 404 answer is for servers alone."""
    return {path: Page(path.read_text()) for path in site.rglob("*.html") if path.name != "404.html"}


def test_every_link_and_anchor_leads_somewhere(pages: dict[Path, Page], site: Path) -> None:
    assert len(pages) > 60
    assert [f"{path.relative_to(site)}: {link}" for path, page in pages.items() for link in page.links
            if not leads(path, link, pages)] == []  # fmt: skip


def leads(path: Path, link: str, pages: dict[Path, Page]) -> bool:
    """Whether a link of a page leads to a file and, in a page, to an anchor. Other servers are not asked."""
    parts = urlsplit(link)
    if parts.scheme:
        return parts.scheme == "https"
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    return target.is_file() and (target not in pages or unquote(parts.fragment) in pages[target].anchors)


def test_a_link_into_the_repository_leads_to_a_file_that_there_is(pages: dict[Path, Page]) -> None:
    begins = tuple(
        f"https://github.com/gpu-virt-bench/gpu-virt-bench/{kind}/main/" for kind in ("blob", "tree", "edit")
    )
    named = {urlsplit(link).path for page in pages.values() for link in page.links if link.startswith(begins)}
    assert len(named) > 10
    assert [path for path in named if not ROOT.joinpath(*Path(unquote(path)).parts[5:]).exists()] == []


def test_no_page_takes_anything_from_another_server(pages: dict[Path, Page]) -> None:
    assert {part for page in pages.values() for part in page.parts if urlsplit(part).netloc} == set()


def test_every_metric_and_every_system_has_its_page(site: Path) -> None:
    for folder in ("metrics", "systems"):
        built = {path.stem for path in (site / folder).glob("*.html")} - {"index"}
        assert built == {path.stem for path in (ROOT / "docs" / folder).glob("*.md")} - {"README"}


@pytest.fixture
def browser() -> Iterator[Browser]:
    """Debian's chromium."""
    if CHROMIUM is None:
        pytest.skip("needs Debian's chromium")
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)


def test_the_search_finds_a_page_from_disk(site: Path, browser: Browser) -> None:
    page, asked = browser.new_page(), []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{site.as_uri()}/search.html?q=eviction")
    found = page.locator("#mkdocs-search-results a")
    found.first.wait_for()
    assert any("CACHE-002" in str(one.get_attribute("href")) for one in found.all())
    assert [url for url in asked if not url.startswith("file://")] == []
