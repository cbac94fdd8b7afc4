"""Comparisons as people and programs read them, against golden files in tests/data."""

import io
import json
from collections import Counter
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from rich.console import Console

from builders import DEVICE, a_run, in_rounds, with_outcome
from gpu_virt_bench.compare import Loaded, compare
from gpu_virt_bench.model.comparison import Change, Comparison, Interval
from gpu_virt_bench.policy import load
from gpu_virt_bench.report import matrix
from gpu_virt_bench.report.comparison import TONES, blocks, change_lines, estimate_lines
from gpu_virt_bench.report.render.markdown import markdown
from gpu_virt_bench.report.render.text import print_blocks

DATA = Path(__file__).parents[1] / "data"
DEFINITIONS = {
    "BW-001": {"title": "Bandwidth", "category": "bandwidth", "unit": "B/s", "shown_unit": "GB/s", "better": "higher"},
    "OH-005": {"title": "A wait", "compare": "difference"},
    "OH-010": {"title": "Threads", "better": "none"},
    "OH-012": {"title": "A check", "unit": "pass", "shown_unit": "pass", "better": "higher"},
}
BASELINE = {
    "BW-001": [4e12] * 5,
    "OH-001": [2e-6, 2.01e-6, 2e-6, 1.99e-6, 2e-6],
    "OH-002": [1e-3] * 5,
    "OH-005": [1e-6] * 5,
    "OH-011": [1e-3] * 3,
    "OH-008": "skipped: native has no compute-limit",
    "OH-009": [5e-6] * 5,
    "OH-010": [1e-6] * 5,
    "OH-003": [1e-3] * 5,
    "OH-004": [1e-3] * 5,
    "OH-012": [[1.0] * 3] * 5,
}
CANDIDATE = {
    **BASELINE,
    "BW-001": [4.4e12] * 5,
    "OH-001": [4e-6, 4.02e-6, 4e-6, 3.98e-6, 4e-6],
    "OH-005": [3e-6] * 5,
    "OH-008": [1e-6] * 5,
    "OH-009": "failed: tenant died: 1|2 <b>",
    "OH-010": [2e-6] * 5,
    "OH-002": [0.6e-3] * 5,
    "OH-004": [1.010e-3, 1.012e-3, 1.014e-3, 1.016e-3, 1.030e-3],
    "OH-012": [*[[1.0] * 3] * 4, [1.0, 1.0, 0.0]],
}
AGAIN = {**BASELINE, "OH-005": [1e-6, 1e-6, 1e-6, 1e-6, 6e-6]}


def comparison(emulated: bool = False) -> Comparison:
    """One of each verdict."""
    baseline, twin = (a_run(found, DEFINITIONS, emulated=emulated) for found in (BASELINE, AGAIN))
    candidate = a_run(CANDIDATE, DEFINITIONS, system="mps", emulated=emulated)
    candidate = with_outcome(candidate, "OH-002", completion="OH-003")
    candidate = replace(candidate, system=replace(candidate.system, mechanism="daemon"))
    later = replace(candidate, devices=[replace(candidate.device, driver_version="570.1")])
    return compare(Loaded(Path("native.json"), baseline), Loaded(Path("mps.json"), later), load(), twin)


def text(found: Comparison, width: int = 80) -> str:
    """What a terminal of that width shows."""
    out = Console(file=io.StringIO(), width=width, highlight=False, no_color=True)
    print_blocks(blocks([found]), out)
    return "".join(line.rstrip() + "\n" for line in out.file.getvalue().splitlines())


def test_text_is_as_the_golden_file() -> None:
    assert text(comparison()) == (DATA / "comparison.txt").read_text()


def test_markdown_is_as_the_golden_file() -> None:
    assert markdown([*matrix.blocks([comparison()]), *blocks([comparison()])]) == (DATA / "comparison.md").read_text()


def test_json_is_as_the_golden_file() -> None:
    assert [asdict(comparison())] == json.loads((DATA / "comparison.json").read_text())


@pytest.mark.parametrize("width", [40, 80, 120])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    assert max(map(len, text(comparison(), width).splitlines())) <= width


def test_eighty_columns_hold_every_number_and_verdict_whole() -> None:
    wide = [word for word in text(comparison(), 200).split() if word[0] in "+-0123456789" or word in TONES]
    assert Counter(wide) == Counter(text(comparison(), 80).split()) & Counter(wide)


def test_what_is_emulated_says_so() -> None:
    assert "EMULATED GPU: a model's figures" in " ".join(text(comparison(emulated=True)).split())
    assert "EMULATED GPU" in markdown(blocks([comparison(emulated=True)]))


def test_sides_of_the_same_name_are_told_apart_by_their_files() -> None:
    run = a_run({"OH-001": [1.0] * 5}, devices=[DEVICE])
    found = compare(Loaded(Path("x/old.json"), run), Loaded(Path("y/new.json"), run), load())
    assert "native (new.json) against native (old.json)" in text(found)


def test_what_is_paired_by_round_says_so() -> None:
    run = replace(a_run({"OH-001": [1.0]}), outcomes={"OH-001": in_rounds("OH-001", [[1.0, 2.0]] * 5)})
    found = compare(Loaded(Path("old.json"), run), Loaded(Path("new.json"), replace(run, label="new")), load())
    assert text(found).splitlines()[0] == "native, new against native · paired by round"


def test_an_estimate_of_three_says_what_its_range_reaches() -> None:
    assert estimate_lines(Interval(2e-6, 1e-6, 3e-6, 0.75), "us", 3, 0.95) == [
        "2.000",
        "1.000 .. 3.000",
        "range of 3, 75 %",
    ]


def test_an_interval_that_is_no_range_says_its_level_alone() -> None:
    change = Change("ratio", "unpaired", Interval(2.0, 1.0, 4.0, 0.944), 0.02, repetitions=5)
    assert change_lines(change, "us", 0.95) == ["+100 %", "0 to +300", "94 %"]


def test_a_difference_has_its_sign() -> None:
    change = Change("difference", "paired", Interval(0.0, -1e-6, 2e-6, 0.95), 5e-8, floor=5e-7, repetitions=8)
    assert change_lines(change, "us", 0.95) == ["0.0 us", "-1.0 to +2.0", "floor 0.5 us"]
