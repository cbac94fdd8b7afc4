"""What equal work of several tenants gives: each alone, all together, and how evenly."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean

from gpu_virt_bench.metrics.copying import jain
from gpu_virt_bench.metrics.neighbors import common, done_per_second, together
from gpu_virt_bench.model.metric import Bench, DeviceFacts, Params, Party, Share, Skip, Tenant, Window
from gpu_virt_bench.model.workload import NS_PER_SECOND, Series, Value, Workload

Rates = dict[Tenant, float]
EQUAL, UNEQUAL = "equal", "50/25/25"
STARTS = 0.05
"""About what it takes to start work of several tenants at one instant, seconds."""


def equal_tenants(params: Params, device: DeviceFacts) -> Party:
    """Tenants with equal shares."""
    del device
    return (Share(),) * int(params["n"])


def shares_of(weights: Value) -> tuple[float, ...]:
    """The parts of the whole that a text names: of `50/25/25` three; none of `equal`."""
    return () if weights == EQUAL else tuple(int(part) / 100 for part in str(weights).split("/"))


def weights_taken(value: Value) -> str | None:
    """Percents of 2 to 48 tenants, 100 in all at most: `70/20/10`; None for what is none."""
    if not re.fullmatch(r"[1-9]\d?(/[1-9]\d?){1,47}", str(value)):
        return None
    return str(value) if sum(map(int, str(value).split("/"))) <= 100 else None


def weighted_tenants(params: Params, device: DeviceFacts) -> Party:
    """Tenants with equal shares, or with those that `weights` names."""
    weights = shares_of(params["weights"])
    return tuple(Share(compute=weight) for weight in weights) if weights else equal_tenants(params, device)


def weights_of(params: Params) -> list[float]:
    """What each tenant is entitled to, as a part of the whole."""
    n = int(params["n"])
    return list(shares_of(params["weights"]) or (1 / n,) * n)


def is_their_number(params: Params) -> bool:
    """Whether there are as many tenants as unequal weights are for."""
    weights = shares_of(params["weights"])
    return not weights or int(params["n"]) == len(weights)


def windows(count: int, window: Window) -> float:
    """Seconds of so many windows."""
    return count * (window.duration + window.settle + STARTS)


def need_neighbors(bench: Bench) -> None:
    """A tenant that `--tenants` left alone has nobody to share with."""
    if len(bench.party) < 2:
        raise Skip(f"needs 2 tenants or more, asked for {len(bench.party)}")


def alone_and_together(bench: Bench, work: Workload) -> Iterator[tuple[Rates, Rates]]:
    """Every tenant's rate alone and in the window that all have in common; in turn first alone and first together."""
    alone: Rates = {}
    shared: Rates = {}
    for number in range(1 << 62):
        for is_together in (False, True) if number % 2 == 0 else (True, False):
            if is_together:
                shared = together(bench.read(dict.fromkeys(bench.party, work)))
            else:
                for tenant in bench.party:
                    alone |= together({tenant: bench.run(tenant, work)})
        yield alone, shared


def each(name: str, values: Sequence[float]) -> dict[str, Value]:
    """One column for each tenant."""
    return {f"{name}_{i}": value for i, value in enumerate(values)}


def tell(bench: Bench, alone: Rates, shared: Rates, entitled: Sequence[float], most: float) -> None:
    """What the tenants got, beside what they were entitled to."""
    mine = [shared[tenant] for tenant in bench.party]
    total = sum(mine)
    whole = {"alone": fmean(alone.values()), "together": total, "jain": jain(mine), "of_ceiling": total / most}
    entitlement = [got / due for got, due in zip(mine, entitled, strict=True)]
    bench.detail("rates", {**whole, **each("tenant", mine), **each("of_entitlement", entitlement)})


def seconds_of(found: Mapping[Tenant, Series]) -> list[Rates]:
    """Every tenant's rate in each whole second of the window that all have in common."""
    begin, end = common(found)
    second = round(NS_PER_SECOND)
    count = (end - begin) // second
    if count < 1:
        raise Skip(f"needs a window of 1 s, found one of {(end - begin) / NS_PER_SECOND:.3f} s")
    return [
        {tenant: done_per_second(one, begin + i * second, begin + (i + 1) * second) for tenant, one in found.items()}
        for i in range(count)
    ]


def fairness(rates: Rates, tenants: Sequence[Tenant], weights: Sequence[float]) -> float:
    """Jain's index of what tenants got for what they were entitled to."""
    return jain([rates[tenant] / weight for tenant, weight in zip(tenants, weights, strict=True)])
