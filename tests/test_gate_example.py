"""The workflow of docs/examples is run, command by command."""

import importlib.util
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

SCRIPT = Path(__file__).parents[1] / "benchmarks" / "gate_example.py"


@pytest.fixture(scope="module")
def example():
    """The script that runs the workflow's commands."""
    spec = importlib.util.spec_from_file_location("gate_example", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_command_of_the_workflow_is_run(example) -> None:
    assert example.WORKFLOW.read_text().count(" run: ") == len(example.steps()) + len(["Install GPU-Virt-Bench"])


def test_an_equal_layer_passes(example, layer, tmp_path) -> None:
    step, done = example.workflow(tmp_path, 0)
    assert (step, done.returncode) == ("Gate", 0), done.stderr
    assert "Parity with native" in (tmp_path / "summary.md").read_text()


def test_a_layer_that_adds_5_us_to_a_launch_fails(example, layer, tmp_path) -> None:
    step, done = example.workflow(tmp_path, example.SLOWER)
    assert (step, done.returncode) == ("Gate", 1), done.stderr
    assert re.search(r"::error title=OH-001 Kernel launch latency::worse: [\d.]+ -> [\d.]+ us; \+[\d,.]+ ", done.stderr)
    assert ElementTree.parse(tmp_path / "gate.xml").find("testsuite").get("failures") == "1"
