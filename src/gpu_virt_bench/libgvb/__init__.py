"""libgvb from Python: one library, loaded on first use. Standard library alone."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from ctypes import POINTER, byref, c_char_p, c_int32, c_int64, c_uint64, c_void_p
from functools import cache
from pathlib import Path
from typing import Any

from gpu_virt_bench.libgvb.abi import ABI, ROUTINES, STATUS, WORDS, DeviceFacts, Interval, Start
from gpu_virt_bench.model.workload import Series, Stop, Workload, WorkloadError

PATH = Path(__file__).parent / "libgvb.so"
TYPES = {"int32": c_int32, "int64": c_int64, "uint64": c_uint64}


@cache
def library() -> ctypes.CDLL:
    """libgvb.so with its prototypes; calls release the GIL."""
    if not PATH.exists():
        raise WorkloadError("driver", f"{PATH} is missing: build it with `python build_native.py`, or install a wheel")
    lib = ctypes.CDLL(str(PATH))
    if (found := lib.gvb_abi()) != ABI:
        raise WorkloadError("driver", f"{PATH} has ABI {found}, this package needs {ABI}: rebuild it")
    lib.gvb_last_error.restype = c_char_p
    lib.gvb_last_call.restype = c_char_p
    lib.gvb_host_pace.restype = c_int64
    lib.gvb_rows.argtypes = lib.gvb_columns.argtypes = lib.gvb_release.argtypes = [c_void_p]
    lib.gvb_rows.restype = lib.gvb_columns.restype = c_int64
    lib.gvb_run.argtypes = [c_void_p, POINTER(Interval)]
    lib.gvb_function_name.restype = c_char_p
    lib.gvb_served_by.argtypes = [c_char_p, c_int32, c_char_p, c_int64]
    lib.gvb_served_by_query.argtypes = [c_char_p, c_int32, c_uint64, c_char_p, c_int64]
    for name, routine in ROUTINES.items():
        kinds = [TYPES.get(kind, c_int32) for kind in routine.args.values()]
        getattr(lib, f"gvb_prepare_{name}").argtypes = [*kinds, POINTER(c_void_p)]
    return lib


def check(status: int) -> None:
    """Raises the last error of libgvb if the status says so."""
    if status != 0:
        lib = library()
        message = (lib.gvb_last_error() or b"").decode(errors="replace")
        call = (lib.gvb_last_call() or b"").decode(errors="replace")
        raise WorkloadError(STATUS.get(status, str(status)), message, call, lib.gvb_last_code())


def open_driver(resolution: str = "query") -> None:
    """Opens libcuda.so.1 and resolves every function that libgvb calls; by default as the CUDA runtime does."""
    check(library().gvb_open(WORDS["resolution"][resolution]))


def make_context(device: int = 0, wait: str = "spin") -> None:
    """Primary context, module and stream, current in this thread."""
    check(library().gvb_context(device, WORDS["wait"][wait]))


def device_facts(device: int = 0) -> dict[str, str | int]:
    """What the driver says of the device."""
    facts = DeviceFacts()
    check(library().gvb_device_facts(device, byref(facts)))
    values = {field[0]: getattr(facts, field[0]) for field in DeviceFacts._fields_}
    return {name: v.decode(errors="replace") if isinstance(v, bytes) else int(v) for name, v in values.items()}


def device_count() -> int:
    """Number of devices that the driver shows."""
    count = c_int32()
    check(library().gvb_device_count(byref(count)))
    return count.value


def memory_info() -> tuple[int, int]:
    """Free and total bytes by cuMemGetInfo."""
    free, total = c_int64(), c_int64()
    check(library().gvb_memory_info(byref(free), byref(total)))
    return free.value, total.value


def served_by(symbol: str, resolution: str = "handle") -> str:
    """The file that holds a driver symbol, found in the given way."""
    path = ctypes.create_string_buffer(4096)
    check(library().gvb_served_by(symbol.encode(), WORDS["resolution"][resolution], path, len(path)))
    return path.value.decode(errors="replace")


def served_by_query(symbol: str, version: int = 0, flags: int = 0) -> str:
    """The file that holds what cuGetProcAddress answers for a CUDA version (11030 is 11.3, 0 the driver's own), with
    flags."""
    path = ctypes.create_string_buffer(4096)
    check(library().gvb_served_by_query(symbol.encode(), version, flags, path, len(path)))
    return path.value.decode(errors="replace")


def functions() -> list[str]:
    """The driver functions that libgvb calls."""
    names = iter(lambda: library().gvb_function_name(len(found)), None)
    found: list[str] = []
    for name in names:
        found.append(name.decode())
    return found


def is_virtual() -> bool:
    """Whether the opened driver has a clock of its own, which samples are taken with."""
    return bool(library().gvb_is_virtual())


def host_pace() -> int:
    """Nanoseconds of a fixed piece of arithmetic on this thread's processor."""
    return int(library().gvb_host_pace())


class Work:
    """A prepared routine of libgvb. A workload that does not say how driver functions are found has them by query."""

    def __init__(self, workload: Workload) -> None:
        if workload.routine not in ROUTINES:
            raise WorkloadError("argument", f"no routine {workload.routine!r}; there are {', '.join(ROUTINES)}")
        self.routine = ROUTINES[workload.routine]
        self._handle = c_void_p()
        self._interval: Interval | None = None  # of the run at hand
        self._start = Start()
        values = [convert(kind, workload, name) for name, kind in self.routine.args.items()]
        check(getattr(library(), f"gvb_prepare_{workload.routine}")(*values, byref(self._handle)))

    def take_part(self, moment: Mapping[str, int]) -> None:
        """How the next run takes part in virtual time: the fields of gvb_start."""
        self._start = Start(**moment)

    def run(self, at: int, stop: Stop) -> Series:
        """Runs once, from the CLOCK_MONOTONIC time `at` on."""
        lib = library()
        columns, rows = lib.gvb_columns(self._handle), lib.gvb_rows(self._handle)
        samples = (c_int64 * (rows * columns))()
        flag = ctypes.pointer(stop.flag)
        self._interval = interval = Interval(at=at, stop=flag, samples=samples, rows=rows, start=self._start)
        try:
            check(lib.gvb_run(self._handle, byref(interval)))
        finally:
            self._interval = None
        taken = samples[: interval.rows * columns]
        return Series(
            {name: tuple(taken[i::columns]) for i, name in enumerate(self.routine.columns)},
            interval.begin,
            interval.end,
            {name: interval.notes[i] for i, name in enumerate(self.routine.notes)},
        )

    def begun(self) -> bool:
        """Whether the run at hand has read its first clock."""
        interval = self._interval
        return interval is not None and interval.begin != 0

    def release(self) -> None:
        """Frees what the work holds."""
        handle, self._handle = self._handle, c_void_p()
        check(library().gvb_release(handle))


def convert(kind: str, workload: Workload, name: str) -> Any:  # noqa: ANN401
    """One argument of a workload as a C integer."""
    if name == "resolution" and name not in workload.args:
        return c_int32(WORDS[kind]["query"])
    if name not in workload.args:
        raise WorkloadError("argument", f"{workload.routine} needs the argument {name}")
    value = workload.args[name]
    if kind in TYPES:
        return TYPES[kind](int(value))
    if value not in WORDS[kind]:
        raise WorkloadError("argument", f"{name} is {value!r}; {workload.routine} knows {', '.join(WORDS[kind])}")
    return c_int32(WORDS[kind][str(value)])
