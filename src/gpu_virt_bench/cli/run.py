"""`gpu-virt-bench run`: measure."""

from __future__ import annotations

import sys
from collections.abc import Sequence, Set
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gpu_virt_bench.cli.asked import by_parameters, requested
from gpu_virt_bench.cli.choices import MOST_MIB, MOST_TENANTS
from gpu_virt_bench.cli.completion import metric_ids, suites, systems, values_of
from gpu_virt_bench.cli.mending import wrong_use
from gpu_virt_bench.cli.numbers import Seconds, Whole
from gpu_virt_bench.cli.reports import check_output
from gpu_virt_bench.cli.settings import (
    MOST_INTEGER,
    load_config,
    split,
)

if TYPE_CHECKING:
    from gpu_virt_bench.compare import Loaded
    from gpu_virt_bench.engine.request import Request
    from gpu_virt_bench.engine.session import Result
    from gpu_virt_bench.model.run import Run

    Chosen = tuple[Loaded, list[str]]
    """A run to compare with, and the remarks on its choice."""

MOST = 1_000_000
"""More samples and repetitions than anybody has."""
FEW = 4
"""So many outcomes are named in a sentence."""


@click.command(name="run")
@click.option("--config", metavar="FILE.toml", is_eager=True, expose_value=False, callback=load_config,
              help="Options from a TOML file; the command line wins.")  # fmt: skip
@click.option("--system", multiple=True, default=["native"], metavar="NAME|FILE.toml", shell_complete=systems,
              help="What to measure; several stand side by side in one session.  [native]")  # fmt: skip
@click.option("--metrics", multiple=True, metavar="IDs", shell_complete=metric_ids,
              help="IDs, categories or globs.  [those of the suite]")  # fmt: skip
@click.option(
    "--suite",
    default="quick",
    metavar="NAME|FILE.toml",
    shell_complete=suites,
    help="quick, standard, thorough, gate or a file of yours.  [quick]",
)
@click.option("--tenants", "--processes", type=Whole(1, MOST_TENANTS), metavar="N",
              help="How many tenants, for metrics that have several.")  # fmt: skip
@click.option("--memory-limit", type=Whole(1, MOST_MIB, "MiB"), metavar="MIB",
              help="Memory quota of a tenant.")  # fmt: skip
@click.option("--compute-limit", type=Whole(1, 100, "per cent"), metavar="PERCENT", help="Compute quota of a tenant.")
@click.option("--quota", multiple=True, metavar="PERCENT,...",
              help="Unequal compute quotas, of so many tenants: 50,25,25.")  # fmt: skip
@click.option("--aggressor", multiple=True, metavar="NAME,...", shell_complete=values_of("aggressor"),
              help="What a neighbor does, where a metric has an aggressor: dram, compute, l2, pcie, launch, alloc, "
                   "idle, ..., or work of your own, module:callable.")  # fmt: skip
@click.option("--intensity", multiple=True, metavar="X,...",
              help="In which part of the time the aggressor works, above 0 up to 1.")  # fmt: skip
@click.option("--victim", multiple=True, metavar="NAME,...", shell_complete=values_of("victim"),
              help="What is disturbed: chain, fma, dram, l2, launch, h2d, ..., or work of your own.")  # fmt: skip
@click.option("--sweep", multiple=True, metavar="NAME=N,N,...",
              help="Measure at several compute-limit (percent), memory-limit (MiB), tenants, quota (50/25/25), "
                   "aggressor, intensity or victim.")  # fmt: skip
@click.option("--aa", is_flag=True, help="Measure the first system a second time: the session's noise floor.")
@click.option("--turns", is_flag=True, help="Measure the systems one after the other, not side by side in rounds.")
@click.option("--strict", is_flag=True, help="One refused system ends the session; else it ends that system alone.")
@click.option("--compare", multiple=True, metavar="FILE|DIR", help="Compare with an earlier run when done.")
@click.option("--report", "reports", multiple=True, metavar="FILE", type=click.Path(path_type=Path),
              help="Write a report when done: .html, .pdf, .md, .csv, .txt or .tex.")  # fmt: skip
