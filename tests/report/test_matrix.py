"""One baseline and several systems in one table, after a golden file in tests/data, and the sentences above it."""

import io
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from builders import PLAN, PROOF, a_run, with_outcome
from gpu_virt_bench.compare import Loaded, compare
from gpu_virt_bench.model.comparison import Change, Comparison, Interval
from gpu_virt_bench.model.run import Check, Granted, Run
from gpu_virt_bench.policy import load
from gpu_virt_bench.report.matrix import STYLES, grid, print_matrix
from gpu_virt_bench.report.sentence import WORDS, change_text, sentence, with_half

DATA = Path(__file__).parents[1] / "data"
DEFINITIONS = {
    "OH-001": {"title": "Kernel launch latency"},
    "OH-005": {"title": "Driver API call time", "shown_unit": "ns", "compare": "difference"},
    "OH-008": {"title": "Rate limiter overhead", "compare": "difference", "baseline": "zero"},
    "OH-009": {"title": "Background processor time", "unit": "share", "shown_unit": "%", "compare": "difference"},
    "OH-010": {"title": "Total throughput", "unit": "cycles/s", "shown_unit": "cycles/s", "better": "higher"},
}
NATIVE = {
    "OH-001": [2e-6, 2.01e-6, 2e-6, 1.99e-6, 2e-6],
    "OH-005": [1e-6] * 5,
    "OH-008": "skipped: native has no compute-limit",
    "OH-009": [1e-3] * 5,
    "OH-010": [80.0, 80.1, 80.0, 79.9, 80.0],
}
MPS = {**NATIVE, "OH-008": "skipped: mps has no compute-limit", "OH-001": [2.0e-6, 2.3e-6, 2.1e-6, 1.9e-6, 2.0e-6]}
LAYER = {
    "OH-001": [6e-6, 6.1e-6, 6e-6, 5.9e-6, 6e-6],
    "OH-005": [1.2e-6, 1.21e-6, 1.2e-6, 1.19e-6, 1.2e-6],
    "OH-008": [4e-6, 4.1e-6, 4e-6, 3.9e-6, 4e-6],
    "OH-009": [16e-3, 16.1e-3, 16e-3, 15.9e-3, 16e-3],
    "OH-010": [64.0, 64.1, 64.0, 63.9, 64.0],
}


def limited(run: Run) -> Run:
    """A run whose tenants were granted half of the compute and 8 GiB."""
    granted = {"compute_share": "0.5", "memory_bytes": str(8 << 30), "memory_total": str(8 << 30)}
    proof = [replace(record, granted=granted) for record in PROOF]
    run = replace(run, plan=replace(PLAN, compute_limit=0.5, memory_limit_bytes=8 << 30), proof=proof)
    return with_outcome(run, "OH-010", party=[Granted("tenant", compute_share=0.5)])


def comparisons(emulated: bool = False) -> list[Comparison]:
    """Native beside a system that costs nothing and a layer that costs, and whose limit leaks."""
    native = a_run(NATIVE, DEFINITIONS, emulated=emulated)
    native = with_outcome(native, "OH-010", party=[Granted("tenant")])
    mps = with_outcome(a_run(MPS, DEFINITIONS, "mps", emulated=emulated), "OH-010", party=[Granted("tenant")])
    layer = limited(a_run(LAYER, DEFINITIONS, "layer", emulated=emulated, warnings=["the clock fell"]))
    runs = [mps, layer]
    return [
        compare(Loaded(Path("native.json"), native), Loaded(Path("x.json"), run), load(), None, runs) for run in runs
    ]


def text(found: list[Comparison], width: int = 80) -> str:
    """What a terminal of that width shows."""
    out = Console(file=io.StringIO(), width=width, highlight=False, no_color=True)
    print_matrix(found, out)
    return "".join(line.rstrip() + "\n" for line in out.file.getvalue().splitlines())


def test_the_table_is_as_the_golden_file() -> None:
    assert text(comparisons()) == (DATA / "matrix.txt").read_text()


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    assert max(map(len, text(comparisons(), width).splitlines())) <= width


