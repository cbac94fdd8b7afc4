"""What a session is expected to take."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from builders import DEVICE
from gpu_virt_bench.engine.duration import lasting, standing
from gpu_virt_bench.engine.entry import Entry
from gpu_virt_bench.engine.groups import Group
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
