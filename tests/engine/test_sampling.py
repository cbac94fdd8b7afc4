"""Sampling: how often, when to stop, what is refused."""

import pytest

from gpu_virt_bench import metric
from gpu_virt_bench.engine.sampling import Implausible, Rule, Taken, collect
from gpu_virt_bench.model.run import Rejected, Repetition, too_many_rejected
from gpu_virt_bench.testing import FakeBench


def yielding(*values: float, unit: str = "us"):
    """A metric that yields the values, the last for ever."""

    def example(bench):
        """An example.

        sample = a given value
        """
        yield from values
        while True:
            yield values[-1]

    return metric("XX-001", unit=unit, better="lower")(example)


def free(begin: float, end: float) -> None:
    """No slowdown."""


def take(found, rule: Rule, slowdown=free) -> Repetition:
    """One repetition."""
    return collect(found, FakeBench([{}]), rule, Taken(0), slowdown, lambda: None)


def test_leading_samples_are_warm_up() -> None:
    repetition = take(yielding(9.0, 8.0, 1.0, 2.0), Rule(samples=2, warmup=2, seconds=10))
    assert (repetition.warmup, repetition.samples, repetition.stop) == ([9, 8], [1, 2], "enough")


def test_spent_time_ends_sampling_with_what_is_there() -> None:
    repetition = take(yielding(1.0), Rule(samples=10**9, warmup=0, seconds=0))
    assert (repetition.samples, repetition.stop) == ([1.0], "budget")


def test_a_throttled_sample_is_kept_as_rejected() -> None:
    reasons = iter(["throttled: hardware-thermal", None, None])
    repetition = take(yielding(7.0, 1.0), Rule(2, 0, 10), lambda begin, end: next(reasons))
    assert repetition.samples == [1.0, 1.0]
    assert repetition.rejected == [Rejected(7.0, "throttled: hardware-thermal")]


def test_a_value_that_is_no_number_is_refused() -> None:
    with pytest.raises(Implausible, match="XX-001 yielded nan, expected a number"):
        take(yielding(float("nan")), Rule(1, 0, 10))


def test_a_time_below_the_clocks_floor_is_refused_with_the_arithmetic() -> None:
    with pytest.raises(Implausible, match=r"implausible: 10.0 ns, the clock's own floor is 20.0 ns x 0.95 = 19.0 ns"):
        take(yielding(10e-9), Rule(1, 0, 10, floor=20e-9))


def test_a_metric_that_ends_is_refused() -> None:
    def ending(bench):
        """Ends.

        sample = one
        """
        yield 1.0

    with pytest.raises(Implausible, match="XX-002 ended after 1 samples"):
        take(metric("XX-002", unit="us", better="lower")(ending), Rule(2, 0, 10))


def test_more_than_a_fifth_rejected_is_a_failure() -> None:
    part = Repetition(0, "", 1.0, [1.0] * 7, "enough", rejected=[Rejected(1.0, "throttled")] * 3)
    assert too_many_rejected([part]) == "3 of 10 samples rejected, the last: throttled"
    assert too_many_rejected([Repetition(0, "", 1.0, [1.0] * 8, "enough", rejected=[Rejected(1.0, "x")] * 2)]) is None


def test_the_generator_is_closed_before_the_repetition_ends() -> None:
    closed = []

    def held(bench):
        """Holds something.

        sample = one
        """
        try:
            while True:
                yield 1.0
        finally:
            closed.append(True)

    take(metric("XX-003", unit="us", better="lower")(held), Rule(1, 0, 10))
    assert closed == [True]
