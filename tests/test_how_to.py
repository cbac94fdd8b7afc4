"""The how-to pages are run, not only read."""

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from gpu_virt_bench.cli.progress import Silent
from gpu_virt_bench.engine.session import run_session
from gpu_virt_bench.model.workload import Workload
from gpu_virt_bench.systems.load import parse
from gpu_virt_bench.tenant import Tenant, argv
from sessions import request_for

HOW_TO = Path(__file__).parents[1] / "docs" / "how-to"


def blocks(page: str, language: str) -> list[str]:
    """The code of a page in one language."""
    return re.findall(rf"```{language}\n(.*?)```", (HOW_TO / page).read_text(), re.S)


@pytest.fixture
def page() -> dict:
    """What the code of the page on metrics defines."""
    names: dict = {"__name__": "example"}
    exec(compile("".join(blocks("add-a-metric.md", "python")), "add-a-metric.md", "exec"), names)
    return names


def test_the_metrics_of_the_page_pass_their_own_tests(page) -> None:
    page["test_a_straggler_of_twice_the_median_gives_two"]()
    page["test_a_launch_that_takes_twice_as_long_beside_its_neighbor_gives_two"]()
    assert page["launch_straggler"].title == "Slowest of a hundred launches"


def test_the_metrics_of_the_page_give_samples_beside_another_system(page, tmp_path) -> None:
    extra = [page["launch_straggler"], page["launch_beside_allocation"]]
    request = request_for(tmp_path, "", ("time-slicing", "native"), extra=extra, repetitions=1, max_repetitions=1)
    run, other = (record.run for record in run_session(request, Silent()).records)
    assert [run.outcomes[name].outcome for name in ("XX-001", "XX-003")] == ["measured", "measured"]
    assert [granted.role for granted in run.outcomes["XX-003"].party] == ["timed", "neighbor"]
    assert all(row["pairs"] > 0 for row in run.outcomes["XX-003"].repetitions[0].detail["neighbor"])
    assert other.outcomes["XX-003"].reason == "native has no concurrent-tenants"


def test_the_definition_of_the_page_is_a_system_as_it_stands() -> None:
    (text,) = blocks("add-a-system.md", "toml")
    assert parse("mine", tomllib.loads(text), text).title == "Reference layer"


@pytest.fixture
def tenant(tmp_path, monkeypatch) -> Iterator[Tenant]:
    """A tenant that finds the page's workload."""
    (tmp_path / "host_copy.py").write_text(blocks("add-a-workload.md", "python")[0])
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    running = Tenant("tenant", argv((), {}), tmp_path / "stderr", {})
    yield running
    running.close()


def test_the_workload_of_the_page_runs_in_a_tenant_and_gives_its_metric_a_sample(tenant) -> None:
    names: dict = {"__name__": "example"}
    exec(compile(blocks("add-a-workload.md", "python")[1], "add-a-workload.md", "exec"), names)
    bench = SimpleNamespace(party=(tenant,), run=lambda tenant, workload: tenant.run(workload))
    assert next(names["host_copy"].measure(bench)) > 0
    assert tenant.run(names["COPY"]).conditions == {"python": "bytearray"}


def test_the_workload_of_the_page_begins_and_is_stopped(tenant) -> None:
    running = tenant.begin(Workload("host_copy:HostCopy", {"mebibytes": 1, "count": 10**9}))
    running.began(30)
    running.stop()
    assert 0 < len(running.series().columns["copy"]) < 10**9


def test_the_workload_of_the_page_passes_its_own_tests() -> None:
    work, _, tests = blocks("add-a-workload.md", "python")
    names: dict = {"__name__": "example"}
    exec(compile(work + tests, "add-a-workload.md", "exec"), names)
    names["test_every_copy_is_a_row"]()
    names["test_a_wrong_copy_is_no_result"]()


def test_the_page_on_the_earlier_tool_runs_and_tells_what_is_so(tmp_path, monkeypatch) -> None:
    from gpu_virt_bench import metrics
    from gpu_virt_bench.cli import main
    from gpu_virt_bench.model.earlier import CATEGORIES, COUNTS

    monkeypatch.chdir(tmp_path)
    (line,) = blocks("from-the-earlier-tool.md", "")
    main([*shlex.split(line)[1:], "--repetitions", "1"])
    assert list(tmp_path.glob("results/native/*.json"))
    text = (HOW_TO / "from-the-earlier-tool.md").read_text()
    measured = {name.partition("-")[0] for name in metrics.load()}
    for category, prefix in {"overhead": "OH", **CATEGORIES}.items():
        here = "all ten" if prefix in measured else "not yet"
        assert f"| {category} | {prefix}-001 to {prefix}-{COUNTS[prefix]:03} | {here}" in text
    assert sum(COUNTS.values()) == 56
