"""How much longer a session will take."""

import pytest

from gpu_virt_bench.engine.outlook import PRIOR, Outlook

ONCE = {("native", "OH-001"): 20.0, ("mps", "OH-001"): 20.0}


def after(seconds: float, deadline: float | None = None) -> Outlook:
    """An outlook of two repetitions of 40 s that began so long ago."""
    clock = iter([0.0, seconds])
    found = Outlook(80.0, 160.0, deadline, lambda: next(clock))
    found.repeat(ONCE, 80.0, 160.0)
    return found


def test_a_session_that_begins_takes_what_was_announced() -> None:
    assert after(0.0).left() == (80.0, 160.0)


def test_what_is_done_lies_no_longer_ahead() -> None:
    outlook = after(40.0)
    for key, outcome in ONCE:
        outlook.did(key, outcome)
    assert outlook.left() == (40.0, 120.0)


def test_an_outcome_counts_once_in_a_repetition() -> None:
    outlook = after(20.0)
    for _ in range(3):
        outlook.did("native", "OH-001")
    assert outlook.left() == (60.0, 140.0)


def test_a_session_that_is_half_as_quick_takes_twice_as_long() -> None:
    outlook = after(2 * (40.0 + PRIOR) - PRIOR)
    for key, outcome in ONCE:
        outlook.did(key, outcome)
    assert outlook.left() == pytest.approx((80.0, 240.0))


def test_no_more_is_left_than_the_budget_has() -> None:
    assert after(10.0, deadline=40.0).left() == (30.0, 30.0)
