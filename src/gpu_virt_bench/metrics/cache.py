"""Cache: L2, whose lines and bandwidth tenants share.

L2 has the size that the device reports. A chase is one thread that follows one random cycle through memory, 128 bytes a
step, passing by L1. A step is a hit if it takes fewer clocks than half way between the median step of a chase over
0.1 x L2 (after two warm passes) and of one over 8 x L2 (without), both taken alone, once in each repetition; if these
differ by less than a factor of 1.3 the outcome fails. Steps of more than 10 us are neither: the tenant was descheduled.
They are counted.
"""

from __future__ import annotations

from statistics import fmean

from gpu_virt_bench.metrics.ceilings import ceiling, check
from gpu_virt_bench.metrics.chasing import (
    chase_args,
    groups_of,
    hit_rate,
    mean_step,
    steps_of,
    thresholds,
)
from gpu_virt_bench.metrics.neighbors import (
    BLOCKS_PER_SM,
    L2,
    PERIOD,
    When,
    aggressor,
    amount,
    done_per_second,
    in_window,
    load,
    nominal_bandwidth,
    release,
    settle_in,
)
from gpu_virt_bench.metrics.sharing import need_neighbors, windows
from gpu_virt_bench.model.metric import Bench, DeviceFacts, Params, Party, Samples, Share, Tenant, metric
from gpu_virt_bench.model.workload import NS_PER_SECOND, Workload, WorkloadError

DISAGREE = 0.1
CONTENDED = 1.5
"""Times the step that DRAM serves alone: beyond it, in the mean, a hit that waits cannot be told from a miss."""
WARM = 2
SMALL_SET = 0.2
"""Of L2: the neighbor's set that collides with nothing, CACHE-003."""
LIMIT_SETS = 2.0


def victim_and_neighbor(params: Params, device: DeviceFacts) -> Party:
    """The tenant that is measured, and one that disturbs it, unless the load is `alone`."""
    del device
    alone = params.get("load") == "alone"
    return (Share(role="victim"),) if alone else (Share(role="victim"), Share(role="aggressor"))


def part_of_l2(bench: Bench, part: float) -> int:
    """Bytes, in whole lines."""
    return int(part * bench.device.l2_bytes) // 128 * 128


@metric(
    "CACHE-001",
    unit="%",
    better="higher",
    compare="difference",
    ideal="capacity",
    baseline="time-slicing",
    params={"ws": (0.5, 0.25, 0.75), "load": ("neighbor", "alone")},
    party=victim_and_neighbor,
    effort="window",
    seconds=0.3,
)
def hit_rate_of_l2(bench: Bench) -> Samples:
    """L2 cache hit rate.

    sample = hits / (hits + misses) of a chase over ws x L2, after two warm passes

    100 000 steps or a whole cycle, if that is more. `neighbor`: another tenant copies within as many bytes as L2 has,
    all the time, warm passes included. The detail has the same rate by the mean step, (t_DRAM - mean) / (t_DRAM -
    t_L2), 0 where misses wait for longer than they do alone; if the two are more than 0.1 apart, or the mean step is
    beyond 1.5 x t_DRAM, where a hit that waits looks like a miss, the outcome fails. An L2 of two halves may hold a
    line twice, so that the effective size is smaller than the one that is reported: `alone` shows it.
    """
    first, *others = bench.party
    limits = thresholds(bench, first)
    work = Workload("chase_steps", chase_args(part_of_l2(bench, float(bench.params["ws"])), WARM), timeout=120)
    while True:
        with bench.beside(dict.fromkeys(others, aggressor(bench, L2))):
            steps = steps_of(bench.run(first, work))
        release(bench)
        found, mean = hit_rate(steps, limits.tau), mean_step(steps)
        by_mean = max(0.0, (limits.dram - mean) / (limits.dram - limits.l2))
        row = {"hits": found, "by_mean": by_mean, "mean_clocks": mean, "descheduled": steps.descheduled}
        bench.detail("steps", {**row, "of": steps.count, **limits.row})
        need_telling(found, by_mean, mean / limits.dram)
        yield found


def need_telling(hits: float, by_mean: float, longer: float) -> None:
    """Hits are hits: both ways to count them agree, and a step takes no longer than one alone by so much."""
    if longer > CONTENDED:
        raise WorkloadError(
            "contended",
            f"steps take {longer:.1f} x what DRAM serves alone, in the mean, more than {CONTENDED:g}: "
            "a hit that waits looks like a miss; [load=alone] has the rate without a neighbor",
        )
    if abs(hits - by_mean) > DISAGREE:
        raise WorkloadError(
            "disagree", f"{hits:.3f} of the steps are hits, {by_mean:.3f} by their mean: more than 0.1 apart"
        )


@metric(
    "CACHE-002",
    unit="%",
    better="lower",
    compare="difference",
    ideal="structural",
    baseline="time-slicing",
    params={"evictor": ("2", "0.5", "1", "4", "8", "control")},
    party=victim_and_neighbor,
    effort="window",
    seconds=0.3,
)
def eviction_rate(bench: Bench) -> Samples:
    """Cache eviction rate.

    sample = misses / steps of one pass of a chase, after another tenant has read so many times L2

    The victim chases over 0.25 x L2, twice, and is done; then the other tenant alone reads 0.5 to 8 x L2 once, and is
    done; then the victim makes the pass that counts. `control`: the other tenant computes instead, for as long as it
    would take to read 2 x L2; what a switch of contexts evicts by itself shows there, and is in no way subtracted.
    """
    need_neighbors(bench)
    first, other = bench.party
    limits = thresholds(bench, first)
    chase = Workload("chase_steps", chase_args(part_of_l2(bench, 0.25), 0, whole=True), timeout=120)
    evict = evictor(bench, str(bench.params["evictor"]))
    while True:
        bench.run(other, evict)  # prepares it: what it fills and verifies evicts, too
        for _ in range(WARM):
            bench.run(first, chase)
        before = steps_of(bench.run(first, chase))
        bench.run(other, evict)
        after = steps_of(bench.run(first, chase))
        release(bench)
        found = 1 - hit_rate(after, limits.tau)
        row = {"misses": found, "misses_before": 1 - hit_rate(before, limits.tau), "descheduled": after.descheduled}
        bench.detail("steps", {**row, "of": after.count, **limits.row})
        yield found


