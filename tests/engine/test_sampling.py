"""Sampling: rejection, plausibility, and when to stop."""

import time

import pytest

from gpu_virt_bench import metric
from gpu_virt_bench.engine.readings import Reading
from gpu_virt_bench.engine.sampling import Rule, Taken, check, reason_to_stop
from gpu_virt_bench.model.metric import Implausible
from gpu_virt_bench.model.run import Rejected, Repetition, too_many_rejected

RULE = Rule(samples=3, warmup=1, seconds=10)


def latency(unit: str = "us"):
    """A metric."""

    def example(bench):
        """An example.

        sample = a value
        """
        yield 1.0

    return metric("XX-001", unit=unit, better="lower")(example)


def taken(*values: float, rejected: int = 0) -> Taken:
    """What was taken: accepted values, and as many rejected ones."""
    found = Taken(0, origin=0.0)
    for number, value in enumerate(values):
        found.take(number, value, [Reading(1.0 + number, 2.0)], None, warm=False)
    for number in range(rejected):
        found.take(100 + number, 9.0, [Reading(1.0, 2.0, rejected="throttled")], None, warm=False)
    return found


def test_a_sample_keeps_its_round_its_begin_and_its_clock() -> None:
    found = Taken(0, origin=10.0)
    found.take(4, 1.0, [Reading(12.5, 13.0, clock_hz=2e9), Reading(12.0, 12.5, clock_hz=1e9)], 1.5, warm=False)
    made = found.repetition()
    assert (made.rounds, made.begins, made.paces, made.clocks_hz) == ([4], [2.0], [1.5], [1.5e9])


def test_warm_up_is_no_sample() -> None:
    found = Taken(0, origin=0.0)
    found.take(0, 9.0, [Reading(0.0, 1.0)], None, warm=True)
    assert (found.repetition().warmup, found.repetition().samples) == ([9.0], [])


def test_a_sample_falls_with_any_of_its_readings_and_voids_its_round() -> None:
    found = Taken(0, origin=0.0)
    found.take(7, 9.0, [Reading(0.0, 1.0), Reading(1.0, 2.0, rejected="overlap of 0.50")], None, warm=False)
    assert found.repetition().rejected == [Rejected(9.0, "overlap of 0.50", 7)]
    assert found.repetition().rounds == []


def test_rounds_end_when_every_entry_has_enough() -> None:
    now = time.monotonic()
    assert reason_to_stop([taken(1.0, 1.0, 1.0), taken(1.0, 1.0)], RULE, now) is None
    assert reason_to_stop([taken(1.0, 1.0, 1.0), taken(1.0, 1.0, 1.0)], RULE, now) == "enough"


def test_spent_time_ends_rounds_with_what_is_there() -> None:
    long_ago = time.monotonic() - 11
    assert reason_to_stop([taken(1.0)], RULE, long_ago) == "budget"
    assert reason_to_stop([taken()], RULE, long_ago) is None


def test_the_budget_is_for_each_entry() -> None:
    then = time.monotonic() - 11
    assert reason_to_stop([taken(1.0), taken(1.0)], RULE, then) is None


def test_spent_time_ends_rounds_in_which_everything_was_rejected() -> None:
    assert reason_to_stop([taken(rejected=1)], RULE, time.monotonic() - 11) == "budget"


def test_rounds_in_which_everything_is_rejected_end_before_their_time() -> None:
    now = time.monotonic()
    assert reason_to_stop([taken(rejected=3)], RULE, now) is None
    assert reason_to_stop([taken(rejected=4)], RULE, now) == "rejected"


def test_a_value_that_is_no_number_is_refused() -> None:
    with pytest.raises(Implausible, match="XX-001 yielded nan, expected a number"):
        check(latency(), float("nan"), 0.0, taken())


def test_a_time_below_the_clocks_floor_is_refused_with_the_arithmetic() -> None:
    with pytest.raises(Implausible, match=r"implausible: 10.0 ns, the clock's own floor is 20.0 ns x 0.95 = 19.0 ns"):
        check(latency(), 10e-9, 20e-9, taken())


def test_a_metric_that_ends_is_refused() -> None:
    with pytest.raises(Implausible, match="XX-001 ended after 2 samples; a metric must go on yielding"):
        check(latency(), None, 0.0, taken(1.0, 1.0))


def test_more_than_a_fifth_rejected_is_a_failure() -> None:
    part = Repetition(0, "", 1.0, [1.0] * 7, "enough", rejected=[Rejected(1.0, "throttled")] * 3)
    assert too_many_rejected([part]) == "3 of 10 samples rejected, the last: throttled"
    assert too_many_rejected([Repetition(0, "", 1.0, [1.0] * 8, "enough", rejected=[Rejected(1.0, "x")] * 2)]) is None