@click.option("--device", default="auto", metavar="auto|INDEX|UUID|emulated[:PROFILE[xN]]",
              help="auto: the first GPU, else the emulated one; 0,1: several.  [auto]")  # fmt: skip
@click.option("--option", multiple=True, metavar="[SYSTEM.]NAME=VALUE", help="An option of a system.")
@click.option("--emulate", multiple=True, metavar="KEY=VALUE", help="Changes the emulated GPU.")
@click.option("--iterations", type=Whole(1, MOST), metavar="N", help="Samples (rounds) per repetition.")
@click.option("--warmup", type=Whole(0, MOST), metavar="N", help="Samples thrown away before.")
@click.option("--repetitions", type=Whole(1, MOST), metavar="N", help="Fresh sets of tenants.")
@click.option(
    "--time-budget", type=Seconds(), metavar="SECONDS", help="Ends the session; what would not fit is left out."
)
@click.option("--seed", type=Whole(-MOST_INTEGER, MOST_INTEGER), default=1, metavar="N",
              help="Of orders and inputs.  [1]")  # fmt: skip
@click.option("-o", "--output", default="results", metavar="DIR", help="Where run files go.  [results]")
@click.option("--dry-run", is_flag=True,
              help="Say what would be measured and how long; one tenant opens the device, no more.")  # fmt: skip
@click.option("--label", default="", metavar="TEXT", help="A name of yours, kept in the file.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text",
              help="json: print the files' paths, and nothing else.  [text]")  # fmt: skip
@click.option("--json-only", is_flag=True, hidden=True)
@click.option("--verbose", is_flag=True, help="Say what each repetition did.")
def command(**options: Any) -> None:  # noqa: ANN401
    """Measure one or more systems, each into a run file.

    \b
    gpu-virt-bench run                                     the quick suite, native
    gpu-virt-bench run --system native --system time-slicing --suite standard
    gpu-virt-bench run --metrics 'OH-00*,overhead' --device emulated:a100
    gpu-virt-bench run --metrics 'OH-001[path=*]' --emulate latency.cuLaunchKernel=5000
    gpu-virt-bench run --system native --system mps --suite standard --aa
    gpu-virt-bench run --system mps --sweep compute-limit=25,50,75,100
    gpu-virt-bench run --system mps --metrics IS-009 --aggressor dram,l2 --intensity 0.5,1
    gpu-virt-bench run --system mps --metrics IS-006,IS-008 --quota 50,25,25
    gpu-virt-bench run --suite standard --dry-run          what, and how long

    Exit status: 0 done; 1 a metric failed, or nothing was measured; 2 wrong use or refused; 130 interrupted.
    """
    from gpu_virt_bench.cli.progress import Lines, Silent, display
    from gpu_virt_bench.engine.device import profile_of
    from gpu_virt_bench.engine.session import has_failures, run_session, set_signals

    set_signals()
    for path in options["reports"]:
        check_output(path)
    request = requested(options)
    earlier = check_readable(options["compare"], profile_of(request.device, request.emulate))
    quiet, verbose = options["json_only"] or options["form"] == "json", options["verbose"]
    if options["dry_run"]:
        return predict(request, quiet)
    try:
        with display(Silent() if quiet else Lines() if verbose else None) as progress:
            result = run_session(request, progress)
    except Exception as error:
        raise wrong_use(error) from None
    show(result, quiet, earlier, verbose, by_parameters(request, split(options["metrics"])))
    write_reports(result, options["reports"], quiet)
    if result.out_of_time:
        click.echo(lacking(result, options["time_budget"]), err=True)
    lost = unmeasured(result)
    if lost and not (result.interrupted or result.refused):
        of = "" if len(lost) == len(result.records) else f" of {', '.join(lost)}"
        path = next(record.path for record in result.records if record.run.system.id in lost)
        click.echo(f"Nothing{of} was measured; `gpu-virt-bench show {path}` says why.", err=True)
    failed = bool(lost) or has_failures(result.records)
    sys.exit(130 if result.interrupted else 2 if result.refused else 1 if failed else 0)


