"""`gpu-virt-bench history`: one metric over many runs."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gpu_virt_bench.cli.settings import split, write, written

if TYPE_CHECKING:
    from gpu_virt_bench.history.series import Selection


@click.command(name="history")
@click.argument("folder", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--metric", multiple=True, metavar="IDs", help="OH-001, 'OH-*' or 'OH-001[path=*]'.  [what there is]")
@click.option("--system", metavar="ID", help="Runs of this system alone.")
@click.option("--device", metavar="NAME", help="Runs on devices with this in their name.")
@click.option("--since", metavar="DATE", help="Runs from then on: 2026-11-21 or 2026-11-21T14:00, UTC.")
@click.option("--twins", is_flag=True, help="Also the second measurements of --aa sessions.")
@written("json")
def command(
    folder: Path,
    metric: tuple[str, ...],
    system: str | None,
    device: str | None,
    since: str | None,
    twins: bool,
    form: str,
    output: Path | None,
) -> None:
    """Show one metric over many runs, with its change points.

    \b
    gpu-virt-bench history results                         what there is
    gpu-virt-bench history results --metric OH-001
    gpu-virt-bench history results --metric 'OH-*' --system hami-core --since 2026-11-01

    DIR is a tree of run files, and the only truth; an index in it (.gvb-index.sqlite) may be deleted at any time.
    Exit status: 0 shown; 2 wrong use, or nothing to show.
    """
    from gpu_virt_bench.history.series import HistoryError, Selection

    selection = Selection(split(metric), system, device, moment(since), twins)
    narrowed = {"--system": system, "--device": device, "--since": since}
    words = " ".join(f"{option} {value}" for option, value in narrowed.items() if value is not None)
    try:
        text = told(folder, selection, form)
    except HistoryError as error:
        raise click.UsageError(f"{folder}: {error}") from None
    if text is None and words:
        raise click.UsageError(f"{folder}: no run has it with {words}; without these options all runs are shown")
    if text is None:
        raise click.UsageError(
            f"{folder} holds no run that is complete and proved; `gpu-virt-bench run --output {folder}` makes one"
        )
    write(text, output)


def moment(text: str | None) -> float | None:
    """A date or a time as seconds since 1970; without an offset it is UTC."""
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise click.UsageError(f"--since is {text!r}, expected a date such as 2026-11-21") from None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def told(folder: Path, selection: Selection, form: str) -> str | None:
    """The history, or without a metric what there is; None if that is nothing."""
    from gpu_virt_bench.history.series import history, overview
    from gpu_virt_bench.report.history import history_json, history_text, overview_json, overview_text

    if selection.names:
        series, rest = history(folder, selection)
        text = history_text(series, rest) if form == "text" else history_json(str(folder), series, rest)
        return text if series else None
    held, rest = overview(folder, selection)
    text = overview_text(held, rest) if form == "text" else overview_json(str(folder), held, rest)
    return text if held else None
