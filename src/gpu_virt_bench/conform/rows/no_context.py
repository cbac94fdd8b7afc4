"""Calls that want a context while none is current."""

from __future__ import annotations

from gpu_virt_bench.conform.cells import Buffer, Filled, Handle, Int, Size
from gpu_virt_bench.conform.driver import Cuda, ptx
from gpu_virt_bench.conform.structs import allocation, pool
from gpu_virt_bench.conform.table import Said, Scene, initialized

scene = Scene("no_context", initialized, keeps_context=False)


@scene.row("cuCtxGetCurrent", "no context is current")
def current(cuda: Cuda) -> Said:
    context = Handle()
    return cuda.cuCtxGetCurrent(context), context


@scene.row("cuCtxSetCurrent", "no context is current, NULL")
def set_nothing(cuda: Cuda) -> Said:
    return cuda.cuCtxSetCurrent(None)


@scene.row("cuCtxPushCurrent_v2", "no context is current, NULL")
def push_nothing(cuda: Cuda) -> Said:
    return cuda.cuCtxPushCurrent_v2(None)


@scene.row("cuCtxPopCurrent_v2", "no context is current")
def pop(cuda: Cuda) -> Said:
    context = Handle()
    return cuda.cuCtxPopCurrent_v2(context), context


@scene.row("cuCtxDestroy_v2", "no context is current, NULL")
def destroy_nothing(cuda: Cuda) -> Said:
    return cuda.cuCtxDestroy_v2(None)


@scene.row("cuCtxGetDevice", "no context is current")
def device(cuda: Cuda) -> Said:
    device = Int()
    return cuda.cuCtxGetDevice(device), device


@scene.row("cuCtxGetFlags", "no context is current")
def flags(cuda: Cuda) -> Said:
    flags = Int()
    return cuda.cuCtxGetFlags(flags), flags


@scene.row("cuCtxGetApiVersion", "no context is current, NULL context")
def api_version(cuda: Cuda) -> Said:
    version = Int()
    return cuda.cuCtxGetApiVersion(None, version), version


@scene.row("cuCtxGetId", "no context is current, NULL context")
def context_id(cuda: Cuda) -> Said:
    number = Filled()
    return cuda.cuCtxGetId(None, number), number


@scene.row("cuCtxGetStreamPriorityRange", "no context is current")
def priorities(cuda: Cuda) -> Said:
    least, greatest = Int(), Int()
    return cuda.cuCtxGetStreamPriorityRange(least, greatest), least, greatest


@scene.row("cuCtxGetLimit", "no context is current")
def limit(cuda: Cuda) -> Said:
    size = Size()
    return cuda.cuCtxGetLimit(size, 0), size


@scene.row("cuCtxSynchronize", "no context is current")
def synchronize(cuda: Cuda) -> Said:
    return cuda.cuCtxSynchronize()


@scene.row("cuMemGetInfo_v2", "no context is current")
def memory_info(cuda: Cuda) -> Said:
    free, total = Filled(), Filled()
    return cuda.cuMemGetInfo_v2(free, total), free, total


@scene.row("cuMemAlloc_v2", "no context is current")
def alloc(cuda: Cuda) -> Said:
    address = Handle()
    return cuda.cuMemAlloc_v2(address, 4096), address


@scene.row("cuMemFree_v2", "no context is current, NULL")
def free_nothing(cuda: Cuda) -> Said:
    return cuda.cuMemFree_v2(0)


@scene.row("cuMemFree_v2", "no context is current, no address of its")
def free_garbage(cuda: Cuda) -> Said:
    return cuda.cuMemFree_v2(0x1000)


@scene.row("cuMemAllocManaged", "no context is current")
def managed(cuda: Cuda) -> Said:
    address = Handle()
    return cuda.cuMemAllocManaged(address, 4096, 1), address


@scene.row("cuMemAllocHost_v2", "no context is current")
def host_alloc(cuda: Cuda) -> Said:
    address = Handle()
    return cuda.cuMemAllocHost_v2(address, 4096), address


@scene.row("cuMemHostRegister_v2", "no context is current")
def host_register(cuda: Cuda) -> Said:
    return cuda.cuMemHostRegister_v2(Buffer(), 64, 0)


@scene.row("cuMemAllocAsync", "no context is current")
def alloc_async(cuda: Cuda) -> Said:
    address = Handle()
    return cuda.cuMemAllocAsync(address, 4096, None), address


@scene.row("cuMemcpyHtoD_v2", "no context is current")
def copy(cuda: Cuda) -> Said:
    return cuda.cuMemcpyHtoD_v2(0x1000, Buffer(), 64)


@scene.row("cuMemsetD8_v2", "no context is current")
def fill(cuda: Cuda) -> Said:
    return cuda.cuMemsetD8_v2(0x1000, 0, 64)


@scene.row("cuMemGetAddressRange_v2", "no context is current")
def address_range(cuda: Cuda) -> Said:
    base, size = Handle(), Size()
    return cuda.cuMemGetAddressRange_v2(base, size, 0x1000), base, size


@scene.row("cuPointerGetAttribute", "no context is current, memory of the host")
def pointer(cuda: Cuda) -> Said:
    value = Int()
    return cuda.cuPointerGetAttribute(value, 2, Buffer().address), value


@scene.row("cuStreamCreate", "no context is current")
def stream(cuda: Cuda) -> Said:
    stream = Handle()
    return cuda.cuStreamCreate(stream, 0), stream


@scene.row("cuStreamQuery", "no context is current, the default stream")
def stream_query(cuda: Cuda) -> Said:
    return cuda.cuStreamQuery(None)