def test_systems_that_do_not_fit_beside_each_other_stand_below() -> None:
    narrow = text(comparisons(), 50)
    assert narrow.count("OH-001 Kernel") == 2 and text(comparisons(), 120).count("OH-001 Kernel") == 1


@pytest.mark.parametrize(
    ("checks", "told"),
    [
        ([], "not tried"),
        ([Check("memory-limit.refused_above", "x", "refused", True)], "binds"),
        (
            [
                Check("memory-limit.refused_above", "x", "refused", True),
                Check("memory-limit.calls", "x", "open: cuArrayCreate; refused by cuMemAlloc", True),
            ],
            "leaks",
        ),
    ],
)
def test_the_row_of_a_memory_limit_says_whether_it_binds(checks: list[Check], told: str) -> None:
    run = limited(a_run(LAYER, DEFINITIONS, "layer"))
    run = replace(run, proof=[replace(record, checks=[record.checks[0], *checks]) for record in run.proof])
    found = compare(Loaded(Path("native.json"), a_run(NATIVE, DEFINITIONS)), Loaded(Path("x.json"), run), load())
    row = next(row for row in grid([found]) if row[0] == "memory limit")
    assert row[2] == f"asked 8 GiB\nsees 8 GiB\n{told}"


def test_every_verdict_has_its_style_whatever_word_the_table_uses() -> None:
    assert set(WORDS) <= set(STYLES)


def test_what_is_emulated_says_so_in_the_sentence_and_the_heading() -> None:
    assert sentence(comparisons(emulated=True)[0]).startswith("mps against native (emulated GPU): ")
    assert "EMULATED GPU: a model's figures" in " ".join(text(comparisons(emulated=True)).split())


def test_the_sentence_puts_the_worst_first_and_names_the_share() -> None:
    _, layer = map(sentence, comparisons())
    assert layer.startswith(
        "layer against native: compute: asked 50 %, got 80.00 ±0.03 %; worse: Rate limiter overhead"
    )
    assert "Kernel launch latency 3.00 ±0.04 times" in layer and "Total throughput 1.60 ±0.00 of share" in layer


def test_a_sentence_counts_what_it_does_not_name() -> None:
    definitions = {f"XX-{i:03}": {"title": f"Cost {i}"} for i in range(1, 10)}
    native = a_run(dict.fromkeys(definitions, [1.0] * 5), definitions)
    slow = a_run(dict.fromkeys(definitions, [2.5] * 5), definitions, system="layer")
    found = compare(Loaded(Path("native.json"), native), Loaded(Path("slow.json"), slow), load())
    assert sentence(found).endswith("Cost 6 2.50 ±0.00 times, 3 more.")


def test_a_warning_of_a_run_follows_it() -> None:
    assert "layer: the clock fell" in text(comparisons())


def test_a_warning_of_all_is_said_once() -> None:
    runs = [a_run(NATIVE, DEFINITIONS, system, warnings=["the host slept"]) for system in ("native", "mps", "layer")]
    loaded = [Loaded(Path(f"{run.system.id}.json"), run) for run in runs]
    shown = text([compare(loaded[0], one, load()) for one in loaded[1:]])
    assert shown.count("the host slept") == 1 and "native, mps, layer: the host slept" in shown


def test_baselines_stand_apart() -> None:
    mps, layer = comparisons()
    other = replace(layer, baseline=replace(layer.baseline, path="old.json", name="old"))
    shown = text([mps, other])
    assert "Against native ·" in shown and "Against old ·" in shown


@pytest.mark.parametrize(
    ("value", "low", "high", "expected"),
    [
        (4.58, 3.4, 5.4, "+4.6 ±1.2"),
        (241.2, 217.5, 263.3, "+241 ±24"),
        (-0.0004, -0.011, 0.0117, "0.000 ±0.012"),
        (5.0, None, None, "+5.00"),
        (0.0, 0.0, 0.0, "0.00 ±0.00"),
        (12345.0, 12000.0, 12690.0, "+12,345 ±345"),
    ],
)
def test_a_value_has_as_many_digits_as_its_interval(
    value: float, low: float | None, high: float | None, expected: str
) -> None:
    assert with_half(value, low, high, most=3) == expected


