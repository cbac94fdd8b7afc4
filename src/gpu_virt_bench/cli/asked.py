"""What the options of `run` ask for."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gpu_virt_bench.cli.choices import chosen_of, common_count, quota_of, sweeps
from gpu_virt_bench.cli.mending import wrong_use
from gpu_virt_bench.cli.settings import by_system, check_folder, check_words, pairs, split

if TYPE_CHECKING:
    from gpu_virt_bench.engine.request import Request
    from gpu_virt_bench.model.run import Suite
    from gpu_virt_bench.model.system import System

MIB = 1 << 20


def requested(options: dict[str, Any]) -> Request:
    """The request that the options describe; every name is resolved, every limit is possible."""
    from gpu_virt_bench import metrics
    from gpu_virt_bench.engine.chosen import check_chosen
    from gpu_virt_bench.engine.plan import check_selection, load_suite
    from gpu_virt_bench.engine.request import Request
    from gpu_virt_bench.systems.load import load

    check_words(options)
    output = check_folder(options["output"])
    try:
        suite = load_suite(options["suite"])
        registry, words = metrics.load(), split(options["metrics"]) or list(suite.metrics)
        check_selection(registry, words)
        swept, choices = sweeps(options["sweep"])
        quota = quota_of(options, swept)
        chosen = chosen_of(registry, options, choices)
        check_chosen(registry, words, chosen)
        systems = different([load(name) for name in split(options["system"])])
    except Exception as error:
        raise wrong_use(error) from None
    systems, given = with_options(systems, pairs(options["option"], "--option"))
    return Request(
        systems=systems,
        metrics=words,
        suite=adjusted(suite, options),
        suite_name=Path(options["suite"]).stem,
        registry=registry,
        device=options["device"],
        emulate=pairs(options["emulate"], "--emulate"),
        options=given,
        output=output,
        label=options["label"],
        seed=options["seed"],
        time_budget=options["time_budget"],
        tenants=options["tenants"] or common_count(swept),
        memory_limit=None if options["memory_limit"] is None else options["memory_limit"] * MIB,
        compute_limit=None if options["compute_limit"] is None else options["compute_limit"] / 100,
        quota=quota,
        sweep=swept,
        chosen=chosen,
        again=options["aa"],
        strict=options["strict"],
        turns=options["turns"],
        argv=["gpu-virt-bench", *sys.argv[1:]],
    )


def by_parameters(request: Request, words: Sequence[str]) -> set[str]:
    """The metrics of which the user chose parameters: `OH-001[path=*]`, `--aggressor l2`, `--tenants 3`."""
    from gpu_virt_bench.engine.plan import named, parted

    chosen = [name for name, bracket in map(parted, words) if bracket is not None]
    counted = request.tenants is not None or request.quota
    by_option = [
        metric.id
        for metric in request.registry.values()
        if request.chosen.keys() & metric.params.keys() or (counted and metric.tenants)
    ]
    return {*by_option, *(metric.id for name in chosen for metric in named(request.registry, name))}


def different(systems: list[System]) -> list[System]:
    """The systems, each of which has a name of its own: files and tables go by it."""
    for index, system in enumerate(systems):
        if any(system.id == before.id for before in systems[:index]):
            raise click.UsageError(
                f"--system names {system.id} twice: --aa measures the first system a second time, and another"
                " definition needs another file name"
            )
    return systems


def with_options(systems: list[System], given: dict[str, str]) -> tuple[list[System], dict[str, dict[str, str]]]:
    """The systems as their options shape them, and every system's options, checked."""
    from gpu_virt_bench.systems.options import accepts, configured, resolve_options

    sorted_options = by_system(
        given, {s.id: partial(accepts, s) for s in systems}, {s.id: list(s.options) for s in systems}
    )
    try:
        resolved = {s.id: resolve_options(s, sorted_options[s.id]) for s in systems}
        return [configured(s, resolved[s.id]) for s in systems], resolved
    except Exception as error:
        raise wrong_use(error) from None


def adjusted(suite: Suite, options: dict[str, Any]) -> Suite:
    """The suite with the effort that the options ask for."""
    if options["iterations"] is not None:
        suite = replace(suite, rounds=dict.fromkeys(suite.rounds, options["iterations"]), seconds_per_outcome=3600.0)
    if options["warmup"] is not None:
        suite = replace(suite, warmup=options["warmup"])
    if options["repetitions"] is not None:
        suite = replace(suite, repetitions=options["repetitions"], max_repetitions=options["repetitions"])
    return suite
