"""What a run's record says of an outcome."""

from pathlib import Path

from builders import a_run
from gpu_virt_bench.engine.plan import item
from gpu_virt_bench.engine.record import Record
from gpu_virt_bench.metrics import load
from gpu_virt_bench.model.run import Measured, Repetition
from gpu_virt_bench.testing import FakeDevice


def recorded(**changes: object) -> Measured:
    """A launch latency of one sample, with other parameters than the headline's."""
    metric = load()["OH-001"]
    asked = item(metric, {**metric.headline(FakeDevice()), **changes}, FakeDevice())
    record = Record(a_run({}), Path("run.json"))
    record.add(asked, Repetition(0, "2026-11-21T12:00:00+00:00", 1.0, [1e-6], "enough"), [], {})
    found = record.outcomes[asked.id]
    assert isinstance(found, Measured)
    return found


def test_an_outcome_is_recorded_with_the_one_that_follows_its_work_to_the_end() -> None:
    assert recorded(compute="full").completion == "OH-001[path=round-trip,compute=full]"
    assert recorded(path="round-trip").completion == "OH-010"
    assert recorded(path="start").completion == ""
