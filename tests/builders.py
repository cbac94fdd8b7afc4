"""Runs with round numbers, for tests that need no device."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from gpu_virt_bench.model.run import (
    SCHEMA_VERSION,
    Check,
    Definition,
    Device,
    Failed,
    Host,
    Measured,
    Outcome,
    Plan,
    ProofRecord,
    Repetition,
    Run,
    Session,
    Skipped,
    Suite,
    SystemRecord,
)

Samples = Sequence[float | Sequence[float]]

DEFINITION = Definition(
    title="A latency",
    category="overhead",
    unit="s",
    shown_unit="us",
    better="lower",
    compare="ratio",
    ideal="none",
    revision=1,
    definition="A latency.\n\nsample = seconds",
)
DEVICE = Device(
    name="NVIDIA H200",
    uuid="GPU-1",
    emulated=False,
    index=0,
    pci_bus="0000:01:00.0",
    numa_node=0,
    compute_capability="9.0",
    sm_count=132,
    threads_per_sm=2048,
    memory_bytes=141 << 30,
    l2_bytes=50 << 20,
    memory_clock_hz=3_201_000_000,
    memory_bus_bits=6144,
    sm_clock_hz=1_980_000_000,
    driver_version="580.159.04",
    cuda_driver_version=13000,
)
HOST = Host(
    cpu="A processor",
    cpu_count=16,
    allowed_cpus=list(range(16)),
    memory_bytes=64 << 30,
    kernel="6.8.0",
    distribution="A distribution",
    hypervisor=None,
    python="3.12.0",
    boot_id="boot-1",
    container=False,
)
SUITE = Suite(
    title="Standard",
    description="What a suite is for.",
    metrics=["*"],
    parameters="headline",
    repetitions=5,
    max_repetitions=5,
    rounds={"latency": 30},
    warmup=1,
    seconds_per_outcome=4.0,
    warm_seconds=2.0,
    window_seconds=1.0,
    settle_seconds=0.3,
    quota_window_seconds=5.0,
    quota_settle_seconds=1.0,
    polling_seconds=30.0,
    resolution=0.5,
)
PLAN = Plan(suite="standard", settings=SUITE, outcomes=[], seed=1)

SERVED = Check("served_by.cuInit", "libcuda.so.1", "libcuda.so.1", True)
LIMITED = [Check("memory-limit.refused_above", "x", "refused", True), Check("compute-limit.sm_count", "x", "33", True)]
PROOF = [
    ProofRecord(0, 0, "before", [SERVED, *LIMITED], serial=0),
    ProofRecord(0, 0, "after", [SERVED, *LIMITED], serial=0),
]
"""Of a layer in force, and of limits where the plan has them."""


def outcome(name: str, found: Samples | str) -> Outcome:
    """A measured outcome, one number or list of samples for each repetition; or `skipped: reason`, `failed: error`.

    `OH-001[bytes=4096]` has the parameter, and is no headline.
    """
    metric, _, rest = name.partition("[")
    params: dict[str, str | int | float] = dict(pair.split("=", 1) for pair in rest.rstrip("]").split(",") if pair)
    if isinstance(found, str):
        kind, _, text = found.partition(": ")
        made = {"skipped": Skipped, "failed": Failed}[kind]
        return made(metric, params, text, headline=not rest)
    repetitions = [
        Repetition(
            index, "2026-11-21T12:00:00+00:00", 1.0, [*taken] if isinstance(taken, Sequence) else [taken], "enough"
        )
        for index, taken in enumerate(found)
    ]
    return Measured(metric, params, repetitions, headline=not rest)


def in_rounds(name: str, samples: Sequence[Sequence[float]], first: int = 0, **beside: Any) -> Measured:
    """A measured outcome whose samples have rounds, from `first` on; `beside` replaces fields of every repetition."""
    made = outcome(name, samples)
    assert isinstance(made, Measured)
    repetitions = [
        replace(entry, taken="rounds", rounds=[*range(first, first + len(entry.samples))], **beside)
        for entry in made.repetitions
    ]
    return replace(made, repetitions=repetitions)


def with_outcome(run: Run, name: str, **changes: Any) -> Run:
    """The run with other fields in one of its outcomes."""
    return replace(run, outcomes={**run.outcomes, name: replace(run.outcomes[name], **changes)})


def a_run(
    outcomes: Mapping[str, Samples | str],
    definitions: Mapping[str, Mapping[str, Any]] | None = None,
    system: str = "native",
    session: str = "session-1",
    emulated: bool = False,
    **changes: Any,
) -> Run:
    """A complete run: `a_run({"OH-001": [1, 1, 1], "OH-002": "failed: died"}, {"OH-001": {"better": "higher"}})`.

    `definitions` names what differs from DEFINITION, `changes` replaces fields of the run.
    """
    made = {name: outcome(name, found) for name, found in outcomes.items()}
    given = definitions or {}
    run = Run(
        schema_version=SCHEMA_VERSION,
        kind="measured",
        tool_version="0.1.0",
        libgvb_abi=1,
        began="2026-11-21T12:00:00+00:00",
        ended="2026-11-21T12:05:00+00:00",
        status="complete",
        system=SystemRecord(system, system.title(), "none", [], {}, "none", ""),
        session=Session(session, [system], [], ["gpu-virt-bench"]),
        devices=[replace(DEVICE, emulated=emulated)],
        host=HOST,
        plan=replace(PLAN, outcomes=list(made)),
        proof=PROOF,
        metrics={found.metric: replace(DEFINITION, **given.get(found.metric, {})) for found in made.values()},
        outcomes=made,
    )
    return replace(run, **changes)
