"""Tenants as real processes, and scripts in their place."""

from __future__ import annotations

import itertools
import os
import sys
import textwrap
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from gpu_virt_bench import emulated
from gpu_virt_bench.tenant import Tenant, argv

BASE = {"PATH": os.environ["PATH"]}
WORKS = Path(__file__).parent / "works"
"""Where the Python workloads of these tests lie."""


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Callable[[Sequence[str]], Tenant]]:
    """Starts an argv as a tenant; all are ended with the test."""
    started: list[Tenant] = []
    names = itertools.count(1)

    def start(words: Sequence[str], **settings: object) -> Tenant:
        name = f"tenant-{next(names)}"
        tenant = Tenant(name, words, tmp_path / f"{name}.stderr", BASE, **settings)
        started.append(tenant)
        return tenant

    yield start
    for tenant in started:
        tenant.kill()
        tenant.close()


@pytest.fixture
def start(begin) -> Callable[..., Tenant]:
    """Starts a real tenant, behind a command and with variables."""

    def tenant(command: Sequence[str] = (), env: dict[str, str] | None = None, **settings: object) -> Tenant:
        return begin(argv(command, env or {}), **settings)

    return tenant


@pytest.fixture
def python(start, monkeypatch) -> Callable[..., Tenant]:
    """Starts a real tenant that finds the Python workloads of these tests."""
    monkeypatch.setenv("PYTHONPATH", str(WORKS))
    return lambda env=None, command=(): start(command, env)


@pytest.fixture
def gpu(tmp_path: Path) -> dict[str, str]:
    """The variables that lead a tenant to an emulated GPU."""
    machine = emulated.make_machine(tmp_path / "machine", emulated.configuration("h200", {}))
    return {"LD_LIBRARY_PATH": str(emulated.LIBRARIES), emulated.VARIABLE: str(machine)}


@pytest.fixture
def fake(begin, tmp_path: Path) -> Callable[[str], Tenant]:
    """Starts a script in a tenant's place."""

    def script(body: str) -> Tenant:
        path = tmp_path / "fake.py"
        path.write_text("import sys, json, time\n" + textwrap.dedent(body))
        return begin([sys.executable, str(path)])

    return script
