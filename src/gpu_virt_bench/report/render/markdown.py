"""Blocks as Markdown for GitHub: issues, READMEs, summaries of CI.

Figures are tables; what is folded, or opens below a row, is `<details>`.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence

from gpu_virt_bench.model.shape import visible
from gpu_virt_bench.report.blocks import (
    Block,
    Box,
    Bullets,
    Cell,
    Code,
    Document,
    Fold,
    Heading,
    Remark,
    Row,
    Sentence,
    Table,
)
from gpu_virt_bench.report.markdown import escaped, unmentioned
from gpu_virt_bench.report.render import figures

STARTS = re.compile(r"^(?:([-+=:])|(\d+)([.)]))(?=\s|$|-|=)")
"""What makes a list, a table or a heading of a line that begins with it."""


def document(found: Document) -> str:
    """The document as a Markdown file."""
    about: list[Block] = [Heading(found.title, 1)]
    about += [Sentence(found.made, "muted")] if found.made else []
    about += [Fold("Run files", [Bullets(found.files)])] if found.files else []
    return markdown([*about, *found.blocks])


def markdown(blocks: Sequence[Block]) -> str:
    """Blocks as Markdown, with a line feed at the end."""
    return "\n\n".join(pieces(blocks)) + "\n"


def pieces(blocks: Sequence[Block]) -> Iterator[str]:
    """What stands between empty lines."""
    for block in blocks:
        yield from piece(block)


def piece(block: Block) -> Iterator[str]:
    """One block."""
    match block:
        case Heading():
            yield f"{'#' * min(6, block.level)} {escaped(block.text)}"
        case Sentence():
            yield sentence(block)
        case Remark():
            yield f"> {line(block.text)}"
        case Bullets():
            if block.items:
                yield "\n".join(f"- {line(item)}" for item in block.items)
        case Code():
            yield code(block.text)
        case Box():
            yield f"**{escaped(block.title)}**"
            yield from pieces(block.blocks)
        case Fold():
            yield from folded(block.title, block.blocks)
        case Table():
            yield from table(block)
        case _:
            yield from table(figures.read(block))


def line(text: str) -> str:
    """A text at the beginning of a line."""
    return STARTS.sub(lambda found: f"{found[2] or ''}\\{found[1] or found[3]}", escaped(text))


def sentence(block: Sentence) -> str:
    """A paragraph: what answers is bold, what explains is small."""
    if block.lead:
        return f"**{escaped(block.text)}**"
    return f"<sub>{escaped(block.text)}</sub>" if block.tone == "muted" else line(block.text)


def code(text: str) -> str:
    """A text as it is, between more backticks than it has in a row."""
    longest = max((len(found) for found in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}\n{visible(text).rstrip()}\n{fence}"


def folded(title: str, blocks: Sequence[Block]) -> Iterator[str]:
    """Blocks that a reader opens; within the tag there is HTML and no Markdown."""
    plain = html.escape(visible(" ".join(title.split())))
    yield f"<details><summary>{unmentioned(plain)}</summary>"
    yield from pieces(blocks)
    yield "</details>"


def table(block: Table) -> Iterator[str]:
    """A table, and below it what its rows open to."""
    if block.title:
        yield f"**{escaped(block.title)}**"
    if block.rows:
        sides = ["---:" if column.numeric else "---" for column in block.columns]
        heads = [escaped(column.name) for column in block.columns]
        yield "\n".join(map(joined, [heads, sides, *([cell(one) for one in row.cells] for row in block.rows)]))
    for row in block.rows:
        if row.opens:
            yield from folded(name(row), row.opens)


def joined(cells: Sequence[str]) -> str:
    """One line of a table."""
    return f"| {' | '.join(cells)} |"


def cell(found: Cell) -> str:
    """A cell, its lines one below the other."""
    return "<br>".join(map(escaped, [found.text, *found.below]))


def name(row: Row) -> str:
    """What a row is about: its first cell."""
    return row.cells[0].text if row.cells else row.id