@scene.row("cuStreamSynchronize", "no context is current, the default stream")
def stream_synchronize(cuda: Cuda) -> Said:
    return cuda.cuStreamSynchronize(None)


@scene.row("cuEventCreate", "no context is current")
def event(cuda: Cuda) -> Said:
    event = Handle()
    return cuda.cuEventCreate(event, 0), event


@scene.row("cuModuleLoadData", "no context is current")
def module(cuda: Cuda) -> Said:
    module = Handle()
    return cuda.cuModuleLoadData(module, ptx("empty")), module


@scene.row("cuLaunchKernel", "no context is current, no function")
def launch(cuda: Cuda) -> Said:
    return cuda.cuLaunchKernel(None, 1, 1, 1, 1, 1, 1, 0, None, None, None)


@scene.row("cuGraphCreate", "no context is current")
def graph(cuda: Cuda) -> Said:
    graph = Handle()
    return cuda.cuGraphCreate(graph, 0), graph


@scene.row("cuMemCreate", "no context is current")
def create_memory(cuda: Cuda) -> Said:
    memory = Handle()
    return cuda.cuMemCreate(memory, 2 << 20, allocation(), 0), memory


@scene.row("cuMemGetAllocationGranularity", "no context is current")
def granularity(cuda: Cuda) -> Said:
    size = Size()
    return cuda.cuMemGetAllocationGranularity(size, allocation(), 0), size


@scene.row("cuMemAddressReserve", "no context is current")
def reserve(cuda: Cuda) -> Said:
    address = Handle()
    return cuda.cuMemAddressReserve(address, 2 << 20, 0, 0, 0), address


@scene.row("cuDeviceGetDefaultMemPool", "no context is current")
def default_pool(cuda: Cuda) -> Said:
    pool = Handle()
    return cuda.cuDeviceGetDefaultMemPool(pool, 0), pool


@scene.row("cuMemPoolCreate", "no context is current")
def create_pool(cuda: Cuda) -> Said:
    made = Handle()
    return cuda.cuMemPoolCreate(made, pool()), made


@scene.row("cuProfilerStart", "no context is current")
def profiler_start(cuda: Cuda) -> Said:
    return cuda.cuProfilerStart()


@scene.row("cuDevicePrimaryCtxRetain", "NULL")
def retain_nowhere(cuda: Cuda) -> Said:
    return cuda.cuDevicePrimaryCtxRetain(None, 0)


@scene.row("cuDevicePrimaryCtxRetain", "device 1000")
def retain_beyond(cuda: Cuda) -> Said:
    context = Handle()
    return cuda.cuDevicePrimaryCtxRetain(context, 1000), context


@scene.row("cuDevicePrimaryCtxRelease_v2", "nobody has retained it")
def release_unretained(cuda: Cuda) -> Said:
    return cuda.cuDevicePrimaryCtxRelease_v2(0)


@scene.row("cuDevicePrimaryCtxRelease_v2", "device 1000")
def release_beyond(cuda: Cuda) -> Said:
    return cuda.cuDevicePrimaryCtxRelease_v2(1000)


@scene.row("cuDevicePrimaryCtxGetState", "nobody has retained it")
def state_idle(cuda: Cuda) -> Said:
    flags, active = Int(), Int()
    return cuda.cuDevicePrimaryCtxGetState(0, flags, active), flags, active


@scene.row("cuDevicePrimaryCtxGetState", "NULL")
def state_nowhere(cuda: Cuda) -> Said:
    return cuda.cuDevicePrimaryCtxGetState(0, None, None)


@scene.row("cuDevicePrimaryCtxGetState", "device 1000")
def state_beyond(cuda: Cuda) -> Said:
    flags, active = Int(), Int()
    return cuda.cuDevicePrimaryCtxGetState(1000, flags, active), flags, active


@scene.row("cuDevicePrimaryCtxSetFlags_v2", "flags 0x10000")
def primary_flags_garbage(cuda: Cuda) -> Said:
    return cuda.cuDevicePrimaryCtxSetFlags_v2(0, 0x10000)


@scene.row("cuDevicePrimaryCtxSetFlags_v2", "blocking synchronization, then asked", alone=True)
def primary_flags(cuda: Cuda) -> Said:
    cuda.need("cuDevicePrimaryCtxSetFlags_v2", 0, 4)
    flags, active = Int(), Int()
    return cuda.cuDevicePrimaryCtxGetState(0, flags, active), flags, active


@scene.row("cuCtxCreate_v2", "NULL")
def create_context_nowhere(cuda: Cuda) -> Said:
    return cuda.cuCtxCreate_v2(None, 0, 0)


@scene.row("cuCtxCreate_v2", "device 1000")
def create_context_beyond(cuda: Cuda) -> Said:
    context = Handle()
    return cuda.cuCtxCreate_v2(context, 0, 1000), context


@scene.row("cuCtxCreate_v2", "flags 0x80000000")
def create_context_flags(cuda: Cuda) -> Said:
    context = Handle()
    return cuda.cuCtxCreate_v2(context, 0x80000000, 0), context


@scene.row("cuCtxCreate_v2", "to spin and to yield", alone=True)
def create_context_two_ways(cuda: Cuda) -> Said:
    context = Handle()
    return cuda.cuCtxCreate_v2(context, 3, 0), context


@scene.row("cuCtxCreate_v2", "is the new context current?", alone=True)
def context_is_current(cuda: Cuda) -> Said:
    made, current = cuda.made("cuCtxCreate_v2", 0, 0), Handle()
    code = cuda.cuCtxGetCurrent(current)
    return code, current, "the same" if current.value == made else "another"
