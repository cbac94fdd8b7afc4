"""`gpu-virt-bench compare`: verdicts with intervals."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gpu_virt_bench.cli.completion import policy_names
from gpu_virt_bench.cli.settings import write, written

if TYPE_CHECKING:
    from gpu_virt_bench.model.comparison import Comparison


@click.command(name="compare")
@click.argument("baseline", type=click.Path(path_type=Path))
@click.argument("candidates", metavar="CANDIDATE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--policy", type=click.Path(path_type=Path), metavar="NAME|FILE.toml", shell_complete=policy_names,
              help="Margins and confidence.  [default]")  # fmt: skip
@click.option("--margin", multiple=True, metavar="[NAME=]N",
              help="0.03: of all ratios; OH-006=5e-6, overhead=0.05: of a metric or a category.")  # fmt: skip
@click.option(
    "--all",
    "everything",
    is_flag=True,
    help="All outcomes, not only the headline ones.",
)
@click.option("--long", is_flag=True, help="Every value with its interval, a table for each candidate.")
@written("json", "csv", "markdown")
def command(
    baseline: Path,
    candidates: tuple[Path, ...],
    form: str,
    policy: Path | None,
    margin: tuple[str, ...],
    everything: bool,
    long: bool,
    output: Path | None,
) -> None:
    """Compare runs with a baseline: better, same, worse, inconclusive or not comparable, each by its interval.

    BASELINE and CANDIDATE are run files, or directories for their newest complete run.

    \b
    gpu-virt-bench compare results/native results/mps
    gpu-virt-bench compare native.json mps.json hami-core.json --margin 0.05 --format markdown
    gpu-virt-bench compare native.json mps.json --all --format csv     a line for each outcome, in SI units

    Exit status: 0 compared, whatever the verdicts; 2 wrong use; 3 every candidate is the baseline's own run.
    `gpu-virt-bench gate` fails on regressions.
    """
    from gpu_virt_bench.cli.mending import wrong_use

    try:
        found = compared(baseline, candidates, policy, margin, everything)
        text = rendered(found, form, output is None, long)
    except Exception as error:
        raise wrong_use(error) from None
    write(text, output)
    sys.exit(3 if all(one.one_run for one in found) else 0)


def compared(
    baseline: Path, candidates: Sequence[Path], policy: Path | None, margin: Sequence[str], everything: bool
) -> list[Comparison]:
    """The comparisons, with the rows that were asked for."""
    from gpu_virt_bench.compare import compare_files
    from gpu_virt_bench.policy import load, with_margins

    found = compare_files(baseline, candidates, with_margins(load(policy), margin))
    check_names([word.rpartition("=")[0] for word in margin if "=" in word], found)
    return [one if everything else one.headlines() for one in found]


def check_names(names: Sequence[str], comparisons: Sequence[Comparison]) -> None:
    """Refuses a margin that nothing has."""
    from gpu_virt_bench.model.text import nearest
    from gpu_virt_bench.policy import PolicyError

    known = {name: name for one in comparisons for row in one.rows for name in (row.category, row.metric)}
    for name in names:
        if name not in known:
            raise PolicyError(f"--margin {name}: no metric or category of these runs{nearest(name, known)}")


def rendered(comparisons: Sequence[Comparison], form: str, to_terminal: bool, long: bool) -> str:
    """The comparisons as text; colours only for a terminal."""
    if form == "json":
        from gpu_virt_bench.report.envelope import envelope

        return envelope("comparisons", [asdict(one) for one in comparisons])
    if form == "csv":
        from gpu_virt_bench.report.comparison_csv import comparisons_csv

        return "".join(comparisons_csv(comparisons))
    from gpu_virt_bench.report import comparison, matrix
    from gpu_virt_bench.report.render.markdown import markdown
    from gpu_virt_bench.report.render.text import print_blocks
    from gpu_virt_bench.report.text import console

    blocks = [*matrix.blocks(comparisons), *(comparison.blocks(comparisons) if long or form == "markdown" else [])]
    if form == "markdown":
        return markdown(blocks)
    out = console(to_terminal)
    with out.capture() as captured:
        print_blocks(blocks, out)
    return captured.get()
