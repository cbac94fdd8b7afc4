"""Structures of the driver's interface, as cuda.h lays them out."""

from __future__ import annotations

from ctypes import Structure, c_char, c_int, c_size_t, c_ubyte, c_uint, c_ushort, c_void_p
from typing import Any

PINNED, DEVICE = 1, 1
"""A kind of memory, and a kind of place."""
READ_WRITE = 3


class Location(Structure):
    """CUmemLocation."""

    _fields_ = (("type", c_int), ("id", c_int))


class AllocationProp(Structure):
    """CUmemAllocationProp."""

    _fields_ = (
        ("type", c_int),
        ("handle_types", c_int),
        ("location", Location),
        ("win32", c_void_p),
        ("compression", c_ubyte),
        ("rdma", c_ubyte),
        ("usage", c_ushort),
        ("reserved", c_ubyte * 4),
    )


class PoolProps(Structure):
    """CUmemPoolProps."""

    _fields_ = (
        ("type", c_int),
        ("handle_types", c_int),
        ("location", Location),
        ("win32", c_void_p),
        ("most", c_size_t),
        ("usage", c_ushort),
        ("reserved", c_ubyte * 54),
    )


class AccessDesc(Structure):
    """CUmemAccessDesc."""

    _fields_ = (("location", Location), ("flags", c_int))


class ArrayDescriptor(Structure):
    """CUDA_ARRAY_DESCRIPTOR."""

    _fields_ = (("width", c_size_t), ("height", c_size_t), ("format", c_int), ("channels", c_uint))


class LaunchConfig(Structure):
    """CUlaunchConfig."""

    _fields_ = (
        *((f"{of}_{axis}", c_uint) for of in ("grid", "block") for axis in "xyz"),
        ("shared", c_uint),
        ("stream", c_void_p),
        ("attributes", c_void_p),
        ("count", c_uint),
    )


class KernelNode(Structure):
    """CUDA_KERNEL_NODE_PARAMS, version 2."""

    _fields_ = (
        ("function", c_void_p),
        *((f"{of}_{axis}", c_uint) for of in ("grid", "block") for axis in "xyz"),
        ("shared", c_uint),
        ("parameters", c_void_p),
        ("extra", c_void_p),
        ("kernel", c_void_p),
        ("context", c_void_p),
    )


class IpcHandle(Structure):
    """CUipcMemHandle and CUipcEventHandle."""

    _fields_ = (("bytes", c_char * 64),)


def allocation(**changes: Any) -> AllocationProp:  # noqa: ANN401
    """Properties of memory on the first device, with changes."""
    return AllocationProp(**{"type": PINNED, "location": Location(DEVICE, 0), **changes})


def pool(**changes: Any) -> PoolProps:  # noqa: ANN401
    """Properties of a pool on the first device, with changes."""
    return PoolProps(**{"type": PINNED, "location": Location(DEVICE, 0), **changes})


def access(flags: int = READ_WRITE, device: int = 0) -> AccessDesc:
    """Access of a device."""
    return AccessDesc(Location(DEVICE, device), flags)
