"""Bandwidth: device memory's, and what neighbors leave of it.

Rates are bytes read and written per second. A tenant's arrays have 1 GiB in all, or 20 x L2 if that is more, and at
most half of what it can have: L2 serves nothing, near enough. `triad` is a = b + 3 c, `copy` a = b; launches of about
1 ms of the device's nominal bandwidth are kept in flight, 16 of them, in 8 x SM blocks of 256 threads. What the arrays
hold afterwards is verified. A rate above 1.05 of what the same work reaches natively, measured once in each repetition,
or above the nominal bandwidth, fails the outcome.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean

from gpu_virt_bench.metrics.ceilings import alone, ceiling, check, check_aggressor, check_bandwidth
from gpu_virt_bench.metrics.neighbors import (
    DRAM,
    achieved,
    aggressor,
    beyond_l2,
    done_per_second,
    in_window,
    load,
    release,
    settle_in,
    together,
)
from gpu_virt_bench.metrics.sharing import (
    EQUAL,
    UNEQUAL,
    Rates,
    alone_and_together,
    each,
    equal_tenants,
    fairness,
    is_their_number,
    need_neighbors,
    seconds_of,
    tell,
    weighted_tenants,
    weights_of,
    weights_taken,
    windows,
)
from gpu_virt_bench.model.metric import Bench, DeviceFacts, Params, Party, Samples, Share, Tenant, metric
from gpu_virt_bench.model.workload import Series, Workload

TENANTS = (1, 2, 3, 4, 6, 8)
PARTS = (0.12, 0.25, 0.38, 0.5, 0.62, 0.75, 0.88, 1.0)
"""Eighths of the multiprocessors, in whole percents."""
SATURATED = 0.95
AGGRESSORS = ("copy", "idle", "read", "write", "atomics", "l2-bandwidth", "compute")


def stream(bench: Bench, op: str) -> Workload:
    """A kernel of device memory in the suite's window, nothing else being held."""
    release(bench)
    return load(bench, op, beyond_l2(bench), in_window(bench))


def check_each(bench: Bench, op: str, rates: Rates) -> float:
    """Each below what the work reaches natively; the native rate."""
    most = ceiling(bench, op, beyond_l2(bench))
    for rate in rates.values():
        check(rate, most)
    return most


def check_all(bench: Bench, op: str, rates: Rates) -> float:
    """Each below what the work reaches natively, all below the nominal bandwidth; the native rate."""
    most = check_each(bench, op, rates)
    check_bandwidth(bench, op, sum(rates.values()))
    return most


@metric(
    "BW-001",
    unit="%",
    better="higher",
    compare="difference",
    ideal="structural",
    baseline="time-slicing",
    params={"n": (2, 4), "statistic": ("mean", "min")},
    party=equal_tenants,
    tenants="n",
    effort="window",
    seconds=lambda params, window, polling: windows(int(params["n"]) + 1, window) / 2,
)
def bandwidth_isolation(bench: Bench) -> Samples:
    """Memory bandwidth isolation.

    sample = mean over the tenants of bytes per second together / bytes per second alone (or their minimum)

    Every tenant runs `triad`: each alone in turn, then all together; in the next sample all together first. Rates
    together are those of the window that all have in common. 1 is perfect isolation; a compute quota that lowers the
    rate alone can hide that there is little to share, so the detail has the rates, each over what the tenant is
    entitled to (its compute share of the native rate, 1/n without one), and all of them over the native rate.
    """
    need_neighbors(bench)
    work = stream(bench, "triad")
    rates = alone_and_together(bench, work)

    def take(index: int) -> list[float]:
        del index
        lonely, shared = next(rates)
        check_each(bench, "triad", lonely)
        most = check_all(bench, "triad", shared)
        due = [(tenant.compute_granted or 1 / len(bench.party)) * most for tenant in bench.party]
        tell(bench, lonely, shared, due, most)
        release(bench)
        return [shared[tenant] / lonely[tenant] for tenant in bench.party]

    statistic = fmean if bench.params["statistic"] == "mean" else min
    for found in bench.readings(("BW-001", len(bench.party)), take):
        yield statistic(found)


@metric(
    "BW-002",
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
    seconds=lambda params, window, polling: windows(1, window) / 2,
)
def bandwidth_fairness(bench: Bench) -> Samples:
    """Bandwidth fairness index.

    sample = (sum x)^2 / (n x sum x^2), x = bytes per second of a tenant / what it is entitled to

    All tenants run `copy` at once; the window is the one that all have in common, or the worst whole second of it. 1 is
    even, 1/n: one tenant has everything. `50/25/25` are compute shares of three tenants, and `--quota` sets any others;
    `equal` asks for no others than the session's. The detail has every tenant's rate.
    """
    need_neighbors(bench)
    work, weights = stream(bench, "copy"), weights_of(bench.params)

    def take(index: int) -> Mapping[Tenant, Series]:
        del index
        found = bench.read(dict.fromkeys(bench.party, work))
        rates = together(found)
        check_all(bench, "copy", rates)
        bench.detail("rates", each("tenant", [rates[tenant] for tenant in bench.party]))
        release(bench)
        return found

    for found in bench.readings(("BW-002", str(bench.params["weights"]), len(bench.party)), take):
        whole = bench.params["statistic"] == "window"
        yield min(
            fairness(rates, bench.party, weights) for rates in ([together(found)] if whole else seconds_of(found))
        )


