"""Fixtures: the emulated GPU, and sessions short enough for a test."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from gpu_virt_bench import metrics
from gpu_virt_bench.cli.progress import Silent
from gpu_virt_bench.engine.folder import PREFIX, home
from gpu_virt_bench.engine.plan import load_suite
from gpu_virt_bench.engine.request import Request
from gpu_virt_bench.engine.session import Result, run_session
from gpu_virt_bench.model.metric import Metric
from gpu_virt_bench.model.run import Run
from gpu_virt_bench.systems import journal
from gpu_virt_bench.systems.load import load
from gpu_virt_bench.systems.options import configured, resolve_options

ANEW: list[str] = []
"""Timing tests that were measured a second time."""


def steady(test: Callable[..., None]) -> Callable[..., None]:
    """Measures anew, once, when the assertion does not hold; the run's summary says which tests did.

    The emulated GPU's time is real time: a machine that is busy with something else stretches it. A wrong model or
    metric fails both times.
    """

    @functools.wraps(test)
    def again(*args: object, **kwargs: object) -> None:
        try:
            return test(*args, **kwargs)
        except AssertionError:
            ANEW.append(test.__name__)
            return test(*args, **kwargs)

    return again


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says how many timing tests needed a second measurement."""
    terminalreporter.write_line(f"measured anew: {len(ANEW)} timing tests{': ' + ', '.join(ANEW) if ANEW else ''}")


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


@pytest.fixture(autouse=True)
def same_environment() -> Iterator[None]:
    """The harness points its own NVML at the emulated machine; the next test gets a clean slate."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    """No test's session leaves its directory: a journal that is not empty says what could not be undone."""
    yield
    left = list(home().glob(f"{PREFIX}{os.getpid()}-*"))
    journals = [entry for path in left for entry in journal.Journal(path).open()]
    for path in left:
        shutil.rmtree(path, ignore_errors=True)
    assert not left, [{name: value for name, value in entry.items() if name != "env"} for entry in journals]


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
    asked = {name: suite.pop(name) for name in ("again", "sweep", "turns", "tenants") if name in suite}
    return Request(
        systems=[load(name) for name in systems],
        metrics=[word for word in chosen.split(";") if word] + [one.id for one in extra],
        suite=replace(SHORT, **suite),
        suite_name="quick",
        registry={**metrics.load(), **{one.id: one for one in extra}},
        device=device,
        emulate=emulate or {},
        output=output,
        **asked,
    )


@pytest.fixture
def measure(tmp_path: Path) -> Callable[..., Run]:
    """Measures outcomes natively on the emulated GPU and returns the run."""

    def run(chosen: str, **settings: object) -> Run:
        result: Result = run_session(request_for(tmp_path / "results", chosen, **settings), Silent())
        return result.records[0].run

    return run


@pytest.fixture(scope="module")
def module_measure(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Run]:
    """As `measure`, for runs that several tests of a module read."""

    def run(chosen: str, **settings: object) -> Run:
        folder = tmp_path_factory.mktemp("results")
        return run_session(request_for(folder, chosen, **settings), Silent()).records[0].run

    return run


LAYER = Path(__file__).parent / "layer"


@pytest.fixture(scope="session")
def layer() -> Path:
    """The reference interposer, built."""
    subprocess.run(["make", "-s", "-C", str(LAYER), "all"], check=True, capture_output=True)
    return LAYER / "build" / "libgvblayer.so"


@pytest.fixture(scope="module")
def layered(layer: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Run]:
    """Measures outcomes under the reference interposer with some of its knobs, on the emulated GPU."""

    def run(chosen: str, knobs: Mapping[str, str] | None = None, **settings: object) -> Run:
        folder = tmp_path_factory.mktemp("results")
        base = {"repetitions": 1, "max_repetitions": 1, "polling_seconds": 2.0, "seconds_per_outcome": 30.0}
        request = request_for(folder, chosen, (str(LAYER / "reference-layer.toml"),), **{**base, **settings})
        options = {"library": str(layer), **{f"env.LAYER_{name}": value for name, value in (knobs or {}).items()}}
        (system,) = request.systems
        result = run_session(
            replace(
                request,
                systems=[configured(system, resolve_options(system, options))],
                options={system.id: resolve_options(system, options)},
            ),
            Silent(),
        )
        assert result.refused is None, result.refused
        return result.records[0].run

    return run
