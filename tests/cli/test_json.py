"""All that commands write as JSON has one form, and a schema that it keeps."""

import json

import jsonschema
import pytest
from click.testing import CliRunner, Result

from builders import a_run
from gpu_virt_bench.cli import group
from gpu_virt_bench.report.envelope import KINDS
from gpu_virt_bench.results import save

STEADY = [1.0, 1.001, 0.999, 1.0, 1.0]
COMMANDS = {
    "comparisons": "compare native.json mps.json",
    "scorecard": "score mps.json --reference native.json",
    "gate": "gate native.json mps.json",
    "history": "history . --metric OH-001",
    "list": "list metrics",
    "proofs": "prove --system native --device emulated",
    "conformance": "conform --device emulated --scene device",
    "estimates": "show native.json",
    "samples": "show native.json --samples",
    "metric": "show OH-001",
    "system": "show mps",
    "suite": "show quick",
    "forecast": "run --dry-run --system native --device emulated:tiny",
    "session": "run --system native --device emulated:tiny --metrics OH-001 --repetitions 1 --iterations 2 -o results",
}


@pytest.fixture(autouse=True)
def runs(tmp_path, monkeypatch):
    """Two runs in the working directory."""
    monkeypatch.chdir(tmp_path)
    for system in ("native", "mps"):
        save(a_run({"OH-001": STEADY, "OH-002": STEADY}, system=system), tmp_path / f"{system}.json")


def gvb(*words: str) -> Result:
    """The command."""
    return CliRunner().invoke(group, words)


def test_every_kind_has_its_command() -> None:
    assert set(COMMANDS) == set(KINDS)


@pytest.mark.parametrize("kind", COMMANDS)
def test_what_a_command_writes_keeps_its_schema(kind) -> None:
    done = gvb(*COMMANDS[kind].split(), "--format", "json")
    found = json.loads(done.stdout)
    schema = json.loads(gvb("schema", kind).stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(found, schema)
    assert (found["kind"], found["version"]) == (kind, 1)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**found, "version": 2}, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**found, kind: 7}, schema)


def test_a_value_stands_beside_its_own_unit() -> None:
    (comparison,) = json.loads(gvb("compare", "native.json", "mps.json", "--format", "json").stdout)["comparisons"]
    row = comparison["rows"][0]
    assert (row["unit"], row["shown_unit"], row["baseline"]["value"]) == ("s", "us", 1.0)


@pytest.mark.parametrize("kind", sorted(set(COMMANDS) - {"session", "forecast"}))
@pytest.mark.parametrize("form", ["text", "json"])
def test_every_command_writes_to_a_file(kind, form, tmp_path) -> None:
    if kind == "proofs" and form == "text":
        pytest.skip("a second proof takes three seconds and shows nothing new")
    if kind == "samples" and form == "text":
        pytest.skip("samples are for programs: csv or json")
    words = [*COMMANDS[kind].split(), "--format", form]
    done = gvb(*words, "-o", "out")
    assert done.stdout == ""
    assert (tmp_path / "out").read_text().strip()


def test_a_file_that_cannot_be_written_is_a_sentence() -> None:
    done = gvb("list", "metrics", "-o", "none/out")
    assert (done.exit_code, "cannot write none/out: No such file or directory" in done.output) == (2, True)
