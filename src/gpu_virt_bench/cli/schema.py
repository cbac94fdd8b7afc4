"""`gpu-virt-bench schema`: the JSON Schema of a run file."""

from __future__ import annotations

import json

import click


@click.command(name="schema")
def command() -> None:
    """Print the JSON Schema of a run file."""
    from gpu_virt_bench.results import schema

    click.echo(json.dumps(schema(), indent=1))
