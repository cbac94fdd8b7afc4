"""Runs by the hardware that they were measured on, each group with its baseline: configurations meet only there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from gpu_virt_bench.compare import compare_found
from gpu_virt_bench.compare import side as side_of
from gpu_virt_bench.compare.admissible import unproven
from gpu_virt_bench.compare.files import Loaded, find_twin
from gpu_virt_bench.model.comparison import Comparison
from gpu_virt_bench.model.comparison import Row as Judged
from gpu_virt_bench.model.run import Definition, Measured, Outcome, Run
from gpu_virt_bench.policy import Policy
from gpu_virt_bench.report.rows import repetitions
from gpu_virt_bench.report.text import devices
from gpu_virt_bench.stats.estimate import Estimate, summarise

Chosen = tuple[Loaded, list[str]]
"""A run, and why a directory stands for it."""
FIRST = ("native", "time-slicing")
"""Systems without anything in between: what the others are compared with, where nobody says it."""


@dataclass(frozen=True)
class Entry:
    """One run of a group: what tables call it, and what it is to the baseline; None for the baseline itself."""

    name: str
    path: Path
    run: Run
    comparison: Comparison | None = None

    @cached_property
    def rows(self) -> dict[str, Judged]:
        """The verdict on each outcome; none of the baseline."""
        return {row.id: row for row in self.comparison.rows} if self.comparison is not None else {}

    @cached_property
    def estimates(self) -> dict[str, Estimate]:
        """The estimate of each outcome that has samples."""
        return estimates(self.run)


@dataclass(frozen=True)
class Group:
    """The runs on one model of GPU; the first is the baseline."""

    hardware: str
    entries: Sequence[Entry]

    @property
    def baseline(self) -> Entry:
        """What the others are compared with."""
        return self.entries[0]

    @property
    def is_emulated(self) -> bool:
        """Whether nothing of it is of hardware."""
        return self.baseline.run.device.emulated

    @cached_property
    def outcomes(self) -> dict[str, Outcome]:
        """Every outcome once, by id; of several runs that of the first that has it."""
        found: dict[str, Outcome] = {}
        for entry in self.entries:
            for name, outcome in entry.run.outcomes.items():
                found.setdefault(name, outcome)
        return dict(sorted(found.items()))

    @cached_property
    def marks(self) -> list[str]:
        """What every figure of the group says inside."""
        found = ["EMULATED"] if self.is_emulated else []
        if any(one.run.kind == "derived" for one in self.entries):
            found.append("DERIVED")
        if lacking := [one.name for one in self.entries if next(unproven(one.run), "")]:
            found.append(f"UNPROVEN: {', '.join(lacking)}")
        if any(is_throttled(one.run) for one in self.entries):
            found.append("THROTTLED")
        return found

    def estimates(self, names: Sequence[str]) -> Iterator[Estimate]:
        """The estimates of some outcomes, of all systems."""
        return (one.estimates[name] for name in names for one in self.entries if name in one.estimates)

    def definition(self, outcome: str) -> Definition:
        """What the metric of an outcome is, as the first run says that has it."""
        entry, found = self.having(outcome)[0]
        return entry.run.metrics[found.metric]

    def having(self, outcome: str) -> list[tuple[Entry, Outcome]]:
        """The entries that have an outcome, each with it."""
        return [(one, one.run.outcomes[outcome]) for one in self.entries if outcome in one.run.outcomes]


def estimates(run: Run) -> dict[str, Estimate]:
    """The estimates of what a run measured, by outcome."""
    return {
        name: summarise(one, run.metrics[one.metric])
        for name, one in sorted(run.outcomes.items())
        if isinstance(one, Measured) and any(repetition.samples for repetition in one.repetitions)
    }


def is_throttled(run: Run) -> bool:
    """Whether a sample was rejected because the device was throttled."""
    return any(
        "throttl" in rejected.reason
        for outcome in run.outcomes.values()
        for repetition in repetitions(outcome)
        for rejected in repetition.rejected
    )


def groups(found: Sequence[Chosen], baseline: Chosen | None, policy: Policy) -> list[Group]:
    """The runs by hardware, those of the baseline's first. The second measurement of a session's baseline (A/A) shows
    the noise floor and is no system of its own."""
    runs = distinct([*([baseline] if baseline else []), *found], baseline)
    kinds = list(dict.fromkeys(hardware(one.run) for one, _ in runs))
    return [group(kind, [one for one in runs if hardware(one[0].run) == kind], baseline, policy) for kind in kinds]


def distinct(found: Sequence[Chosen], wanted: Chosen | None = None) -> list[Chosen]:
    """Each file once, without twins, unless there are only twins; one that is wanted as the baseline stays."""
    by_path = {one.path.resolve(): (one, notes) for one, notes in reversed(found)}
    kept = list(reversed(by_path.values()))
    return [one for one in kept if not one[0].run.twin or (wanted and one[0].path == wanted[0].path)] or kept


def hardware(run: Run) -> str:
    """The model of GPU; an emulated one has its profile too, since several may have one name."""
    model = devices(run)
    if not run.device.emulated:
        return model
    return f"{model.removesuffix(' (emulated)')} (emulated, profile {run.device.profile})"


def group(kind: str, runs: Sequence[Chosen], wanted: Chosen | None, policy: Policy) -> Group:
    """The runs of one model against their baseline."""
    first = next((one for one in runs if wanted and one[0].path == wanted[0].path), None) or usual(runs)
    others = [one for one in runs if one is not first]
    twin, lacking = find_twin(*first[0])
    comparisons = compare_found(first[0], others, policy, twin, [*first[1], *lacking])
    names = unique([side_of(one).name for one, _ in [first, *others]], [one.path for one, _ in [first, *others]])
    mine = Entry(names[0], first[0].path, first[0].run)
    theirs = (
        Entry(name, one.path, one.run, found)
        for name, (one, _), found in zip(names[1:], others, comparisons, strict=True)
    )
    return Group(kind, [mine, *theirs])


def usual(runs: Sequence[Chosen]) -> Chosen:
    """The baseline where nobody names one: native, time-slicing, else the first; of several the one whose session has
    the most of the others, since runs of one session are paired."""
    plain = [one for one in runs if not one[0].run.point and one[0].run.status != "refused"] or list(runs)
    for system in FIRST:
        if found := [one for one in plain if one[0].run.system.id == system]:
            return max(found, key=lambda one: beside(one[0].run, runs))
    return plain[0]


def beside(run: Run, runs: Sequence[Chosen]) -> int:
    """How many of the runs are of other systems in the same session."""
    return sum(one.run.session.id == run.session.id and one.run.system.id != run.system.id for one, _ in runs)


def unique(names: Sequence[str], paths: Sequence[Path]) -> list[str]:
    """The names; of several equal ones each with its file's, or its folder's where the file is called as the system is,
    and with a number where that is equal too."""
    counts = Counter(names)
    marked = [
        f"{name} ({mark(name, path)})" if counts[name] > 1 else name for name, path in zip(names, paths, strict=True)
    ]
    return list(numbered(marked))


def mark(name: str, path: Path) -> str:
    """What tells a file from others of the same system."""
    return path.stem if path.stem != name.partition(",")[0] else path.absolute().parent.name


def numbered(names: Sequence[str]) -> Iterator[str]:
    """The names, a second one of the same with its number."""
    seen: Counter[str] = Counter()
    for name in names:
        seen[name] += 1
        yield f"{name} #{seen[name]}" if seen[name] > 1 else name
