"""The whole report: which runs meet, what stands on the first screen, what every outcome opens to."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pages import DEFINITIONS, RATIO, grouped, inside, mps, native, texts

from builders import DEVICE
from gpu_virt_bench.compare import Loaded
from gpu_virt_bench.policy import load
from gpu_virt_bench.report.blocks import Box, Bullets, Code, Curves, HeatMap, Intervals, Remark, Strips, Table
from gpu_virt_bench.report.page.document import document
from gpu_virt_bench.report.page.groups import unique

WHEN = datetime(2026, 11, 27, tzinfo=UTC)


def report(*runs):
    """The document of some runs."""
    chosen = [(Loaded(Path(f"{run.system.id}.json"), run), []) for run in runs]
    return document(chosen, None, load(None), WHEN)


def of_kind(found, kind):
    return [block for block in inside(found.blocks) if isinstance(block, kind)]


def test_configurations_meet_only_on_the_same_hardware() -> None:
    other = replace(mps(), devices=[replace(DEVICE, name="NVIDIA A100")])
    assert [[one.name for one in group.entries] for group in grouped(native(), mps(), other)] == [
        ["native", "mps"],
        ["mps"],
    ]


def test_emulated_runs_do_not_meet_real_ones() -> None:
    assert len(grouped(native(), mps(emulated=True))) == 2


def test_native_is_the_baseline_wherever_it_stands() -> None:
    (group,) = grouped(mps(), native())
    assert group.baseline.name == "native"


def test_a_second_measurement_of_the_baseline_is_no_system() -> None:
    (group,) = grouped(native(), replace(native(), twin=True), mps())
    assert [one.name for one in group.entries] == ["native", "mps"]


def test_equal_names_are_told_apart() -> None:
    paths = [Path("a/one.json"), Path("b/two.json"), Path("c/two.json"), Path("d/mps.json")]
    assert unique(["mps"] * 4, paths) == ["mps (one)", "mps (two)", "mps (two) #2", "mps (d)"]


def test_skipped_and_failed_are_rows_with_their_reason() -> None:
    found = report(native(), mps())
    rows = {row.id: row for one in of_kind(found, Table) for row in one.rows}
    assert rows["IS-009"].cells[2].text == "skipped"
    assert rows["IS-009"].cells[2].below == ["native has no neighbors"]


def test_every_measured_outcome_opens_to_definition_numbers_and_command() -> None:
    found = report(native(), mps())
    (row,) = [row for one in of_kind(found, Table) for row in one.rows if row.id == "OH-001"]
    opened = list(inside(row.opens))
    assert any("sample = seconds" in text for text in texts(row.opens))
    (code,) = [block for block in opened if isinstance(block, Code)]
    assert code.text.splitlines()[0] == (
        "gpu-virt-bench run --system native --system mps --metrics OH-001 --suite standard --seed 1 --repetitions 5"
    )
    assert any(isinstance(block, Intervals) for block in opened)
    assert any(isinstance(block, Strips) for block in opened)


def test_values_are_exact_and_texts_are_rounded() -> None:
    found = report(native(), mps())
    (row,) = [row for one in of_kind(found, Table) for row in one.rows if row.id == "OH-001"]
    assert (row.cells[3].value, row.cells[3].text, row.cells[3].tone) == (6e-6, "6.000", "bad")
    assert row.cells[3].below[1] == "worse"


@pytest.mark.parametrize("emulated", [False, True])
def test_every_figure_of_an_emulated_gpu_says_so_inside(emulated) -> None:
    found = report(native(emulated=emulated), mps(emulated=emulated))
    figures = of_kind(found, (Intervals, Curves, Strips, HeatMap))
    assert figures
    assert {("EMULATED" in one.marks) for one in figures} == {emulated}
    assert any("EMULATED GPU" in one.text for one in of_kind(found, Remark)) is emulated


def test_what_cannot_be_told_is_made_of_what_was_skipped_and_not_asked_for() -> None:
    (box,) = [one for one in of_kind(report(native(), mps()), Box) if one.title == "What this page cannot tell you"]
    (lines,) = [block.items for block in box.blocks if isinstance(block, Bullets)]
    assert "IS-009 of native skipped: native has no neighbors" in lines
    assert lines[-1].startswith(
        "llm, bandwidth, cache, pcie, nccl, scheduling, fragmentation, error-recovery: no outcome"
    )


def test_a_parameter_of_numbers_is_a_curve() -> None:
    names = {"OH-001": [2e-6] * 3, "OH-001[bytes=4096]": [3e-6] * 3, "OH-001[bytes=8192]": [4e-6] * 3}
    found = report(sized(names), sized(names, "mps"))
    (curve,) = [one for one in of_kind(found, Curves) if "latency over bytes" in one.title]
    assert [[(one.x, one.value) for one in series.points] for series in curve.series] == [
        [(1024, 2e-6), (4096, 3e-6), (8192, 4e-6)]
    ] * 2


def sized(names, system="native"):
    """A run whose outcomes have a size; the headline's is 1024."""
    from builders import a_run

    run = a_run(names, DEFINITIONS, system)
    size = {"OH-001": 1024, "OH-001[bytes=4096]": 4096, "OH-001[bytes=8192]": 8192}
    return replace(
        run, outcomes={name: replace(one, params={"bytes": size[name]}) for name, one in run.outcomes.items()}
    )


