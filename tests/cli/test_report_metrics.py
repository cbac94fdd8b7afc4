"""`report -o FILE.om`."""

from pathlib import Path

from click.testing import CliRunner
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from builders import a_run
from gpu_virt_bench.cli.report import command
from gpu_virt_bench.results import save


def test_a_report_named_om_is_openmetrics_of_all_runs(tmp_path: Path) -> None:
    for system in ("native", "mps"):
        save(a_run({"OH-001": [1.0]}, system=system), tmp_path / f"{system}.json")
    words = [str(tmp_path / "native.json"), str(tmp_path / "mps.json"), "-o", str(tmp_path / "runs.om")]
    done = CliRunner().invoke(command, words)
    assert done.exit_code == 0, done.output
    first = next(iter(text_string_to_metric_families((tmp_path / "runs.om").read_text())))
    assert [sample.labels["system"] for sample in first.samples] == ["mps", "native"]
