"""Runs as a data frame, of pandas or polars: docs/how-to/data-frame.md.

The columns are those of the CSV, by report/rows.py, in SI units, and each has the same type whatever the runs hold. The
two libraries are optional, and imported when they are asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from importlib import import_module
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

from gpu_virt_bench.model.run import Run
from gpu_virt_bench.report.about import about
from gpu_virt_bench.report.csv_tables import cell, run_columns
from gpu_virt_bench.report.rows import OutcomeRow, SampleRow, outcome_rows, sample_rows

if TYPE_CHECKING:
    import pandas
    import polars

Kind = type[str] | type[int] | type[float] | type[bool]
RUN_KINDS: Mapping[str, Kind] = {
    "system": str,
    "label": str,
    "asked_compute_share": float,
    "granted_compute_share": float,
    "asked_memory_bytes": int,
    "granted_memory_bytes": int,
    "point": str,
    "twin": bool,
    "kind": str,
    "began": str,
    "device": str,
    "emulated": bool,
    "driver": str,
    "run_status": str,
    "unproven": str,
    "session": str,
}
"""The columns of run_columns()."""
PANDAS: Mapping[Kind, str] = {str: "string", int: "Int64", float: "float64", bool: "boolean"}
POLARS: Mapping[Kind, str] = {str: "String", int: "Int64", float: "Float64", bool: "Boolean"}


@dataclass(frozen=True)
class Column:
    """A column by its type; None where there is no value."""

    kind: Kind
    values: list[Any]


def to_frame(runs: Iterable[Run], samples: bool = False) -> pandas.DataFrame:
    """A pandas data frame: a row for each outcome of each run, or with `samples` for each sample."""
    library = wanted("pandas")
    made = {
        name: library.array(found.values, dtype=PANDAS[found.kind]) for name, found in columns(runs, samples).items()
    }
    return library.DataFrame(made)


def to_polars(runs: Iterable[Run], samples: bool = False) -> polars.DataFrame:
    """The same as a polars data frame."""
    library, found = wanted("polars"), columns(runs, samples)
    schema = {name: getattr(library, POLARS[column.kind]) for name, column in found.items()}
    return library.DataFrame({name: column.values for name, column in found.items()}, schema=schema)


def wanted(library: str) -> Any:  # noqa: ANN401  a module
    """That library, or what to install."""
    try:
        return import_module(library)
    except ModuleNotFoundError as error:
        if error.name != library:
            raise
        raise ImportError(
            f"{library} is not installed, and a data frame needs it: pip install 'gpu-virt-bench[{library}]'",
            name=library,
        ) from None


def columns(runs: Iterable[Run], samples: bool) -> dict[str, Column]:
    """The columns by their names, those of a row before those of its run."""
    of_row = kinds(SampleRow if samples else OutcomeRow)
    found = {name: Column(kind, []) for name, kind in {**of_row, **RUN_KINDS}.items()}
    for run in runs:
        of_run = run_columns(about("", run))
        for row in sample_rows(run) if samples else outcome_rows(run):
            values = {**{name: getattr(row, name) for name in of_row}, **of_run}
            for name, column in found.items():
                column.values.append(entry(values[name], column.kind))
    return found


def kinds(row: type[SampleRow | OutcomeRow]) -> dict[str, Kind]:
    """The types of the columns that are of a row."""
    hints = get_type_hints(row)
    return {field.name: kind_of(hints[field.name]) for field in fields(row)}


def kind_of(hint: Any) -> Kind:  # noqa: ANN401  a type
    """The type of a column by that of its field: what holds several things becomes a text."""
    plain: tuple[Kind, ...] = (bool, int, float)
    return next((kind for kind in plain if kind is hint or kind in get_args(hint)), str)


def entry(value: Any, kind: Kind) -> Any:  # noqa: ANN401  a field of a row
    """One value as that type."""
    if value is None:
        return None
    return str(cell(value)) if kind is str else kind(value)
