"""One sentence for each system: real, what holds, the worst cell, what it costs, what is not known."""

from dataclasses import replace

from pages import grouped, limited, mps, native, whole

from gpu_virt_bench.model.comparison import Interval, Limit
from gpu_virt_bench.model.run import Check, Failed
from gpu_virt_bench.report.page.answers import answer, tone


def of_mps(*runs) -> str:
    (group,) = grouped(*(runs or (native(), mps())))
    return answer(group.entries[1])


def test_it_begins_with_whether_the_layer_was_in_force() -> None:
    assert of_mps().startswith("shown in force by 6 checks; ")


def test_without_a_proof_it_says_so_first() -> None:
    told = of_mps(native(), replace(mps(), proof=[]))
    assert told.startswith("UNPROVEN: mps has no proof that it was in force; ")


def test_an_emulated_gpu_is_named_in_every_answer() -> None:
    (group,) = grouped(native(emulated=True), mps(emulated=True))
    assert all("on an EMULATED GPU" in answer(one) for one in group.entries)


def test_the_worst_cell_is_named_whichever_outcome_it_is_of() -> None:
    told = "worst beside a neighbor: Noisy neighbor impact 75.00 % (74.00 .. 76.00; range of 5, 94 %)"
    assert f"{told} (IS-009[aggressor=l2])" in of_mps()


def test_a_sample_that_did_not_pass_is_named() -> None:
    assert "FAULT ISOLATION BROKEN: 4 of 5 passed (IS-010)" in of_mps()


def test_what_it_costs_against_the_baseline_with_the_largest_change() -> None:
    assert "against native: 1 outcome worse (most: Kernel launch latency +200" in of_mps()


def test_a_limit_that_holds_and_one_that_leaks() -> None:
    assert "memory limit of 8 GiB holds (7 of 7 allocation calls tried)" in of_mps(native(), limited(mps()))
    (group,) = grouped(native(), limited(mps(), leaks=True, said="open: cuArrayCreate"))
    assert "memory limit of 8 GiB LEAKS: cuArrayCreate" in answer(group.entries[1])
    assert tone(group.entries[1]) == "bad"


def test_a_refused_run_says_what_was_found_instead() -> None:
    refused = replace(mps(), status="refused", outcomes={})
    proof = [replace(refused.proof[0], checks=[Check("served_by.cuInit", "layer.so", "libcuda.so.1", False)])]
    told = of_mps(native(), replace(refused, proof=proof))
    assert told == ("refused, so that nothing of it was measured: served_by.cuInit is libcuda.so.1, expected layer.so.")


def test_skipped_and_failed_are_counted() -> None:
    (group,) = grouped(native(), mps())
    assert answer(group.entries[0]).endswith("the baseline of this page; 1 skipped.")


def test_a_seldom_cost_is_shown_as_such_and_not_by_its_median() -> None:
    (group,) = grouped(native(), mps())
    worse = group.entries[1].comparison
    row = replace(worse.rows[0], id="OH-001", verdict="same", tail="worse in the mean (+40 %): 1 of 1000 calls")
    entry = replace(group.entries[1], comparison=replace(worse, rows=[row]))
    assert "worse in the mean (+40 %): 1 of 1000 calls" in answer(entry)


def test_work_that_was_put_off_is_not_better() -> None:
    (group,) = grouped(native(), mps())
    found = group.entries[1].comparison
    rows = [replace(row, verdict="deferred or elided") for row in found.rows if row.id == "OH-001"]
    told = answer(replace(group.entries[1], comparison=replace(found, rows=rows)))
    assert "1 deferred or elided" in told
    assert "better" not in told


def test_a_test_of_isolation_that_failed_is_named_and_leaves_the_answer_open() -> None:
    run = mps()
    failed = Failed("IS-010", {}, "the owner died")
    (group,) = grouped(native(), replace(run, outcomes={**run.outcomes, "IS-010": failed}))
    assert "Fault isolation is not answered (IS-010 failed: the owner died)" in answer(group.entries[1])
    assert tone(group.entries[1]) == "unsure"


def test_a_share_that_is_not_what_was_granted_is_bad_with_its_interval() -> None:
    (group,) = grouped(native(), mps())
    off = Limit("compute", "", 0.5, 0.5, Interval(0.8, 0.78, 0.9, 0.94))
    entry = replace(group.entries[1], comparison=replace(group.entries[1].comparison, limits=[off]))
    assert "compute limit of 50 %: a tenant got 80 % (78 to 90) of the baseline's rate" in answer(entry)
    assert tone(replace(entry, run=whole(entry.run))) == "bad"
