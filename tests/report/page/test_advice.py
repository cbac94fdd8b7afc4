"""What to take for which use: from verdicts, each with its evidence, and with what is lacking."""

from dataclasses import replace

from pages import grouped, limited, mps, native, texts

from gpu_virt_bench.policy import Use, load
from gpu_virt_bench.report.page.advice import advice, chosen, fit

ISOLATED = Use("Isolation", ["memory-limit", "IS-010"], ["OH-001"])


def fits(use, *runs):
    (group,) = grouped(*runs)
    return [fit(one, use) for one in group.entries]


def whole(run):
    """The run with every sample of IS-010 passed."""
    passed = run.outcomes["IS-010"]
    repetitions = [replace(one, samples=[1.0]) for one in passed.repetitions]
    return replace(run, outcomes={**run.outcomes, "IS-010": replace(passed, repetitions=repetitions)})


def test_a_system_that_has_all_fits() -> None:
    found = fits(ISOLATED, native(), limited(whole(mps())))
    assert [one.state for one in found] == ["not known", "yes"]
    assert chosen(found) == (
        "mps (the memory limit holds, IS-010: 5 of 5 passed, OH-001 worse +200.0 ±3.5 %); cannot say of native."
    )


def test_a_system_that_lacks_one_does_not() -> None:
    found = fits(ISOLATED, native(), limited(mps()))
    assert found[1].state == "no"
    assert chosen(found).endswith("; not mps: IS-010: 4 of 5 passed.")


def test_what_was_not_measured_is_named() -> None:
    assert chosen(fits(Use("X", ["SCHED-004"]), native(), mps())) == "cannot say: SCHED-004 was not measured."


def test_a_leaking_limit_is_no_limit() -> None:
    found = fits(Use("X", ["memory-limit"]), native(), limited(mps(), leaks=True))
    assert [one.text for one in found[1].must] == ["the memory limit leaks"]


def test_every_use_of_the_policy_has_a_sentence() -> None:
    (group,) = grouped(native(), mps())
    policy = load(None)
    assert [text.partition(":")[0] for text in texts(advice(group, policy))] == [one.title for one in policy.use]


def test_one_run_alone_has_no_advice() -> None:
    (group,) = grouped(native())
    assert advice(group, load(None)) == []
