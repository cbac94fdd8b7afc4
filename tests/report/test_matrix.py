"""One baseline and several systems in one table, after a golden file in tests/data, and the sentences above it."""

import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest
from rich.console import Console

from builders import PLAN, PROOF, a_run, with_outcome
from gpu_virt_bench.compare import Loaded, compare
from gpu_virt_bench.model.claims import CALLS, OWN
from gpu_virt_bench.model.comparison import Comparison, Verdict
from gpu_virt_bench.model.run import Check, Granted, Run
from gpu_virt_bench.policy import load
from gpu_virt_bench.report.comparison import TONES
from gpu_virt_bench.report.matrix import blocks, table
from gpu_virt_bench.report.render.text import print_blocks
from gpu_virt_bench.report.sentence import sentence

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
    print_blocks(blocks(found), out)
    return "".join(line.rstrip() + "\n" for line in out.file.getvalue().splitlines())


def test_the_table_is_as_the_golden_file() -> None:
    assert text(comparisons()) == (DATA / "matrix.txt").read_text()


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    assert max(map(len, text(comparisons(), width).splitlines())) <= width


def test_systems_that_do_not_fit_beside_each_other_stand_below() -> None:
    narrow = text(comparisons(), 50)
    assert narrow.count("OH-001 Kernel") == 2 and text(comparisons(), 120).count("OH-001 Kernel") == 1


REFUSED = Check("memory-limit.refused_above", "x", "refused", True)
EVERY = ", ".join(CALLS)


def calls(found: str) -> Check:
    """What a proof found of every call."""
    return Check("memory-limit.calls", "x", found, True)


@pytest.mark.parametrize(
    ("checks", "told"),
    [
        ([], "not tried"),
        ([REFUSED], "binds\n1 of 7 tried"),
        ([REFUSED, calls(f"refused by {', '.join(CALLS[:5])}, in a second process too")], "binds\n5 of 7 tried"),
        ([REFUSED, calls(f"refused by {EVERY}, in a second process too")], "binds"),
        ([REFUSED, calls(f"refused by {EVERY}, in a second process too; {OWN}")], "binds\nper process"),
        ([REFUSED, calls("open: cuArrayCreate; refused by cuMemAlloc")], "leaks"),
    ],
)
def test_the_row_of_a_memory_limit_says_whether_it_binds(checks: list[Check], told: str) -> None:
    run = limited(a_run(LAYER, DEFINITIONS, "layer"))
    run = replace(run, proof=[replace(record, checks=[record.checks[0], *checks]) for record in run.proof])
    found = compare(Loaded(Path("native.json"), a_run(NATIVE, DEFINITIONS)), Loaded(Path("x.json"), run), load())
    row = next(row for row in table([found]).rows if row.cells[0].text == "memory limit")
    assert [row.cells[2].text, *row.cells[2].below] == ["asked 8 GiB", "sees 8 GiB", *told.split("\n")]


def test_every_verdict_has_its_style_and_the_word_that_json_has() -> None:
    assert {verdict for verdict in get_args(Verdict) if verdict != "same"} == set(TONES)
    assert "OH-008 Rate limiter overhead                0  not comparable" in text(comparisons())


def test_a_pair_that_cannot_be_compared_is_one_sentence_without_a_table() -> None:
    real, model = a_run(NATIVE, DEFINITIONS), a_run(MPS, DEFINITIONS, "mps", emulated=True)
    found = compare(Loaded(Path("native.json"), real), Loaded(Path("mps.json"), model), load())
    assert " ".join(text([found]).split()) == (
        "mps against native: nothing is compared: the baseline's GPU is real, the candidate's emulated; compare runs of"
        " one and the same GPU, real or emulated."
    )


def test_what_is_emulated_says_so_in_the_sentence_and_the_heading() -> None:
    assert sentence(comparisons(emulated=True)[0]).startswith("mps against native (emulated GPU): ")
    assert "EMULATED GPU: a model's figures" in " ".join(text(comparisons(emulated=True)).split())


def test_the_sentence_puts_the_worst_first_and_names_the_share() -> None:
    _, layer = map(sentence, comparisons())
    assert layer.startswith(
        "layer against native: compute: asked 50 %, got 80.00 ±0.03 %; worse: Rate limiter overhead"
    )
    assert "Kernel launch latency +200.0 ±3.5 %" in layer and "Total throughput 160.00 ±0.05 % of share" in layer


