"""What a run's proofs say of its limits, before any number."""

from dataclasses import replace

import pytest

from builders import LIMITED, PLAN, SERVED, a_run
from gpu_virt_bench.model.claims import CALLS, OWN, claims
from gpu_virt_bench.model.run import Check, ProofRecord, Run


def proved(*checks: Check, share: str = "0.5") -> Run:
    """A run at half of the device whose tenant showed that, beside what shows it in force."""
    granted = {"compute_share": share}
    records = [ProofRecord(0, 0, when, [SERVED, *LIMITED, *checks], granted, serial=0) for when in ("before", "after")]
    return a_run({"OH-001": [1]}, system="mine", proof=records, plan=replace(PLAN, compute_limit=0.5))


def slowed(rate: float) -> Check:
    """The probe under a compute limit."""
    return Check("compute-limit.slowed", "below", f"{rate:.3f} of the native rate", rate < 0.95)


@pytest.mark.parametrize(
    ("rate", "said"),
    [
        (1.0, ["mine: the compute limit does not bind: asked 50 %, granted 50 %, got 100.0 % of the native rate"]),
        (0.8, ["mine: the compute limit binds elsewhere than asked: asked 50 %, granted 50 %, got 80.0 %"]),
        (0.52, []),
    ],
)
def test_a_compute_limit_is_said_where_it_is_not_what_was_granted(rate, said) -> None:
    found = claims(proved(slowed(rate)))
    assert len(found) == len(said)
    assert all(one.startswith(text) for one, text in zip(found, said, strict=True))


def test_each_share_has_its_own_verdict_and_one_that_was_not_asked_for_is_not_said_to_be() -> None:
    records = [
        ProofRecord(0, 0, "before", [SERVED, *LIMITED, slowed(rate)], {"compute_share": share}, serial=serial)
        for serial, (rate, share) in enumerate([(0.499, "0.5"), (1.0, "0.25")])
    ]
    found = claims(a_run({"OH-001": [1]}, system="mine", proof=records, plan=replace(PLAN, compute_limit=0.5)))
    assert [one.partition(" of the native")[0] for one in found] == [
        "mine: the compute limit does not bind: granted 25 %, got 100.0 %"
    ]


def test_a_share_of_a_quota_is_said_to_be_asked_for() -> None:
    plan = replace(PLAN, compute_quota=[0.5, 0.25])
    records = [ProofRecord(0, 0, "before", [SERVED, *LIMITED, slowed(1.0)], {"compute_share": "0.25"}, serial=0)]
    (said,) = claims(a_run({"OH-001": [1]}, system="mine", proof=records, plan=plan))
    assert said.startswith("mine: the compute limit does not bind: asked 25 %, granted 25 %, got 100.0 %")


@pytest.mark.parametrize(("found", "share"), [("nothing", "0.5"), ("", "0.5"), ("1.0 of it", "half"), ("nan", "inf")])
def test_what_a_file_says_instead_of_a_number_is_no_claim(found, share) -> None:
    assert claims(proved(Check("compute-limit.slowed", "below", found, False), share=share)) == []


def test_what_lies_open_is_said_once() -> None:
    calls = Check(
        "memory-limit.calls", "x", "open: cuArrayCreate; refused by cuMemAlloc; cuMemAllocAsync answers -1", True
    )
    assert claims(proved(calls)) == [
        "mine: memory limit: open: cuArrayCreate",
        "mine: memory limit: cuMemAllocAsync answers -1",
    ]


MEMORY_LIMITED = replace(PLAN, memory_limit_bytes=8 << 30)


def calls(found: str) -> Check:
    return Check("memory-limit.calls", "x", found, True)


def test_a_limit_of_each_process_is_said() -> None:
    assert claims(proved(calls(f"refused by {', '.join(CALLS)}, in a second process too; {OWN}"))) == [
        "mine: memory limit: each process has a limit of its own"
    ]


def test_calls_by_which_a_memory_limit_was_not_tried_are_said() -> None:
    run = replace(proved(), plan=MEMORY_LIMITED)
    assert claims(run) == [f"mine: memory limit: not tried by {', '.join(CALLS[1:])}"]
    found = "open: cuMemAllocPitch by dlsym, cuArrayCreate in a second process; refused by cuMemAlloc, cuMemCreate"
    run = replace(proved(calls(f"{found}; cuMemAllocAsync answers -1")), plan=MEMORY_LIMITED)
    assert claims(run)[-1] == "mine: memory limit: not tried by cuMemAllocManaged, cuMemAlloc in parts"


def test_half_a_door_is_said() -> None:
    text = "the layer serves 1 by dlsym and 0 by cuGetProcAddress of 3 functions"
    found = f"{text}; half a door: by dlsym alone cuGraphLaunch"
    assert claims(proved(Check("doors", "evidence only", found, True))) == [
        "mine: half a door: by dlsym alone cuGraphLaunch"
    ]


def test_a_limit_of_every_call_is_not_mentioned() -> None:
    assert claims(proved(Check("memory-limit.calls", "x", "refused by cuMemAlloc, cuArrayCreate", True))) == []
