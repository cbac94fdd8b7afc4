"""`gpu-virt-bench score`: how near runs come to a reference."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from gpu_virt_bench.cli.completion import policy_names
from gpu_virt_bench.cli.settings import shown, write, written


@click.command(name="score")
@click.argument("runs", nargs=-1, required=True, metavar="RUN...", type=click.Path(path_type=Path))
@click.option("--reference", required=True, type=click.Path(path_type=Path), metavar="RUN",
              help="What a score of 100 is: native, or any other run.")  # fmt: skip
@click.option("--policy", type=click.Path(path_type=Path), metavar="NAME|FILE.toml", shell_complete=policy_names,
              help="Weights, scales and grades.  [default]")  # fmt: skip
@written("json", "markdown")
def command(runs: tuple[Path, ...], reference: Path, policy: Path | None, form: str, output: Path | None) -> None:
    """Score runs against a reference: parity, categories, grades.

    RUN is a run file, or a directory for its newest complete run. Skipped and failed metrics are listed, never counted
    as 0 or 100; several runs are scored on what all of them measured.

    \b
    gpu-virt-bench score results/mps results/hami-core --reference results/native

    Exit status: 0 scored; 1 there is nothing to score; 2 wrong use or unreadable input; 3 every run is the reference
    itself.
    """
    from gpu_virt_bench import policy as policies
    from gpu_virt_bench.cli.mending import wrong_use
    from gpu_virt_bench.report.score import blocks, to_json
    from gpu_virt_bench.score import score_files

    try:
        weights = policies.load(policy)
        card = score_files(reference, runs, weights)
    except Exception as error:
        raise wrong_use(error) from None
    if form == "json":
        write(to_json(card), output)
    else:
        shown(blocks(card), form, output)
    sys.exit(3 if card.one_run else 1 if card.note else 0)
