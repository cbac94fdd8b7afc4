"""Calls before cuInit."""

from __future__ import annotations

from gpu_virt_bench.conform.cells import Buffer, Filled, Handle, Int, Text
from gpu_virt_bench.conform.driver import Cuda, ptx
from gpu_virt_bench.conform.table import Said, Scene, nothing

scene = Scene("uninitialized", nothing, keeps_context=False)


@scene.row("cuDeviceGetCount", "before cuInit")
def count(cuda: Cuda) -> Said:
    count = Int()
    return cuda.cuDeviceGetCount(count), count


@scene.row("cuDeviceGet", "before cuInit")
def device(cuda: Cuda) -> Said:
    device = Int()
    return cuda.cuDeviceGet(device, 0), device


@scene.row("cuDeviceGetAttribute", "before cuInit")
def device_attribute(cuda: Cuda) -> Said:
    value = Int()
    return cuda.cuDeviceGetAttribute(value, 1, 0), value


@scene.row("cuDevicePrimaryCtxRetain", "before cuInit")
def retain(cuda: Cuda) -> Said:
    context = Handle()
    return cuda.cuDevicePrimaryCtxRetain(context, 0), context


@scene.row("cuCtxCreate_v2", "before cuInit")
def create_context(cuda: Cuda) -> Said:
    context = Handle()
    return cuda.cuCtxCreate_v2(context, 0, 0), context


@scene.row("cuCtxGetCurrent", "before cuInit")
def current(cuda: Cuda) -> Said:
    context = Handle()
    return cuda.cuCtxGetCurrent(context), context


@scene.row("cuCtxSetCurrent", "before cuInit, NULL")
def set_current(cuda: Cuda) -> Said:
    return cuda.cuCtxSetCurrent(None)


@scene.row("cuCtxPopCurrent_v2", "before cuInit")
def pop(cuda: Cuda) -> Said:
    context = Handle()
    return cuda.cuCtxPopCurrent_v2(context), context


@scene.row("cuCtxSynchronize", "before cuInit")
def synchronize(cuda: Cuda) -> Said:
    return cuda.cuCtxSynchronize()


@scene.row("cuMemAlloc_v2", "before cuInit")
def alloc(cuda: Cuda) -> Said:
    address = Handle()
    return cuda.cuMemAlloc_v2(address, 4096), address


@scene.row("cuMemFree_v2", "before cuInit, NULL")
def free(cuda: Cuda) -> Said:
    return cuda.cuMemFree_v2(0)


@scene.row("cuMemGetInfo_v2", "before cuInit")
def memory_info(cuda: Cuda) -> Said:
    free, total = Filled(), Filled()
    return cuda.cuMemGetInfo_v2(free, total), free, total


@scene.row("cuMemAllocHost_v2", "before cuInit")
def host_alloc(cuda: Cuda) -> Said:
    address = Handle()
    return cuda.cuMemAllocHost_v2(address, 4096), address


@scene.row("cuStreamCreate", "before cuInit")
def stream(cuda: Cuda) -> Said:
    stream = Handle()
    return cuda.cuStreamCreate(stream, 0), stream


@scene.row("cuEventCreate", "before cuInit")
def event(cuda: Cuda) -> Said:
    event = Handle()
    return cuda.cuEventCreate(event, 0), event


@scene.row("cuModuleLoadData", "before cuInit")
def module(cuda: Cuda) -> Said:
    module = Handle()
    return cuda.cuModuleLoadData(module, ptx("empty")), module


@scene.row("cuLaunchKernel", "before cuInit, no function")
def launch(cuda: Cuda) -> Said:
    return cuda.cuLaunchKernel(None, 1, 1, 1, 1, 1, 1, 0, None, None, None)


@scene.row("cuPointerGetAttribute", "before cuInit")
def pointer(cuda: Cuda) -> Said:
    value = Int()
    return cuda.cuPointerGetAttribute(value, 2, Buffer().address), value


@scene.row("cuGraphCreate", "before cuInit")
def graph(cuda: Cuda) -> Said:
    graph = Handle()
    return cuda.cuGraphCreate(graph, 0), graph


@scene.row("cuDriverGetVersion", "before cuInit")
def version(cuda: Cuda) -> Said:
    version = Filled()
    return cuda.cuDriverGetVersion(version), version


@scene.row("cuDriverGetVersion", "NULL")
def version_nowhere(cuda: Cuda) -> Said:
    return cuda.cuDriverGetVersion(None)


@scene.row("cuGetErrorName", "before cuInit, 1")
def error_name(cuda: Cuda) -> Said:
    text = Text()
    return cuda.cuGetErrorName(1, text), text


@scene.row("cuGetErrorString", "before cuInit, 700")
def error_string(cuda: Cuda) -> Said:
    text = Text()
    return cuda.cuGetErrorString(700, text), text


@scene.row("cuGetErrorName", "a number that is no result")
def error_name_unknown(cuda: Cuda) -> Said:
    text = Text()
    return cuda.cuGetErrorName(12345, text), text


@scene.row("cuGetErrorString", "a number that is no result")
def error_string_unknown(cuda: Cuda) -> Said:
    text = Text()
    return cuda.cuGetErrorString(12345, text), text


@scene.row("cuGetErrorName", "NULL")
def error_name_nowhere(cuda: Cuda) -> Said:
    return cuda.cuGetErrorName(1, None)


@scene.row("cuGetProcAddress_v2", "before cuInit")
def look_up(cuda: Cuda) -> Said:
    address, status = Handle(), Int()
    return cuda.cuGetProcAddress_v2(b"cuInit", address, 12000, 0, status), address, status


@scene.row("cuInit", "flags 1", alone=True)
def init_with_flags(cuda: Cuda) -> Said:
    return cuda.cuInit(1)


@scene.row("cuInit", "a second time", alone=True)
def init_twice(cuda: Cuda) -> Said:
    cuda.need("cuInit", 0)
    return cuda.cuInit(0)
