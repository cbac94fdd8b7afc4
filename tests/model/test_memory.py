"""What a run's memory limits came to, in a sentence."""

from dataclasses import replace

from builders import a_run, with_outcome
from gpu_virt_bench.model.memory import memory_limits

MIB = 1 << 20
REFUSED, FREE = "refusal", "no refusal: all that is physically there was given, an upper bound"


def limit(api, enforced, granted=4096, asked=4096, ended_by=REFUSED):
    """A row of IS-001's table, sizes in MiB."""
    sizes = {"asked": asked * MIB, "granted": granted * MIB, "enforced": enforced * MIB}
    return {"api": api, **sizes, "ended_by": ended_by}


def run_of(**rows):
    """A run with an outcome of IS-001 for each row."""
    run = a_run({f"IS-001[api={name}]": [1.0] for name in rows})
    for name, row in rows.items():
        (taken,) = run.outcomes[f"IS-001[api={name}]"].repetitions
        run = with_outcome(run, f"IS-001[api={name}]", repetitions=[replace(taken, detail={"limit": [row]})])
    return run


def test_calls_that_hold_alike_are_named_together_and_what_lets_through_by_itself() -> None:
    run = run_of(a=limit("cuMemAlloc_v2", 4096), b=limit("pool", 4096), c=limit("vmm", 140000, ended_by=FREE))
    assert memory_limits(run) == [
        "memory limit of 4096 MiB: 4096 MiB given by cuMemAlloc_v2, pool;"
        " no refusal, all 140000 MiB that were free given by vmm"
    ]


def test_what_is_given_beside_the_limit_has_a_sign() -> None:
    (sentence,) = memory_limits(run_of(a=limit("vmm", 4224)))
    assert sentence == "memory limit of 4096 MiB: 4224 MiB given (+128 MiB) by vmm"


def test_a_rounded_limit_says_what_was_asked_for() -> None:
    (sentence,) = memory_limits(run_of(a=limit("vmm", 4000, granted=4000)))
    assert sentence == "memory limit of 4000 MiB (4096 MiB asked for): 4000 MiB given by vmm"


def test_a_run_without_limits_says_nothing() -> None:
    assert memory_limits(a_run({"OH-001": [1.0]})) == []
