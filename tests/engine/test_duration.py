"""What a session is expected to take."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from builders import DEVICE
from gpu_virt_bench.engine.duration import PREPARED, lasting, sampled, standing
from gpu_virt_bench.engine.entry import Entry
from gpu_virt_bench.engine.groups import Group
from gpu_virt_bench.engine.sampling import Rule
from gpu_virt_bench.model.metric import Share
from gpu_virt_bench.systems.load import load


@pytest.fixture
def course() -> Any:
    """Two native entries and a layer in the process; a tenant starts in a second."""
    native = load("native")
    systems = {"native": native, "again": native, "layer": replace(native, mechanism="preload")}
    places = {key: SimpleNamespace(entry=Entry(system), devices=[DEVICE]) for key, system in systems.items()}
    return SimpleNamespace(
        reference=SimpleNamespace(start_seconds=1.0),
        places=places,
        request=SimpleNamespace(suite=SimpleNamespace(warm_seconds=0.0, polling_seconds=1.0)),
        terms=SimpleNamespace(window=lambda item: None),
    )


ONE = Group((Share(),), False, False, ())


@pytest.mark.parametrize(("keys", "seconds"), [(["native"], 1.3), (["native", "again"], 2.1), (["layer"], 1.95)])
def test_tenants_start_partly_one_after_the_other_and_a_layers_more_slowly(course: Any, keys, seconds) -> None:
    assert standing(course, ONE, keys) == pytest.approx(seconds)


def item(party: tuple[Share, ...]) -> Any:
    """An outcome that is said to take 0.4 s."""
    return SimpleNamespace(metric=SimpleNamespace(seconds_of=lambda *asked: 0.4), params={}, party=party)


def test_a_sample_that_starts_a_process_takes_no_less_than_the_start(course: Any) -> None:
    assert lasting(course, item(()), ["native"]) == 1.3
    assert lasting(course, item((Share(),)), ["native"]) == 0.4


@pytest.mark.parametrize(
    ("rule", "samples"),
    [
        (Rule(6, 2, 100.0), 8),
        (Rule(6, 0, 1.0), 3),  # the third begins at 0.8 s and is the last
        (Rule(6, 2, 0.1), 3),  # one that counts is taken all the same
    ],
)
def test_samples_end_when_the_time_of_their_outcome_is_spent(course: Any, rule: Rule, samples: int) -> None:
    course.terms.rule = lambda item: rule
    assert sampled(course, item((Share(),)), ["native"]) == pytest.approx(samples * 0.4 + PREPARED)


def test_what_costs_no_time_is_prepared_all_the_same(course: Any) -> None:
    course.terms.rule = lambda item: Rule(6, 2, 1.0)
    free = SimpleNamespace(metric=SimpleNamespace(seconds_of=lambda *asked: 0.0), params={}, party=(Share(),))
    assert sampled(course, free, ["native"]) == PREPARED
