"""Noisy neighbors: one cell of the matrix of victims and aggressors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from statistics import median

from gpu_virt_bench.metrics.ceilings import check_aggressor
from gpu_virt_bench.metrics.common import p99
from gpu_virt_bench.metrics.compute_isolation import need_several
from gpu_virt_bench.metrics.neighbors import (
    AGGRESSORS,
    DRAM,
    IDLE,
    INTENSITIES,
    VICTIMS,
    endless,
    in_window,
    part,
    release,
    settle_in,
)
from gpu_virt_bench.metrics.own_work import (
    CHAIN,
    STEADY,
    aggressor_taken,
    any_aggressor,
    any_victim,
    is_own,
    rate,
    reached,
    times,
    victim_taken,
)
from gpu_virt_bench.metrics.quality import SPACING, chain
from gpu_virt_bench.model.metric import Bench, Params, Samples, Share, Skip, Window, metric
from gpu_virt_bench.model.workload import NS_PER_SECOND, Series, Workload

LATENCIES = (CHAIN, "launch")
"""Victims whose value is a time; that of the others is a rate."""
TAIL_SECONDS = 2.5
"""Of a chain's window for a p99: 1000 requests in two of them."""


def makes_sense(params: Params) -> bool:
    """A rate has no p99 (of a callable it is known when it ran), and what has no pauses does not come in parts."""
    has_tail = params["statistic"] == "median" or params["victim"] in LATENCIES or is_own(params["victim"])
    return has_tail and (params["aggressor"] not in (IDLE, *STEADY) or params["intensity"] == 1.0)


def cell_seconds(params: Params, window: Window, polling: float) -> float:
    """Seconds of a sample: four windows."""
    del polling
    return 4 * (max(window.duration, least_seconds(params)) + window.settle + 0.1)


def least_seconds(params: Params) -> float:
    """Of a window: a p99 needs many requests."""
    is_tail = params["statistic"] == "p99" and params["victim"] != "launch"
    return TAIL_SECONDS if is_tail else 0.0


@metric(
    "IS-009",
    unit="%",
    better="lower",
    compare="difference",
    ideal="structural",
    baseline="time-slicing",
    params={
        "victim": (CHAIN, *VICTIMS),
        "aggressor": (DRAM, *(name for name in AGGRESSORS if name != DRAM)),
        "intensity": INTENSITIES,
        "statistic": ("median", "p99"),
    },
    takes={"victim": victim_taken, "aggressor": aggressor_taken, "intensity": part},
    where=makes_sense,
    party=lambda params, device: (Share(role="victim"), Share(role="neighbor")),
    effort="window",
    seconds=cell_seconds,
    category="isolation",
)
def noisy_neighbor(bench: Bench) -> Samples:
    """Noisy neighbor impact.

    sample = S - 1; S = latency beside the neighbor / alone, or rate alone / beside it

    Four windows: alone, beside, beside, alone. A latency is the median (or p99) over both windows beside, by that over
    both alone; a rate the mean of two. It may be negative. Victims: `chain` requests each 5 ms in an open loop, 20
    kernels one after the other, from due time to end; `launch` a launch that is waited for; `fma` arithmetic, `dram`
    triad beyond L2, `l2` reads of 0.4 of it, `h2d` copies of 64 MiB of pinned memory, work per second.

    The neighbor works from before the two windows to after them: `compute`, `dram`, `l2` (copies through as much as L2
    holds), `l2-bandwidth` (reads of a quarter of it), `atomics` on one address, `h2d` and `d2h` copies, `launch`
    (empty kernels), `alloc` (allocates and frees 2 MiB), or `idle`: filled memory and no work, the control, below which
    no cell shows anything. Of each 10 ms it submits in the first 10 x `intensity`. What it reaches beside and alone is
    in the detail, beside both p99; `compute`, `dram` and `l2-bandwidth` that reach less alone than 0.8 of what they
    reach natively, without a quota, fail the outcome.

    `--victim`, `--aggressor` and `--intensity` set others too: any intensity above 0 up to 1; the routines
    `alloc_storm`, `launch_storm`, `launch_rate` and `graph_rate` as a victim, `launch_rate`, `graph_rate` and
    `requests` as an aggressor; and work of your own, `module:callable`.
    """
    need_several(bench)
    timed, neighbor = bench.party
    name, statistic = str(bench.params["aggressor"]), str(bench.params["statistic"])
    work = victim_work(bench, str(bench.params["victim"]))
    noise = any_aggressor(bench, name, endless(float(bench.params["intensity"])))
    strength = check_aggressor(bench, neighbor, name)
    while True:
        settle_in(bench, neighbor, name)
        windows = [bench.run(timed, work)]
        with bench.beside({neighbor: noise}) as done:
            windows += [bench.run(timed, work) for _ in range(2)]
        windows.append(bench.run(timed, work))
        release(bench)
        lonely, shared = [windows[0], windows[3]], windows[1:3]
        told = {"aggressor_alone": strength, "aggressor_beside": reached(noise, done[neighbor], shared)}
        bench.detail("cell", {**told, **both(work, lonely, "alone"), **both(work, shared, "beside")})
        yield slowdown(work, lonely, shared, statistic) - 1


def victim_work(bench: Bench, which: str) -> Workload:
    """A victim's work in a window."""
    window, least = bench.window, least_seconds(bench.params)
    if which == CHAIN:
        return chain(bench, SPACING[CHAIN], max(window.duration, least))
    when = in_window(bench)
    return any_victim(bench, which, replace(when, duration=max(when.duration, round(least * NS_PER_SECOND))))


def both(work: Workload, windows: Sequence[Series], name: str) -> dict[str, float]:
    """What the detail has of some windows: a rate, or a time's median and p99."""
    if found := times(work, windows):
        return {f"{name}_median": median(found), f"{name}_p99": p99(found)}
    return {f"{name}_rate": rate(work, windows)}


def slowdown(work: Workload, lonely: Sequence[Series], shared: Sequence[Series], statistic: str) -> float:
    """How many times as long the victim takes beside its neighbor."""
    took, takes = times(work, lonely), times(work, shared)
    if took and takes:
        of = p99 if statistic == "p99" else median
        return of(takes) / of(took)
    if statistic == "p99":
        raise Skip(f"needs latencies for a p99: {work.routine} gives a rate")
    return rate(work, lonely) / rate(work, shared)
