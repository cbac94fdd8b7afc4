"""The points of a sweep, compared: with its first one, with its last one, and with what had the whole device."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from gpu_virt_bench.compare import compare, compare_found
from gpu_virt_bench.compare.change import place
from gpu_virt_bench.compare.files import Loaded, whose
from gpu_virt_bench.compare.limits import limits
from gpu_virt_bench.model.claims import number
from gpu_virt_bench.model.comparison import Comparison, Limit, Row
from gpu_virt_bench.model.run import Run, Value
from gpu_virt_bench.policy import Policy

CERTAIN = ("worse", "slightly worse", "better", "slightly better")


@dataclass(frozen=True)
class Sweep:
    """The runs of one system in a session, by points."""

    runs: list[Run]
    changes: list[Comparison]
    """Every further point over the first one: how the sweep goes."""
    against: list[Comparison]
    """Every point over the session's first run without a point; empty without one, or with nothing in common."""
    whole: list[Comparison]
    """Every point over what had all of the compute: that run, or the sweep's own point without a limit."""
    outside: list[Row]
    """Outcomes of points between that certainly lie beyond both ends, with what they are from the first one."""
    outside_at: list[Run]
    """The points that they are of."""

    def limits(self, run: Run) -> list[Limit]:
        """The limits of one point, with what its tenants got as far as it is known."""
        found = next((one.limits for one, at in zip(self.whole, self.runs, strict=False) if at is run), [])
        return found or limits(run, [])


def sweeps(found: Sequence[Loaded], policy: Policy) -> list[Sweep]:
    """The sweep of every system that was swept, in the session's order."""
    return [swept(group, found, policy) for group in by_system(found)]


def by_system(found: Sequence[Loaded]) -> list[list[Loaded]]:
    """Runs that are points of one system's sweep, in the points' order."""
    groups: dict[tuple[str, str], list[Loaded]] = {}
    for one in found:
        if one.run.point and not one.run.twin:
            groups.setdefault((one.run.session.id, one.run.system.id), []).append(one)
    return [sorted(group, key=lambda one: [*map(rank, one.run.point.values())]) for group in groups.values()]


def rank(value: Value) -> list[float]:
    """What points stand in the order of: a number, or how many tenants and the share of each, `50/25/25`."""
    if not isinstance(value, str):
        return [value]
    shares = [number(part) or 0.0 for part in value.split("/")]
    return [len(shares), *shares]


def swept(points: Sequence[Loaded], session: Sequence[Loaded], policy: Policy) -> Sweep:
    """One system's points with all their comparisons."""
    alike = [aligned(one) for one in points]
    first, last, between = alike[0], alike[-1], alike[1:-1]
    twin = twin_of(points[0], session)
    changes = [compare(first, one, policy, twin) for one in alike[1:]]
    ends = [(one, change, compare(last, one, policy)) for one, change in zip(between, changes, strict=False)]
    outside = [(row, one.run) for one, *both in ends for row in beyond_both(*both)]
    against = [one for base in plain(points[0], session) for one in with_baseline(base, points, session, policy)]
    whole = against or [compare(full_of(one, points), one, policy) for one in points]
    return Sweep(
        [one.run for one in points],
        changes,
        [one for one in against if any(row.change for row in one.rows)],
        whole,
        [row for row, _ in outside],
        [run for _, run in outside],
    )


def plain(point: Loaded, session: Sequence[Loaded]) -> list[Loaded]:
    """The session's first run that is no point, if it has one."""
    runs = (one for one in session if not (one.run.point or one.run.twin))
    return [one for one in runs if one.run.session.id == point.run.session.id][:1]


def with_baseline(
    baseline: Loaded, points: Sequence[Loaded], session: Sequence[Loaded], policy: Policy
) -> list[Comparison]:
    """Every point over a run without one."""
    return compare_found(baseline, [(one, []) for one in points], policy, twin_of(baseline, session))


def twin_of(one: Loaded, session: Sequence[Loaded]) -> Run | None:
    """Its second measurement (A/A)."""
    return next((other.run for other in session if other.run.twin and whose(other.run) == whose(one.run)), None)


def full_of(one: Loaded, points: Sequence[Loaded]) -> Loaded:
    """The point without a compute limit that differs in nothing else; the point itself where there is none."""
    wanted = {**one.run.point, "compute-limit": 100}
    return next((other for other in points if other.run.point == wanted), one)


def beyond_both(from_first: Comparison, from_last: Comparison) -> Iterator[Row]:
    """The outcomes of a point that certainly lie on the same side of both ends."""
    others = {row.id: row for row in from_last.rows}
    for row in from_first.rows:
        sides = [side_of(one) for one in (row, others[row.id])]
        if sides[0] and sides[0] == sides[1]:
            yield row


def side_of(row: Row) -> int:
    """Where a change lies: 1 above no change, -1 below, 0 for what is not certain."""
    if row.change is None or row.verdict not in CERTAIN:
        return 0
    return 1 if place(row.change, row.change.interval.value) > 0 else -1


# -- a sweep over the number of tenants, or over their shares

VARIED: Mapping[str, tuple[str, ...]] = {"tenants": ("n",), "quota": ("n", "weights")}
"""What a sweep varies -> the parameters that go with it."""


def aligned(one: Loaded) -> Loaded:
    """A run whose outcomes are named without what the sweep varies: what is measured with two tenants and with four is
    compared."""
    names = varied(one.run)
    if not names:
        return one
    outcomes = {
        name_at(one.run, name): replace(found, params={k: value for k, value in found.params.items() if k not in names})
        for name, found in one.run.outcomes.items()
    }
    return Loaded(one.path, replace(one.run, outcomes=outcomes))


def varied(run: Run) -> set[str]:
    """The parameters that the sweep of a point varies."""
    return {param for name in run.point for param in VARIED.get(name, ())}


def name_at(run: Run, name: str) -> str:
    """What the comparisons of a sweep, and its rows, call an outcome of one of its points."""
    names = varied(run)
    if not names or "[" not in name:
        return name
    metric, _, bracket = name.rstrip("]").partition("[")
    params = ",".join(part for part in bracket.split(",") if part.partition("=")[0] not in names)
    return f"{metric}[{params}]" if params else metric
