"""Sessions of tenants that contend for device memory and L2, small enough for a test."""

from collections.abc import Callable

from gpu_virt_bench.model.run import Run

SMALL = {"memory_bytes": str(256 << 20), "context_bytes": str(1 << 20), "l2_bytes": str(1 << 20)}
BESIDE = {"schedule": "side-by-side", "dram_saturation": "0.1"}
"""A tenth of the multiprocessors draws all of the bandwidth, so that who computes beside takes nothing of it."""
ONCE = {
    "repetitions": 1,
    "max_repetitions": 1,
    "warmup": 0,
    "warm_seconds": 0.01,
    "rounds": dict.fromkeys(("latency", "tail", "process", "window", "long"), 1),
    "window_seconds": 0.05,
    "settle_seconds": 0.005,
    "quota_window_seconds": 0.05,
    "quota_settle_seconds": 0.005,
}


def at_once(measure: Callable[..., Run], chosen: str, compute_limit: float | None = None, **emulate: str) -> Run:
    """Tenants under MPS, each with its multiprocessors."""
    keys = {**SMALL, **BESIDE, **emulate}
    return measure(chosen, systems=("mps",), emulate=keys, compute_limit=compute_limit, **ONCE)


def in_turn(measure: Callable[..., Run], chosen: str, **emulate: str) -> Run:
    """Tenants without any layer, slice after slice."""
    return measure(chosen, systems=("time-slicing",), emulate={**SMALL, **emulate}, **ONCE)


def alone(measure: Callable[..., Run], chosen: str, **emulate: str) -> Run:
    """One native tenant."""
    return measure(chosen, emulate={**SMALL, **emulate}, **ONCE)
