"""Blocks as LaTeX: booktabs tables and pgfplots figures, each between comments, ready to be pasted into a paper.

Numbers of figures are exact. What a row opens to stands in the formats that can fold.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import count

from gpu_virt_bench.report.blocks import (
    Block,
    Box,
    Bullets,
    Cell,
    Code,
    Document,
    Figure,
    Fold,
    Heading,
    Remark,
    Sentence,
    Table,
)
from gpu_virt_bench.report.render import pgf
from gpu_virt_bench.report.render.columns import column_lines, layout, longest, parts
from gpu_virt_bench.report.render.figures import title_of
from gpu_virt_bench.report.render.tex import comment, escaped

PREAMBLE = r"""\documentclass[a4paper,10pt]{article}
\usepackage[margin=20mm]{geometry}
\IfFileExists{lmodern.sty}{\usepackage[T1]{fontenc}\usepackage{lmodern}}{}
\usepackage{textcomp}
% what the tables and figures need
\usepackage{array,booktabs,longtable}
\usepackage{pgfplots}
\pgfplotsset{compat=1.16}
% figures and tables stay where they are
\usepackage{float}
\makeatletter\def\fps@table{H}\def\fps@figure{H}\makeatother
\setlength{\parindent}{0pt}\setlength{\parskip}{4pt}
\setlength{\belowcaptionskip}{6pt}
\raggedbottom\sloppy
"""
LETTERS = 100
"""That stand beside each other on a page, in the size of tables."""
PAGE = 32
"""Lines of a table that is not cut at the end of a page."""
SECTIONS = {1: "section", 2: "section", 3: "subsection", 4: "subsubsection"}


def document(found: Document) -> str:
    """The document, with its preamble: it compiles as it is."""
    about = [rf"\title{{{escaped(found.title)}}}", rf"\date{{{escaped(found.made)}}}", r"\author{}"]
    files: list[Block] = [Fold("Run files", [Bullets(found.files)])] if found.files else []
    body = latex([*found.blocks, *files])
    return "\n".join([PREAMBLE, *about, r"\begin{document}", r"\maketitle", "", body, r"\end{document}", ""])


def latex(blocks: Sequence[Block]) -> str:
    """Blocks as what stands in a document."""
    return "\n".join(pieces(blocks, count(1)))


def pieces(blocks: Sequence[Block], numbers: Iterator[int]) -> Iterator[str]:
    """The lines of blocks; `numbers` tell tables and figures apart."""
    for block in blocks:
        yield from piece(block, numbers)
        yield ""


def piece(block: Block, numbers: Iterator[int]) -> Iterator[str]:
    """The lines of one block."""
    match block:
        case Heading():
            yield rf"\{SECTIONS.get(block.level, 'paragraph')}{{{escaped(block.text)}}}"
        case Sentence():
            yield sentence(block)
        case Remark():
            yield rf"\begin{{quote}}\emph{{{escaped(block.text)}}}\end{{quote}}"
        case Bullets():
            yield from bullets(block)
        case Code():
            yield from code(block.text)
        case Box() | Fold():
            yield rf"\paragraph{{{escaped(block.title)}}}\mbox{{}}"
            yield ""
            yield from pieces(block.blocks, numbers)
        case Table():
            for place, part in enumerate(parts(block, LETTERS) if block.rows else []):
                title = block.title + (f" ({place + 1})" if place else "")
                yield from table(replace(part, title=title), next(numbers))
        case _:
            yield from figure(block, next(numbers))


def sentence(block: Sentence) -> str:
    """A paragraph: what answers is bold, what explains is small."""
    text = escaped(block.text)
    if block.lead:
        return rf"\textbf{{{text}}}\par"
    return rf"{{\footnotesize {text}\par}}" if block.tone == "muted" else rf"{text}\par"


def bullets(block: Bullets) -> Iterator[str]:
    """A list."""
    if block.items:
        yield r"\begin{itemize}"
        yield from (rf"\item {escaped(item)}" for item in block.items)
        yield r"\end{itemize}"


def code(text: str) -> Iterator[str]:
    """A text in letters of one width; no verbatim, which hostile words could end."""
    yield r"\begin{quote}\ttfamily\small\raggedright"
    yield "\\\\\n".join(code_line(line) for line in text.splitlines() or [""])
    yield r"\end{quote}"


def code_line(line: str) -> str:
    """One line, with the blanks that it begins with."""
    plain = line.expandtabs()
    return r"\mbox{}" + "~" * (len(plain) - len(plain.lstrip())) + escaped(plain)


def between(kind: str, title: str, lines: Iterator[str]) -> Iterator[str]:
    """What can be pasted, between comments."""
    name = comment(title)
    yield f"% ---- begin {kind}: {name}"
    yield from lines
    yield f"% ---- end {kind}: {name}"


def label(kind: str, title: str, number: int) -> str:
    """What a text refers to: `tab:3-overhead`."""
    words = re.sub("[^a-z0-9]+", "-", comment(title).lower()).strip("-")[:40]
    return rf"\label{{{kind}:{number}{'-' * bool(words)}{words}}}"


# -- tables


def table(block: Table, number: int) -> Iterator[str]:
    """A table that floats; one that is longer than a page, over pages."""
    lines = sum(max((1 + len(cell.below) for cell in row.cells), default=1) for row in block.rows)
    made = long_table(block, number) if lines > PAGE else short_table(block, number)
    return between("table", block.title, made)


def caption(kind: str, title: str, number: int) -> str:
    """What stands over a table or below a figure."""
    return rf"\caption{{{escaped(title)}}}{label(kind, title, number)}" if title else ""


def short_table(block: Table, number: int) -> Iterator[str]:
    """A table on one page."""
    yield r"\begin{table}\centering\small"
    yield caption("tab", block.title, number)
    yield rf"\begin{{tabular}}{{{specification(block)}}}"
    yield from [r"\toprule", heads(block), r"\midrule"]
    yield from rows(block)
    yield from [r"\bottomrule", r"\end{tabular}", r"\end{table}"]


def long_table(block: Table, number: int) -> Iterator[str]:
    """A table over pages, each with its heads."""
    yield rf"{{\small\begin{{longtable}}{{{specification(block)}}}"
    yield caption("tab", block.title, number) + r"\\" * bool(block.title)
    yield from [r"\toprule", heads(block), r"\midrule\endfirsthead", r"\toprule", heads(block), r"\midrule\endhead"]
    yield from [r"\bottomrule\endfoot"]
    yield from rows(block)
    yield r"\end{longtable}}"


def fixed(block: Table) -> list[int | None]:
    """The letters of the columns that are wrapped; None where none is."""
    whole = [longest(column_lines(block, index)) for index in range(len(block.columns))]
    found = layout(block, LETTERS)
    given = [min(one, LETTERS // len(block.columns)) for one in whole] if found is None else found.widths
    return [None if width >= wanted else width for width, wanted in zip(given, whole, strict=True)]


def specification(block: Table) -> str:
    """The columns: numbers at the right, what is wrapped in a width."""
    found = []
    for column, width in zip(block.columns, fixed(block), strict=True):
        side = r"\raggedleft" if column.numeric else r"\raggedright"
        plain = "r" if column.numeric else "l"
        share = f"{0.94 * (width or 0) / LETTERS:.3f}"
        found.append(plain if width is None else rf">{{{side}\arraybackslash}}p{{{share}\linewidth}}")
    return "@{}" + "".join(found) + "@{}"


def heads(block: Table) -> str:
    """The names of the columns."""
    return joined(escaped(column.name) for column in block.columns)


def rows(block: Table) -> Iterator[str]:
    """A line for each row."""
    wrapped = fixed(block)
    sides = ["r" if column.numeric else "l" for column in block.columns]
    is_tall = any(wrapped) or any(cell.below for row in block.rows for cell in row.cells)
    for number, row in enumerate(block.rows):
        yield r"\addlinespace[2pt]" * (is_tall and number > 0) + joined(map(cell, row.cells, sides, wrapped))


def joined(cells: Iterator[str]) -> str:
    """A line of a table."""
    return " & ".join(cells) + r" \\"


def cell(found: Cell, side: str, wrapped: int | None) -> str:
    """A cell, its lines one below the other."""
    lines = [escaped(text) for text in (found.text, *found.below)]
    if len(lines) == 1:
        return lines[0]
    if wrapped is not None:
        return r"\newline ".join(lines)
    return rf"\begin{{tabular}}[t]{{@{{}}{side}@{{}}}}" + r"\\ ".join(lines) + r"\end{tabular}"


# -- figures


def figure(block: Figure, number: int) -> Iterator[str]:
    """A figure that floats."""
    return between("figure", block.title, drawn(block, number))


def drawn(block: Figure, number: int) -> Iterator[str]:
    """A picture with its title."""
    yield r"\begin{figure}\centering"
    yield from pgf.picture(block)
    less = pgf.left_out(block)
    title = title_of(block) + (f". Drawn: {less}" if less else "")
    yield caption("fig", title, number)
    yield r"\end{figure}"
