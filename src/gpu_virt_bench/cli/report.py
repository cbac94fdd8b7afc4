"""`gpu-virt-bench report`: runs as a page, a PDF, tables or a paper's parts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gpu_virt_bench.cli.completion import policy_names
from gpu_virt_bench.cli.reports import ENDINGS, check_output, write_reports

if TYPE_CHECKING:
    from gpu_virt_bench.report.page.groups import Chosen


@click.command(name="report")
@click.argument("runs", nargs=-1, required=True, metavar="RUN|DIR...", type=click.Path(path_type=Path))
@click.option("-o", "--output", "outputs", multiple=True, required=True, metavar="FILE",
              type=click.Path(path_type=Path), help=f"{', '.join(ENDINGS)}; several times for several.")  # fmt: skip
@click.option("--baseline", metavar="RUN|DIR", type=click.Path(path_type=Path),
              help="What the others are compared with.  [native, else time-slicing, else the first]")  # fmt: skip
@click.option("--policy", type=click.Path(path_type=Path), metavar="NAME|FILE.toml", shell_complete=policy_names,
              help="Margins, scores and recommendations.  [default]")  # fmt: skip
def command(runs: tuple[Path, ...], outputs: tuple[Path, ...], baseline: Path | None, policy: Path | None) -> None:
    """Write a report of runs: which system, by how much, is it real, what is not known.

    RUN is a run file; DIR stands for the newest complete run of each system in it, or in each of its directories.

    \b
    gpu-virt-bench report results -o report.html
    gpu-virt-bench report results/native results/mps -o mps.html -o mps.pdf -o mps.csv
    gpu-virt-bench report results --baseline results/time-slicing -o paper.tex
    gpu-virt-bench report results -o outcomes.csv -o all.samples.csv      in SI units
    gpu-virt-bench report results -o runs.om                              OpenMetrics, for Prometheus

    Exit status: 0 written; 2 wrong use or unreadable input.
    """
    from gpu_virt_bench.cli.mending import wrong_use
    from gpu_virt_bench.policy import load

    for path in outputs:
        check_output(path)
    try:
        chosen = [one for path in runs for one in found(path)]
        against = None if baseline is None else only(baseline)
        write_reports(chosen, against, load(policy), outputs)
    except Exception as error:
        raise wrong_use(error) from None


def only(path: Path) -> Chosen:
    """The one run that a baseline is."""
    chosen = found(path)
    if len(chosen) > 1:
        there = ", ".join(str(one.path.parent) for one, _ in chosen)
        raise click.UsageError(f"--baseline {path} has several runs, expected one: name one of {there}")
    return chosen[0]


def found(path: Path) -> list[Chosen]:
    """The run of a file; of a directory the newest complete one of each system, and of a directory of directories that
    of each."""
    from gpu_virt_bench.compare.files import find

    if not path.is_dir():
        return [find(path)]
    below = sorted({file.parent for file in path.glob("*/*.json")})
    if below and not any(path.glob("*.json")):
        return [one for folder in below for one in found(folder)]
    every = newest_of_each(path)
    return every if len(every) > 1 else [find(path)]


def newest_of_each(folder: Path) -> list[Chosen]:
    """The newest complete run of each system in a directory, and at each point of a sweep; by name."""
    from gpu_virt_bench.compare.files import Loaded, newest_first, readable, unfit

    kept: dict[str, Chosen] = {}
    for file in newest_first(folder):
        for run in readable([file], []):
            if not run.twin and not unfit(run):
                kept.setdefault(f"{run.system.id} {run.label} {sorted(run.point.items())}", (Loaded(file, run), []))
    return [kept[name] for name in sorted(kept)]
