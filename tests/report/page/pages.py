"""Groups and documents of runs with round numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from builders import PLAN, PROOF, a_run
from gpu_virt_bench.compare import Loaded
from gpu_virt_bench.model.claims import CALLS
from gpu_virt_bench.model.run import Check, Run
from gpu_virt_bench.policy import load
from gpu_virt_bench.report.blocks import Block, Box, Fold, Sentence, Table
from gpu_virt_bench.report.page.groups import Group, groups

RATIO = {"unit": "ratio", "shown_unit": "%", "compare": "difference", "ideal": "structural", "category": "isolation"}
DEFINITIONS = {
    "OH-001": {"title": "Kernel launch latency"},
    "IS-009": {**RATIO, "title": "Noisy neighbor impact"},
    "IS-010": {**RATIO, "title": "Fault isolation", "unit": "pass", "shown_unit": "pass", "better": "higher"},
}
NATIVE = {"OH-001": [2e-6, 2.01e-6, 2e-6, 1.99e-6, 2e-6], "IS-009": "skipped: native has no neighbors"}
MPS = {
    "OH-001": [6e-6, 6.1e-6, 6e-6, 5.9e-6, 6e-6],
    "IS-009": [0.5, 0.51, 0.5, 0.49, 0.5],
    "IS-009[aggressor=l2]": [0.75, 0.76, 0.75, 0.74, 0.75],
    "IS-010": [1.0, 1.0, 0.0, 1.0, 1.0],
}


EVERY = f"refused by {', '.join(CALLS[1:])}"


def limited(run: Run, leaks: bool = False, said: str = EVERY) -> Run:
    """The run with a memory limit of 8 GiB, which refuses more or does not, as far as its check of all calls says."""
    calls = Check("memory-limit.refused_above", "refused", "given" if leaks else "refused", not leaks)
    granted = {"memory_bytes": str(8 << 30), "memory_total": str(8 << 30)}
    every = Check("memory-limit.calls", "refused", said, True)
    proof = [replace(one, granted=granted, checks=[one.checks[0], calls, every, *one.checks[2:]]) for one in PROOF]
    return replace(run, plan=replace(PLAN, memory_limit_bytes=8 << 30), proof=proof)


def native(**settings: object) -> Run:
    """The baseline."""
    return a_run(NATIVE, DEFINITIONS, **settings)


def mps(**settings: object) -> Run:
    """A layer that costs."""
    run = a_run(MPS, DEFINITIONS, "mps", **settings)
    return replace(run, system=replace(run.system, mechanism="mps"))


def whole(run):
    """The run with every sample of IS-010 passed."""
    passed = run.outcomes["IS-010"]
    repetitions = [replace(one, samples=[1.0]) for one in passed.repetitions]
    return replace(run, outcomes={**run.outcomes, "IS-010": replace(passed, repetitions=repetitions)})


def grouped(*runs: Run) -> list[Group]:
    """The groups of runs, each in a file of its system's name."""
    files = (Path(f"{number}/{run.system.id}.json") for number, run in enumerate(runs))
    return groups([(Loaded(path, run), []) for path, run in zip(files, runs, strict=True)], None, load(None))


def inside(blocks: Sequence[Block]) -> Iterator[Block]:
    """All blocks, those within others too."""
    for block in blocks:
        yield block
        yield from inside(block.blocks) if isinstance(block, Box | Fold) else ()
        if isinstance(block, Table):
            for row in block.rows:
                yield from inside(row.opens)


def texts(blocks: Sequence[Block]) -> list[str]:
    """The sentences."""
    return [block.text for block in inside(blocks) if isinstance(block, Sentence)]
