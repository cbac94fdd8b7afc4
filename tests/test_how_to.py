"""The how-to pages are run, not only read."""

import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import pytest

from gpu_virt_bench.cli.progress import Silent
from gpu_virt_bench.engine.session import run_session
from gpu_virt_bench.model.workload import Workload
from gpu_virt_bench.results import load
from gpu_virt_bench.systems.load import parse
from gpu_virt_bench.tenant import Tenant, argv
from sessions import request_for, steady, value

HOW_TO = Path(__file__).parents[1] / "docs" / "how-to"


def blocks(page: str, language: str) -> list[str]:
    """The blocks of a page in one language; "" for commands."""
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", (HOW_TO / page).read_text(), re.S | re.M)
    return [text for kind, text in fenced if kind == language]


@pytest.fixture
def package(tmp_path) -> Path:
    """The three files of the page on metrics, as they stand."""
    function, neighbor, test = blocks("add-a-metric.md", "python")
    (tmp_path / "my_metrics.py").write_text(f"{function}\n\n{neighbor}")
    (tmp_path / "test_my_metrics.py").write_text(test)
    (tmp_path / "pyproject.toml").write_text(*blocks("add-a-metric.md", "toml"))
    return tmp_path


@pytest.fixture
def page(package, monkeypatch) -> dict:
    """What the code of the page on metrics defines."""
    monkeypatch.syspath_prepend(package)
    monkeypatch.delitem(sys.modules, "my_metrics", raising=False)
    return vars(import_module("my_metrics"))


