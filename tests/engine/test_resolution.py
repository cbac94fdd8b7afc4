"""Which outcomes get more repetitions."""

from types import SimpleNamespace

import pytest

from builders import a_run, in_rounds
from gpu_virt_bench.engine.resolution import is_wide
from gpu_virt_bench.policy import load


def course(unit: str, spread: float) -> SimpleNamespace:
    """A session whose change of one outcome has that half-width."""
    changes = [1 - spread, 1 - spread / 2, 1.0, 1 + spread / 2, 1 + spread]
    definition = {"OH-001": {"unit": unit, "shown_unit": "us" if unit == "s" else unit, "compare": "ratio"}}
    runs = [a_run({"OH-001": [1.0] * 5}, definition) for _ in range(2)]
    sides = [in_rounds("OH-001", [[1.0]] * 5), in_rounds("OH-001", [[change] for change in changes])]
    records = {
        str(number): SimpleNamespace(run=run, outcomes={"OH-001": side})
        for number, (run, side) in enumerate(zip(runs, sides, strict=True))
    }
    return SimpleNamespace(records=records)


@pytest.mark.parametrize(
    ("unit", "spread", "wide"),
    [("s", 0.012, True), ("s", 0.008, False), ("cycles/s", 0.008, True), ("cycles/s", 0.004, False)],
)
def test_a_latency_is_told_to_half_of_its_margin_and_a_rate_to_a_quarter(unit, spread, wide) -> None:
    assert is_wide(course(unit, spread), "OH-001", load(), 0.5) is wide
