"""What the harness itself costs: start of the command line, start of a tenant, floor of the timer.

    .venv/bin/python benchmarks/harness_cost.py [repetitions]

Prints one JSON object, seconds. Runs on the emulated GPU: the figures are the harness's, not a device's. A tenant is
ready when it has answered `facts`; the context's own time (`cuInit` and the primary context) is measured by OH-004 in
the same process start and subtracted.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from statistics import median

from gpu_virt_bench.engine.device import choose
from gpu_virt_bench.engine.folder import session_folder
from gpu_virt_bench.model.workload import Workload
from gpu_virt_bench.systems.native import Native

COMMAND = [str(Path(sys.executable).with_name("gpu-virt-bench")), "--help"]


def help_seconds() -> float:
    """One `gpu-virt-bench --help`."""
    begin = time.monotonic()
    subprocess.run(COMMAND, check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - begin


def tenant_seconds(native: Native) -> dict[str, float]:
    """One tenant: to its first words, to a context made by its own loop, and the context's share of that."""
    begin = time.monotonic()
    with native.tenant() as tenant:
        context = tenant.run(Workload("context_cycle", {"device": 0}))
        ready = time.monotonic() - begin
    cuda = sum(column[0] for column in context.columns.values()) * 1e-9
    return {"hello": tenant.start_seconds, "ready_less_context": ready - cuda, "context": cuda}


def timer_floor(native: Native) -> float:
    """Median distance of two clock reads in libgvb."""
    with native.tenant() as tenant:
        return median(tenant.run(Workload("clock_floor", {"count": 100000})).seconds("floor"))


def warn(text: str) -> None:
    """A line for whoever waits."""
    print(text, file=sys.stderr)


def main() -> None:
    """Measures and prints."""
    repetitions = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    with (
        session_folder(warn) as folder,
        closing(choose("emulated:tiny", {}, folder)) as target,
        closing(Native(target.envs, folder)) as native,
    ):
        help_times = [help_seconds() for _ in range(repetitions)]
        tenants = [tenant_seconds(native) for _ in range(repetitions)]
        floor = timer_floor(native)
    result = {
        "repetitions": repetitions,
        "help_seconds": {"median": median(help_times), "worst": max(help_times), "target": 0.15},
        "tenant_hello_seconds": {"median": median(t["hello"] for t in tenants)},
        "tenant_ready_less_context_seconds": {
            "median": median(t["ready_less_context"] for t in tenants),
            "worst": max(t["ready_less_context"] for t in tenants),
            "target": 0.3,
        },
        "timer_floor_seconds": floor,
    }
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
