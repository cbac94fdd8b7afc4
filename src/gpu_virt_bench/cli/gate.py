"""`gpu-virt-bench gate`: whether a candidate may pass."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gpu_virt_bench.cli.completion import policy_names
from gpu_virt_bench.cli.settings import check_file, check_writable, shown, split, write, written

if TYPE_CHECKING:
    from gpu_virt_bench.gate import Judgement
    from gpu_virt_bench.model.comparison import Comparison


@click.command(name="gate")
@click.argument("baseline", type=click.Path(path_type=Path))
@click.argument("candidate", type=click.Path(path_type=Path))
@click.option(
    "--policy",
    type=click.Path(path_type=Path),
    metavar="NAME|FILE.toml",
    shell_complete=policy_names,
    help="default, gate or a file of yours: margins, and what closes the gate.  [default]",
)
@click.option("--margin", multiple=True, metavar="[NAME=]N",
              help="0.03: of all ratios; OH-006=5e-6, overhead=0.05: of a metric or a category.")  # fmt: skip
@click.option("--require", multiple=True, metavar="OUTCOME",
              help="This must be judged: OH-001, OH-001[path=start] or a glob; may be repeated.")  # fmt: skip
@click.option("--strict", is_flag=True, help="Do not let pass what could not be judged.")
@click.option("--junit", type=click.Path(path_type=Path), metavar="FILE", callback=check_file,
              help="Write JUnit XML: a test case for each outcome.")  # fmt: skip
@click.option("--github", is_flag=True, help="Print GitHub annotations, and write the step's summary.")
@written("json", "markdown")
def command(
    baseline: Path,
    candidate: Path,
    policy: Path | None,
    margin: tuple[str, ...],
    require: tuple[str, ...],
    strict: bool,
    junit: Path | None,
    github: bool,
    form: str,
    output: Path | None,
) -> None:
    """Fail on regressions: for CI.

    BASELINE and CANDIDATE are run files, or directories for their newest complete run.

    \b
    gpu-virt-bench gate results/baseline results/candidate --junit gate.xml

    Exit status: 0 kept; 1 regression; 2 wrong use or unreadable input; 3 no regression, but nothing could be judged, or
    not what --require names, or not everything (with --strict).
    """
    from gpu_virt_bench import policy as policies
    from gpu_virt_bench.cli.compare import check_names
    from gpu_virt_bench.cli.mending import wrong_use
    from gpu_virt_bench.gate import judge_files
    from gpu_virt_bench.report.gate import blocks, to_json

    if github and (summary := os.environ.get("GITHUB_STEP_SUMMARY")):
        check_writable(Path(summary))
    try:
        rules = policies.with_margins(policies.load(policy), margin)
        required = split(require)
        judgement = judge_files(baseline, candidate, rules, strict, required)
        check_names([word.rpartition("=")[0] for word in margin if "=" in word], [judgement.comparison])
        check_required(required, judgement.comparison)
    except Exception as error:
        raise wrong_use(error) from None
    if form == "json":
        write(to_json(judgement), output)
    else:
        shown(blocks(judgement), form, output)
    try:
        publish(judgement, junit, github)
    except OSError as error:
        raise click.UsageError(f"cannot write {error.filename}: {error.strerror}") from None
    sys.exit(judgement.status)


def check_required(names: Sequence[str], comparison: Comparison) -> None:
    """Refuses what no run could have: that it is not among these runs is the gate's to say."""
    from fnmatch import fnmatchcase

    from gpu_virt_bench import metrics
    from gpu_virt_bench.engine.plan import PlanError, bracket, parted
    from gpu_virt_bench.gate import is_named
    from gpu_virt_bench.model import earlier
    from gpu_virt_bench.model.text import nearest

    known = metrics.load()
    for name in names:
        if any(is_named(row, name) for row in comparison.rows):
            continue
        try:
            metric, chosen = parted(name)
            some = [found for found in known.values() if fnmatchcase(found.id, metric.upper())]
            if not some:
                once = earlier.metric(metric)
                raise PlanError(f"no outcome of that name{f': {once}' if once else nearest(metric, known)}")
            bracket(some[0], chosen or "")
        except PlanError as error:
            raise PlanError(f"--require {name}: {error}") from None


def publish(judgement: Judgement, junit: Path | None, github: bool) -> None:
    """Writes what a CI server reads; annotations to standard error, so that standard output may be JSON."""
    from gpu_virt_bench.model.text import write_whole
    from gpu_virt_bench.report import junit as xml
    from gpu_virt_bench.report.gate import blocks
    from gpu_virt_bench.report.github import workflow_commands
    from gpu_virt_bench.report.render.markdown import markdown

    if junit:
        write_whole(junit, xml.junit(judgement))
    if not github:
        return
    for line in workflow_commands(judgement):
        click.echo(line, err=True)
    if summary := os.environ.get("GITHUB_STEP_SUMMARY"):
        try:
            with Path(summary).open("a", encoding="utf-8") as file:
                file.write(markdown(blocks(judgement)))
        except OSError as error:
            raise OSError(error.errno, error.strerror, summary) from None