@pytest.mark.parametrize(
    ("kind", "found", "unit", "expected"),
    [
        ("ratio", Interval(2.379, 2.216, 2.491, 0.95), "ms", "2.38 ±0.16 times"),
        ("ratio", Interval(0.8549, 0.8152, 0.891, 0.95), "ms", "-14.5 ±4.0 %"),
        ("difference", Interval(214.9e-9, 203.8e-9, 223.2e-9, 0.95), "ns", "+215 ±11 ns"),
        ("difference", Interval(0.01447, 0.0142, 0.01504, 0.95), "%", "+1.447 ±0.057 pp"),
    ],
)
def test_a_change_is_said_in_the_unit_that_people_use(kind: str, found: Interval, unit: str, expected: str) -> None:
    assert change_text(Change(kind, "paired", found, 0.02), unit) == expected  # type: ignore[arg-type]


def seldom() -> Comparison:
    """A layer whose median is native's and whose mean is not."""
    names = ("OH-001", "OH-001[statistic=mean]")
    native = a_run(dict.fromkeys(names, [1e-6] * 5), DEFINITIONS)
    layer = a_run({names[0]: [1e-6] * 5, names[1]: [1.6e-6] * 5}, DEFINITIONS, "layer")
    outcomes = {**layer.outcomes, names[1]: replace(layer.outcomes[names[1]], headline=False)}
    return compare(Loaded(Path("n.json"), native), Loaded(Path("l.json"), replace(layer, outcomes=outcomes)), load())


def test_a_cost_in_the_tail_is_in_the_sentence_and_in_the_cell() -> None:
    found = replace(seldom(), rows=[row for row in seldom().rows if row.headline])
    assert sentence(found).startswith(
        "layer against native: tail worse: Kernel launch latency, same in the median, worse in the mean (1.6 times)"
    )
    assert "same:" not in sentence(found) and "tail worse" in text([found])


def test_a_tail_by_difference_is_in_the_unit_that_people_use() -> None:
    definitions = {"OH-006": {"title": "A wait", "compare": "difference"}}
    names = ("OH-006", "OH-006[statistic=p99]")
    native = a_run(dict.fromkeys(names, [0.0] * 5), definitions)
    layer = a_run({names[0]: [0.0] * 5, names[1]: [1.1e-5] * 5}, definitions, "layer")
    found = compare(Loaded(Path("n.json"), native), Loaded(Path("l.json"), layer), load())
    assert "worse in the p99 (11 us)" in found.rows[0].tail


def test_the_sentence_says_what_an_outcome_was_compared_with() -> None:
    _, layer = comparisons()
    assert "Rate limiter overhead (against zero) +4.0" in sentence(layer)
    same = replace(layer, rows=[replace(row, verdict="same") for row in layer.rows])
    assert sentence(same).endswith("same in 4 outcomes and Rate limiter overhead (against zero).")


def test_a_comparison_without_rows_is_printed() -> None:
    assert "no outcome was compared" in text([replace(one, rows=[]) for one in comparisons()])


def test_candidates_of_one_name_are_told_apart_by_their_files() -> None:
    mps, layer = comparisons()
    other = replace(layer, candidate=replace(mps.candidate, path="y.json"))
    shown = text([mps, other], 120)
    assert "mps (x) against native" in shown and "mps (y) against native" in shown


def test_half_of_a_lopsided_interval_is_its_larger_one() -> None:
    assert with_half(6.4, -3.2, 8.3) == "+6.4 ±9.6"


def test_a_change_that_is_certain_never_looks_as_if_it_might_be_none() -> None:
    assert with_half(1.03, 0.9, 2.31) == "+1.0 (+0.9 .. +2.3)"
    assert with_half(2.4, 1.2, 5.0, sign=False, none=1.0) == "2.4 (1.2 .. 5.0)"
