"""`gpu-virt-bench report`: runs as a page, a PDF, tables or a paper's parts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gpu_virt_bench.cli.completion import policy_names

if TYPE_CHECKING:
    from gpu_virt_bench.policy import Policy
    from gpu_virt_bench.report.blocks import Document
    from gpu_virt_bench.report.page.groups import Chosen

RENDERERS: Mapping[str, tuple[str, str]] = {
    ".html": ("html", "html"),
    ".md": ("markdown", "document"),
    ".txt": ("text", "document"),
    ".tex": ("latex", "document"),
}
"""The ending of a text -> the module of its renderer, imported when it is wanted, and the function."""
ENDINGS = (*RENDERERS, ".pdf", ".csv", ".om")
OF_RUNS = (".csv", ".om")
"""Written from the runs themselves, not from what is said of them."""
SAMPLES = ".samples.csv"


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

    RUN is a run file; DIR stands for its newest complete run, or for that of each directory in it (results/).

    \b
    gpu-virt-bench report results -o report.html
    gpu-virt-bench report results/native results/mps -o mps.html -o mps.pdf -o mps.csv
    gpu-virt-bench report results --baseline results/time-slicing -o paper.tex
    gpu-virt-bench report results -o outcomes.csv -o all.samples.csv      in SI units
    gpu-virt-bench report results -o runs.om                              OpenMetrics, for Prometheus

    Exit status: 0 written; 2 wrong use or unreadable input.
    """
    from gpu_virt_bench.cli.run import wrong_use
    from gpu_virt_bench.policy import load

    for path in outputs:
        check_ending(path)
    try:
        chosen = [one for path in runs for one in found(path)]
        against = None if baseline is None else found(baseline)[0]
        write_reports(chosen, against, load(policy), outputs)
    except Exception as error:
        raise wrong_use(error) from None


def check_ending(path: Path) -> None:
    """Refuses a file whose name says no format."""
    if path.suffix not in ENDINGS:
        raise click.UsageError(f"-o {path}: its name says no format, expected one of {', '.join(ENDINGS)}")


def found(path: Path) -> list[Chosen]:
    """The run of a file or of a directory; of a directory of directories the newest run of each."""
    from gpu_virt_bench.compare.files import find

    below = sorted({file.parent for file in path.glob("*/*.json")}) if path.is_dir() else []
    if below and not any(path.glob("*.json")):
        return [find(one) for one in below]
    return [find(path)]


def write_reports(chosen: Sequence[Chosen], baseline: Chosen | None, policy: Policy, outputs: Sequence[Path]) -> None:
    """One file for each output; what is said is made once."""
    from gpu_virt_bench.cli.settings import write_file, write_pieces

    made: list[Document] = []

    def document() -> Document:
        from gpu_virt_bench.report.page.document import document as of_runs

        made.extend([] if made else [of_runs(chosen, baseline, policy)])
        return made[0]

    runs = [*([baseline] if baseline else []), *chosen]
    for path in outputs:
        if path.suffix == ".pdf":
            write_file(as_pdf(document()), path)
        else:
            write_pieces(rows(runs, path) if path.suffix in OF_RUNS else [as_text(document(), path.suffix)], path)
        click.echo(f"{path}: {path.stat().st_size:,} bytes")


def rows(runs: Sequence[Chosen], path: Path) -> Iterator[str]:
    """Every outcome of every run, or with `.samples.csv` every sample, under one header; with `.om` as OpenMetrics."""
    from gpu_virt_bench.model.shape import printable
    from gpu_virt_bench.report.about import about
    from gpu_virt_bench.report.csv_tables import estimates_csv, samples_csv
    from gpu_virt_bench.report.openmetrics import openmetrics
    from gpu_virt_bench.report.rows import outcome_rows, sample_rows

    if path.suffix == ".om":
        yield from openmetrics(runs)
        return
    for number, (one, why) in enumerate(runs):
        head = about(printable(str(one.path)), one.run, why)
        of_samples = path.name.endswith(SAMPLES)
        pieces = samples_csv(head, sample_rows(one.run)) if of_samples else estimates_csv(head, outcome_rows(one.run))
        yield from islice(pieces, 1 if number else 0, None)


def as_text(document: Document, ending: str) -> str:
    """A document in the format of that ending."""
    from importlib import import_module

    name, function = RENDERERS[ending]
    render: Callable[[Document], str] = getattr(import_module(f"gpu_virt_bench.report.render.{name}"), function)
    return render(document)


def as_pdf(document: Document) -> bytes:
    """A document as PDF."""
    from gpu_virt_bench.report.render.pdf import pdf

    return pdf(document)
