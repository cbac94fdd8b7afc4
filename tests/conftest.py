"""Fixtures: sessions on the emulated GPU, and what each test must leave behind: nothing."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import sessions
from gpu_virt_bench.cli.progress import Silent
from gpu_virt_bench.engine.folder import PREFIX, VARIABLE, home
from gpu_virt_bench.engine.session import Result, run_session
from gpu_virt_bench.model.run import Run
from gpu_virt_bench.systems import journal
from gpu_virt_bench.systems.options import configured, resolve_options
from sessions import ANEW, LAYER, request_for


def pytest_configure(config: pytest.Config) -> None:
    """A shell starts what stands in the background deaf to Ctrl-C, and what tests start would inherit that."""
    del config
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker tells which timing tests it measured again."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["anew"] = ANEW


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Gathers what the workers tell."""
    ANEW.extend(getattr(node, "workeroutput", {}).get("anew", []))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says how many timing tests needed a second measurement."""
    terminalreporter.write_line(f"measured anew: {len(ANEW)} timing tests{': ' + ', '.join(ANEW) if ANEW else ''}")


@pytest.fixture(scope="session", autouse=True)
def own_home() -> Iterator[None]:
    """Sessions of tests see each other, and no other session of this host."""
    with tempfile.TemporaryDirectory(prefix="gvbt-", dir=home()) as place:
        os.environ[VARIABLE] = place
        yield


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


@pytest.fixture(autouse=True)
def clock(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sessions of a test that is marked `host_time` live in the host's time."""
    if request.node.get_closest_marker("host_time"):
        monkeypatch.setattr(sessions, "clock", "real")


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
