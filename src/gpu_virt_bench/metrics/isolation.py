"""Isolation: what a quota is worth, and what neighbors can notice of each other."""

from __future__ import annotations

from gpu_virt_bench.metrics.common import MIB, statistics_of, summarise, tail_by_statistic
from gpu_virt_bench.metrics.memory_isolation import PROBES
from gpu_virt_bench.metrics.memory_limit import (
    KEPT_FREE,
    MARGIN,
    MEMORY_APIS,
    PARTS,
    PROCESSES,
    Limit,
    by_memory,
    check_refused,
    code,
    conclude,
    control,
    fill,
    free_memory,
    given,
    limit_of,
    released,
)
from gpu_virt_bench.model.metric import Bench, DeviceFacts, Params, Party, Samples, Share, Skip, Tenant, metric
from gpu_virt_bench.model.workload import Value, Workload, WorkloadError


@metric(
    "IS-001",
    unit="%",
    better="higher",
    compare="difference",
    ideal="capacity",
    params={"memory": PARTS, "api": MEMORY_APIS, "process": tuple(PROCESSES)},
    where=lambda params: params["process"] == "first" or params["memory"] == "quota",
    party=by_memory,
    effort="process",
    seconds=lambda params, window, polling: 0.5 if params["process"] == "first" else 2.0,
)
def memory_limit_accuracy(bench: Bench) -> Samples:
    """Memory limit accuracy.

    sample = 1 - |E - L| / L; L = bytes that the tenant was granted, E = bytes that it got before it was refused

    A tenant with a memory limit allocates 1 GiB until that is refused, then half as much, and so on down to 2 MiB. A
    word in each 2 MiB is written on the device, and four of each block are read back and compared (arrays have no
    address, and are not written). E is what was given: a context that a system charges to the limit lowers it. Memory
    that no limit refuses is taken up to the physically free bytes less 2 GiB; the detail says then that the value is an
    upper bound. It is negative where more than twice the limit is given.

    `memory` is the limit: `quota` what the session grants (`--memory-limit`), half of the device where it grants none;
    or a part of the device. `api` is the call: cuMemAlloc_v2, cuMemAllocAsync of the default pool, cuMemCreate and
    cuMemMap (vmm), cuMemAllocPitch_v2, cuMemAllocManaged, cuArrayCreate_v2. `process`: `first` is the tenant's only
    one; `second`: the first holds half, and E is what both were given; `after`: the first was killed while it held a
    quarter, and E is what a second one is given that goes on.

    In the detail, apart from each other: bytes asked for, granted (what the system made of that), enforced (E) with
    sign and last CUresult; the tenant's claim by cuMemGetInfo_v2, before (there the context shows) and with E held; and
    what the device's use grew by, seen from outside. Control, in each repetition: a native tenant is given L + 256 MiB
    by the same call, else the outcome fails.
    """
    (tenant,) = bench.party
    take = PROCESSES[str(bench.params["process"])]
    while True:
        limit = limit_of(bench, tenant, str(bench.params["api"]))
        control(bench, limit.api, min(limit.granted + MARGIN, limit.ceiling))
        yield conclude(bench, limit, take(bench, tenant, limit))


def limited_or_not(params: Params, device: DeviceFacts) -> Party:
    """A tenant with a limit, or with nothing but the device's own."""
    return by_memory({"memory": "quota"}, device) if params["limit"] == "quota" else (Share(),)


@metric(
    "IS-002",
    unit="us",
    better="lower",
    ideal="same",
    params={"limit": ("quota", "physical"), "api": MEMORY_APIS[:3], "statistic": ("median", "p99")},
    party=limited_or_not,
    effort=tail_by_statistic,
    seconds=0.05,
)
def memory_limit_enforcement(bench: Bench) -> Samples:
    """Memory limit enforcement time.

    sample = median of 100 refusals (or p99 of 1000): from before the allocation call to its refusal

    The tenant holds 95 % of E, the bytes that it can get, in one block, and asks for 10 % of E more, again and again;
    10 requests go before those that count, since a first refusal is slower. Every one must be refused: a single one
    that is granted fails the outcome. The CUresult may be any but success.

    `quota`: E is what IS-001 measures, once in each repetition: the session's limit (`--memory-limit`), half of the
    device where it grants none. `physical`: a tenant without a limit holds 95 % of the physically free memory, so that
    the driver itself refuses: the reference. The other calls are as in IS-001. Control of `quota`, in each repetition:
    a native tenant is given as much as is refused here.
    """
    (tenant,) = bench.party
    api = str(bench.params["api"])
    physical = bench.params["limit"] == "physical"
    if physical and tenant.memory_granted is not None:
        raise Skip(f"needs a tenant without a memory limit, found one of {tenant.memory_granted} bytes")

    def take(index: int) -> list[float]:
        del index
        most = free_memory(bench) if physical else bench.once(("limit", api), lambda: most_given(bench, tenant, api))
        return refusals(bench, tenant, api, most)

    yield from statistics_of(bench, bench.readings(("IS-002", physical, api), take), bench.params["statistic"])


