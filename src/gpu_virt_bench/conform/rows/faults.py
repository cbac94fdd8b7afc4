"""What answers in a context after a kernel has touched an illegal address."""

from __future__ import annotations

from gpu_virt_bench.conform.cells import Buffer, Filled, Float, Handle, Int, Size, Text
from gpu_virt_bench.conform.driver import Cuda, Parameters, Unprepared, ptx
from gpu_virt_bench.conform.structs import allocation
from gpu_virt_bench.conform.table import Said, Scene, in_context


def in_broken_context(cuda: Cuda) -> None:
    """The primary context has one of everything, and a kernel has written to the first page, which nobody has."""
    in_context(cuda)
    cuda.kept["module"] = cuda.module()
    cuda.kept["kernel"] = cuda.made("cuModuleGetFunction", cuda.kept["module"], b"gvb_empty")
    cuda.kept |= {"stream": cuda.stream(), "event": cuda.recorded(), "memory": cuda.memory()}
    cuda.need("cuLaunchKernel", cuda.kept["kernel"], 1, 1, 1, 1, 1, 1, 0, None, Parameters(8), None)
    if cuda.cuCtxSynchronize() == 0:
        raise Unprepared("cuCtxSynchronize: no error after an illegal address")


scene = Scene("faults", in_broken_context, keeps_context=False)


@scene.row("cuCtxSynchronize", "after an illegal address")
def synchronize(cuda: Cuda) -> Said:
    return cuda.cuCtxSynchronize()


@scene.row("cuStreamSynchronize", "after an illegal address")
def stream_synchronize(cuda: Cuda) -> Said:
    return cuda.cuStreamSynchronize(cuda.kept["stream"])


@scene.row("cuStreamQuery", "after an illegal address")
def stream_query(cuda: Cuda) -> Said:
    return cuda.cuStreamQuery(cuda.kept["stream"])


@scene.row("cuStreamCreate", "after an illegal address")
def stream_create(cuda: Cuda) -> Said:
    stream = Handle()
    return cuda.cuStreamCreate(stream, 0), stream


@scene.row("cuEventCreate", "after an illegal address")
def event_create(cuda: Cuda) -> Said:
    event = Handle()
    return cuda.cuEventCreate(event, 0), event


@scene.row("cuEventRecord", "after an illegal address")
def event_record(cuda: Cuda) -> Said:
    return cuda.cuEventRecord(cuda.kept["event"], None)


@scene.row("cuEventQuery", "after an illegal address")
def event_query(cuda: Cuda) -> Said:
    return cuda.cuEventQuery(cuda.kept["event"])


@scene.row("cuEventElapsedTime", "after an illegal address")
def event_elapsed(cuda: Cuda) -> Said:
    time = Float()
    return cuda.cuEventElapsedTime(time, cuda.kept["event"], cuda.kept["event"]), time


@scene.row("cuLaunchKernel", "after an illegal address")
def launch(cuda: Cuda) -> Said:
    return cuda.cuLaunchKernel(cuda.kept["kernel"], 1, 1, 1, 1, 1, 1, 0, None, Parameters(0), None)


@scene.row("cuLaunchKernel", "after an illegal address, grid x 0")
def launch_wrong(cuda: Cuda) -> Said:
    return cuda.cuLaunchKernel(cuda.kept["kernel"], 0, 1, 1, 1, 1, 1, 0, None, Parameters(0), None)


@scene.row("cuMemAlloc_v2", "after an illegal address")
def alloc(cuda: Cuda) -> Said:
    address = Handle()
    return cuda.cuMemAlloc_v2(address, 4096), address


@scene.row("cuMemAlloc_v2", "after an illegal address, NULL")
def alloc_nowhere(cuda: Cuda) -> Said:
    return cuda.cuMemAlloc_v2(None, 4096)


@scene.row("cuMemAllocAsync", "after an illegal address")
def alloc_async(cuda: Cuda) -> Said:
    address = Handle()
    return cuda.cuMemAllocAsync(address, 4096, None), address


@scene.row("cuMemGetInfo_v2", "after an illegal address")
def info(cuda: Cuda) -> Said:
    free, total = Filled(), Filled()
    return cuda.cuMemGetInfo_v2(free, total), free, total


@scene.row("cuMemcpyDtoH_v2", "after an illegal address")
def copy(cuda: Cuda) -> Said:
    place = Buffer()
    return cuda.cuMemcpyDtoH_v2(place, cuda.kept["memory"], 64), place


@scene.row("cuMemcpyHtoDAsync_v2", "after an illegal address")
def copy_async(cuda: Cuda) -> Said:
    return cuda.cuMemcpyHtoDAsync_v2(cuda.kept["memory"], Buffer(), 64, None)


@scene.row("cuMemsetD8_v2", "after an illegal address")
def fill(cuda: Cuda) -> Said:
    return cuda.cuMemsetD8_v2(cuda.kept["memory"], 0, 64)


@scene.row("cuMemGetAddressRange_v2", "after an illegal address")
def range(cuda: Cuda) -> Said:
    base, size = Handle(), Size()
    return cuda.cuMemGetAddressRange_v2(base, size, cuda.kept["memory"]), base, size


@scene.row("cuPointerGetAttribute", "after an illegal address")
def pointer(cuda: Cuda) -> Said:
    value = Int()
    return cuda.cuPointerGetAttribute(value, 2, cuda.kept["memory"]), value


@scene.row("cuMemAllocHost_v2", "after an illegal address")
def host_alloc(cuda: Cuda) -> Said:
    address = Handle()
    return cuda.cuMemAllocHost_v2(address, 4096), address


