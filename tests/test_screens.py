"""The page of screens shows what the commands print now, as far as that can be had without measuring."""

import importlib.util
import re
from pathlib import Path
from typing import Any, get_args

import pytest

from gpu_virt_bench.model.comparison import Verdict

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "screens.md"
CELL = re.compile(r"^OH-\d{3}(?:\[\S+\])? .*  ([^\d\n]+)$", re.MULTILINE)
"""The last cell of a row without a digit: a verdict, or that an outcome failed."""


@pytest.fixture(scope="module")
def screens() -> Any:
    """The script that writes the page."""
    spec = importlib.util.spec_from_file_location("screens", ROOT / "benchmarks" / "screens.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_comparisons_of_the_published_files_print_what_the_page_shows(screens, tmp_path) -> None:
    compared = [one for one in screens.SCREENS if one.words.startswith("compare ")]
    assert len(compared) == 2
    for screen in compared:
        assert screens.section(screen, tmp_path, Path("none")) in PAGE.read_text(), "run benchmarks/screens.py"


def test_every_verdict_of_the_page_is_one_that_reports_print() -> None:
    words = set(CELL.findall(PAGE.read_text()))
    assert "same" in words
    assert words <= {*get_args(Verdict), "tail worse", "tail slightly worse", "failed"}, "run benchmarks/screens.py"
