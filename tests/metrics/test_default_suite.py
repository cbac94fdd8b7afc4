"""What `quick`, as it is, says of layers whose cost does not lie where one looks first."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from gpu_virt_bench.cli.progress import Silent
from gpu_virt_bench.compare import compare_files
from gpu_virt_bench.engine.plan import load_suite
from gpu_virt_bench.engine.session import run_session
from gpu_virt_bench.model.comparison import Comparison, Row
from gpu_virt_bench.policy import load
from gpu_virt_bench.systems.load import load as load_system
from gpu_virt_bench.systems.options import configured, resolve_options
from sessions import request_for

QUICK = load_suite("quick")
LATENCIES = ";".join(word for word in QUICK.metrics if word.startswith(("OH-001", "OH-002")))
EFFORT = {"repetitions": QUICK.repetitions, "max_repetitions": QUICK.max_repetitions, "rounds": QUICK.rounds}


@pytest.fixture
def compared(layer, tmp_path):
    """`quick`'s launches and allocations of a layer with knobs, beside native."""

    def measure(**knobs: str) -> Comparison:
        request = request_for(tmp_path / "results", LATENCIES, ("native", "preload-generic"), **EFFORT)
        options = {"library": str(layer), **{f"env.LAYER_{name}": value for name, value in knobs.items()}}
        native, generic = request.systems
        given = resolve_options(load_system("preload-generic"), options)
        systems = [native, configured(generic, given)]
        result = run_session(replace(request, systems=systems, options={"preload-generic": given}), Silent())
        assert result.refused is None, result.refused
        files: list[Path] = [record.path for record in result.records]
        (found,) = compare_files(files[0], files[1:], load(None))
        return found

    return measure


def row(comparison: Comparison, name: str) -> Row:
    """The row of an outcome."""
    return next(row for row in comparison.rows if row.id == name)


@pytest.mark.parametrize(
    ("outcome", "tail"),
    [
        ("OH-001", "cuLaunchKernel=200/300000"),
        ("OH-001", "cuLaunchKernel=1000/1500000"),
        ("OH-002", "cuMemAlloc_v2=50/400000"),
        ("OH-002", "cuMemAlloc_v2=100/1500000"),
    ],
)
def test_a_call_that_takes_long_once_in_a_while_is_seen_and_named(compared, outcome, tail) -> None:
    """Also where most readings of a repetition hold none."""
    found = compared(TAIL=tail)
    assert row(found, f"{outcome}[statistic=mean]").verdict in ("worse", "slightly worse")
    assert row(found, outcome).verdict in ("same", "inconclusive")
    assert "worse in the mean" in row(found, outcome).reason
    assert re.search(r"one of \d+ takes [\d,]+ us longer", row(found, outcome).reason)


def test_a_layer_that_is_slow_by_the_query_alone_is_seen(compared) -> None:
    found = compared(DELAY_QUERY="cuLaunchKernel=5000,cuMemAlloc_v2=5000")
    assert [row(found, name).verdict for name in ("OH-001", "OH-002")] == ["worse", "worse"]


def test_half_a_door_is_in_the_remarks(compared) -> None:
    found = compared(WAYS="query")
    assert any("half a door: by cuGetProcAddress alone cuInit, " in remark for remark in found.remarks), found.remarks
