"""`gpu-virt-bench prove`: is a layer in force, and what lies open?"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gpu_virt_bench.cli.completion import systems
from gpu_virt_bench.cli.numbers import Whole
from gpu_virt_bench.cli.settings import printed, write, written

if TYPE_CHECKING:
    from gpu_virt_bench.engine.prove import Proved
    from gpu_virt_bench.model.proved import ProvedRecord

MIB = 1 << 20


@click.command(name="prove")
@click.option(
    "--system",
    multiple=True,
    required=True,
    metavar="NAME|FILE.toml",
    shell_complete=systems,
    help="What to prove; may be repeated.",
)
@click.option("--memory-limit", type=Whole(1, 1 << 40, "MiB"), metavar="MIB", help="Memory quota of the tenant.")
@click.option("--compute-limit", type=Whole(1, 100, "per cent"), metavar="PERCENT", help="Compute quota of the tenant.")
@click.option("--device", default="auto", metavar="auto|INDEX|UUID|emulated[:PROFILE[xN]]", help="As of `run`.  [auto]")
@click.option("--option", multiple=True, metavar="[SYSTEM.]NAME=VALUE", help="An option of a system.")
@click.option("--emulate", multiple=True, metavar="KEY=VALUE", help="Changes the emulated GPU.")
@click.option("--doors", is_flag=True, help="Print every driver function, not only those that the layer serves.")
@written("json")
def command(doors: bool, form: str, output: Path | None, **options: Any) -> None:  # noqa: ANN401
    """Say whether systems are in force, how far their limits reach, and what lies open; nothing is measured.

    \b
    gpu-virt-bench prove --system native --system mps --memory-limit 8192 --compute-limit 50
    gpu-virt-bench prove --system ./mine.toml --option library=/opt/libmine.so --memory-limit 4096

    Exit status: 0 in force and nothing open; 1 in force, with something open; 2 not in force, or not proved, or wrong
    use.
    """
    from gpu_virt_bench.cli.asked import requested
    from gpu_virt_bench.cli.mending import wrong_use
    from gpu_virt_bench.cli.progress import display
    from gpu_virt_bench.cli.run import command as run
    from gpu_virt_bench.engine.prove import prove
    from gpu_virt_bench.engine.session import set_signals
    from gpu_virt_bench.report.envelope import envelope
    from gpu_virt_bench.report.proof import print_proof

    set_signals()
    request = requested({**run.make_context("run", []).params, **options})

    as_json = form == "json"

    def say(proved: Proved) -> None:
        if not as_json and output is None:
            with progress.hidden():
                print_proof(proved, whole=doors)

    try:
        with display() as progress:
            found = prove(request, progress, say)
    except Exception as error:
        raise wrong_use(error) from None
    if as_json:
        write(envelope("proofs", [asdict(record(one)) for one in found]), output)
    elif output is not None:
        printed(partial(print_all, found, doors), output)
    sys.exit(2 if any(one.refused or one.unproven for one in found) else 1 if any(one.open for one in found) else 0)


def print_all(found: Sequence[Proved], doors: bool) -> None:
    """Every system's proof, one after the other."""
    from gpu_virt_bench.report.proof import print_proof

    for one in found:
        print_proof(one, whole=doors)


def record(proved: Proved) -> ProvedRecord:
    """One system as plain data."""
    from gpu_virt_bench.model.proved import ProvedRecord

    return ProvedRecord(
        system=proved.system,
        device=proved.device,
        emulated=proved.emulated,
        in_force=not proved.refused and not proved.unproven,
        refused=proved.refused,
        open=proved.open,
        granted=proved.granted,
        checks=proved.checks,
        doors={door.function: {**door.files, **door.variants} for door in proved.doors},
        half_doors=proved.half_doors,
        own=proved.own,
    )
