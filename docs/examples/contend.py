"""Rates of processes that fill device memory, or copy to it, at the same time: plain calls of the CUDA driver API.

    python contend.py fill|copy PROCESSES

Each fills or copies 16 MiB again and again for two seconds, from one instant on, and says how much that was a second.
"""

import ctypes
import multiprocessing
import sys
import time
from collections.abc import MutableSequence
from multiprocessing.synchronize import Barrier

BYTES = 16 << 20
SECONDS = 2.0


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
    begin, moved = time.monotonic(), 0
    while time.monotonic() - begin < SECONDS:
        if kind == "fill":
            need(cuda, "cuMemsetD32_v2", device, 7, ctypes.c_size_t(BYTES // 4))
        else:
            need(cuda, "cuMemcpyHtoD_v2", device, host, ctypes.c_size_t(BYTES))
        need(cuda, "cuCtxSynchronize")
        moved += BYTES
    rates[number] = moved / (time.monotonic() - begin) / 1e6


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
