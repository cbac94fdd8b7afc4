"""Recorded answers of real drivers: what can be read, and that the emulated driver answers the same."""

import json
from dataclasses import asdict, replace

import pytest

from gpu_virt_bench import emulated
from gpu_virt_bench.conform import asking, recorded
from gpu_virt_bench.conform.compare import beside, explainable, stale
from gpu_virt_bench.conform.scenes import FAMILIES, rows, scene
from gpu_virt_bench.model.conformance import Answer, Asked, Conformance
from gpu_virt_bench.report.envelope import envelope

DRIVER = Conformance(
    table=1,
    device="NVIDIA H100 80GB HBM3",
    emulated=False,
    driver_version="580.95.05, CUDA 13.0",
    taken="2026-12-01T12:00:00+00:00",
    rows={
        "memory.free_twice": Asked("cuMemFree_v2", "memory that was freed", "CUDA_ERROR_INVALID_VALUE", ""),
        "memory.alloc_nothing": Asked("cuMemAlloc_v2", "0 bytes", "CUDA_ERROR_INVALID_VALUE", "unchanged"),
        "sharing.advise_plain": Asked("cuMemAdvise", "not managed", "CUDA_ERROR_INVALID_DEVICE", ""),
    },
)
RECORDINGS = recorded.recorded()


def written(folder, change=lambda found: None):
    """A file of the driver's answers, changed."""
    found = json.loads(envelope("conformance", asdict(DRIVER)))
    change(found)
    path = folder / "answers.json"
    path.write_text(json.dumps(found))
    return path


def test_a_file_gives_back_the_answers(tmp_path) -> None:
    assert recorded.load(written(tmp_path)) == DRIVER


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda found: found.update(version=2), "is conformance 2, expected conformance 1"),
        (lambda found: found.update(kind="proofs"), "is proofs 1, expected conformance 1"),
        (lambda found: found["conformance"].update(table=9), "has answers to table 9, expected 1: record it again"),
        (lambda found: found.pop("conformance"), "is no record of answers: KeyError 'conformance'"),
    ],
    ids=["version", "kind", "table", "content"],
)
def test_a_file_of_an_unknown_version_is_refused(change, sentence, tmp_path) -> None:
    with pytest.raises(recorded.RecordError, match=sentence):
        recorded.load(written(tmp_path, change))


def test_answers_that_differ_are_differences_with_what_is_known_of_them() -> None:
    answers = {
        "memory.free_twice": Answer("CUDA_SUCCESS"),
        "memory.alloc_nothing": Answer("CUDA_ERROR_INVALID_VALUE", "unchanged"),
        "sharing.advise_plain": Answer("CUDA_ERROR_NOT_SUPPORTED"),
    }
    found = beside("mine", DRIVER, answers, {"cuMemAdvise": "it has none", "cuMemFree_v2": "of no use here"})
    assert found.compared == 3
    assert [(one.row, one.reason) for one in found.differences] == [
        ("memory.free_twice", ""),
        ("sharing.advise_plain", "it has none"),
    ]
    assert [one.row for one in found.unexplained] == ["memory.free_twice"]


def test_what_is_written_counts_as_well_as_the_result() -> None:
    (one,) = beside(
        "mine", DRIVER, {"memory.alloc_nothing": Answer("CUDA_ERROR_INVALID_VALUE", "NULL")}, {}
    ).differences
    assert (one.driver, one.found) == ("CUDA_ERROR_INVALID_VALUE: unchanged", "CUDA_ERROR_INVALID_VALUE: NULL")


def test_a_reason_that_explains_no_difference_is_stale() -> None:
    answers = {row.id: Answer("CUDA_SUCCESS") for row in rows().values()}
    driver = replace(
        DRIVER, rows={row.id: Asked(row.function, row.case, "CUDA_SUCCESS", "") for row in rows().values()}
    )
    answers["sharing.advise_plain"] = Answer("CUDA_ERROR_NOT_SUPPORTED")
    answers["sharing.prefetch_plain"] = Answer("CUDA_ERROR_UNKNOWN")
    found = beside("mine", driver, answers, {})
    reasons = ["cuMemAdvise", "cuMemPrefetchAsync", "sharing.prefetch_plain", "memory.free_twice", "cuGraphClone"]
    assert stale([found], reasons) == ["cuMemPrefetchAsync", "memory.free_twice", "cuGraphClone"]
    assert stale([found, beside("other", driver, answers | {"memory.free_twice": Answer("1")}, {})], reasons) == [
        "cuMemPrefetchAsync",
        "cuGraphClone",
    ]