def write_reports(result: Result, paths: Sequence[Path], quiet: bool) -> None:
    """Reports of the session's runs; the first system is the baseline."""
    if not paths:
        return
    from gpu_virt_bench.cli.reports import write_reports as write
    from gpu_virt_bench.compare import Loaded
    from gpu_virt_bench.policy import load

    first, *others = [(Loaded(record.path, record.run), list[str]()) for record in result.records]
    try:
        write(others, first, load(None), paths, quiet)
    except Exception as error:
        raise wrong_use(error) from None


def unmeasured(result: Result) -> list[str]:
    """The systems of which nothing was measured, where that is a failure: of all, or because the time was spent."""
    lost = [
        record.run.system.id
        for record in result.records
        if not record.refused and not any(found.outcome == "measured" for found in record.outcomes.values())
    ]
    return lost if len(lost) == len(result.records) or result.out_of_time else []


def predict(request: Request, as_json: bool) -> None:
    """What a session would measure; ends with the status that a refusal would give it."""
    from gpu_virt_bench.cli.progress import Notes, Silent
    from gpu_virt_bench.engine.forecast import forecast
    from gpu_virt_bench.report.envelope import envelope
    from gpu_virt_bench.report.forecast import blocks
    from gpu_virt_bench.report.render.text import print_blocks
    from gpu_virt_bench.report.text import console

    try:
        found = forecast(request, Silent() if as_json else Notes())
    except Exception as error:
        raise wrong_use(error) from None
    if as_json:
        click.echo(envelope("forecast", asdict(found)))
    else:
        print_blocks(blocks(found), console())
    sys.exit(2 if any(run.refused for run in found.runs) else 0)


def lacking(result: Result, budget: float) -> str:
    """What a time budget left out."""
    from gpu_virt_bench.model.text import counted

    names = list(dict.fromkeys(line.partition(": ")[0] for record in result.records for line in record.run.missing))
    named = ", ".join(names[:FEW]) + (f" and {len(names) - FEW} more" if len(names) > FEW else "")
    lack = "lacks" if len(names) == 1 else "lack"
    return (
        f"The time budget of {budget:g} s ended this session: {counted(len(names), 'outcome')} {lack} planned"
        f" repetitions ({named}). What was measured is in the files, what is missing too."
    )


def check_readable(earlier: Sequence[str], profile: str | None) -> list[Chosen]:
    """The runs that are to be compared with, read before anything is measured: a directory's newest run is then not
    the one that this session writes. Runs of another kind of GPU than the `profile` to be measured are refused."""
    from gpu_virt_bench.compare.files import find

    found = []
    for path in earlier:
        try:
            one = find(Path(path))
        except Exception as error:
            raise click.UsageError(f"--compare: {wrong_use(error)}") from None
        if reason := other_kind(one[0].run, profile):
            raise click.UsageError(f"--compare {path}: {reason}")
        found.append(one)
    return found


def other_kind(run: Run, profile: str | None) -> str:
    """Why nothing measured on the emulated GPU of that profile, or on a real one, can be compared with an earlier run;
    "" if it may be."""
    before = [str(device.profile) for device in run.devices if device.emulated]
    if profile is None:
        way_out = "--device emulated measures the emulated one"
        return f"its GPU is emulated, and this session's is real; {way_out}" if before else ""
    if not before:
        way_out = "leave --compare out, or name a run of the emulated GPU"
        return f"its GPU is real, and this session's is emulated; {way_out}"
    if {profile} == set(before):
        return ""
    way_out = f"--device emulated:{before[0]} measures the same"
    return f"its GPU is {', '.join(before)} (emulated), and this session's is {profile} (emulated); {way_out}"


