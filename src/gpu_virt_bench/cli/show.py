"""`gpu-virt-bench show`: one thing, whole."""

from __future__ import annotations

from pathlib import Path

import click

from gpu_virt_bench.cli.completion import names


@click.command(name="show")
@click.argument("name", metavar="METRIC|SYSTEM|RUN.json", shell_complete=names)
def command(name: str) -> None:
    """Show a metric's or a system's definition, or a run file."""
    from gpu_virt_bench.cli.run import wrong_use

    try:
        show(name)
    except Exception as error:
        raise wrong_use(error) from None


def show(name: str) -> None:
    """Prints whatever has that name."""
    from gpu_virt_bench import metrics
    from gpu_virt_bench.model import earlier
    from gpu_virt_bench.report.text import print_metric, print_runs
    from gpu_virt_bench.results import load
    from gpu_virt_bench.systems.load import load as load_system
    from gpu_virt_bench.systems.load import shipped
    from gpu_virt_bench.systems.variables import DefinitionError

    known = metrics.load()
    if name.upper() in known:
        print_metric(known[name.upper()])
        return
    if name.endswith(".json"):
        print_runs([load(Path(name))])
        return
    try:
        click.echo(load_system(name).source.rstrip())
    except DefinitionError as error:
        if name.endswith(".toml"):
            raise
        import difflib

        names = [*known, *shipped()]
        near = difflib.get_close_matches(name.upper(), names, n=1) or difflib.get_close_matches(name, names, n=1)
        hint = f"did you mean {near[0]}?" if near else "`gpu-virt-bench list metrics` and `list systems` show all"
        hint = earlier.metric(name) or earlier.system(name) or hint
        raise click.UsageError(f"no metric or system {name!r}; {hint}") from error
