"""What the device can do at most, measured natively in the session, and what is too good to be true."""

from __future__ import annotations

from collections.abc import Mapping

from gpu_virt_bench.metrics.neighbors import (
    COMPUTE,
    DRAM,
    KERNELS,
    L2_BANDWIDTH,
    aggression,
    done_per_second,
    in_window,
    load,
    nominal_bandwidth,
)
from gpu_virt_bench.model.metric import Bench, Implausible, Tenant
from gpu_virt_bench.model.workload import Workload, WorkloadError

MARGIN = 1.05
STRONG: Mapping[str, float] = {COMPUTE: 0.8, DRAM: 0.8, L2_BANDWIDTH: 0.8}
"""Aggressors without a quota that reach less of what they reach natively are no aggressors."""


def alone(bench: Bench, tenant: Tenant, work: Workload) -> float:
    """One tenant's work per second, in its own window."""
    series = bench.run(tenant, work)
    return done_per_second(series, series.begin, series.end)


def ceiling(bench: Bench, kernel: str, size: int) -> float:
    """What the kernel reaches natively, with the device to itself; once for all outcomes of a party."""
    work = load(bench, kernel, size, in_window(bench))

    def measure() -> float:
        with bench.native() as tenant:
            return alone(bench, tenant, work)

    found = bench.once(("ceiling", kernel, size), measure)
    check_bandwidth(bench, kernel, found)
    return found


def check_bandwidth(bench: Bench, kernel: str, rate: float) -> None:
    """Device memory gives no more than its clock and bus."""
    if kernel in ("read", "write", "copy", "triad"):
        check(rate, nominal_bandwidth(bench.device), "nominal")


def check(rate: float, most: float, how: str = "measured") -> None:
    """Nothing is faster than its ceiling."""
    if rate > MARGIN * most:
        raise Implausible(
            f"implausible: {rate / 1e12:.3f} TB/s, ceiling {most / 1e12:.3f} TB/s {how} x {MARGIN} = "
            f"{MARGIN * most / 1e12:.3f} TB/s"
        )


def check_aggressor(bench: Bench, tenant: Tenant, name: str) -> float:
    """What an aggressor reaches alone, once for all outcomes of a party; too little without a quota is an error."""
    if name not in KERNELS:
        return 0.0
    work = aggression(bench, name, in_window(bench))

    def measure() -> float:
        found = alone(bench, tenant, work)
        tenant.release()
        return found

    found = bench.once(("aggressor", name), measure)
    if name in STRONG and not is_limited(bench):
        most = ceiling(bench, str(work.args["kernel"]), int(work.args["bytes"]))
        if found < STRONG[name] * most:
            raise WorkloadError(
                "weak-aggressor",
                f"{name} reaches {found:.4g} a second alone, expected {STRONG[name]} x {most:.4g} that it reaches "
                "natively",
            )
    return found


def is_limited(bench: Bench) -> bool:
    """Whether tenants of this outcome have a compute quota."""
    return any(one.compute_granted is not None for one in bench.party)
