"""libgvb's C ABI as a table. tests/libgvb/test_abi.py compares it with gvb.h."""

from __future__ import annotations

from collections.abc import Mapping
from ctypes import POINTER, Structure, c_char, c_int32, c_int64
from dataclasses import dataclass

ABI = 8

STATUS = {
    -1: "argument",
    -2: "driver",
    -3: "cuda",
    -4: "wrong-result",
    -5: "unsupported",
    -6: "timeout",
    -7: "state",
}

WORDS: Mapping[str, Mapping[str, int]] = {
    "resolution": {"handle": 0, "default": 1, "query": 2},
    "launch_api": {"cuLaunchKernel": 0, "cuLaunchKernelEx": 1, "cuGraphLaunch": 2},
    "memory_api": {"cuMemAlloc_v2": 0, "pool": 1, "vmm": 2, "pitch": 3, "managed": 4, "array": 5},
    "wait": {"spin": 0, "block": 1},
    "way": {"graph": 0, "streams": 1},
    "copy_kind": {"h2d": 0, "d2h": 1, "duplex": 2},
    "host_memory": {"pinned": 0, "pageable": 1},
    "copy_api": {"batch": 0, "call": 1},
    "rate_kernel": {"fma": 0, "read": 1, "write": 2, "copy": 3, "triad": 4, "l2_read": 5, "atomics": 6},
    "fault": {"illegal-address": 0, "misaligned": 1, "trap": 2, "assert": 3, "endless": 4},
    "payload": {"new": 0, "same": 1, "zeros": 2},
    "function": {
        "cuCtxGetDevice": 0,
        "cuMemGetInfo_v2": 1,
        "cuPointerGetAttribute": 2,
        "cuStreamQuery": 3,
        "cuMemcpyHtoDAsync_v2": 4,
    },
}
"""Arguments that are words in a workload and numbers in C."""


@dataclass(frozen=True)
class Routine:
    """One gvb_prepare_X: its arguments (name -> C type, or the kind of word), its columns and notes."""

    args: Mapping[str, str]
    columns: tuple[str, ...]
    notes: tuple[str, ...] = ()
    device: bool = True  # needs the context that gvb_context makes


def numbers(names: str) -> dict[str, str]:
    """Arguments that are all int64_t."""
    return dict.fromkeys(names.split(), "int64")


NOTES_OF_RATES = ("launches_per_row", "rows_left_out", "work_per_launch", "settled")

