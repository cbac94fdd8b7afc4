"""What the pages of systems claim is what the run files say."""

import importlib.util
import json
import re
import sys
from pathlib import Path
from statistics import median
from types import ModuleType

import pytest

DOCS = Path(__file__).parents[1] / "docs"
ROW = re.compile(r"^\| (?P<says>.*?) \| (?P<observed>.*?) \| `(?P<name>[^`]+)` in \[[^]]*\]\((?P<run>[^)]+)\)", re.M)
ROWS = [found for path in sorted((DOCS / "systems").glob("*.md")) for found in ROW.finditer(path.read_text())]
FACTORS = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9, "%": 100.0, "ratio": 1.0, "cycles/s": 1.0, "GB/s": 1e-9}


@pytest.fixture(scope="module")
def pages() -> ModuleType:
    """The module that writes the pages."""
    spec = importlib.util.spec_from_file_location("system_pages", DOCS / "system_pages.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["system_pages"] = module
    spec.loader.exec_module(module)
    return module


def test_there_are_claims() -> None:
    assert len(ROWS) >= 20


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{Path(row['run']).stem}-{row['name']}")
def test_the_figure_of_a_claim_is_what_its_file_says(row: re.Match[str]) -> None:
    """Reckoned here from the file's JSON, by none of our own code."""
    run = json.loads((DOCS / "systems" / row["run"]).read_text())
    assert in_file(run, row["name"], row["observed"])


def in_file(run: dict, name: str, observed: str) -> bool:
    """Whether what is said to be observed stands in a run."""
    outcome = run["outcomes"].get(name)
    if outcome is None:
        said = observed.split(" ...")[0].split(" (asked")[0]
        return any(said in check["found"] for record in run["proof"] for check in record["checks"])
    if outcome["outcome"] == "failed":
        return observed == f"failed: {outcome['error']}"
    value, unit = re.match(r"(?:\S+ -> )?(\S+) ([\w%/]+)", observed.replace(",", "")).groups()
    found = median(median(one["samples"]) for one in outcome["repetitions"] if one["samples"])
    return float(value) == pytest.approx(found * FACTORS[unit], rel=6e-4)


@pytest.mark.parametrize(("changed", "said"), [
    ({"verdict": "better"}, "OH-001 is slightly worse"),
    ({"against": "h200/overhead/native.json"}, "OH-001 is not comparable"),
])  # fmt: skip
def test_a_claim_that_the_files_do_not_bear_out_is_refused(pages, changed, said) -> None:
    files = {"run": "h100/overhead/hami-core.json", "against": "h100/overhead/native.json"}
    claim = {"says": "x", **files, "outcome": "OH-001", "verdict": "slightly worse", **changed}
    with pytest.raises(pages.Unfounded, match=said):
        pages.observed(claim, pages.run_of(claim["run"]))


@pytest.mark.parametrize("claim", [
    {"outcome": "IS-006", "between": [0.5, 0.6]},
    {"check": "overlap", "found": "always"},
    {"check": "no-such-check", "found": ""},
])  # fmt: skip
def test_an_estimate_or_a_proof_that_says_otherwise_is_refused(pages, claim) -> None:
    name = "h100/neighbors/five/time-slicing.json"
    with pytest.raises(pages.Unfounded):
        pages.observed({"says": "x", "run": name, **claim}, pages.run_of(name))
