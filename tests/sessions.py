"""Sessions short enough for a test, and how a timing test is judged on a busy machine."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from gpu_virt_bench import metrics
from gpu_virt_bench.engine.plan import load_suite
from gpu_virt_bench.engine.request import Request
from gpu_virt_bench.model.metric import Metric
from gpu_virt_bench.model.run import Measured, Run
from gpu_virt_bench.report.text import summarise
from gpu_virt_bench.systems.load import load

LAYER = Path(__file__).parent / "layer"
"""The reference interposer."""

TIME: Mapping[str, Mapping[str, str]] = {"real": {}, "virtual": {"clock": "virtual", "jitter": "0"}}
"""The emulated machine's clock. In virtual time nothing disturbs a sample, and nothing is made to."""
clock = "virtual"
"""Which of them; the fixture `clock` sets it for a test."""

ANEW: list[str] = []
"""Timing tests that were measured again."""
ANEW_AT_MOST = 3


def steady(test: Callable[..., None]) -> Callable[..., None]:
    """Measures anew, up to three times, when the assertion does not hold; the run's summary says which tests did.

    The host's time is real time: a machine that is busy with something else stretches it. A wrong model or metric fails
    each time.
    """

    @functools.wraps(test)
    def again(*args: object, **kwargs: object) -> None:
        for _ in range(ANEW_AT_MOST):
            try:
                return test(*args, **kwargs)
            except AssertionError:
                ANEW.append(test.__name__)
        return test(*args, **kwargs)

    return again


SHORT = replace(
    load_suite("quick"),
    repetitions=2,
    max_repetitions=2,
    warm_seconds=0.05,
    window_seconds=0.4,
    settle_seconds=0.1,
    quota_window_seconds=0.5,
    quota_settle_seconds=0.1,
    polling_seconds=1.0,
    rounds={"latency": 8, "tail": 2, "process": 2, "window": 2, "long": 1},
)
"""The quick suite, quicker."""


def request_for(
    output: Path,
    chosen: str,
    systems: tuple[str, ...] = ("native",),
    device: str = "emulated:h200",
    emulate: Mapping[str, str] | None = None,
    extra: Sequence[Metric] = (),
    **suite: object,
) -> Request:
    """A short session on the emulated GPU; the settings are the request's (`again`, `sweep`) or the suite's. `extra`
    are metrics of the test's own, which are measured too."""
    asked = {name: suite.pop(name) for name in ("again", "sweep", "turns", "tenants", "compute_limit") if name in suite}
    return Request(
        systems=[load(name) for name in systems],
        metrics=[word for word in chosen.split(";") if word] + [one.id for one in extra],
        suite=replace(SHORT, **suite),
        suite_name="quick",
        registry={**metrics.load(), **{one.id: one for one in extra}},
        device=device,
        emulate={**TIME[clock], **(emulate or {})} if device.startswith("emulated") else emulate or {},
        output=output,
        **asked,
    )


def value(run: Run, outcome: str) -> float:
    """The estimate of an outcome."""
    found = run.outcomes[outcome]
    assert isinstance(found, Measured), found
    return summarise(found, run.metrics[found.metric]).value
