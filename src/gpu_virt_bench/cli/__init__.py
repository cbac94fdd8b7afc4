"""The command line. Each command's work is imported when it runs, so that `--help` is fast."""

from __future__ import annotations

import _thread
import sys
import warnings
from importlib import import_module
from pathlib import Path

import click

from gpu_virt_bench._version import __version__
from gpu_virt_bench.cli import streams

COMMANDS = {
    "run": "Measure one or more systems, each into a run file.",
    "prove": "Say whether systems are in force, and what lies open.",
    "conform": "Say where a layer answers calls otherwise than the driver.",
    "list": "List metrics, systems, suites, policies, devices or the emulated GPU's keys.",
    "show": "Show a metric, a system, a suite or a run; a run as CSV or JSON too.",
    "compare": "Compare runs with a baseline: verdicts with intervals.",
    "score": "Score runs against a reference: parity, categories, grades.",
    "report": "Write a page, a PDF, tables or a paper's parts of runs.",
    "gate": "Fail on regressions: for CI.",
    "history": "Show one metric over many runs, with its change points.",
    "doctor": "Say what can be measured here, and clean up after killed sessions.",
    "schema": "Print the JSON Schema of a run file.",
}
OWN = ("--help", "-h", "--version", "-V")
NAMES = ("gpu-virt-bench", "gvb")
INTERRUPTED, WRONG = 130, 2
"""Exit statuses of every command: interrupted; wrong use, refused, or output that could not be written."""


class Commands(click.Group):
    """Subcommands by name; without one, options mean `run`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All subcommands."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """The subcommand, imported now."""
        if name not in COMMANDS:
            return None
        command: click.Command = import_module(f"gpu_virt_bench.cli.{name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The subcommand, or the nearest name."""
        if args and args[0] not in COMMANDS:
            from gpu_virt_bench.model.text import nearest

            raise click.UsageError(f"no command {args[0]!r}{nearest(args[0], COMMANDS)}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list in `--help`, without importing the commands."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """`gpu-virt-bench --system native ...` means `gpu-virt-bench run --system native ...`."""
        if args and args[0].startswith("-") and args[0] not in OWN:
            args = ["run", *args]
        return super().parse_args(ctx, args)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version", prog_name="gpu-virt-bench")
def group() -> None:
    """What GPU virtualization costs, and how well it isolates.

    Without a command, options mean `run`. Without a GPU, `run` measures the emulated one.
    """


def called() -> str:
    """The name that the command was called by: completion goes by it."""
    name = Path(sys.argv[0]).name
    return name if name in NAMES else NAMES[0]


def main(args: list[str] | None = None) -> None:
    """The command line; ends with the documented exit status."""
    below = streams.take_over()
    status = answered(args)
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    if below is not None and below.failure is not None and status != INTERRUPTED:
        click.echo(f"Error: standard output: {below.failure.strerror}; not everything was written", err=True)
        status = WRONG
    if status:
        sys.exit(status)


def answered(args: list[str] | None) -> int:
    """Does what the words ask for; returns the exit status."""
    warnings.showwarning, sys.unraisablehook = said, raised_again
    try:
        group.main(args=args, prog_name=called(), standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
    except click.ClickException as error:
        click.echo(f"Error: {' '.join(error.format_message().split())}", err=True)
        return WRONG
    except (click.Abort, KeyboardInterrupt) as error:
        click.echo(f"interrupted by {error if str(error).startswith('SIG') else 'SIGINT'}", err=True)
        return INTERRUPTED
    except OSError as error:
        click.echo(f"Error: {error.filename or 'the operating system'}: {error.strerror}", err=True)
        return WRONG
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 0 if ended.code is None else WRONG
    return 0


def raised_again(lost: sys.UnraisableHookArgs) -> None:
    """A Ctrl-C that came within a callback of the interpreter's, where it would be lost."""
    if issubclass(lost.exc_type, KeyboardInterrupt):
        _thread.interrupt_main()
    else:
        sys.__unraisablehook__(lost)


def said(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: object = None,
    line: object = None,
) -> None:
    """A warning as a sentence, without the place in the source that gave it."""
    click.echo(f"Warning: {message}", err=True)
