"""Blocks as LaTeX; where there is a LaTeX, it compiles them."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from documents import (
    DOCUMENT,
    FIGURES,
    HEAT,
    HOSTILE,
    INTERVALS,
    LATENCIES,
    LIMITS,
    STRIPS,
    TABLE,
    empty,
    hostile,
    matrix,
)
from gpu_virt_bench.report.blocks import Block, Bullets, Cell, Code, Column, Document, Row, Strips, Table
from gpu_virt_bench.report.render.latex import document, latex
from gpu_virt_bench.report.render.tex import escaped

LONG = Table(
    [Column("a"), Column("why")], [Row([Cell(f"row {i}"), Cell("[a reason] " * 20)]) for i in range(90)], "Long"
)
MANY = Strips("Many", STRIPS.axis, [("mps", [1e-6 + i * 1e-12 for i in range(1000)])])


def text(*blocks: Block) -> str:
    """Blocks as LaTeX."""
    return latex(blocks)


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="needs pdflatex: apt-get install texlive-pictures")
@pytest.mark.parametrize(
    "found",
    [DOCUMENT, Document("Long", [LONG, matrix(9), MANY]), hostile(), empty()],
    ids=lambda found: found.title[:8],
)
def test_it_compiles(found: Document, tmp_path: Path) -> None:
    (tmp_path / "report.tex").write_text(document(found), encoding="ascii")
    words = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "report.tex"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, errors="replace", timeout=100)
    assert done.returncode == 0, done.stdout[-2000:]
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF")


def test_a_table_is_of_booktabs_with_numbers_at_the_right() -> None:
    lines = text(TABLE).splitlines()
    assert r"\begin{tabular}{@{}lrl@{}}" in lines
    assert r"outcome & value & verdict \\" in lines
    assert lines[0] == "% ---- begin table: Overhead" and "% ---- end table: Overhead" in lines
    assert r"\begin{tabular}[t]{@{}r@{}}2.000 us\\ 1.9 .. 2.1\end{tabular}" in text(TABLE)


def test_a_table_longer_than_a_page_repeats_its_heads() -> None:
    shown = text(LONG)
    assert r"\begin{longtable}" in shown and r"\endhead" in shown and shown.count("row ") == 90


def test_every_table_and_figure_has_a_label_of_its_own() -> None:
    labels = re.findall(r"\\label\{(.*?)\}", text(TABLE, TABLE, matrix(9), *FIGURES))
    assert labels[:2] == ["tab:1-overhead", "tab:2-overhead"]
    assert len(labels) == len(set(labels)) and labels[-1].startswith("fig:")


def test_coordinates_are_exact_and_axes_in_the_unit_of_people() -> None:
    x = LATENCIES.series[0].points[99].x
    assert f"({x!r},1.0)" in text(LATENCIES)
    assert "(2e-06,-0.175)" in text(INTERVALS) and r"\tick*1000000.0" in text(INTERVALS)
    assert "(3e-06,0.175) (5e-06,0.175)" in text(INTERVALS)


def test_a_cell_of_a_heat_map_has_its_text_and_its_exact_value() -> None:
    assert "node {2.0 x} (1,-2); % 2.0" in text(HEAT) and "% not measured" in text(HEAT)


def test_marks_are_drawn_inside_of_the_picture() -> None:
    for figure, marks in ((INTERVALS, "EMULATED"), (LIMITS, "EMULATED, UNPROVEN"), (HEAT, "DERIVED")):
        picture = text(figure).partition(r"\begin{tikzpicture}")[2].partition(r"\end{tikzpicture}")[0]
        assert f"{{{marks}}};" in picture


def test_what_is_no_number_is_not_drawn() -> None:
    shown = "".join(line for line in text(*FIGURES).splitlines(True) if "coordinates" in line)
    assert "nan" not in shown and "inf" not in shown


def test_samples_that_are_not_drawn_are_counted() -> None:
    assert "Drawn: 300 of 1000 samples of mps" in text(MANY)


@pytest.mark.parametrize(
    ("plain", "written"),
    [
        ("50 % & #1_x $", r"50 \% \& \#1\_\allowbreak{}x \$"),
        (r"\end{x}", r"\textbackslash{}end\{x\}"),
        ("a\n\n[b] *", "a {[}b{]} {*}"),
        ("--long", "-{}-long"),
        ("± ↓", r"\ensuremath{\pm} \ensuremath{\downarrow}"),
        ("ü ß 猫", r"\"{u} \ss{} \textbackslash{}u732b"),
    ],
)
def test_a_text_has_no_meaning(plain: str, written: str) -> None:
    assert escaped(plain) == written


def test_hostile_words_end_nothing() -> None:
    lines = [line for line in document(hostile()).splitlines() if not line.startswith("% ")]
    assert [line for line in lines if r"\end{document}" in line] == [lines[-1]]
    assert document(hostile()).isascii()
    assert r"\end{document}" not in text(Code(HOSTILE), Bullets([HOSTILE]))
