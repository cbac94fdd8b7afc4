"""Rates of processes that fill device memory, or copy to it, at the same time: plain calls of the CUDA driver API.

    python contend.py fill|copy PROCESSES

Each queues 24 fills or copies of 16 MiB at one instant, and says how much that was a second on the device.
"""

import ctypes
import multiprocessing
import sys
from collections.abc import MutableSequence
from multiprocessing.synchronize import Barrier

BYTES = 16 << 20
PIECES = 24


def need(cuda: ctypes.CDLL, function: str, *arguments: object) -> None:
    """A call that must succeed."""
    if code := getattr(cuda, function)(*arguments):
        sys.exit(f"{function} answers {code}")


def rate(kind: str, number: int, ready: Barrier, rates: MutableSequence[float]) -> None:
    """One process: MB/s."""
    cuda = ctypes.CDLL("libcuda.so.1")
    context, device, host = ctypes.c_void_p(), ctypes.c_uint64(), ctypes.c_void_p()
    need(cuda, "cuInit", 0)
    need(cuda, "cuDevicePrimaryCtxRetain", ctypes.byref(context), 0)
    need(cuda, "cuCtxSetCurrent", context)
    need(cuda, "cuMemAlloc_v2", ctypes.byref(device), ctypes.c_size_t(BYTES))
    need(cuda, "cuMemHostAlloc", ctypes.byref(host), ctypes.c_size_t(BYTES), 0)
    ready.wait()
    begin = event(cuda)
    for _ in range(PIECES):
        if kind == "fill":
            need(cuda, "cuMemsetD32Async", device, 7, ctypes.c_size_t(BYTES // 4), None)
        else:
            need(cuda, "cuMemcpyHtoDAsync_v2", device, host, ctypes.c_size_t(BYTES), None)
    end = event(cuda)
    milliseconds = ctypes.c_float()
    need(cuda, "cuEventSynchronize", end)
    need(cuda, "cuEventElapsedTime", ctypes.byref(milliseconds), begin, end)
    rates[number] = PIECES * BYTES / milliseconds.value / 1e3


def event(cuda: ctypes.CDLL) -> ctypes.c_void_p:
    """What the device passes when all before it is done."""
    made = ctypes.c_void_p()
    need(cuda, "cuEventCreate", ctypes.byref(made), 0)
    need(cuda, "cuEventRecord", made, None)
    return made


def main(kind: str, processes: int) -> None:
    """All processes, and their rates."""
    ready, rates = multiprocessing.Barrier(processes, timeout=60), multiprocessing.Array("d", processes)
    started = [multiprocessing.Process(target=rate, args=(kind, k, ready, rates)) for k in range(processes)]
    for process in started:
        process.start()
    for process in started:
        process.join()
    if all(rates):
        print(kind, *(f"{one:.0f}" for one in rates), "MB/s")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