def test_a_parameter_of_words_is_a_map_of_values_and_systems() -> None:
    from builders import a_run

    names = {"IS-009": [0.0] * 3, "IS-009[aggressor=dram]": [0.5] * 3, "IS-009[aggressor=l2]": [1.0] * 3}
    words = {"IS-009": "idle", "IS-009[aggressor=dram]": "dram", "IS-009[aggressor=l2]": "l2"}
    run = a_run(names, {"IS-009": {**RATIO, "title": "Noisy neighbor impact"}}, "mps")
    run = replace(run, outcomes={k: replace(one, params={"aggressor": words[k]}) for k, one in run.outcomes.items()})
    (found,) = of_kind(report(run), HeatMap)
    assert (found.rows, found.columns) == (["idle", "dram", "l2"], ["mps"])
    assert [[one.text for one in line] for line in found.cells] == [["0"], ["50.00"], ["100.0"]]


def test_a_page_of_thousands_of_outcomes_opens_none_and_says_so() -> None:
    from builders import a_run

    found = report(a_run({f"OH-001[n={k}]": [1e-6] for k in range(500)}, DEFINITIONS))
    rows = [row for one in of_kind(found, Table) for row in one.rows if row.id.startswith("OH-001")]
    assert len(rows) == 500
    assert not any(row.opens for row in rows)
    assert any("rows do not open" in one.text for one in of_kind(found, Remark))


def test_very_many_runs_stand_below_each_other_with_their_headline_values() -> None:
    chosen = [(Loaded(Path(f"{number}/mps.json"), replace(mps(), label=f"copy {number}")), []) for number in range(20)]
    found = document(chosen, None, load(None), WHEN)
    (listed,) = [
        one for one in of_kind(found, Table) if one.title.startswith("Headline values") and len(one.columns) == 2
    ]
    assert [row.cells[0].text for row in listed.rows] == [f"mps, copy {number}" for number in range(20)]
    assert {row.cells[1].value for row in listed.rows} == {6e-6}
    assert not of_kind(found, Strips)


def test_failed_outcomes_and_other_shapes_are_in_no_curve_of_a_limit() -> None:
    from builders import a_run

    names = {
        "IS-003": [1.0] * 3,
        "IS-003[compute=0.5]": [1.0] * 3,
        "IS-003[shape=long]": [1.0] * 3,
        "IS-003[compute=0.1]": "failed: x",
    }
    run = a_run(names, {"IS-003": {**RATIO, "title": "SM utilization accuracy", "better": "higher"}}, "mps")
    got = {"IS-003": (0.25, 0.26), "IS-003[compute=0.5]": (0.5, 0.51), "IS-003[shape=long]": (0.25, 1.0)}
    outcomes = {}
    for name, one in run.outcomes.items():
        params = {"compute": 0.25, "shape": "many", **one.params}
        rows = [{"share": got[name][0], "got": got[name][1]}] if name in got else []
        repetitions = [replace(taken, detail={"shares": rows}) for taken in getattr(one, "repetitions", [])]
        outcomes[name] = replace(one, params=params, repetitions=repetitions)
    (curve,) = [one for one in of_kind(report(replace(run, outcomes=outcomes)), Curves) if one.diagonal]
    assert [(one.x, one.value) for one in curve.series[0].points] == [(0.25, 0.26), (0.5, 0.51)]


def test_a_baseline_of_the_others_session_is_taken_first() -> None:
    other = replace(native(), session=replace(native().session, id="another"))
    (group,) = grouped(other, native(), mps())
    assert group.baseline.run.session.id == native().session.id


def test_a_named_twin_is_the_baseline() -> None:
    twin = (Loaded(Path("twin.json"), replace(native(), twin=True)), [])
    found = document([(Loaded(Path("mps.json"), mps()), [])], twin, load(None), WHEN)
    assert list(found.files) == ["twin.json", "mps.json"]


def test_a_median_of_zero_ends_no_report() -> None:
    from builders import a_run

    found = report(a_run({"OH-001": [[0.0] * 150, [1e-6] * 150, [1e-6] * 150]}, DEFINITIONS))
    assert any(row.cells[0].text == "OH-001" for one in of_kind(found, Table) for row in one.rows)


def test_the_command_that_repeats_an_outcome_has_quotas_and_the_emulation() -> None:
    run = mps(emulated=True)
    device = replace(run.devices[0], emulation={"clock": "virtual", "jitter": 0.1})
    run = replace(run, devices=[device], plan=replace(run.plan, tenants=3, compute_quota=[0.5, 0.25, 0.25]))
    (row,) = [row for one in of_kind(report(run), Table) for row in one.rows if row.id == "OH-001"]
    (code,) = [block for block in inside(row.opens) if isinstance(block, Code)]
    assert "--quota 50,25,25" in code.text
    assert "--emulate clock=virtual --emulate jitter=0.1" in code.text
