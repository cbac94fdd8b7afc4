"""Writes reports, for `report` and for `run --report`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import click

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


def check_output(path: Path) -> None:
    """Refuses a file whose name says no format, or that could not be written, before the work and not after it."""
    from gpu_virt_bench.cli.settings import check_writable

    if path.suffix not in ENDINGS:
        raise click.UsageError(f"-o {path}: its name says no format, expected one of {', '.join(ENDINGS)}")
    check_writable(path)


def write_reports(
    chosen: Sequence[Chosen], baseline: Chosen | None, policy: Policy, outputs: Sequence[Path], quiet: bool = False
) -> None:
    """One file for each output; what is said is made once."""
    from gpu_virt_bench.cli.settings import write_file, write_pieces

    made: list[Document] = []

    def document() -> Document:
        from gpu_virt_bench.report.page.document import document as of_runs

        made.extend([] if made else [of_runs(chosen, baseline, policy)])
        return made[0]

    named = [*([baseline] if baseline else []), *chosen]
    runs = list({one.path.resolve(): (one, why) for one, why in named}.values())
    for path in outputs:
        if path.suffix == ".pdf":
            write_file(as_pdf(document()), path)
        else:
            write_pieces(rows(runs, path) if path.suffix in OF_RUNS else [as_text(document(), path.suffix)], path)
        if not quiet:
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
