"""What would tell: how many repetitions more, and how long they take."""

import math
import random
from pathlib import Path
from statistics import NormalDist

import pytest

from builders import a_run
from gpu_virt_bench.compare import Loaded, compare
from gpu_virt_bench.compare.outlook import MOST
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


def test_so_many_repetitions_do_tell() -> None:
    found = row([1.0] * 9, spread(9, 1.05, 0.06))
    assert found.verdict == "inconclusive"
    count = int(found.outlook.split()[1])
    assert 9 < count < MOST
    assert row([1.0] * count, spread(count, 1.05, 0.06)).verdict != "inconclusive"


def test_too_few_repetitions_say_how_long_the_rest_takes() -> None:
    assert row([1.0] * 3, [3.0, 3.1, 2.9]).outlook == "about 5 repetitions would tell (2 more, about 3 min 20 s)"


def test_a_single_repetition_has_an_outlook() -> None:
    assert row([1.0], [1.01]).outlook == "about 5 repetitions would tell (4 more, about 20 min)"


def test_runs_of_two_sessions_need_them_on_both_sides() -> None:
    assert "in each run would tell" in row([1.0] * 3, [3.0, 3.1, 2.9], session="another").outlook


def test_what_no_session_would_tell_says_so() -> None:
    found = row([1.0] * 9, spread(9, 1.01, 0.9))
    assert found.outlook == f"more than {MOST} repetitions would be needed to tell"


@pytest.mark.parametrize("candidate", [[1.0] * 5, [2.0, 2.1, 2.0, 1.9, 2.0]])
def test_a_verdict_has_no_outlook(candidate: list[float]) -> None:
    assert row([1.0, 1.001, 1.0, 0.999, 1.0], candidate).outlook == ""
