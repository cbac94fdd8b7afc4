"""What to take for which use: from verdicts, each with its evidence, and with what is lacking."""

from dataclasses import replace

from pages import EVERY, grouped, limited, mps, native, texts, whole

from gpu_virt_bench.model.claims import OWN
from gpu_virt_bench.policy import Use, load
from gpu_virt_bench.report.page.advice import advice, chosen, fit

ISOLATED = Use("Isolation", ["memory-limit", "IS-010"], ["OH-001"])


def fits(use, *runs):
    (group,) = grouped(*runs)
    return [fit(one, use) for one in group.entries]


def test_a_system_that_has_all_fits() -> None:
    found = fits(ISOLATED, native(), limited(whole(mps())))
    assert [one.state for one in found] == ["not known", "yes"]
    assert chosen(found) == (
        "mps (the memory limit holds, by 7 of 7 allocation calls, IS-010: 5 of 5 passed, OH-001 worse +200.0 ±3.5 %);"
        " cannot say of native."
    )


def test_a_system_that_lacks_one_does_not() -> None:
    found = fits(ISOLATED, native(), limited(mps()))
    assert found[1].state == "no"
    assert chosen(found).endswith("; not mps: IS-010: 4 of 5 passed.")


def test_what_was_not_measured_is_named() -> None:
    assert chosen(fits(Use("X", ["SCHED-004"]), native(), mps())) == "cannot say: SCHED-004 was not measured."


def test_a_leaking_limit_is_no_limit() -> None:
    found = fits(Use("X", ["memory-limit"]), native(), limited(mps(), leaks=True))
    assert found[1].must[-1].text == "the memory limit leaks"
    assert found[1].state == "no"


def test_every_use_of_the_policy_has_a_sentence() -> None:
    (group,) = grouped(native(), mps())
    policy = load(None)
    assert [text.partition(":")[0] for text in texts(advice(group, policy))] == [one.title for one in policy.use]


def test_one_run_alone_has_no_advice() -> None:
    (group,) = grouped(native())
    assert advice(group, load(None)) == []


def test_a_limit_that_was_tried_by_few_calls_is_not_known_to_hold() -> None:
    found = fits(Use("X", ["memory-limit"]), native(), limited(mps(), said="refused by cuMemCreate"))
    assert (found[1].state, found[1].must[0].text) == (
        "not known",
        "the memory limit was tried by 2 of 7 allocation calls",
    )


def test_a_limit_of_each_process_is_none_of_a_tenant() -> None:
    found = fits(Use("X", ["memory-limit"]), native(), limited(mps(), said=f"{EVERY}; {OWN}"))
    assert found[1].state == "no"


def test_an_unproven_run_is_never_recommended() -> None:
    run = limited(whole(mps()))
    found = fits(ISOLATED, native(), replace(run, proof=[one for one in run.proof if one.when == "before"]))
    assert found[1].state == "not known"


def test_the_baseline_is_compared_with_nothing() -> None:
    found = fits(Use("X", ["OH-001"]), native(), mps())
    assert found[0].must[0].text == "OH-001 of the baseline is compared with nothing"


def test_a_few_samples_that_passed_tell_nothing() -> None:
    run = whole(mps())
    one = replace(run.outcomes["IS-010"], repetitions=run.outcomes["IS-010"].repetitions[:1])
    found = fits(Use("X", ["IS-010"]), native(), replace(run, outcomes={**run.outcomes, "IS-010": one}))
    assert (found[1].state, found[1].must[0].text) == ("not known", "IS-010: 1 of 1 passed, fewer than 5")


def test_work_that_was_put_off_is_no_gain() -> None:
    (group,) = grouped(native(), mps())
    comparison = group.entries[1].comparison
    rows = [replace(row, verdict="deferred or elided") for row in comparison.rows]
    entry = replace(group.entries[1], comparison=replace(comparison, rows=rows))
    assert fit(entry, Use("X", ["OH-001"])).state == "not known"
