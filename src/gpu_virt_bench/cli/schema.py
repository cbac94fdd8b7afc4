"""`gpu-virt-bench schema`: the JSON Schema of what commands write."""

from __future__ import annotations

import json
from pathlib import Path

import click

from gpu_virt_bench.cli.settings import write
from gpu_virt_bench.report.envelope import KINDS, schema_of


@click.command(name="schema")
@click.argument("kind", type=click.Choice(["run", *KINDS]), default="run")
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="Write it there.")
def command(kind: str, output: Path | None) -> None:
    """Print the JSON Schema of a run file, or of what a command writes with --format json.

    \b
    compare comparisons     score scorecard     gate gate     prove proofs
    history history         list  list          run  session        conform conformance
    show    estimates, samples, metric, system, suite
    """
    from gpu_virt_bench.results import schema

    write(json.dumps(schema() if kind == "run" else schema_of(kind), indent=1), output)
