"""`gpu-virt-bench conform`: what does a driver, or a layer over it, answer to right and wrong calls?"""

from __future__ import annotations

import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gpu_virt_bench.cli.completion import systems
from gpu_virt_bench.cli.numbers import Whole
from gpu_virt_bench.cli.settings import shown, write, written
from gpu_virt_bench.conform.scenes import FAMILIES

if TYPE_CHECKING:
    from gpu_virt_bench.model.conformance import Conformance

EVERY = 10.0
"""Seconds between two lines where standard error is no terminal: it takes less time than a session."""


@click.command(name="conform")
@click.option(
    "--system",
    multiple=True,
    metavar="NAME|FILE.toml",
    shell_complete=systems,
    help="A layer, compared with the driver below it; may be repeated.",
)
@click.option("--device", default="auto", metavar="auto|INDEX|UUID|emulated[:PROFILE[xN]]", help="As of `run`.  [auto]")
@click.option("--option", multiple=True, metavar="[SYSTEM.]NAME=VALUE", help="An option of a system.")
@click.option("--memory-limit", type=Whole(1, 1 << 40, "MiB"), metavar="MIB", help="Memory quota under a system.")
@click.option("--compute-limit", type=Whole(1, 100, "per cent"), metavar="PERCENT", help="Compute quota under it.")
@click.option("--emulate", multiple=True, metavar="KEY=VALUE", help="Changes the emulated GPU.")
@click.option("--scene", multiple=True, type=click.Choice(FAMILIES), metavar="NAME",
              help="Only that family of calls: memory, streams, ...; may be repeated.")  # fmt: skip
@click.option("--known", type=click.Path(path_type=Path), metavar="FILE.toml", help="Differences with their reasons.")
@written("json")
def command(form: str, output: Path | None, known: Path | None, scene: tuple[str, ...], **options: Any) -> None:  # noqa: ANN401
    """Ask a driver 743 right and wrong calls; say where a layer, or the emulated GPU, answers otherwise.

    \b
    gpu-virt-bench conform                                   the answers of this driver
    gpu-virt-bench conform --device emulated                 beside those of a real one
    gpu-virt-bench conform --system hami-core --option library=/opt/libvgpu.so

    The answers take about half a minute, and each system longer: `--scene` asks only some.

    Exit status: 0 no difference without a reason; 1 differences; 2 a system is not in force, or wrong use.
    """
    from gpu_virt_bench.cli.asked import requested
    from gpu_virt_bench.cli.mending import wrong_use
    from gpu_virt_bench.cli.progress import display
    from gpu_virt_bench.cli.run import command as run
    from gpu_virt_bench.conform.compare import stale
    from gpu_virt_bench.conform.recorded import reasons
    from gpu_virt_bench.engine.conform import conform
    from gpu_virt_bench.engine.session import set_signals
    from gpu_virt_bench.report.conformance import blocks
    from gpu_virt_bench.report.envelope import envelope

    set_signals()
    if options["option"] and not options["system"]:
        raise click.UsageError("--option is for a --system, and none is named")
    request = requested({**run.make_context("run", []).params, **options})
    try:
        explained = reasons(known) if known is not None else {}
        with display(every=EVERY) as progress:
            found = conform(request, progress, explained, scene or FAMILIES)
        if not request.systems and found.emulated:
            compare_with_recorded(found, explained)
        if not any(one.refused for one in found.compared):
            found.stale.extend(stale(found.compared, explained))
    except Exception as error:
        raise wrong_use(error) from None
    if form == "json":
        write(envelope("conformance", asdict(found)), output)
    else:
        shown(blocks(found), form, output)
    sys.exit(status(found))


def compare_with_recorded(found: Conformance, explained: dict[str, str]) -> None:
    """The emulated GPU beside the recorded answers of a real driver."""
    from gpu_virt_bench.conform.compare import beside
    from gpu_virt_bench.conform.recorded import KNOWN, nearest_to, reasons

    real = nearest_to(found.device)
    if real is None:
        click.echo("no recorded answers of a real driver ship with this version: nothing to compare with", err=True)
        return
    answers = {row: asked.answer for row, asked in found.rows.items()}
    one = beside("emulated", real, answers, {**reasons(KNOWN), **explained})
    found.compared.append(replace(one, against="real"))


def status(found: Conformance) -> int:
    """The exit status."""
    if any(one.refused for one in found.compared):
        return 2
    return 1 if any(one.unexplained for one in found.compared) else 0
