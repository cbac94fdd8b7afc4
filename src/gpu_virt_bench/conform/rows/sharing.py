"""Memory and events for other processes."""

from __future__ import annotations

from gpu_virt_bench.conform.cells import Buffer, Handle, Int
from gpu_virt_bench.conform.driver import Cuda, Whole
from gpu_virt_bench.conform.structs import IpcHandle, allocation, pool
from gpu_virt_bench.conform.table import Said, Scene, in_context

scene = Scene("sharing", in_context)


@scene.row("cuIpcGetMemHandle", "of device memory")
def memory_handle(cuda: Cuda) -> Said:
    handle = Buffer()
    return cuda.cuIpcGetMemHandle(handle, cuda.memory()), handle


@scene.row("cuIpcGetMemHandle", "of memory of the host")
def memory_handle_host(cuda: Cuda) -> Said:
    handle = Buffer()
    return cuda.cuIpcGetMemHandle(handle, Buffer().address), handle


@scene.row("cuIpcGetMemHandle", "of memory of a pool")
def memory_handle_pool(cuda: Cuda) -> Said:
    handle = Buffer()
    return cuda.cuIpcGetMemHandle(handle, cuda.made("cuMemAllocAsync", 4096, None)), handle


@scene.row("cuIpcGetMemHandle", "NULL")
def memory_handle_nowhere(cuda: Cuda) -> Said:
    return cuda.cuIpcGetMemHandle(None, cuda.memory())


@scene.row("cuIpcOpenMemHandle_v2", "a handle of nobody")
def open_garbage(cuda: Cuda) -> Said:
    address = Handle()
    return cuda.cuIpcOpenMemHandle_v2(address, Whole(IpcHandle()), 1), address


@scene.row("cuIpcCloseMemHandle", "memory of this process")
def close_unopened(cuda: Cuda) -> Said:
    return cuda.cuIpcCloseMemHandle(cuda.memory())


@scene.row("cuIpcGetEventHandle", "of an event for other processes")
def event_handle(cuda: Cuda) -> Said:
    handle = Buffer()
    return cuda.cuIpcGetEventHandle(handle, cuda.event(6)), handle


@scene.row("cuIpcGetEventHandle", "of an event for this process")
def event_handle_private(cuda: Cuda) -> Said:
    handle = Buffer()
    return cuda.cuIpcGetEventHandle(handle, cuda.event(2)), handle


@scene.row("cuMemExportToShareableHandle", "memory without a handle type")
def export_private(cuda: Cuda) -> Said:
    memory = cuda.made("cuMemCreate", 2 << 20, allocation(), 0)
    handle = Int()
    return cuda.cuMemExportToShareableHandle(handle, memory, 1, 0), handle


@scene.row("cuMemPoolExportToShareableHandle", "a pool without a handle type")
def export_pool_private(cuda: Cuda) -> Said:
    handle = Int()
    return cuda.cuMemPoolExportToShareableHandle(handle, cuda.made("cuMemPoolCreate", pool()), 1, 0), handle


@scene.row("cuMemPrefetchAsync", "memory that is not managed")
def prefetch_plain(cuda: Cuda) -> Said:
    return cuda.cuMemPrefetchAsync(cuda.memory(), 4096, 0, None)


@scene.row("cuMemAdvise", "memory that is not managed")
def advise_plain(cuda: Cuda) -> Said:
    return cuda.cuMemAdvise(cuda.memory(), 4096, 1, 0)


@scene.row("cuGreenCtxCreate", "NULL resources")
def green_context(cuda: Cuda) -> Said:
    context = Handle()
    return cuda.cuGreenCtxCreate(context, None, 0, 1), context
