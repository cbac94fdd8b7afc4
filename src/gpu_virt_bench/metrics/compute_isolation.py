"""What several tenants at full demand leave each other of the device's compute."""

from __future__ import annotations

from statistics import fmean

from gpu_virt_bench.metrics.sharing import (
    EQUAL,
    UNEQUAL,
    equal_tenants,
    is_their_number,
    weighted_tenants,
    weights_taken,
)
from gpu_virt_bench.metrics.throughput import SHAPES, Progress, common_window, full_demand, rates
from gpu_virt_bench.model.metric import (
    Bench,
    Params,
    Samples,
    Skip,
    Tenant,
    Value,
    Window,
    metric,
)
from gpu_virt_bench.model.workload import NS_PER_SECOND, Series
from gpu_virt_bench.stats.fairness import jain

SHAPE = SHAPES["many-blocks"]
LEAST_SECONDS = 3.0
"""Length of a window in which a worst second is looked for, at least."""


def need_several(bench: Bench) -> None:
    """One tenant shares nothing."""
    if len(bench.party) < 2:
        raise Skip(f"needs 2 tenants or more, asked for {len(bench.party)}")


def numbered(name: str, values: list[float]) -> dict[str, Value]:
    """One column for each tenant."""
    return {f"{name}_{i}": value for i, value in enumerate(values)}


@metric(
    "IS-006",
    unit="%",
    better="higher",
    ideal="structural",
    baseline="time-slicing",
    params={"n": (2, 4), "statistic": ("mean", "min")},
    party=equal_tenants,
    tenants="n",
    effort="window",
    seconds=lambda params, window, polling: (int(params["n"]) + 1) * (window.duration + window.settle + 0.05),
    category="isolation",
)
def compute_isolation(bench: Bench) -> Samples:
    """Cross-tenant compute isolation.

    sample = mean over the tenants (or the least) of launches per second together / launches per second alone

    Every tenant keeps 16 launches of `fma` in flight, each of 100 000 blocks and about 1 ms on the whole device: each
    alone in turn at its quota, then all together; in the next sample all together first. Rates together are those of
    the window that all have in common. Every thread's total is verified.

    Without quotas a tenant alone has the whole device: 1/n is fair then, and stands beside the value as `fair`. In the
    detail: each tenant's launches per second together, and that by its fair part of what it does alone, which is all of
    it under a compute quota. 1 and more is perfect isolation.
    """
    need_several(bench)

    def take(index: int) -> list[float]:
        alone: dict[Tenant, float] = {}
        shared: dict[Tenant, float] = {}
        work = full_demand(bench, SHAPE, bench.window.duration, bench.window.settle)
        for is_together in (False, True) if index % 2 == 0 else (True, False):
            if is_together:
                shared = rates(bench.read(dict.fromkeys(bench.party, work)))
            else:
                alone = {tenant: Progress(bench.run(tenant, work)).whole() for tenant in bench.party}
        return told(bench, alone, shared)

    statistic = fmean if bench.params["statistic"] == "mean" else min
    for ratios in bench.readings(("IS-006",), take):
        yield statistic(ratios)


def told(bench: Bench, alone: dict[Tenant, float], shared: dict[Tenant, float]) -> list[float]:
    """Each tenant's rate together over its rate alone, when the detail has what belongs to it."""
    ratios = [shared[tenant] / alone[tenant] for tenant in bench.party]
    is_limited = any(tenant.compute_granted is not None for tenant in bench.party)
    fair = 1.0 if is_limited else 1 / len(bench.party)
    each = {**numbered("together", [shared[one] for one in bench.party]), **numbered("alone", list(alone.values()))}
    bench.detail("rates", {"fair": fair, **each, **numbered("of_fair", [ratio / fair for ratio in ratios])})
    return ratios


def worst_or_window(params: Params, window: Window, polling: float) -> float:
    """Seconds of a sample."""
    del polling
    least = LEAST_SECONDS if params["statistic"] == "worst-second" else 0.0
    return max(window.duration, least) + window.settle + 0.05


@metric(
    "IS-008",
    unit="ratio",
    better="higher",
    compare="difference",
    ideal="structural",
    baseline="time-slicing",
    params={"n": (4, 2, 8, 3), "weights": (EQUAL, UNEQUAL), "statistic": ("window", "worst-second")},
    takes={"weights": weights_taken},
    where=is_their_number,
    party=weighted_tenants,
    tenants="n",
    effort="window",
    seconds=worst_or_window,
    category="isolation",
)
def fairness_index(bench: Bench) -> Samples:
    """Fairness index.

    sample = Jain's index of the tenants' launches per second by their shares, in the window that all have in common

    Every tenant works as in IS-006, all at once. The index is (sum x)^2 / (n sum x^2): 1 where all x are equal, 1/n
    where one tenant has everything; 0.9 is not "90 % fair", so the detail has every x. x is launches per second; with a
    compute quota, divided by the share that the tenant was granted. `50/25/25`: three tenants with these compute
    shares; `--quota` sets any others. `worst-second`: the lowest index of whole seconds, in a window of at least 3 s.
    """
    need_several(bench)
    is_worst = bench.params["statistic"] == "worst-second"

    while True:
        duration = max(bench.window.duration, LEAST_SECONDS if is_worst else 0.0)
        work = full_demand(bench, SHAPE, duration, bench.window.settle)
        found = list(bench.read(dict.fromkeys(bench.party, work)).values())
        parts = by_share(bench, found, *common_window(found))
        bench.detail("launches_per_second_by_share", {"index": jain(parts), **numbered("x", parts)})
        yield worst_second(bench, found) if is_worst else jain(parts)


def by_share(bench: Bench, found: list[Series], begin: float, end: float) -> list[float]:
    """Every tenant's launches per second in a window, over its share."""
    shares = [tenant.compute_granted or 1.0 for tenant in bench.party]
    return [Progress(one).rate(begin, end) / share for one, share in zip(found, shares, strict=True)]


def worst_second(bench: Bench, found: list[Series]) -> float:
    """The lowest index of the seconds of the common window."""
    begin, end = common_window(found)
    second = int(NS_PER_SECOND)
    if end - begin < second:
        raise Skip(f"needs a common window of 1 s, found {(end - begin) / second:.3f} s")
    starts = range(begin, end - second + 1, second)
    return min(jain(by_share(bench, found, start, start + second)) for start in starts)
