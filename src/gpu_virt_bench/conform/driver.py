"""The CUDA driver as a program that is linked to it finds it, called with whatever a row of the table passes."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gpu_virt_bench.conform.cells import Handle
from gpu_virt_bench.conform.results import name

LIBRARY = "libcuda.so.1"
KERNELS = Path(__file__).parent / "kernels"
MASK = (1 << 64) - 1
Call = Callable[..., int]


class Absent(Exception):
    """A function that the driver does not have."""


class Unprepared(Exception):
    """What a row needs could not be had."""


class Place(ctypes.Structure):
    """Dl_info of dladdr."""

    _fields_ = (
        ("file", ctypes.c_char_p),
        ("base", ctypes.c_void_p),
        ("symbol", ctypes.c_char_p),
        ("address", ctypes.c_void_p),
    )


class Cuda:
    """The driver's functions as attributes: each takes what C takes and gives the CUresult's number."""

    def __init__(self) -> None:
        """Opens the library. Its functions are looked up in the process, where what was preloaded comes first."""
        self._library = ctypes.CDLL(LIBRARY, mode=ctypes.RTLD_GLOBAL)
        self._process = ctypes.CDLL(None)
        self.context = 0
        """The context that the scene made current, 0 without one."""
        self.kept: dict[str, int] = {}
        """What the scene has prepared for its rows."""

    def __getattr__(self, function: str) -> Call:
        if not function.startswith("cu"):
            raise AttributeError(function)
        try:
            found = getattr(self._process, function)
        except AttributeError:
            raise Absent(function) from None
        return lambda *words: int(found(*map(passed, words)))

    def served_by(self, function: str) -> str:
        """The file that a function lies in."""
        place = Place()
        address = ctypes.cast(getattr(self._process, function), ctypes.c_void_p)
        self._process.dladdr(address, ctypes.byref(place))
        return (place.file or b"").decode(errors="replace")

    # -- what rows need before the call that they ask

    def need(self, function: str, *words: object) -> None:
        """A call that must succeed."""
        code = getattr(self, function)(*words)
        if code != 0:
            raise Unprepared(f"{function}: {name(code)}")

    def made(self, function: str, *words: object) -> int:
        """What a call that must succeed puts into its first parameter."""
        cell = Handle()
        self.need(function, cell, *words)
        return int(cell.value)

    def memory(self, size: int = 4096) -> int:
        """Device memory."""
        return self.made("cuMemAlloc_v2", size)

    def freed(self, size: int = 4096) -> int:
        """The address of device memory that was given back."""
        address = self.memory(size)
        self.need("cuMemFree_v2", address)
        return address

    def stream(self) -> int:
        """A stream that waits for no other."""
        return self.made("cuStreamCreate", 1)

    def event(self, flags: int = 0) -> int:
        """An event that nobody has recorded."""
        return self.made("cuEventCreate", flags)

    def recorded(self, stream: int = 0, flags: int = 0) -> int:
        """An event that was recorded."""
        event = self.event(flags)
        self.need("cuEventRecord", event, stream)
        return event

    def lost_event(self) -> int:
        """The handle of an event that was destroyed."""
        event = self.event()
        self.need("cuEventDestroy_v2", event)
        return event

    def module(self, text: str = "empty") -> int:
        """A module of libgvb's kernels."""
        return self.made("cuModuleLoadData", ptx(text))

    def kernel(self, module: str = "empty", kernel: str = "gvb_empty") -> int:
        """A kernel of libgvb."""
        return self.made("cuModuleGetFunction", self.module(module), kernel.encode())

    def busy(self, stream: int, milliseconds: int = 100) -> None:
        """A kernel that works for that long is launched."""
        words = Parameters(milliseconds * 1_000_000, self.memory())
        spin = self.kernel("timing", "gvb_spin")
        self.need("cuLaunchKernel", spin, 1, 1, 1, 1, 1, 1, 0, stream, words, None)


class Parameters:
    """The parameters of a kernel, all of 64 bits: an array of the addresses of their values."""

    def __init__(self, *values: int) -> None:
        self._values = [ctypes.c_uint64(value) for value in values]
        addresses = [ctypes.addressof(value) for value in self._values]
        self._as_parameter_ = (ctypes.c_void_p * len(values))(*addresses)

    @property
    def address(self) -> int:
        """Where the array lies."""
        return ctypes.addressof(self._as_parameter_)


class Whole:
    """A structure that C takes by value."""

    def __init__(self, structure: ctypes.Structure) -> None:
        self.structure = structure


def passed(word: object) -> Any:  # noqa: ANN401
    """A word as C takes it: numbers as 64 bits, of which the driver reads as many as the parameter has."""
    if isinstance(word, int):
        return ctypes.c_uint64(word & MASK)
    if isinstance(word, ctypes.Structure):
        return ctypes.byref(word)
    return word.structure if isinstance(word, Whole) else word


def ptx(module: str) -> bytes:
    """The text of one of libgvb's modules."""
    return (KERNELS / f"{module}.ptx").read_bytes()
