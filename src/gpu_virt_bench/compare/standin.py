"""The baseline of an outcome that the comparison's own cannot have: of another system, or zero, as its metric says."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from gpu_virt_bench.compare.change import MOST, Incomparable, edge
from gpu_virt_bench.compare.files import Loaded, of_system, passed_over
from gpu_virt_bench.compare.pairs import medians
from gpu_virt_bench.model.comparison import Change
from gpu_virt_bench.model.evidence import FIRST_WITH_CONDITIONS
from gpu_virt_bench.model.run import Definition, Measured, Run, Skipped
from gpu_virt_bench.stats.change import paired, paired_p

ZERO = "zero"


def named_by(name: str, baseline: Run, candidate: Run) -> str:
    """What a metric takes for a baseline that its comparison's cannot have; "" where the baseline has it itself, or
    where the candidate did not measure it either."""
    mine, theirs = baseline.outcomes.get(name), candidate.outcomes.get(name)
    if not isinstance(mine, Skipped) or not isinstance(theirs, Measured):
        return ""
    return candidate.metrics[theirs.metric].baseline


def unnamed(name: str, baseline: Run, candidate: Run) -> str:
    """What a reason adds where the candidate's file is older than the baselines that metrics name."""
    mine, theirs = baseline.outcomes.get(name), candidate.outcomes.get(name)
    if candidate.schema_version >= FIRST_WITH_CONDITIONS:
        return ""
    if not isinstance(mine, Skipped) or not isinstance(theirs, Measured):
        return ""
    return (
        f"; the candidate's file (version {candidate.schema_version}) names no other baseline for it: compare with a"
        " run that measured it as the baseline, or measure anew"
    )


def stand_ins(baseline: Loaded, candidate: Loaded, named: Sequence[Run]) -> tuple[list[Run], list[str]]:
    """The runs that stand in for the baseline, of each system that a metric names: among those that the user named,
    else beside the files of the candidate and of the baseline; with a remark on each that may be in a file that cannot
    be read."""
    systems = {named_by(name, baseline.run, candidate.run) for name in candidate.run.outcomes}
    session = candidate.run.session.id
    found: list[Run] = []
    notes: list[str] = []
    for system in sorted(systems - {"", ZERO, candidate.run.system.id}):
        bad: list[Path] = []
        beside = (run for loaded in (candidate, baseline) for run in of_system(loaded.path, session, system, bad))
        run = of_session(system, candidate.run, named) or of_session(system, candidate.run, beside)
        found += [run] if run is not None else []
        notes += passed_over(bad, f"no run of {system} is beside these files") if run is None else []
    return found, notes


def of_session(system: str, candidate: Run, others: Iterable[Run]) -> Run | None:
    """The run of that system in the candidate's session and at its point; None if there is none."""
    fitting = (
        run
        for run in others
        if run.system.id == system and run.session.id == candidate.session.id and run.point == candidate.point
    )
    return next(fitting, None)


def lacking(system: str, candidate: Run) -> str:
    """Why there is no such baseline."""
    if candidate.system.id == system:
        return f"{system} is the baseline of this outcome itself"
    return (
        f"the baseline of this outcome is {system}, which is neither among these runs nor beside their files:"
        f" --system {system} measures it too"
    )


def change_from_zero(candidate: Measured, definition: Definition, margin: float, level: float) -> Change:
    """A value that is a difference already: its repetitions, with their interval and tests."""
    values = medians(candidate)
    if definition.compare != "difference":
        raise Incomparable(f"a {definition.compare} has no baseline of zero")
    if len(values) > MOST:
        raise Incomparable(f"{len(values)} repetitions; at most {MOST} are judged")
    return Change(
        "difference",
        "paired",
        paired(values, level),
        margin,
        p=paired_p(values, edge("difference", margin)),
        p_any=paired_p(values, 0.0),
        repetitions=len(values),
    )