@scene.row("cuModuleLoadData", "after an illegal address")
def module(cuda: Cuda) -> Said:
    module = Handle()
    return cuda.cuModuleLoadData(module, ptx("empty")), module


@scene.row("cuModuleGetFunction", "after an illegal address")
def function(cuda: Cuda) -> Said:
    function = Handle()
    return cuda.cuModuleGetFunction(function, cuda.kept["module"], b"gvb_empty"), function


@scene.row("cuFuncGetAttribute", "after an illegal address")
def function_attribute(cuda: Cuda) -> Said:
    value = Int()
    return cuda.cuFuncGetAttribute(value, 0, cuda.kept["kernel"]), value


@scene.row("cuMemCreate", "after an illegal address")
def create_memory(cuda: Cuda) -> Said:
    memory = Handle()
    return cuda.cuMemCreate(memory, 2 << 20, allocation(), 0), memory


@scene.row("cuGraphCreate", "after an illegal address")
def graph(cuda: Cuda) -> Said:
    graph = Handle()
    return cuda.cuGraphCreate(graph, 0), graph


@scene.row("cuCtxGetDevice", "after an illegal address")
def device(cuda: Cuda) -> Said:
    device = Int()
    return cuda.cuCtxGetDevice(device), device


@scene.row("cuCtxGetCurrent", "after an illegal address")
def current(cuda: Cuda) -> Said:
    context = Handle()
    return cuda.cuCtxGetCurrent(context), context


@scene.row("cuCtxSetCurrent", "after an illegal address, the same context")
def set_current(cuda: Cuda) -> Said:
    return cuda.cuCtxSetCurrent(cuda.context)


@scene.row("cuCtxGetFlags", "after an illegal address")
def flags(cuda: Cuda) -> Said:
    flags = Int()
    return cuda.cuCtxGetFlags(flags), flags


@scene.row("cuCtxGetLimit", "after an illegal address")
def limit(cuda: Cuda) -> Said:
    size = Filled()
    return cuda.cuCtxGetLimit(size, 0), size


@scene.row("cuDevicePrimaryCtxGetState", "after an illegal address")
def state(cuda: Cuda) -> Said:
    flags, active = Int(), Int()
    return cuda.cuDevicePrimaryCtxGetState(0, flags, active), flags, active


@scene.row("cuDeviceGetAttribute", "after an illegal address")
def attribute(cuda: Cuda) -> Said:
    value = Int()
    return cuda.cuDeviceGetAttribute(value, 10, 0), value


@scene.row("cuDeviceGetCount", "after an illegal address")
def count(cuda: Cuda) -> Said:
    count = Filled()
    return cuda.cuDeviceGetCount(count), count


@scene.row("cuDriverGetVersion", "after an illegal address")
def version(cuda: Cuda) -> Said:
    version = Filled()
    return cuda.cuDriverGetVersion(version), version


@scene.row("cuGetErrorName", "after an illegal address")
def error_name(cuda: Cuda) -> Said:
    text = Text()
    return cuda.cuGetErrorName(700, text), text


@scene.row("cuGetProcAddress_v2", "after an illegal address")
def look_up(cuda: Cuda) -> Said:
    address, status = Handle(), Int()
    return cuda.cuGetProcAddress_v2(b"cuMemAlloc", address, 12000, 0, status), address, status


@scene.row("cuEventDestroy_v2", "after an illegal address")
def event_destroy(cuda: Cuda) -> Said:
    return cuda.cuEventDestroy_v2(cuda.kept["event"])


@scene.row("cuStreamDestroy_v2", "after an illegal address")
def stream_destroy(cuda: Cuda) -> Said:
    return cuda.cuStreamDestroy_v2(cuda.kept["stream"])


@scene.row("cuModuleUnload", "after an illegal address")
def unload(cuda: Cuda) -> Said:
    return cuda.cuModuleUnload(cuda.kept["module"])


@scene.row("cuMemFree_v2", "after an illegal address")
def free(cuda: Cuda) -> Said:
    return cuda.cuMemFree_v2(cuda.kept["memory"])


@scene.row("cuMemFree_v2", "after an illegal address, NULL")
def free_null(cuda: Cuda) -> Said:
    return cuda.cuMemFree_v2(0)


@scene.row("cuDevicePrimaryCtxRetain", "after an illegal address", alone=True)
def retain(cuda: Cuda) -> Said:
    context = Handle()
    return cuda.cuDevicePrimaryCtxRetain(context, 0), context


@scene.row("cuCtxCreate_v2", "after an illegal address", alone=True)
def create_context(cuda: Cuda) -> Said:
    context = Handle()
    return cuda.cuCtxCreate_v2(context, 0, 0), context


@scene.row("cuDevicePrimaryCtxRelease_v2", "after an illegal address", alone=True)
def release(cuda: Cuda) -> Said:
    return cuda.cuDevicePrimaryCtxRelease_v2(0)


@scene.row("cuDevicePrimaryCtxReset_v2", "after an illegal address", alone=True)
def reset(cuda: Cuda) -> Said:
    return cuda.cuDevicePrimaryCtxReset_v2(0)


@scene.row("cuMemAlloc_v2", "after an illegal address and a reset", alone=True)
def reset_alloc(cuda: Cuda) -> Said:
    cuda.cuDevicePrimaryCtxReset_v2(0)
    address = Handle()
    return cuda.cuMemAlloc_v2(address, 4096), address
