"""A report as one HTML file that needs nothing else: no request, no fonts, a strict content-security policy."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from functools import cache
from hashlib import sha256
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from gpu_virt_bench.report.blocks import Document
from gpu_virt_bench.report.render import page
from gpu_virt_bench.report.render.palette import DARK, LIGHT, variables
from gpu_virt_bench.report.render.svg import clean


def html(document: Document) -> str:
    """The page."""
    look, script = style("page.css"), text("page.js")
    policy = f"default-src 'none'; img-src data:; style-src '{digest(look)}'; script-src '{digest(script)}'"
    policy += "; base-uri 'none'; form-action 'none'"
    template = environment(clean).get_template("page.html.j2")
    found = page.Page(document)
    return template.render(page=found, policy=policy, look=Markup(look), script=Markup(script))


@cache
def environment(seen: Callable[[str], str]) -> Environment:
    """Our templates. Whatever they are given is escaped, after `seen` has made of it what a reader sees."""
    loader = PackageLoader("gpu_virt_bench.report", "templates")
    found = Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: value if isinstance(value, Markup) else seen(str(value)),
        extensions=["jinja2.ext.do"],
    )
    found.filters.update(kind=page.kind, level=page.level, sort_key=page.sort_key)
    found.globals.update(verdicts=page.verdicts, classes=page.classes)
    return found


@cache
def text(name: str) -> str:
    """A file that stands beside the templates."""
    return (files("gpu_virt_bench.report") / "templates" / name).read_text(encoding="utf-8")


@cache
def style(name: str) -> str:
    """A style sheet with its colours: dark where the reader's system or the page's button says so, never on paper."""
    dark = variables(DARK)
    themes = f":root{{{variables(LIGHT)}}}@media screen{{:root[data-theme=dark]{{{dark}}}}}"
    themes += f"@media screen and (prefers-color-scheme:dark){{:root:not([data-theme=light]){{{dark}}}}}"
    return f"{themes}\n{text(name)}"


def digest(content: str) -> str:
    """The hash by which a policy allows an inline style or script."""
    return f"sha256-{b64encode(sha256(content.encode()).digest()).decode()}"