def swept(params: Params, device: DeviceFacts) -> Party:
    """The tenants that are added one after the other, or one that has half of the multiprocessors."""
    del device
    return (Share(),) * max(TENANTS) if params["sweep"] == "tenants" else (Share(compute=0.5),)


def knee(curve: Mapping[float, float]) -> float:
    """The smallest step whose rate is near the largest."""
    most = max(curve.values())
    return min(step for step, rate in curve.items() if rate >= SATURATED * most)


@metric(
    "BW-003",
    unit="ratio",
    better="none",
    ideal="bandwidth",
    baseline="time-slicing",
    params={"sweep": ("tenants", "sms")},
    party=swept,
    effort="long",
    seconds=lambda params, window, polling: windows(8, window) + (3.0 if params["sweep"] == "sms" else 0.0),
)
def bus_saturation(bench: Bench) -> Samples:
    """Memory bus saturation point.

    sample = the smallest number of tenants (or part of the multiprocessors) with 0.95 of the largest rate of all

    `tenants`: 1, 2, 3, 4, 6 and 8 tenants run `triad` at once, in a seeded order; the rate is the sum of all in the
    window that they have in common. `sms`: one fresh tenant after the other with an eighth to all of the
    multiprocessors, by the system's compute limit, in whole percents; a system that limits compute by time shows its
    time shares instead. The curve is the result, in the detail; the number is its label. 1 is a valid answer.
    """
    sweep = str(bench.params["sweep"])
    steps: list[float] = list(TENANTS if sweep == "tenants" else PARTS)
    work = stream(bench, "triad")
    while True:
        curve: dict[float, float] = {}
        for step in bench.random.sample(steps, len(steps)):
            curve[step] = of_tenants(bench, int(step), work) if sweep == "tenants" else of_part(bench, step, work)
        for step in steps:
            bench.detail("curve", {sweep: step, "bytes_per_second": curve[step]})
        release(bench)
        yield knee(curve)


def of_tenants(bench: Bench, count: int, work: Workload) -> float:
    """The rate of so many tenants together."""
    rates = together(bench.read(dict.fromkeys(bench.party[:count], work)))
    check_all(bench, "triad", rates)
    return sum(rates.values())


def of_part(bench: Bench, part: float, work: Workload) -> float:
    """The rate of a tenant with a part of the multiprocessors."""
    with bench.fresh(Share(compute=part)) as tenant:
        rates = {tenant: alone(bench, tenant, work)}
        check_each(bench, "triad", rates)
    return rates[tenant]


def rates_of(found: Sequence[Series]) -> list[float]:
    """Bytes per second of each, in its own window."""
    return [done_per_second(series, series.begin, series.end) for series in found]


def victim_and_neighbors(params: Params, device: DeviceFacts) -> Party:
    """The tenant that is measured, and those that disturb it."""
    del device
    return (Share(role="victim"), *[Share(role="aggressor")] * (int(params["n"]) - 1))


@metric(
    "BW-004",
    unit="%",
    better="lower",
    compare="difference",
    ideal="structural",
    baseline="time-slicing",
    params={"aggressor": AGGRESSORS, "n": (2, 4)},
    takes={"aggressor": lambda value: "copy" if value == DRAM else None},
    party=victim_and_neighbors,
    tenants="n",
    effort="window",
    seconds=lambda params, window, polling: windows(4, window),
)
def bandwidth_interference(bench: Bench) -> Samples:
    """Bandwidth interference impact.

    sample = 1 - bytes per second of `triad` beside the neighbors / alone

    Four windows: alone, beside, beside, alone; means of two each. The other tenants run the aggressor all the time,
    16 launches of about 1 ms in flight: `read`, `write`, `copy` of arrays like the victim's (`--aggressor dram` is
    `copy`); `atomics`: additions to one address; `l2-bandwidth`: reads of a quarter of L2 again and again; `compute`:
    arithmetic; `idle`: filled memory, and no work: the control. It may be negative. The detail has what the aggressor
    reaches beside and alone, and what an even division gives: 1 - 1/n. `compute` and `l2-bandwidth` that, without a
    quota, reach less alone than 0.8 of what they reach natively fail the outcome.
    """
    need_neighbors(bench)
    first, *others = bench.party
    name = str(bench.params["aggressor"])
    work = stream(bench, "triad")
    strength = check_aggressor(bench, others[0], name)
    noise = aggressor(bench, name)
    while True:
        for tenant in others:
            settle_in(bench, tenant, name)
        windows = [bench.run(first, work)]
        with bench.beside(dict.fromkeys(others, noise)) as neighbors:
            windows += [bench.run(first, work) for _ in range(2)]
        windows.append(bench.run(first, work))
        lonely, shared = rates_of([windows[0], windows[3]]), rates_of(windows[1:3])
        beside = fmean(achieved(noise, series, windows[1:3]) for series in neighbors.values())
        release(bench)
        for rate in (*lonely, *shared):
            check_each(bench, "triad", {first: rate})
        rates = {"alone": fmean(lonely), "beside": fmean(shared)}
        told = {"aggressor_alone": strength, "aggressor_beside": beside, "fair": 1 - 1 / len(bench.party)}
        bench.detail("rates", {**rates, **told})
        yield 1 - rates["beside"] / rates["alone"]