ROUTINES: Mapping[str, Routine] = {
    "clock_floor": Routine({"count": "int64"}, ("floor",), device=False),
    "launch_latency": Routine(
        {"api": "launch_api", "resolution": "resolution", "count": "int64", "drain": "int64"}, ("call",)
    ),
    "launch_sync": Routine({"api": "launch_api", "resolution": "resolution", "count": "int64"}, ("round_trip",)),
    "launch_to_start": Routine(
        {"api": "launch_api", "resolution": "resolution", "count": "int64"},
        ("start",),
        ("uncertainty", "timer_step", "clock_drift"),
    ),
    "start_probe": Routine(
        {"count": "int64", "pause": "int64", "seed": "int64", "iterations": "int64", "blocks": "int64"},
        ("start",),
        ("uncertainty", "timer_step", "clock_drift"),
    ),
    "alloc_free": Routine(
        {"api": "memory_api", "resolution": "resolution", "bytes": "int64", "count": "int64", "pending": "int32"},
        ("alloc", "free"),
    ),
    "context_cycle": Routine(
        {"device": "int32", "resolution": "resolution"},
        ("load", "init", "context", "allocate", "module", "launch"),
        device=False,
    ),
    "throughput_cycle": Routine(
        {"duration": "int64", "settle": "int64", "fma_iterations": "int64", "sm_count": "int64"},
        ("cycle",),
        ("settling_cycles",),
    ),
    "fma": Routine({"iterations": "int64", "sm_count": "int64", "count": "int64"}, ("device_time",)),
    "warm": Routine({"duration": "int64", "sm_count": "int64"}, ("device_time",)),
    "probe": Routine({"bytes": "int64", "seed": "uint64"}, ("probe",)),
    "call_latency": Routine(
        {"function": "function", "resolution": "resolution", "count": "int64", "batch": "int64"},
        ("batch",),
        ("empty_loop",),
    ),
    "alloc_live": Routine(
        {"resolution": "resolution", "live": "int64", "bytes": "int64", "count": "int64"}, ("alloc", "free")
    ),
    "alloc_storm": Routine({"bytes": "int64", "busy": "int64", "duration": "int64"}, ("pairs",)),
    "launch_paced": Routine(
        {"resolution": "resolution", "count": "int64", "period": "int64", "blocks": "int64"}, ("call",)
    ),
    "launch_full": Routine(
        {
            "resolution": "resolution",
            "count": "int64",
            "depth": "int64",
            "iterations": "int64",
            "sm_count": "int64",
        },
        ("call",),
    ),
    "launch_rate": Routine(
        {
            "iterations": "int64",
            "blocks": "int64",
            "depth": "int64",
            "settle": "int64",
            "duration": "int64",
            "wait": "wait",
        },
        ("done",),
        NOTES_OF_RATES,
    ),
    "graph_rate": Routine(numbers("iterations blocks nodes depth settle duration"), ("done",), NOTES_OF_RATES),
    "requests": Routine(numbers("chain iterations blocks period duration"), ("due", "begin", "end")),
    "gaps": Routine(
        numbers("piece gap blocks threads shared duration"), ("launch", "begin", "end"), ("timer_step", "shared_bytes")
    ),
    "detect_error": Routine({"fault": "fault", "limit": "int64"}, ("code", "seen"), ("uncertainty",)),
    "bystander": Routine(
        {"bytes": "int64", "seed": "uint64", "iterations": "int64", "blocks": "int64", "duration": "int64"},
        ("done",),
    ),
    "rate": Routine(
        {
            "kernel": "rate_kernel",
            "bytes": "int64",
            "amount": "int64",
            "blocks": "int64",
            "depth": "int64",
            "busy": "int64",
            "every": "int64",
            "settle": "int64",
            "duration": "int64",
        },
        ("done",),
        NOTES_OF_RATES,
    ),
    "pieces": Routine(
        {"kernel": "rate_kernel", "bytes": "int64", "amount": "int64", "blocks": "int64", "count": "int64"},
        ("done",),
        ("work_per_launch",),
    ),
    "chase": Routine({"bytes": "int64", "warm": "int64", "steps": "int64", "seed": "int64"}, ("group",), ("timed_ns",)),
    "chase_steps": Routine(
        {"bytes": "int64", "warm": "int64", "steps": "int64", "seed": "int64"}, ("clocks", "steps"), ("timed_ns",)
    ),
    "copy": Routine(
        {
            "kind": "copy_kind",
            "host": "host_memory",
            "api": "copy_api",
            "payload": "payload",
            "bytes": "int64",
            "batch": "int64",
            "count": "int64",
        },
        ("batch",),
        ("host_node", "device_node"),
    ),
    "copy_rate": Routine(
        {
            "kind": "copy_kind",
            "bytes": "int64",
            "depth": "int64",
            "busy": "int64",
            "settle": "int64",
            "duration": "int64",
        },
        ("done", "kind"),
        ("rows_left_out", "host_node", "device_node"),
    ),
    "try_alloc": Routine(
        {"api": "memory_api", "resolution": "resolution", "bytes": "int64", "keep": "int32"}, ("code",)
    ),
    "fill_to_limit": Routine(
        {
            "api": "memory_api",
            "resolution": "resolution",
            "chunk_max": "int64",
            "chunk_min": "int64",
            "ceiling": "int64",
            "touch": "int32",
            "keep": "int32",
        },
        ("bytes", "code", "calls"),
        ("claimed_free", "claimed_total", "claimed_free_held", "words"),
    ),
    "refusal": Routine(
        {"api": "memory_api", "resolution": "resolution", "used": "int64", "ask": "int64", "count": "int64"},
        ("call", "code"),
        ("granted_warm_ups",),
    ),
    "own": Routine({"bytes": "int64", "seed": "uint64"}, ("wrong",), ("address",)),
    "intrude": Routine(
        {"writes": "int32", "address": "uint64", "first": "uint64", "seed": "uint64"},
        ("copy", "copied", "kernel", "reached"),
    ),
    "plant": Routine({"bytes": "int64", "marker": "int64"}, ("planted",)),
    "scan": Routine(
        {"resolution": "resolution", "ceiling": "int64", "marker": "int64"},
        ("bytes", "markers"),
    ),
    "fingerprint": Routine(
        {"duration": "int64", "gap": "int64", "blocks": "int64"}, ("block", "smid", "begin", "end"), ("timer_step",)
    ),
    "launch_sustained": Routine(
        {"api": "launch_api", "resolution": "resolution", "count": "int64", "depth": "int64"}, ("total",)
    ),
    "launch_graph": Routine(
        {"resolution": "resolution", "nodes": "int64", "count": "int64", "depth": "int64"}, ("total",)
    ),
    "launch_storm": Routine({"depth": "int64", "busy": "int64", "duration": "int64"}, ("launches",)),
    "branches": Routine(
        {"way": "way", "branches": "int64", "iterations": "int64", "blocks": "int64", "count": "int64"},
        ("serial", "concurrent"),
        ("shared_bytes",),
    ),
    "idle": Routine({"duration": "int64"}, ("slept",)),
}


class DeviceFacts(Structure):
    """gvb_device."""

    _fields_ = (
        ("name", c_char * 256),
        ("uuid", c_char * 48),
        ("pci_bus", c_char * 32),
        ("compute_capability", c_int64),
        ("sm_count", c_int64),
        ("threads_per_sm", c_int64),
        ("l2_bytes", c_int64),
        ("memory_bytes", c_int64),
        ("memory_clock_hz", c_int64),
        ("memory_bus_bits", c_int64),
        ("sm_clock_hz", c_int64),
        ("driver_version", c_int64),
        ("memory_pools", c_int64),
        ("virtual_memory", c_int64),
    )


class Start(Structure):
    """gvb_start."""

    _fields_ = (
        ("party", c_int64),
        ("rank", c_int64),
        ("follows", c_int64),
        ("seed", c_int64),
    )


class Interval(Structure):
    """gvb_interval."""

    _fields_ = (
        ("at", c_int64),
        ("stop", POINTER(c_int32)),
        ("samples", POINTER(c_int64)),
        ("rows", c_int64),
        ("begin", c_int64),
        ("end", c_int64),
        ("notes", c_int64 * 8),
        ("start", Start),
    )
