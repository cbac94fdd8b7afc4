"""On the emulated GPU, IS-005 shows memory that is not cleared, and addresses that all processes share."""

import pytest

from gpu_virt_bench import emulated
from gpu_virt_bench.model.run import Failed
from sessions import value

SMALL = {"memory_bytes": f"{3 << 30}", "context_bytes": f"{64 << 20}"}
"""2 GiB are kept free, and a tenant of a test need not scan more than what is left."""
READ, WRITE = "IS-005[probe=foreign-read]", "IS-005[probe=foreign-write]"
ALL = ("IS-005", READ, WRITE, "IS-005[probe=residual]", "IS-005[probe=residual,end=kill]")
ONE = {"repetitions": 1, "max_repetitions": 1, "seconds_per_outcome": 60.0}
KEYS = emulated.keys()
faulty = pytest.mark.skipif("residual_memory" not in KEYS, reason="needs the emulated faults of isolation")


def taken(measure, **emulate: str) -> dict[str, float]:
    """Every outcome's value."""
    run = measure(";".join(ALL), systems=("time-slicing",), emulate={**SMALL, **emulate}, **ONE)
    return {name: value(run, name) for name in run.outcomes}


def test_memory_of_another_tenant_is_out_of_reach(measure) -> None:
    assert set(taken(measure).values()) == {1.0}


@faulty
def test_memory_that_is_not_cleared_is_found_by_the_scan_alone(measure) -> None:
    found = taken(measure, residual_memory="1")
    assert {name for name, passed in found.items() if passed == 1.0} == {READ, WRITE}


@faulty
def test_addresses_that_all_share_are_found_by_reads_and_writes_alone(measure) -> None:
    found = taken(measure, shared_addresses="1")
    assert {name for name, passed in found.items() if passed == 0.0} == {"IS-005", READ, WRITE}


def test_a_scan_that_does_not_scan_fails_by_its_control(layered) -> None:
    """The layer answers every launch and passes none on."""
    run = layered("IS-005[probe=residual]", {"LOSE": "1"}, emulate=SMALL, warm_seconds=0.0)
    found = run.outcomes["IS-005[probe=residual]"]
    assert isinstance(found, Failed)
    assert "the scan found 0 of 524288 markers" in found.error
