"""OpenMetrics text, read by the parser of Prometheus' own client."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from builders import DEVICE, a_run
from documents import HOSTILE
from gpu_virt_bench.compare.files import Loaded
from gpu_virt_bench.model.metric import UNITS as MODEL_UNITS
from gpu_virt_bench.model.run import Run
from gpu_virt_bench.report.openmetrics import FAMILIES, PREFIX, UNITS, openmetrics
from gpu_virt_bench.results import load

RESULTS = Path(__file__).parents[2] / "docs" / "results"


def text(runs: Sequence[Run]) -> str:
    """The whole text of runs."""
    return "".join(openmetrics([(Loaded(Path(f"{number}.json"), run), []) for number, run in enumerate(runs)]))


def families(*runs: Run) -> dict[str, Metric]:
    """The families that the parser finds, without the prefix."""
    return {one.name.removeprefix(PREFIX): one for one in text_string_to_metric_families(text(runs))}


def only(*runs: Run, family: str) -> tuple[dict[str, str], float, float]:
    """Labels, value and time of the one sample of a family."""
    (sample,) = families(*runs)[family].samples
    return sample.labels, sample.value, float(sample.timestamp)


def test_an_estimate_is_a_gauge_in_its_unit_with_all_that_tells_it_apart() -> None:
    labels, value, seconds = only(a_run({"OH-001[bytes=4096]": [1.5, 1.5, 1.5]}), family="estimate_seconds")
    assert labels == {
        "system": "native",
        "device": "NVIDIA H200",
        "driver": "580.159.04",
        "emulated": "false",
        "session": "session-1",
        "metric": "OH-001",
        "outcome": "OH-001[bytes=4096]",
        "params": "bytes=4096",
    }
    assert (value, seconds) == (1.5, 1795262400.0)


def test_values_are_exact() -> None:
    assert only(a_run({"OH-001": [0.1 + 0.2]}), family="estimate_seconds")[1] == 0.1 + 0.2


def test_an_interval_has_its_ends_and_its_level() -> None:
    run = a_run({"OH-001": [1.0, 2.0, 3.0, 4.0, 5.0]})
    ends = [only(run, family=name)[1] for name in ("estimate_low_seconds", "estimate_seconds", "estimate_high_seconds")]
    assert ends == [1.0, 3.0, 5.0]
    assert only(run, family="interval_level_ratio")[1] == 0.9375


def test_one_repetition_has_no_interval() -> None:
    assert not {"estimate_low_seconds", "interval_level_ratio"} & families(a_run({"OH-001": [1.0]})).keys()


@pytest.mark.parametrize(("unit", "shown", "name"), [
    ("s", "us", "estimate_seconds"), ("B/s", "GB/s", "estimate_bytes_per_second"), ("ratio", "%", "estimate_ratio"),
    ("cycles/s", "cycles/s", "estimate_cycles_per_second"), ("pass", "pass", "estimate_passed_ratio"),
])  # fmt: skip
def test_the_unit_ends_the_name_of_the_family(unit, shown, name) -> None:
    found = families(a_run({"OH-001": [1.0, 1.0]}, {"OH-001": {"unit": unit, "shown_unit": shown}}))[name]
    assert found.unit
    assert name.endswith(f"_{found.unit}")


def test_every_unit_of_samples_has_a_family() -> None:
    assert UNITS.keys() == MODEL_UNITS.keys()


@pytest.mark.parametrize(("found", "status"), [([1.0], "measured"), ("skipped: x", "skipped"), ("failed: x", "failed")])
def test_the_status_of_an_outcome_is_a_set_of_states(found, status) -> None:
    states = families(a_run({"OH-001": found}))["outcome_status"]
    assert states.type == "stateset"
    named = {sample.labels["gpu_virt_bench_outcome_status"]: sample.value for sample in states.samples}
    assert named == {"measured": 0.0, "skipped": 0.0, "failed": 0.0} | {status: 1.0}


def test_what_was_not_measured_has_a_reason_and_no_number() -> None:
    run = a_run({"OH-001": "skipped: needs 2 GPUs, found 1"})
    assert only(run, family="outcome")[0]["reason"] == "needs 2 GPUs, found 1"
    assert not [name for name in families(run) if name.startswith("estimate")]


def test_a_run_without_proof_is_flagged_with_the_reason() -> None:
    run = a_run({"OH-001": [1.0]}, proof=[])
    assert only(run, family="run_unproven_reasons")[1] == 1
    assert only(run, family="run_unproven_reason")[0]["reason"] == "native has no proof that it was in force"
    assert only(a_run({"OH-001": [1.0]}), family="run_unproven_reasons")[1] == 0


def test_an_emulated_device_is_flagged_and_labelled() -> None:
    labels, value, _ = only(a_run({"OH-001": [1.0]}, emulated=True), family="run_emulated")
    assert (labels["emulated"], value) == ("true", 1)


def test_hostile_names_come_back_as_they_are() -> None:
    run = a_run({"OH-001": f"failed: {HOSTILE}"}, devices=[replace(DEVICE, name=HOSTILE)], label='\\n"} 1\n# EOF')
    labels = only(run, family="outcome")[0]
    assert (labels["reason"], labels["device"]) == (HOSTILE, HOSTILE)
    assert labels["label"] == '\\n"} 1\n# EOF'


def test_half_a_character_is_written_as_an_escape() -> None:
    assert only(a_run({"OH-001": "failed: \ud800"}), family="outcome")[0]["reason"] == "\\ud800"


def test_a_run_given_twice_is_told_once() -> None:
    run = a_run({"OH-001": [1.0]})
    assert only(run, run, family="estimate_seconds")[1] == 1.0


def test_a_twin_and_the_points_of_a_sweep_are_told_apart() -> None:
    run = a_run({"OH-001": [1.0]})
    others = [replace(run, twin=True), *(replace(run, point={"compute-limit": share}) for share in (25, 50))]
    samples = families(run, *others)["estimate_seconds"].samples
    assert len({tuple(sample.labels.items()) for sample in samples}) == 4


def test_runs_with_equal_labels_stand_together_in_the_order_of_time() -> None:
    late = a_run({"OH-001": [1.0], "OH-002": [1.0]})
    early = replace(late, began="2026-11-20T13:00:00+01:00")
    samples = families(late, early)["estimate_seconds"].samples
    assert [(one.labels["metric"], float(one.timestamp)) for one in samples] == [
        (name, time) for name in ("OH-001", "OH-002") for time in (1795176000.0, 1795262400.0)
    ]


def test_the_published_runs_of_a_session_are_valid_with_every_outcome() -> None:
    paths = sorted((RESULTS / "h100" / "overhead").glob("*.json"))
    runs = [load(path) for path in paths]
    found = families(*runs)
    assert len(found["outcome"].samples) == sum(len(run.outcomes) for run in runs)
    assert found.keys() <= {family.name for family in FAMILIES}
