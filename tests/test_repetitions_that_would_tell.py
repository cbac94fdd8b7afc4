"""What would tell: how many repetitions more, and how long they take."""

import math
import random
from pathlib import Path
from statistics import NormalDist

import pytest

from builders import a_run
from gpu_virt_bench.compare import Loaded, compare
from gpu_virt_bench.compare.outlook import MOST, rounded_up
from gpu_virt_bench.model.comparison import Row
from gpu_virt_bench.policy import load


def row(baseline: list[float], candidate: list[float], session: str = "session-1") -> Row:
    """The only row of a comparison; a session of these runs lasts five minutes."""
    sides = a_run({"OH-001": baseline}), a_run({"OH-001": candidate}, system="mps", session=session)
    (found,) = compare(*(Loaded(Path(f"{run.system.id}.json"), run) for run in sides), load()).rows
    return found


def spread(n: int, middle: float, deviation: float) -> list[float]:
    """n values whose quantiles are a normal distribution's, in a seeded order."""
    found = [math.exp(math.log(middle) + deviation * NormalDist().inv_cdf((i + 0.5) / n)) for i in range(n)]
    random.Random(7).shuffle(found)
    return found


def test_a_wide_interval_says_how_many_repetitions_would_narrow_it() -> None:
    found = row([1.0] * 9, spread(9, 1.02, 0.06))
    assert found.verdict == "inconclusive"
    assert found.outlook.startswith("about ") and " repetitions would tell (" in found.outlook


@pytest.mark.parametrize("truth", [0.0, 0.01, 0.03])
def test_so_many_repetitions_mostly_tell(truth: float) -> None:
    """Of 60 sessions whose changes scatter by the margin, those that got advice follow it with new ones."""
    chance, told = random.Random(11), []
    for _ in range(60):
        advice = row([1.0] * 6, drawn(chance, 6, truth)).outlook
        if advice.startswith("about "):
            count = int(advice.split()[1])
            told.append(row([1.0] * count, drawn(chance, count, truth)).verdict != "inconclusive")
    assert len(told) > 10 and sum(told) > 0.55 * len(told)


def drawn(chance: random.Random, n: int, truth: float) -> list[float]:
    """n candidates' values."""
    return [math.exp(chance.gauss(math.log1p(truth), 0.02)) for _ in range(n)]


def test_too_few_repetitions_say_how_long_a_new_session_takes() -> None:
    assert (
        row([1.0] * 3, [3.0, 3.1, 2.9]).outlook == "about 5 repetitions would tell (--repetitions 5, about 8 min 20 s)"
    )


@pytest.mark.parametrize("candidate", [[1.01], [1.01, 1.02]])
def test_a_spread_that_is_not_known_has_no_outlook(candidate: list[float]) -> None:
    assert row([1.0] * len(candidate), candidate).outlook == ""


def test_runs_of_two_sessions_need_them_on_both_sides() -> None:
    assert "in each run would tell" in row([1.0] * 3, [3.0, 3.1, 2.9], session="another").outlook


def test_what_no_session_would_tell_says_so() -> None:
    found = row([1.0] * 9, spread(9, 1.01, 0.9))
    assert found.outlook == f"more than {MOST} repetitions would be needed to tell"


@pytest.mark.parametrize("candidate", [[1.0] * 5, [2.0, 2.1, 2.0, 1.9, 2.0]])
def test_a_verdict_has_no_outlook(candidate: list[float]) -> None:
    assert row([1.0, 1.001, 1.0, 0.999, 1.0], candidate).outlook == ""


def test_a_forecast_of_repetitions_is_round() -> None:
    assert [rounded_up(total) for total in (13, 23, 96, 186, 196)] == [13, 25, 100, 190, 200]
