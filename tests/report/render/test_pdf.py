"""The report on paper: pages that are numbered, tables whose head is repeated, drawings that stay vectors."""

import shutil
import subprocess
import sys
from pathlib import Path

import hostile
import pytest
from sample import document

from gpu_virt_bench.report.blocks import Cell, Column, Document, Row, Table
from gpu_virt_bench.report.render.pdf import NoPdf, paper, pdf


@pytest.fixture
def written(tmp_path) -> Path:
    """Writes a document and says where it lies; skipped where something is missing."""

    def write(made: Document) -> Path:
        if shutil.which("pdftotext") is None:
            pytest.skip("no pdftotext: apt-get install poppler-utils")
        try:
            (tmp_path / "report.pdf").write_bytes(pdf(made))
        except NoPdf as missing:
            pytest.skip(str(missing))
        return tmp_path / "report.pdf"

    return write


def said(command: str, path: Path) -> str:
    """What a tool of poppler's says of a file."""
    return subprocess.run([*command.split(), path, "-"], check=True, capture_output=True, text=True).stdout


def test_each_page_has_its_number_and_the_title(written) -> None:
    *pages, _ = said("pdftotext -layout", written(document(2))).split("\f")
    assert len(pages) > 4
    assert all(f"{at}/{len(pages)}" in text.replace(" ", "") for at, text in enumerate(pages, 1))
    assert all("HAMi-core and time slicing against" in text for text in pages)


def test_a_table_repeats_its_head_and_keeps_its_rows_whole(written) -> None:
    rows = [Row([Cell(f"row {at}", below=[f"under {at}"])]) for at in range(200)]
    *pages, _ = said("pdftotext -layout", written(Document("t", [Table([Column("the head")], rows)]))).split("\f")
    assert len(pages) > 2
    assert all("the head" in text for text in pages)
    assert all(text.count("row ") == text.count("under ") for text in pages)


def test_figures_are_vectors_with_their_marks(written) -> None:
    path = written(document())
    assert "DERIVED" in said("pdftotext", path)
    images = subprocess.run(["pdfimages", "-list", path], check=True, capture_output=True, text=True).stdout
    assert len(images.splitlines()) == 2  # the head of that list


def test_a_hostile_report_fetches_nothing_and_is_written(written) -> None:
    assert "alert(1)" in said("pdftotext", written(hostile.document()))


def test_paper_has_neither_script_nor_what_rows_open() -> None:
    page = paper(document())
    assert "<script" not in page
    assert "<details" not in page
    assert "var(--series" not in page
    assert "sample = median of 1,000 calls" not in page
    assert "Holm" in page


def test_a_missing_library_is_told_with_the_way_out(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    with pytest.raises(NoPdf, match=r"pip install gpu-virt-bench\[pdf\]"):
        pdf(Document("t", []))
