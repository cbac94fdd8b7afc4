"""What a run's memory limits came to, by allocation call: asked for, granted, and given before a refusal."""

from __future__ import annotations

from collections.abc import Iterator

from gpu_virt_bench.model.run import Measured, Run, Value

MIB = 1 << 20
METRIC = "IS-001"
Row = dict[str, Value]
WHERE = {"first": "", "second": " in two processes", "after": " in a process whose first was killed"}


def memory_limits(run: Run) -> list[str]:
    """A sentence for each limit: what every call gave under it."""
    found: dict[str, dict[str, list[str]]] = {}
    for call, row in tried(run):
        found.setdefault(limit(row), {}).setdefault(outcome(row), []).append(call)
    return [f"{of}: {'; '.join(f'{what} by {listed(calls)}' for what, calls in found[of].items())}" for of in found]


def listed(calls: list[str]) -> str:
    """Calls in a row."""
    return ", ".join(calls)


def tried(run: Run) -> Iterator[tuple[str, Row]]:
    """The calls that were tried, each with the last row of its first repetition that has one."""
    for name in sorted(run.outcomes):
        found = run.outcomes[name]
        if not isinstance(found, Measured) or found.metric != METRIC:
            continue
        rows = [row for repetition in found.repetitions[:1] for row in repetition.detail.get("limit", ())]
        if rows:
            yield f"{rows[-1]['api']}{WHERE.get(str(found.params.get('process')), '')}", rows[-1]


def limit(row: Row) -> str:
    """The limit: `memory limit of 4096 MiB`, and what was asked for where that is not it."""
    asked = "" if row["asked"] == row["granted"] else f" ({mib(row['asked'])} asked for)"
    return f"memory limit of {mib(row['granted'])}{asked}"


def outcome(row: Row) -> str:
    """What was given, how far that is from the limit, and whether anything refused more."""
    if not str(row["ended_by"]).startswith("refusal"):
        return f"no refusal, all {mib(row['enforced'])} that were free given"
    off = int(row["enforced"]) - int(row["granted"])
    return f"{mib(row['enforced'])} given" + (f" ({off / MIB:+.10g} MiB)" if off else "")


def mib(value: Value) -> str:
    """Bytes as people say them."""
    return f"{int(value) / MIB:.10g} MiB"