def test_a_sentence_of_an_empty_comparison_says_so_first() -> None:
    layer = comparisons()[1]
    (limit,) = [replace(one, got=None) for one in layer.limits if one.name == "compute"]
    lacking = [replace(row, verdict="not comparable", change=None) for row in layer.rows]
    said = "layer against native: no outcome was compared; compute: asked 50 %, got: not known"
    assert sentence(replace(layer, rows=[], limits=[limit])) == f"{said}."
    assert sentence(replace(layer, rows=lacking, limits=[limit])) == (
        f"{said}; not comparable in 4 outcomes and Rate limiter overhead (against zero)."
    )
    assert "no headline outcome was compared" in sentence(replace(layer, rows=lacking, hidden=2))


def test_a_sentence_counts_what_it_does_not_name() -> None:
    definitions = {f"XX-{i:03}": {"title": f"Cost {i}"} for i in range(1, 10)}
    native = a_run(dict.fromkeys(definitions, [1.0] * 5), definitions)
    slow = a_run(dict.fromkeys(definitions, [2.5] * 5), definitions, system="layer")
    found = compare(Loaded(Path("native.json"), native), Loaded(Path("slow.json"), slow), load())
    assert sentence(found).endswith("Cost 6 +150.00 ±0.00 %, 3 more.")


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


def seldom(mean: Sequence[float] = (1.6e-6,) * 5) -> Comparison:
    """A layer whose median is native's and whose mean is not."""
    names = ("OH-001", "OH-001[statistic=mean]")
    native = a_run(dict.fromkeys(names, [1e-6] * 5), DEFINITIONS)
    layer = a_run({names[0]: [1e-6] * 5, names[1]: [*mean]}, DEFINITIONS, "layer")
    outcomes = {**layer.outcomes, names[1]: replace(layer.outcomes[names[1]], headline=False)}
    return compare(Loaded(Path("n.json"), native), Loaded(Path("l.json"), replace(layer, outcomes=outcomes)), load())


def test_a_cost_in_the_tail_is_in_the_sentence_and_in_the_cell() -> None:
    found = replace(seldom(), rows=[row for row in seldom().rows if row.headline])
    assert sentence(found).startswith(
        "layer against native: tail worse: Kernel launch latency, same in the median, worse in the mean (+60.00 %)"
    )
    assert "same:" not in sentence(found) and "tail worse" in text([found])


def test_a_tail_that_is_slightly_worse_is_not_called_worse() -> None:
    found = seldom([1.010e-6, 1.012e-6, 1.014e-6, 1.016e-6, 1.030e-6])
    told = "tail slightly worse: Kernel launch latency, same in the median, slightly worse in the mean (+1.4 %)"
    assert sentence(found).startswith(f"layer against native: {told}")
    assert "tail slightly worse" in text([found]) and "tail worse" not in text([found])


def test_of_several_tails_the_worst_gives_the_word() -> None:
    names = ("OH-001", "OH-001[statistic=mean]", "OH-001[statistic=p99]")
    native = a_run(dict.fromkeys(names, [1e-6] * 5), DEFINITIONS)
    slightly = [1.010e-6, 1.012e-6, 1.014e-6, 1.016e-6, 1.030e-6]
    layer = a_run(dict(zip(names, ([1e-6] * 5, slightly, [2e-6] * 5), strict=True)), DEFINITIONS, "layer")
    found = compare(Loaded(Path("n.json"), native), Loaded(Path("l.json"), layer), load())
    assert found.rows[0].tail.startswith("worse in the p99") and "slightly worse in the mean" in found.rows[0].tail
    assert "tail worse" in text([found])


def test_a_tail_by_difference_is_in_the_unit_that_people_use() -> None:
    definitions = {"OH-006": {"title": "A wait", "compare": "difference"}}
    names = ("OH-006", "OH-006[statistic=p99]")
    native = a_run(dict.fromkeys(names, [0.0] * 5), definitions)
    layer = a_run({names[0]: [0.0] * 5, names[1]: [1.1e-5] * 5}, definitions, "layer")
    found = compare(Loaded(Path("n.json"), native), Loaded(Path("l.json"), layer), load())
    assert "worse in the p99 (+11.00 us)" in found.rows[0].tail


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
