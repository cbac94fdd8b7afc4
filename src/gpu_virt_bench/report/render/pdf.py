"""A report as PDF: the same blocks on A4 pages, with vectors, page numbers and repeated table heads."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from markupsafe import Markup

from gpu_virt_bench.report.blocks import Block, Box, Document, Fold, Table
from gpu_virt_bench.report.render import page
from gpu_virt_bench.report.render.html import environment, text
from gpu_virt_bench.report.render.palette import LIGHT, variables
from gpu_virt_bench.report.render.svg import clean

UPRIGHT = 8
LANDSCAPE = "@page{size:A4 landscape}"
PART, MOST = 24, 120
LONG = re.compile(rf"\S{{{PART + 12},}}")
"""Words that no column is wide enough for."""


class NoPdf(Exception):
    """What writes PDF is not installed."""


def pdf(document: Document) -> bytes:
    """The file. What a row of a table opens is left out: it is for a screen, and would be most of the pages."""
    made = weasyprint().HTML(string=paper(document), url_fetcher=refused(), media_type="print")
    return bytes(made.write_pdf())


def paper(document: Document) -> str:
    """The page that is printed: no script, folds open, colours for paper."""
    look = f":root{{{variables(LIGHT)}}}\n{text('paper.css')}{LANDSCAPE if broad(document.blocks) else ''}"
    template = environment(printed).get_template("paper.html.j2")
    return template.render(page=page.Page(document, paper=True), look=Markup(look))


def broad(blocks: Sequence[Block]) -> bool:
    """Whether a table has more columns than an upright page has room for."""
    inside = [block.blocks for block in blocks if isinstance(block, (Box, Fold))]
    here = any(isinstance(block, Table) and len(block.columns) > UPRIGHT for block in blocks)
    return here or any(map(broad, inside))


def printed(text: str) -> str:
    """A text on paper: long words may be broken, and are cut where nobody would read on."""
    text = clean(text)
    return LONG.sub(broken, text) if len(text) > PART else text


def broken(word: re.Match[str]) -> str:
    """A long word with places to break it."""
    parts = [word[0][at : at + PART] for at in range(0, min(len(word[0]), MOST), PART)]
    return "\u200b".join(parts) + ("…" if len(word[0]) > MOST else "")


def weasyprint() -> Any:  # noqa: ANN401  a module without types
    """The library, or what to do where it is missing."""
    try:
        import weasyprint as found
    except ImportError as error:
        raise NoPdf(f"PDF needs weasyprint ({error}): pip install gpu-virt-bench[pdf]") from error
    except OSError as error:
        packages = "libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"
        raise NoPdf(f"weasyprint lacks a library ({first_line(error)}): apt-get install {packages}") from error
    return found


def first_line(error: OSError) -> str:
    """What an error says, without the rest of its paragraph."""
    return (str(error).splitlines() or ["unknown"])[0]


def refused() -> Callable[[str], Any]:
    """Fetches nothing: a report needs nothing, and what stands in one is anybody's."""

    def fetch(url: str, *_: object, **__: object) -> Any:  # noqa: ANN401
        raise ValueError(f"a report fetches nothing: {url[:80]}")

    return fetch
