"""`gpu-virt-bench show`: one thing, whole."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gpu_virt_bench.cli.completion import names
from gpu_virt_bench.cli.settings import write_pieces, written

if TYPE_CHECKING:
    from rich.console import Console

    from gpu_virt_bench.model.metric import Metric
    from gpu_virt_bench.model.run import Run, Suite
    from gpu_virt_bench.model.system import System
    from gpu_virt_bench.report.about import About


@dataclass(frozen=True)
class NamedSuite:
    """A suite and its name."""

    name: str
    suite: Suite


@dataclass(frozen=True)
class RunFile:
    """A run, where it lies, and why a directory stands for it."""

    path: Path
    run: Run
    chosen: list[str]


@click.command(name="show")
@click.argument("name", metavar="METRIC|SYSTEM|SUITE|FILE|DIR", shell_complete=names)
@click.option("--samples", is_flag=True, help="Of a run, with json or csv: every sample in the place of the estimates.")
@written("json", "csv")
def command(name: str, samples: bool, form: str, output: Path | None) -> None:
    """Show a metric, a system, a suite or a run; a run as CSV or JSON too.

    \b
    gpu-virt-bench show OH-001
    gpu-virt-bench show results/native                     the newest complete run of a directory
    gpu-virt-bench show run.json --format csv              a line for each outcome, in SI units
    gpu-virt-bench show run.json --samples --format csv    a line for each sample

    A file is a run, or with .toml a system or a suite of yours.
    """
    from gpu_virt_bench.cli.mending import wrong_use

    try:
        pieces = told(named(name), form, samples, output is None)
    except Exception as error:
        raise wrong_use(error) from None
    write_pieces(pieces, output)


# -- what a name means


def named(name: str) -> Metric | System | NamedSuite | RunFile:
    """What has that name: a metric, a system and a suite come before a file."""
    from gpu_virt_bench import metrics
    from gpu_virt_bench.engine.plan import load_suite, suites
    from gpu_virt_bench.model import earlier
    from gpu_virt_bench.model.text import nearest
    from gpu_virt_bench.systems.load import load as load_system
    from gpu_virt_bench.systems.load import load_all, shipped

    known = metrics.load()
    if name.upper() in known:
        return known[name.upper()]
    if name.endswith(".toml"):
        return NamedSuite(Path(name).stem, load_suite(name)) if is_suite(Path(name)) else load_system(name)
    if name in suites():
        return NamedSuite(name, load_suite(name))
    if name in shipped() or any(name in system.aliases for system in load_all()):
        return load_system(name)
    if name.endswith(".json") or "/" in name or Path(name).exists():
        return run_file(Path(name))
    once = earlier.metric(name) or earlier.system(name)
    known_names = [*known, *shipped(), *suites()]
    near = nearest(name, known_names, "list metrics")
    raise click.UsageError(f"no metric, system, suite, run file or directory {name!r}{f'; {once}' if once else near}")


def is_suite(path: Path) -> bool:
    """Whether a TOML file is a suite: it says how often."""
    from gpu_virt_bench.model.text import small_text

    try:
        return "repetitions" in tomllib.loads(small_text(path))
    except (OSError, ValueError):  # said by the reader of systems
        return False


def run_file(path: Path) -> RunFile:
    """The run in a file, or a directory's newest complete one."""
    from gpu_virt_bench.compare.files import find

    found, chosen = find(path)
    return RunFile(found.path, found.run, chosen)


# -- what is said of it


def told(thing: Metric | System | NamedSuite | RunFile, form: str, samples: bool, to_stdout: bool) -> Iterable[str]:
    """The text in that form, in pieces."""
    if isinstance(thing, RunFile):
        if form == "text" and samples:
            raise click.UsageError("--samples needs --format csv or --format json")
        return [run_text(thing, to_stdout)] if form == "text" else run_rows(thing, form, samples)
    if samples or form == "csv":
        raise click.UsageError(f"{'--samples' if samples else '--format csv'} is for runs, and this is a definition")
    return [as_json(thing) if form == "json" else captured(lambda out: print_definition(thing, out), to_stdout)]


def about_file(file: RunFile) -> About:
    """What stands above its table."""
    from gpu_virt_bench.model.shape import printable
    from gpu_virt_bench.report.about import about

    return about(printable(str(file.path)), file.run, file.chosen)


def run_text(file: RunFile, to_stdout: bool) -> str:
    """A run's facts, its table, its remarks."""
    from gpu_virt_bench.report.about import facts
    from gpu_virt_bench.report.outcomes import of_run
    from gpu_virt_bench.report.render.text import print_blocks

    blocks = [facts(file.run, about_file(file)), *of_run(file.run)]
    return captured(lambda out: print_blocks(blocks, out), to_stdout)


def run_rows(file: RunFile, form: str, samples: bool) -> Iterable[str]:
    """A run's estimates or samples for programs."""
    from gpu_virt_bench.report.csv_tables import estimates_csv, samples_csv
    from gpu_virt_bench.report.envelope import envelope
    from gpu_virt_bench.report.rows import Estimates, Taken, outcome_rows, sample_columns, sample_rows
    from gpu_virt_bench.report.text import remarks

    head, run = about_file(file), file.run
    if form == "csv":
        return samples_csv(head, sample_rows(run)) if samples else estimates_csv(head, outcome_rows(run))
    if samples:
        return [envelope("samples", asdict(Taken(head, sample_columns(run), remarks(run))))]
    return [envelope("estimates", asdict(Estimates(head, outcome_rows(run), remarks(run))))]


def as_json(thing: Metric | System | NamedSuite) -> str:
    """A definition as JSON."""
    from gpu_virt_bench.model.metric import Metric
    from gpu_virt_bench.report.definitions import metric_record, suite_record
    from gpu_virt_bench.report.envelope import envelope

    if isinstance(thing, Metric):
        return envelope("metric", asdict(metric_record(thing)))
    if isinstance(thing, NamedSuite):
        return envelope("suite", suite_record(thing.name, thing.suite))
    return envelope("system", asdict(thing))


def print_definition(thing: Metric | System | NamedSuite, out: Console) -> None:
    """A definition for people; a system's is its file."""
    from gpu_virt_bench.model.metric import Metric
    from gpu_virt_bench.report.definitions import suite_lines
    from gpu_virt_bench.report.text import print_metric

    if isinstance(thing, Metric):
        print_metric(thing, out)
    elif isinstance(thing, NamedSuite):
        for line in suite_lines(thing.name, thing.suite):
            out.print(line, markup=False)
    else:
        out.print(thing.source.rstrip(), markup=False, soft_wrap=True)


def captured(print_it: Callable[[Console], None], to_stdout: bool) -> str:
    """What is printed, with colours only for a terminal."""
    from gpu_virt_bench.report.text import console

    out = console(to_stdout)
    with out.capture() as text:
        print_it(out)
    return text.get()
