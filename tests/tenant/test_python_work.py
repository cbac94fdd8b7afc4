"""Workloads that a user wrote in Python."""

import sys

import pytest

from gpu_virt_bench.model.workload import Series, Workload, WorkloadError
from gpu_virt_bench.tenant.python_work import checked


def work(name: str, **args: object) -> Workload:
    """A workload of these tests."""
    return Workload(f"gvb_test_works:{name}", args)


def test_numbers_notes_and_conditions_cross_the_pipe(python) -> None:
    series = python().run(work("described"))
    assert series.columns == {"row": (1,)}
    assert series.notes == {"error": 0.25}
    assert series.conditions == {"backend": "flash", "layers": 2}


def test_rows_may_be_fractions(python) -> None:
    assert python().run(work("value", what=0.125)).columns == {"row": (0.125,)}


@pytest.mark.parametrize(
    ("routine", "sentence"),
    [
        ("gvb_missing:make", f"workload gvb_missing:make: no module gvb_missing: .* install it for {sys.executable}"),
        ("gvb_test_works.sub:make", "no module gvb_test_works.sub"),
        ("gvb_test_works:make", "gvb_test_works.py has nothing named 'make', expected a callable"),
        ("gvb_test_works:LASTING", "has a list named 'LASTING', expected a callable that gives a Work"),
        ("gvb_test_works:number", "gave a int without run, begun, release, expected an object with run"),
    ],
)
def test_a_work_that_is_none_is_a_sentence(python, routine, sentence) -> None:
    with pytest.raises(WorkloadError, match=sentence) as error:
        python().run(Workload(routine))
    assert error.value.status == "argument"


def test_a_works_own_verification_is_its_status(python) -> None:
    with pytest.raises(WorkloadError, match="the sum is 3, expected 4") as error:
        python().run(work("wrong"))
    assert error.value.status == "wrong-result"


@pytest.mark.parametrize(("name", "sentence"), [("broken", "KeyError: 'missing'"), ("leaves", "SystemExit: ")])
def test_an_exception_inside_is_an_error_not_a_death(python, name, sentence) -> None:
    tenant = python()
    with pytest.raises(WorkloadError, match=sentence) as error:
        tenant.run(work(name))
    assert error.value.status == "tenant"
    assert tenant.run(work("value", what=1)).columns == {"row": (1.0,)}


def test_a_wrong_argument_is_an_error(python) -> None:
    with pytest.raises(WorkloadError, match="unexpected keyword argument 'size'"):
        python().run(work("value", size=1))


def test_a_work_that_begins_before_its_run_is_refused(python) -> None:
    with pytest.raises(WorkloadError, match=r"begun\(\) was true before the run"):
        python().run(work("forgetful"))


def test_a_work_that_cannot_say_whether_it_has_begun_ends_with_the_reason(python) -> None:
    with pytest.raises(WorkloadError, match=r"begun\(\) raised OSError: no such counter"):
        python().begin(work("unsure")).series()


def test_a_value_that_is_no_number_does_not_cross_the_pipe(python) -> None:
    with pytest.raises(
        WorkloadError, match="gvb_test_works:value: gave nan in the column row, expected finite numbers"
    ):
        python().run(work("value", what="nan"))


def series(**changes: object) -> Series:
    """A series with something changed."""
    return Series(**{"columns": {"row": (1,)}, "begin": 1, "end": 2, **changes})


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"row": [1]}, "run gave a dict, expected a Series"),
        (series(columns={"row": (1.0, float("nan"))}), "gave nan in the column row, expected finite numbers"),
        (series(columns={"row": (None,)}), "gave None in the column row"),
        (series(notes={"rate": float("inf")}), "gave inf in the notes"),
        (series(conditions={"scale": float("nan")}), "gave nan in the conditions"),
        (series(begin=3), "the window 3 to 2, expected time.monotonic_ns"),
        (series(begin=0.5), "the window 0.5 to 2"),
    ],
)
def test_a_series_that_cannot_stand_in_a_file_is_refused(given, sentence) -> None:
    with pytest.raises(WorkloadError, match=sentence):
        checked("mine:make", given)


def test_a_sound_series_passes_as_it_is() -> None:
    assert checked("mine:make", series()) == series()
