"""What we write can be read with what we publish: no number of a rule or a gap that stands nowhere."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("src", "docs", "tests", "libgvb", "emulator", "benchmarks")
KINDS = {".py", ".md", ".toml", ".yml", ".yaml", ".c", ".h", ".def"}
RESULTS = ROOT / "docs" / "results"
"""Records of what was measured, which are not rewritten."""
NUMBERS = re.compile(r"\b(?:R\d{1,2}|[MCP]-\d{2}|rule \d+)\b")
"""Numbers of rules and of gaps, whose list a reader does not have."""


def texts() -> list[Path]:
    """Every text of ours that is not a record."""
    found = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*")] + list(ROOT.glob("*.md"))
    return [p for p in found if p.suffix in KINDS and "build" not in p.parts and RESULTS not in p.parents]


def test_no_text_speaks_of_a_number_that_a_reader_cannot_find() -> None:
    ours = [path for path in texts() if path != Path(__file__)]
    lines = [(path, line) for path in ours for line in path.read_text().splitlines()]
    assert [(str(path), line) for path, line in lines if NUMBERS.search(line)] == []
    assert len(ours) > 200


@pytest.mark.parametrize("line", ["may be one (R10)", '{ id = "M-04" },', "as rule 7 says"])
def test_a_number_of_a_list_that_nobody_has_is_found(line: str) -> None:
    assert NUMBERS.search(line)