def most_given(bench: Bench, tenant: Tenant, api: str) -> int:
    """Bytes that a limited tenant is given before it is refused; a native one must be given what it is refused."""
    limit = limit_of(bench, tenant, api)
    with released(tenant):
        found = fill(bench, tenant, api, limit.ceiling)
    if code(found) == 0:
        raise WorkloadError("not-refused", unlimited(limit, given(found)))
    control(bench, api, min(given(found) * 105 // 100, limit.ceiling))
    return given(found)


def unlimited(limit: Limit, found: int) -> str:
    """What there is to say of a call that refuses nothing."""
    return (
        f"{limit.api} refuses nothing: {found} bytes were given under a limit of {limit.granted}, all but {KEPT_FREE}"
    )


def refusals(bench: Bench, tenant: Tenant, api: str, most: int) -> list[float]:
    """Seconds of 100 refusals. What is held goes with them: the session's other tenants must find the device empty."""
    used, ask = (most * part // 100 // MIB * MIB for part in (95, 10))
    args: dict[str, Value] = {"api": api, "used": used, "ask": ask, "count": 100}
    with released(tenant):
        series = bench.run(tenant, Workload("refusal", args))
    check_refused(series, api, used, ask)
    values = series.seconds("call")
    summarise(bench, "refusals", {"used": used, "ask": ask, "code": int(series.columns["code"][-1])}, values)
    return values


@metric(
    "IS-005",
    unit="pass",
    better="higher",
    compare="difference",
    ideal="structural",
    needs=("concurrent-tenants", "separate-processes"),
    params={"probe": ("all", *PROBES), "end": ("exit", "kill")},
    where=lambda params: params["probe"] in ("all", "residual") or params["end"] == "exit",
    effort="process",
    seconds=lambda params, window, polling: 6.0 if params["probe"] == "all" else 2.0,
)
def cross_tenant_memory(bench: Bench) -> Samples:
    """Cross-tenant memory isolation.

    sample = 1 if no probe of another tenant's memory succeeds, else 0

    A tenant owns 1 GiB of a pattern (or a quarter of a smaller limit); a new tenant for each probe tries to get at it.

    - `foreign-read`: it copies from the owner's address, and a kernel of its own sums what is there. It must be turned
      away with an error, the kernel by a fault that ends its context; words of the owner's pattern are a 0.
    - `foreign-write`: it copies there, and a kernel writes there. The owner's words must all be as they were.
    - `residual`: a process fills 1 GiB with markers and ends, by `end`: exit without a free, or SIGKILL. The new tenant
      takes all that it is given (up to the physically free bytes less 2 GiB), writes nothing, and counts markers.

    Controls, in each sample: the owner reaches its own memory by the same probe and finds its pattern whole; a scan
    finds the markers that its process had freed into a memory pool itself. A control that fails, or an answer that says
    neither yes nor no, fails the outcome. Handles of inter-process memory are not tried (`ipc` in the detail).
    """
    (owner,) = bench.party
    wanted = str(bench.params["probe"])
    names = list(PROBES) if wanted == "all" else [wanted]
    while True:
        found = {name: PROBES[name](bench, owner) for name in names}
        for name, seen in found.items():
            bench.detail(name, {"held": int(seen.held), **seen.row})
        if wanted == "all":
            bench.detail("left_out", {"probe": "ipc", "why": "cuIpcOpenMemHandle is not tried"})
        yield float(all(seen.held for seen in found.values()))