def evictor(bench: Bench, what: str) -> Workload:
    """Reads so many times L2 once, or computes meanwhile."""
    size = part_of_l2(bench, 2.0 if what == "control" else float(what))
    piece = {"blocks": BLOCKS_PER_SM * bench.device.sm_count, "count": 1}
    if what != "control":
        return Workload("pieces", {"kernel": "read", "bytes": size, "amount": size, **piece})
    iterations = max(1, round(bench.millisecond * 1000 * size / nominal_bandwidth(bench.device)))
    return Workload("pieces", {"kernel": "fma", "bytes": 0, "amount": iterations, **piece})


@metric(
    "CACHE-003",
    unit="%",
    better="lower",
    compare="difference",
    ideal="structural",
    baseline="time-slicing",
    params={"wn": (0.6, 0.3, 1.0, 2.0)},
    party=victim_and_neighbor,
    effort="window",
    seconds=lambda params, window, polling: windows(3, window),
)
def working_set_collision(bench: Bench) -> Samples:
    """Working set collision impact.

    sample = 1 - bytes per second of the victim beside wn x L2 / beside 0.2 x L2

    The victim reads 0.6 x L2 again and again; the neighbor does the same with wn x L2, and with 0.2 x L2, which
    leaves room for both, in a seeded order. It reads at one fixed rate, whatever its set, by pauses between launches:
    what it reaches alone with 2 x L2, found once in each repetition. A set that fits could be read faster, and would
    disturb by its bandwidth. A rate of the victim above 1.05 of the native one fails the outcome. On an H100 under MPS
    a neighbor's smaller set slows the victim by more than a colliding one: 3.0 TB/s beside 0.05 x L2, 4.3 TB/s beside
    0.2 and 0.3, 3.9 TB/s beside 0.6.
    """
    need_neighbors(bench)
    first, other = bench.party
    most = ceiling(bench, "l2_read", part_of_l2(bench, 0.6))
    every = bench.once(("CACHE-003", "every"), lambda: paced(bench, other))
    work = load(bench, "l2_read", part_of_l2(bench, 0.6), in_window(bench))
    while True:
        rates: dict[float, float] = {}
        for part in bench.random.sample([SMALL_SET, float(bench.params["wn"])], 2):
            noise = load(bench, "l2_read", part_of_l2(bench, part), When(busy=PERIOD, every=every))
            with bench.beside({other: noise}) as neighbors:
                series = bench.run(first, work)
            rates[part] = done_per_second(series, series.begin, series.end)
            check(rates[part], most)
            theirs = done_per_second(neighbors[other], series.begin, series.end)
            bench.detail("rates", {"wn": part, "victim": rates[part], "neighbor": theirs, "native": most})
            release(bench)
        yield 1 - rates[float(bench.params["wn"])] / rates[SMALL_SET]


def paced(bench: Bench, tenant: Tenant) -> int:
    """Nanoseconds from one launch to the next at the rate that is held."""
    work = load(bench, "l2_read", part_of_l2(bench, LIMIT_SETS), in_window(bench))
    series = bench.run(tenant, work)
    tenant.release()
    rate = done_per_second(series, series.begin, series.end)
    return round(amount(bench, "l2_read") / rate * NS_PER_SECOND)


@metric(
    "CACHE-004",
    unit="%",
    better="lower",
    compare="difference",
    ideal="structural",
    baseline="time-slicing",
    params={"aggressor": ("l2-bandwidth", "idle", "atomics", "compute")},
    party=victim_and_neighbor,
    effort="window",
    seconds=0.3,
)
def cache_contention(bench: Bench) -> Samples:
    """Cache contention overhead.

    sample = mean step of a chase beside a neighbor / alone - 1

    The chase goes over 0.1 x L2 after two warm passes, 100 000 steps or more, timed 64 at a time: alone, beside,
    beside, alone; means of two each. Groups that took 10 us longer than the median one are left out, and counted: the
    tenant was descheduled meanwhile. `l2-bandwidth` reads 0.25 x L2 again and again: both sets fit together. Where
    tenants share the device in turn they never run at once, but what one reads in its turn can evict what the other
    had, and a turn is too short for a chase to fetch it again: an H100 showed +137 % by turns, +73 % under MPS. The
    detail has the steps in seconds.
    """
    need_neighbors(bench)
    first, other = bench.party
    name = str(bench.params["aggressor"])
    work = Workload("chase", chase_args(part_of_l2(bench, 0.1), WARM), timeout=120)
    while True:
        settle_in(bench, other, name)
        alone = [groups_of(bench.run(first, work))]
        with bench.beside({other: aggressor(bench, name)}):
            beside = [groups_of(bench.run(first, work)) for _ in range(2)]
        alone.append(groups_of(bench.run(first, work)))
        release(bench)
        means = {"alone": fmean(one.step for one in alone), "beside": fmean(one.step for one in beside)}
        away = sum(one.descheduled for one in beside)
        bench.detail("steps", {**means, "descheduled_groups": away, "of": sum(one.count for one in beside)})
        yield means["beside"] / means["alone"] - 1
