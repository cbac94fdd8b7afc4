"""What the site does to pages that GitHub shows as they are: mkdocs calls these functions."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
COMMENT = re.compile(r"\A<!--.*?-->\s*", re.DOTALL)
LINK = re.compile(r"\]\(([^)#\s]+)(#[^)\s]*)?\)")


def on_config(config: Any) -> Any:  # noqa: ANN401  mkdocs' own type
    """In the navigation a folder stands for its pages, its README first."""
    config.nav = [expanded(entry) for entry in config.nav]
    return config


def expanded(entry: Any) -> Any:  # noqa: ANN401  a page, or a title with a page, a folder or pages
    """The entry with the pages of its folder."""
    if not isinstance(entry, dict):
        return entry
    ((title, value),) = entry.items()
    if not (isinstance(value, str) and value.endswith("/")):
        return entry
    pages = sorted((DOCS / value).glob("*.md"), key=lambda path: (path.stem != "README", path.name))
    return {title: [str(path.relative_to(DOCS)) for path in pages]}


def on_page_markdown(markdown: str, page: Any, config: Any, **_: object) -> str:  # noqa: ANN401
    """The page, with links to what lies outside of the site leading into the repository."""
    folder = Path(page.file.abs_src_path).parent

    def link(found: re.Match[str]) -> str:
        target = found[1]
        path = (folder / target).resolve()
        if "://" in target or not path.exists() or is_in_site(path):
            return found[0]
        kind = "tree" if path.is_dir() else "blob"
        return f"]({config.repo_url}/{kind}/main/{path.relative_to(ROOT)}{found[2] or ''})"

    # a comment before the heading would hide the page's title from the navigation
    return LINK.sub(link, COMMENT.sub("", markdown))


def is_in_site(path: Path) -> bool:
    """Whether a file is a page or lies beside the pages."""
    return path.is_file() and DOCS in path.parents and path.suffix != ".py"


def on_post_build(config: Any) -> None:  # noqa: ANN401
    """The index of the search as a script, for docs/site.js."""
    folder = Path(config.site_dir) / "search"
    text = json.dumps((folder / "search_index.json").read_text())
    (folder / "search_index.js").write_text(f"const searchIndex = {text};\n")