def pytest_of(folder: Path) -> str:
    """What pytest says of a folder."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True).stdout


def test_the_test_of_the_page_on_metrics_passes_as_it_stands(package) -> None:
    assert "2 passed" in pytest_of(package)


@pytest.mark.parametrize(("named", "found"), [("my_metrics", 2), ("my_metrics:launch_spread", 1)])
def test_the_package_of_the_page_is_found_when_it_is_installed(package, tmp_path, named, found) -> None:
    project = package / "pyproject.toml"
    project.write_text(project.read_text().replace('mine = "my_metrics"', f'mine = "{named}"'))
    install = ["install", "--quiet", "--no-build-isolation", "--no-deps", "--target", str(tmp_path / "site"), "."]
    subprocess.run([sys.executable, "-m", "pip", *install], cwd=package, check=True, capture_output=True)
    command = [sys.executable, "-m", "gpu_virt_bench", "list", "metrics", "--format", "json"]
    env = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
    done = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True)
    mine = [row for row in json.loads(done.stdout)["list"] if row["id"].startswith("XX-")]
    assert [row["category"] for row in mine] == ["my_metrics"] * found


def spread(page: dict, folder: Path, emulate: dict[str, str]) -> float:
    """The first metric of the page, on such an emulated GPU."""
    request = request_for(folder, "", extra=[page["launch_spread"]], emulate=emulate)
    return value(run_session(request, Silent()).records[0].run, "XX-001")


@steady
def test_the_metric_of_the_page_moves_with_what_it_measures_and_with_nothing_else(page, tmp_path) -> None:
    usual = spread(page, tmp_path, {})
    assert usual == pytest.approx(1.006, abs=0.02)
    assert spread(page, tmp_path, {"jitter": "0.2"}) == pytest.approx(1.10, abs=0.03)
    assert spread(page, tmp_path, {"sm_clock": "990000000"}) == pytest.approx(usual, abs=0.02)


def test_the_metrics_of_the_page_give_samples_beside_another_system(page, tmp_path) -> None:
    extra = [page["launch_spread"], page["launch_beside_allocation"]]
    request = request_for(tmp_path, "", ("time-slicing", "native"), extra=extra, repetitions=1, max_repetitions=1)
    run, other = (record.run for record in run_session(request, Silent()).records)
    assert [run.outcomes[name].outcome for name in ("XX-001", "XX-003")] == ["measured", "measured"]
    assert [granted.role for granted in run.outcomes["XX-003"].party] == ["timed", "neighbor"]
    assert all(row["pairs"] > 0 for row in run.outcomes["XX-003"].repetitions[0].detail["neighbor"])
    assert other.outcomes["XX-003"].reason == "native has no concurrent-tenants"


def test_the_definition_of_the_page_is_a_system_as_it_stands() -> None:
    (text,) = blocks("add-a-system.md", "toml")
    assert parse("mine", tomllib.loads(text), text).title == "Reference layer"


def command(page: str, begin: str) -> str:
    """The one command of a page that begins so, as it stands."""
    (found,) = [text.strip() for text in blocks(page, "") if text.startswith(begin)]
    return found


def printed(text: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """What a command of a page does there."""
    env = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    return subprocess.run(["bash", "-ec", text], cwd=folder, env=env, capture_output=True, text=True)


def test_the_first_run_of_the_page_on_systems_is_one(layer, tmp_path) -> None:
    text = command("add-a-system.md", "gpu-virt-bench run --system native --system tests/layer")
    done = printed(f"{text} --output {tmp_path} --repetitions 1 --iterations 1", HOW_TO.parents[1])
    assert done.returncode == 0, done.stderr
    assert "reference-layer against native" in done.stdout


def test_the_definition_of_the_page_is_proved_by_the_pages_command(layer, tmp_path) -> None:
    (text,) = blocks("add-a-system.md", "toml")
    (tmp_path / "mine.toml").write_text(text)
    prove = command("add-a-system.md", "gpu-virt-bench prove").replace("/absolute/path/libmine.so", str(layer))
    done = printed(prove, tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr  # arrays are open, as the layer's own page says
    assert "cuArrayCreate" in done.stdout


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


def test_the_test_of_the_page_on_workloads_passes_as_it_stands(tmp_path) -> None:
    work, _, test = blocks("add-a-workload.md", "python")
    (tmp_path / "host_copy.py").write_text(work)
    (tmp_path / "test_host_copy.py").write_text(test)
    assert "2 passed" in pytest_of(tmp_path)


# ---- the page on victims and neighbors of one's own


@pytest.fixture
def cells(tmp_path) -> Callable[..., dict[str, float]]:
    """The outcomes of a command of the page, in a folder that has the page's work."""
    (tmp_path / "upload.py").write_text(*blocks("own-neighbor.md", "python"))

    def measured(begin: str, *words: str) -> dict[str, float]:
        text = command("own-neighbor.md", begin)
        done = printed(f"{text} {shlex.join(words)} --repetitions 1 --iterations 1 --warmup 0 --json-only", tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
        run = load(tmp_path / json.loads(done.stdout)["session"]["runs"][0])
        return {name: value(run, name) for name in run.outcomes}

    return measured


@pytest.mark.host_time
@steady
def test_a_loader_of_ones_own_takes_twice_as_long_beside_another(cells) -> None:
    found = cells("PYTHONPATH=. gpu-virt-bench run --system time-slicing --metrics IS-009 --victim")
    assert found == {
        "IS-009[victim=upload:Upload,aggressor=upload:Upload]": pytest.approx(0.97, abs=0.1),
        "IS-009[victim=upload:Upload,aggressor=idle]": pytest.approx(0.0, abs=0.1),
    }


@pytest.mark.host_time
def test_a_loader_of_ones_own_is_a_neighbor_of_kernels(cells) -> None:
    found = cells("PYTHONPATH=. gpu-virt-bench run --system time-slicing --metrics IS-009 --aggressor")
    assert list(found) == ["IS-009[aggressor=upload:Upload,intensity=0.5]"]


def test_the_first_command_of_the_page_is_three_outcomes(cells) -> None:
    begin = "gpu-virt-bench run --system time-slicing --metrics IS-009 --victim fma"
    assert len(cells(begin, "--device", "emulated", "--emulate", "clock=virtual")) == 3


def test_the_page_on_the_earlier_tool_runs_and_tells_what_is_so(tmp_path, monkeypatch) -> None:
    from gpu_virt_bench import metrics
    from gpu_virt_bench.cli import main
    from gpu_virt_bench.model.earlier import CATEGORIES, COUNTS

    monkeypatch.chdir(tmp_path)
    (line,) = blocks("from-the-earlier-tool.md", "")
    main([*shlex.split(line)[1:], "--repetitions", "1"])
    assert list(tmp_path.glob("results/native/*.json"))
    text = (HOW_TO / "from-the-earlier-tool.md").read_text()
    whole = {3: "all three", 4: "all four", 10: "all ten"}
    for category, prefix in {"overhead": "OH", **CATEGORIES}.items():
        ours = [name for name in metrics.load() if name.startswith(f"{prefix}-")]
        here = "not yet" if not ours else whole[len(ours)] if len(ours) == COUNTS[prefix] else ", ".join(ours)
        assert f"| {category} | {prefix}-001 to {prefix}-{COUNTS[prefix]:03} | {here}" in text
    assert sum(COUNTS.values()) == 56


def test_the_page_on_comparisons_builds_the_layer_before_it_measures_it() -> None:
    (block,) = [text for text in blocks("compare.md", "") if "cp tests/layer" in text]
    assert block.startswith("make -C tests/layer\n")
    done = subprocess.run(["make", "--dry-run", *block.split()[1:3]], cwd=HOW_TO.parents[1], capture_output=True)
    assert done.returncode == 0


def test_the_code_of_the_page_on_data_frames_runs_and_finds_what_it_says(tmp_path, monkeypatch) -> None:
    published = HOW_TO.parent / "results" / "h100" / "overhead"
    for name in ("native", "native_aa", "mps", "hami-core"):
        (tmp_path / "results" / name).mkdir(parents=True)
        (tmp_path / "results" / name / "run.json").symlink_to(published / f"{name}.json")
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    for block in blocks("data-frame.md", "python"):
        exec(compile(block, "data-frame.md", "exec"), names)
    assert list(names["launch"].index) == ["hami-core", "mps", "native"]
    assert (names["launch"].low <= names["launch"].value).all()
    ratios = names["pairs"]["hami-core"] / names["pairs"]["native"]
    assert ratios.median() == pytest.approx(1.037, abs=0.01)


def test_the_page_on_data_frames_names_every_column_of_an_outcome() -> None:
    from dataclasses import fields

    from gpu_virt_bench.report.rows import OutcomeRow

    text = (HOW_TO / "data-frame.md").read_text()
    assert [column.name for column in fields(OutcomeRow) if f"`{column.name}`" not in text] == []
