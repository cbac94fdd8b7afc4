"""Runs as data frames."""

import csv
import sys
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pandas
import pytest

from builders import a_run, in_rounds
from gpu_virt_bench.report.about import about
from gpu_virt_bench.report.csv_tables import cell, estimates_csv, run_columns, samples_csv
from gpu_virt_bench.report.frame import RUN_KINDS, to_frame, to_polars
from gpu_virt_bench.report.rows import outcome_rows, sample_rows
from gpu_virt_bench.results import load

RESULTS = Path(__file__).parents[2] / "docs" / "results"
RUN = a_run({"OH-001[bytes=4096]": [1.0, 2.0, 3.0], "OH-002": "skipped: needs 2 GPUs, found 1"}, system="mps")


def test_a_row_is_an_outcome_with_its_estimate_and_its_run() -> None:
    row = to_frame([RUN]).iloc[0]
    assert [row[name] for name in ("id", "params", "value", "low", "high", "system")] == [
        "OH-001[bytes=4096]", "bytes=4096", 2.0, 1.0, 3.0, "mps"
    ]  # fmt: skip


def test_what_was_not_measured_has_a_reason_and_no_value() -> None:
    row = to_frame([RUN]).iloc[1]
    assert (row["status"], row["reason"]) == ("skipped", "needs 2 GPUs, found 1")
    assert row[["value", "low", "high", "level"]].isna().all()


def test_the_types_of_columns_do_not_depend_on_the_runs() -> None:
    skipped = a_run({"OH-002": "skipped: x"}, plan=replace(RUN.plan, memory_limit_bytes=1 << 30))
    frames = [to_frame(runs) for runs in ([RUN], [skipped], [])]
    assert all(frame.dtypes.equals(frames[0].dtypes) for frame in frames)
    assert dict(frames[0].dtypes)["repetitions"] == "Int64"


def test_the_columns_of_a_run_are_those_of_the_csv() -> None:
    assert list(RUN_KINDS) == list(run_columns(about("", RUN)))


@pytest.mark.parametrize("samples", [False, True])
def test_every_value_of_a_published_run_is_that_of_the_csv(samples: bool) -> None:
    run = load(RESULTS / "h100" / "overhead" / "hami-core.json")
    head = about("", run)
    text = "".join(samples_csv(head, sample_rows(run)) if samples else estimates_csv(head, outcome_rows(run)))
    names, *lines = csv.reader(StringIO(text))
    frame = to_frame([run], samples)
    assert list(frame) == names
    for name, column in zip(names, zip(*lines, strict=True), strict=True):
        assert [as_cell(value) for value in frame[name].tolist()] == [text.removesuffix(".0") for text in column], name


def as_cell(value: Any) -> str:
    """What the CSV says of a value; it says granted bytes as 1024.0."""
    return "" if pandas.isna(value) else str(cell(value)).removesuffix(".0")


def test_a_row_of_samples_is_a_sample_with_its_round() -> None:
    run = replace(RUN, outcomes={"OH-001[bytes=4096]": in_rounds("OH-001[bytes=4096]", [[0.1 + 0.2, 4.0]], first=7)})
    frame = to_frame([run], samples=True)
    assert frame["value"].tolist() == [0.1 + 0.2, 4.0]
    assert frame["round"].tolist() == [7, 8]
    assert frame["clock_hz"].isna().all()


@pytest.mark.parametrize(("made", "library"), [(to_frame, "pandas"), (to_polars, "polars")])
def test_without_the_library_it_says_what_to_install(made: Any, library: str, monkeypatch) -> None:
    monkeypatch.delitem(sys.modules, library, raising=False)
    monkeypatch.setattr(sys, "meta_path", [Without(library), *sys.meta_path])
    with pytest.raises(ImportError, match=rf"pip install 'gpu-virt-bench\[{library}\]'"):
        made([RUN])


class Without:
    """An import system that does not find one module."""

    def __init__(self, name: str) -> None:
        self.name = name

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        """Nothing of another name."""
        if name == self.name:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def test_polars_has_the_same_values_as_pandas() -> None:
    pytest.importorskip("polars", reason="polars is 170 MB; install it to try the extra `polars`")
    assert to_polars([RUN]).to_dicts() == [
        {name: None if pandas.isna(value) else value for name, value in row.items()}
        for row in to_frame([RUN]).astype(object).to_dict("records")
    ]