def show(result: Result, json_only: bool, earlier: Sequence[Chosen], verbose: bool, by_name: Set[str]) -> None:
    """The tables, or the paths alone; of several systems the comparison stands for each one's table."""
    if json_only:
        from gpu_virt_bench.model.evidence import of_run
        from gpu_virt_bench.report.envelope import Session, envelope

        paths = [str(record.path) for record in result.records]
        unproven = [sentence for record in result.records for sentence in of_run(record.run)]
        click.echo(
            envelope(
                "session",
                asdict(Session(paths, result.refused, unproven, result.interrupted, result.signal, result.out_of_time)),
            )
        )
        return
    from gpu_virt_bench.compare import Loaded
    from gpu_virt_bench.compare.sweeps import sweeps as judged_sweeps
    from gpu_virt_bench.policy import load
    from gpu_virt_bench.report import outcomes, sweep
    from gpu_virt_bench.report.render.text import print_blocks
    from gpu_virt_bench.report.text import console, named

    runs = [record.run for record in result.records if not record.refused]
    plain = [run for run in runs if not run.point]
    if plain and (len(plain) == 1 or verbose or not is_compared(result)):
        print_blocks(outcomes.blocks(plain), console())
        click.echo()
    found = [Loaded(record.path, record.run) for record in result.records if not record.refused]
    for one in judged_sweeps(found, load(None)):
        print_blocks(sweep.blocks([one]), console())
        click.echo()
    compare_with(result, earlier, by_name)
    print_answers(found)
    for record in result.records:
        click.echo(f"{named(record.run)}: {record.path}")
    for record in result.records:
        if record.refused:
            click.echo(f"Refused: {of_point(record.run)}{record.refused}", err=True)
    if result.interrupted:
        click.echo(f"Interrupted by {result.signal}; what was measured is in the files, what is missing too.", err=True)


def print_answers(found: Sequence[Loaded]) -> None:
    """One sentence for each system, where a session says how well they isolate: real, what holds, the worst cell."""
    from gpu_virt_bench.policy import load
    from gpu_virt_bench.report.blocks import Heading
    from gpu_virt_bench.report.page.answers import answers, isolates
    from gpu_virt_bench.report.page.groups import groups
    from gpu_virt_bench.report.render.text import print_blocks
    from gpu_virt_bench.report.text import console

    if not any(isolates(one.run) for one in found):
        return
    (group,) = groups([(one, []) for one in found], (found[0], []), load(None))
    print_blocks([Heading("In short", level=3), *answers(group)], console())
    click.echo()


def of_point(run: Run) -> str:
    """Which point of a sweep a refusal is of, since it names its system alone; "" without a sweep."""
    from gpu_virt_bench.report.text import named

    return f"{named(run)}: " if run.point else ""


def is_compared(result: Result) -> bool:
    """Whether the session's first system was measured, and is no point of a sweep: the others are compared with it. One
    to which nothing applies that was asked for, such as a memory limit to native, has nothing to compare."""
    first = result.records[0]
    applies = any(found.outcome != "skipped" for found in first.run.outcomes.values())
    return not first.refused and not first.run.point and applies


def compare_with(result: Result, earlier: Sequence[Chosen], by_name: Set[str]) -> None:
    """Verdicts of the session's other runs over its first one, and of all of them over each earlier run; of metrics
    that were asked for `by_name` all outcomes are shown."""
    from gpu_virt_bench.compare import Loaded, compare_chosen
    from gpu_virt_bench.policy import load
    from gpu_virt_bench.report.matrix import blocks
    from gpu_virt_bench.report.render.text import print_blocks
    from gpu_virt_bench.report.text import console, named
    from gpu_virt_bench.results import RunFileError

    kept = [record for record in result.records if not record.refused]
    paths = [record.path for record in kept if not record.run.point]
    others = paths[1:] if is_compared(result) else []
    first, again = result.records[0], [record.path for record in kept if not record.run.twin]
    of_session = [((Loaded(first.path, first.run), list[str]()), others)] if others else []
    for baseline, candidates in [*of_session, *((one, again) for one in earlier)]:
        try:
            found = compare_chosen(baseline, candidates, load(None))
        except (RunFileError, OSError) as error:
            click.echo(f"Not compared: {wrong_use(error)}", err=True)
            continue
        print_blocks(blocks([one.headlines(by_name) for one in found]), console())
        click.echo()
    for record in result.records:
        if record.refused:
            click.echo(f"{named(record.run)}: refused, nothing of it was measured")