def test_a_reason_is_not_stale_before_all_of_its_function_is_asked() -> None:
    found = beside("mine", DRIVER, {"memory.free_twice": Answer("CUDA_ERROR_INVALID_VALUE")}, {})
    assert stale([found], ["cuMemFree_v2", "sharing.advise_plain", "memory.free_twice"]) == ["memory.free_twice"]


@pytest.mark.parametrize(
    ("driver", "found", "direction"),
    [
        ("CUDA_ERROR_INVALID_VALUE", "CUDA_SUCCESS", "forgives"),
        ("crash", "CUDA_ERROR_INVALID_VALUE", "forgives"),
        ("hang", "CUDA_SUCCESS", "forgives"),
        ("CUDA_SUCCESS", "CUDA_ERROR_INVALID_VALUE", "refuses"),
        ("CUDA_SUCCESS", "absent", "refuses"),
        ("CUDA_ERROR_INVALID_VALUE", "CUDA_ERROR_UNKNOWN", "other code"),
        ("CUDA_SUCCESS", "crash", "no return"),
        ("CUDA_ERROR_INVALID_VALUE", "hang", "no return"),
    ],
)
def test_a_difference_has_a_direction(driver, found, direction) -> None:
    assert Answer(found).beside(Answer(driver)) == direction


def test_the_most_forgiving_difference_comes_first() -> None:
    answers = {
        "memory.free_twice": Answer("-1"),
        "memory.alloc_nothing": Answer("CUDA_ERROR_INVALID_VALUE", "NULL"),
        "sharing.advise_plain": Answer("CUDA_SUCCESS"),
    }
    found = beside("mine", DRIVER, answers, {}).differences
    assert [one.direction for one in found] == ["forgives", "other output", "other code"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            '[rows]\n"memory.nosuch" = "why"',
            "no row 'memory.nosuch'; `gpu-virt-bench conform --scene memory` shows all",
        ),
        ('[rows]\n"memry.free_twice" = "why"', "no row 'memry.free_twice'; did you mean memory.free_twice"),
        ('[rows]\n"memory.free_twise" = "why"', "no row 'memory.free_twise'; did you mean memory.free_twice"),
        ('[functions]\ncuNobody = "why"', "no function 'cuNobody'"),
        ('[rows]\n"memory.free_twice" = ""', "memory.free_twice has '', expected a reason"),
        ('[row]\na = "why"', "no table 'row'; did you mean rows"),
        ("[rows", "is not TOML"),
    ],
)
def test_a_list_of_known_differences_that_cannot_be_is_refused(text, sentence, tmp_path) -> None:
    path = tmp_path / "known.toml"
    path.write_text(text)
    with pytest.raises(recorded.RecordError, match=sentence):
        recorded.reasons(path)


@pytest.mark.skipif(not RECORDINGS, reason="no real driver's answers are recorded yet")
def test_a_recording_has_every_row_as_the_table_has_it() -> None:
    for path in RECORDINGS:
        found = {row: (asked.function, asked.case) for row, asked in recorded.load(path).rows.items()}
        assert found == {row.id: (row.function, row.case) for row in rows().values()}
        assert not recorded.load(path).emulated


@pytest.mark.skipif(not RECORDINGS, reason="no real driver's answers are recorded yet")
@pytest.mark.parametrize("family", FAMILIES)
def test_the_emulated_driver_answers_as_the_recorded_one(family, tmp_path, monkeypatch) -> None:
    folder = emulated.make_machine(tmp_path, emulated.configuration("h200", {"clock": "virtual"}))
    monkeypatch.setenv(emulated.VARIABLE, str(folder))
    monkeypatch.setenv("LD_LIBRARY_PATH", str(emulated.LIBRARIES))
    answers = asking.asked(scene(family)).answers
    real, reasons = recorded.load(RECORDINGS[-1]), recorded.reasons(recorded.KNOWN)
    found = beside("emulated", real, answers, reasons)
    assert [f"{one.row}: {one.driver}, found {one.found}" for one in found.unexplained] == []
    concerned = {name for row in scene(family).rows for name in (row.id, row.function)}
    assert reasons.keys() & concerned - explainable(found) == set(), "listed as different, and not different"
