"""What a shell completes beside commands and options: systems, metrics, suites, and files."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import click
    from click.shell_completion import CompletionItem


def systems(context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """Shipped systems, and definition files."""
    from gpu_virt_bench.systems.load import shipped

    return offered(shipped(), begun, with_files=True)


def metric_ids(context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """Metrics and their categories; of several joined by commas, the last."""
    from gpu_virt_bench import metrics

    known = metrics.load()
    return offered_last([*known, *sorted({one.category for one in known.values()})], begun)


def values_of(name: str) -> Callable[[click.Context, click.Parameter, str], list[CompletionItem]]:
    """Values of a parameter that have a name; of several joined by commas, the last."""

    def complete(context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
        from gpu_virt_bench import metrics
        from gpu_virt_bench.engine import chosen

        return offered_last(chosen.names(metrics.load(), name), begun)

    return complete


def suites(context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """Shipped suites, and files."""
    from gpu_virt_bench.engine import plan

    return offered(plan.suites(), begun, with_files=True)


def policy_names(context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """Shipped policies, and files."""
    from gpu_virt_bench import policy

    return offered(policy.policies(), begun, with_files=True)


def names(context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """All that `show` shows."""
    from gpu_virt_bench import metrics
    from gpu_virt_bench.engine import plan
    from gpu_virt_bench.systems.load import shipped

    return offered([*metrics.load(), *shipped(), *plan.suites()], begun, with_files=True)


def offered_last(words: Iterable[str], begun: str) -> list[CompletionItem]:
    """Of words joined by commas, what the last may be."""
    before, comma, _ = begun.rpartition(",")
    return offered([f"{before}{comma}{word}" for word in words], begun)


def offered(words: Iterable[str], begun: str, with_files: bool = False) -> list[CompletionItem]:
    """The words that begin so; files where none does."""
    from click.shell_completion import CompletionItem

    found = [CompletionItem(word) for word in words if word.lower().startswith(begun.lower())]
    return found or ([CompletionItem(begun, type="file")] if with_files else [])
