"""What follows from checks."""

from gpu_virt_bench.model.run import Check
from gpu_virt_bench.systems.load import load
from gpu_virt_bench.systems.proof.verdict import activated, refusal, withdrawn

CHECKS = [
    Check("foreign_layers", "no library of another layer", "none", True),
    Check("memory-limit.memory_total", "1", "2", False),
    Check("memory-limit.refused_above", "x", "cuMemAlloc of quota + 256 MiB succeeded", False),
    Check("compute-limit.sm_count", "33", "33", True),
]


def test_a_failure_under_a_features_name_withdraws_that_feature() -> None:
    assert activated(CHECKS)
    assert withdrawn(CHECKS[:1] + CHECKS[2:]) == {
        "memory-limit": "memory-limit not in force: cuMemAlloc of quota + 256 MiB succeeded"
    }
    assert withdrawn(CHECKS) == {
        "memory-limit": "memory-limit not in force: memory_total is 2, expected 1; "
        "cuMemAlloc of quota + 256 MiB succeeded"
    }


def test_a_failure_of_the_activation_refuses() -> None:
    failed = [*CHECKS, Check("served_by.cuInit", "a.so", "b.so", False)]
    assert not activated(failed)
    assert refusal(load("mps"), failed) == "mps is not in force: served_by.cuInit is b.so, expected a.so"
