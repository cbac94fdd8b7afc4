"""A limit of a tenant's compute: how exact it is, and how soon it holds."""

from __future__ import annotations

from collections.abc import Sequence

from gpu_virt_bench.metrics.throughput import SHAPES, Progress, Shape, full_demand
from gpu_virt_bench.model.metric import Bench, DeviceFacts, Params, Party, Samples, Share, Tenant, Value, metric
from gpu_virt_bench.model.workload import NS_PER_SECOND, Series, Workload, WorkloadError

MS = 1_000_000
GRAINS = {"100 ms": 100 * MS, "1 s": 1000 * MS}
"""Windows in which the worst is looked for."""


def limited_and_free(params: Params, device: DeviceFacts) -> Party:
    """A tenant with a part of the device's compute, and one without a limit."""
    del device
    return (Share(compute=float(params["compute"]), role="limited"), Share(compute=1.0, role="free"))


@metric(
    "IS-003",
    unit="%",
    better="higher",
    compare="difference",
    ideal="structural",
    params={"compute": (0.25, 0.1, 0.5, 0.75), "shape": tuple(SHAPES)},
    party=limited_and_free,
    in_turn=True,
    effort="long",
    seconds=lambda params, window, polling: 2 * (window.duration + window.settle + 0.1),
    category="isolation",
)
def utilization_accuracy(bench: Bench) -> Samples:
    """SM utilization accuracy.

    sample = 1 - |r - p| / p; r = launches per second of a tenant at share p / those of one without a limit

    Both keep the same work in flight, in turn, the other one idle; the order changes with every sample. p is the share
    that the system granted, or, where the limited tenant sees fewer multiprocessors, their number over the other's.
    It is negative where r is more than twice p.

    `shape` is what is launched: `many-blocks` 100 000 blocks of about 1 ms on the whole device, 16 in flight;
    `few-blocks` one block for each multiprocessor, as long; `long` the same of 100 ms, 2 in flight; `graph` graphs of
    100 kernels of 1 ms, 2 in flight. A limiter that counts blocks or launches is exact in one shape alone.

    In the detail: r, p, the error with its sign, and the windows of 100 ms and of 1 s whose r was farthest from p. A
    part of the device can have a higher clock than all of it, so that r above p may be honest.
    """
    limited, free = bench.party
    shape = SHAPES[str(bench.params["shape"])]
    for number in range(1 << 62):
        work = full_demand(bench, shape, bench.window.duration, bench.window.settle)
        found: dict[Tenant, Series] = {}
        for tenant in (limited, free) if number % 2 == 0 else (free, limited):
            found[tenant] = bench.run(tenant, work)
        yield accuracy(bench, Progress(found[limited]), Progress(found[free]).whole(), granted(limited, free))


def granted(limited: Tenant, free: Tenant) -> float:
    """The part of the other's compute that a tenant was granted."""
    if limited.sm_count < free.sm_count:
        return limited.sm_count / free.sm_count
    return (limited.compute_granted or 1.0) / (free.compute_granted or 1.0)


def accuracy(bench: Bench, progress: Progress, whole: float, share: float) -> float:
    """1 less the relative error of the share that was got; the detail has what belongs to it."""
    got = progress.whole() / whole
    row: dict[str, Value] = {"share": share, "got": got, "error": (got - share) / share}
    bench.detail(
        "shares", {**row, **{f"worst_{name}": worst(progress, whole, share, at) for name, at in GRAINS.items()}}
    )
    return 1 - abs(got - share) / share


def worst(progress: Progress, whole: float, share: float, grain: int) -> Value:
    """The share of the window of that length that lies farthest from what was granted."""
    found = [rate / whole for rate in progress.windows(progress.times[0], progress.times[-1], grain, grain)]
    return max(found, key=lambda part: abs(part - share)) if found else "window too short"


PAUSE, RUN, STEADY, SETTLED, PATIENCE = (seconds * 1000 * MS for seconds in (5, 20, 5, 2, 15))
"""How long the tenant is idle, then works; its last seconds tell the steady rate, which must have held for so long, and
be reached after so long."""
BAND = 0.1
SHORT = Shape(0.5)
"""At a quarter of the device it lasts 2 ms."""


@metric(
    "IS-004",
    unit="ms",
    better="lower",
    compare="difference",
    ideal="structural",
    params={"window": (0.1, 1.0)},
    party=lambda params, device: (Share(compute=0.25),),
    effort="long",
    seconds=26.0,
    category="isolation",
)
def limit_response(bench: Bench) -> Samples:
    """SM limit response time.

    sample = from the first launch after a pause to the first window from which on the rate is steady for 2 s

    A tenant with a quarter of the device's compute is idle for 5 s, and then keeps 16 kernels of `fma` in flight for
    20 s, each about 0.5 ms on the whole device. Steady is the mean rate of the last 5 s. The sample ends where the
    first window begins from which every window, for 2 s, lies within 10 % of it; windows of 0.1 s (`window`: or 1 s)
    begin a tenth of their length apart. If there is none within 15 s, the outcome fails and says by how much windows
    vary. A first bucket that is free makes a fast start and a late answer: the rates before and after are in the
    detail, launches per second.

    How soon a limit holds that is changed at work is not measured.
    """
    (tenant,) = bench.party
    length = round(float(bench.params["window"]) * NS_PER_SECOND)
    work = full_demand(bench, SHORT, RUN / NS_PER_SECOND, 0.0)
    bench.once(("IS-004", "prepared"), lambda: prepare(bench, tenant, work))
    while True:
        bench.run(tenant, Workload("idle", {"duration": PAUSE}))
        series = bench.run(tenant, work)
        progress = Progress(series)
        steady = progress.rate(progress.times[-1] - STEADY, progress.times[-1])
        step = length // 10
        rates = progress.windows(progress.times[0], progress.times[-1], length, step)
        begin = settling(rates, steady, (SETTLED - length) // step + 1, PATIENCE // step) * step
        before = progress.rate(progress.times[0], progress.times[0] + begin) if begin else "none"
        bench.detail("rates", {"steady": steady, "before": before})
        yield (begin + series.notes.get("settled", 0)) / NS_PER_SECOND


def prepare(bench: Bench, tenant: Tenant, work: Workload) -> bool:
    """Begins the work and stops it: what is launched to prepare it must lie before the pause."""
    with bench.beside({tenant: work}):
        return True


def settling(rates: Sequence[float], steady: float, hold: int, patience: int) -> int:
    """The first window of `hold` in a row that are all steady."""
    row = 0
    for index, rate in enumerate(rates[: patience + hold]):
        row = row + 1 if abs(rate - steady) <= BAND * steady else 0
        if row == hold:
            return index - hold + 1
    last = rates[max(0, patience - hold) : patience]
    vary = max(abs(rate - steady) / steady for rate in last)
    raise WorkloadError("unsettled", f"did not settle in {PATIENCE / NS_PER_SECOND:g} s: windows vary by {vary:.0%}")
