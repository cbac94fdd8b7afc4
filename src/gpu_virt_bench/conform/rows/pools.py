"""Memory pools and allocations in the order of a stream."""

from __future__ import annotations

from gpu_virt_bench.conform.cells import Buffer, Handle, Int, Size
from gpu_virt_bench.conform.driver import Cuda
from gpu_virt_bench.conform.structs import DEVICE, Location, pool
from gpu_virt_bench.conform.table import Said, Scene, in_context

scene = Scene("pools", in_context)


@scene.row("cuDeviceGetDefaultMemPool", "NULL")
def default_nowhere(cuda: Cuda) -> Said:
    return cuda.cuDeviceGetDefaultMemPool(None, 0)


@scene.row("cuDeviceGetDefaultMemPool", "device 1000")
def default_beyond(cuda: Cuda) -> Said:
    found = Handle()
    return cuda.cuDeviceGetDefaultMemPool(found, 1000), found


@scene.row("cuDeviceGetMemPool", "is it the default one?")
def current_is_default(cuda: Cuda) -> Said:
    found = Handle()
    code = cuda.cuDeviceGetMemPool(found, 0)
    return code, found, "the same" if found.value == cuda.made("cuDeviceGetDefaultMemPool", 0) else "another"


@scene.row("cuDeviceGetMemPool", "NULL")
def current_nowhere(cuda: Cuda) -> Said:
    return cuda.cuDeviceGetMemPool(None, 0)


@scene.row("cuDeviceSetMemPool", "NULL")
def set_nothing(cuda: Cuda) -> Said:
    return cuda.cuDeviceSetMemPool(0, None)


@scene.row("cuMemPoolCreate", "NULL properties")
def create_no_properties(cuda: Cuda) -> Said:
    made = Handle()
    return cuda.cuMemPoolCreate(made, None), made


@scene.row("cuMemPoolCreate", "NULL")
def create_nowhere(cuda: Cuda) -> Said:
    return cuda.cuMemPoolCreate(None, pool())


@scene.row("cuMemPoolCreate", "device 1000")
def create_beyond(cuda: Cuda) -> Said:
    made = Handle()
    return cuda.cuMemPoolCreate(made, pool(location=Location(DEVICE, 1000))), made


@scene.row("cuMemPoolCreate", "memory of no kind")
def create_type(cuda: Cuda) -> Said:
    made = Handle()
    return cuda.cuMemPoolCreate(made, pool(type=0)), made


@scene.row("cuMemPoolCreate", "handle types 0x1000")
def create_handles(cuda: Cuda) -> Said:
    made = Handle()
    return cuda.cuMemPoolCreate(made, pool(handle_types=0x1000)), made


@scene.row("cuMemPoolDestroy", "NULL")
def destroy_nothing(cuda: Cuda) -> Said:
    return cuda.cuMemPoolDestroy(None)


@scene.row("cuMemPoolDestroy", "the default one", alone=True)
def destroy_default(cuda: Cuda) -> Said:
    return cuda.cuMemPoolDestroy(cuda.made("cuDeviceGetDefaultMemPool", 0))


@scene.row("cuMemPoolDestroy", "one that was destroyed", alone=True)
def destroy_twice(cuda: Cuda) -> Said:
    made = cuda.made("cuMemPoolCreate", pool())
    cuda.need("cuMemPoolDestroy", made)
    return cuda.cuMemPoolDestroy(made)


@scene.row("cuMemPoolGetAttribute", "release threshold of a new pool")
def threshold(cuda: Cuda) -> Said:
    value = Size()
    return cuda.cuMemPoolGetAttribute(cuda.made("cuMemPoolCreate", pool()), 4, value), value


@scene.row("cuMemPoolGetAttribute", "reuse by events, of a new pool")
def reuse(cuda: Cuda) -> Said:
    value = Int()
    return cuda.cuMemPoolGetAttribute(cuda.made("cuMemPoolCreate", pool()), 1, value), value


@scene.row("cuMemPoolGetAttribute", "bytes in use of a new pool")
def used(cuda: Cuda) -> Said:
    value = Size()
    return cuda.cuMemPoolGetAttribute(cuda.made("cuMemPoolCreate", pool()), 7, value), value


@scene.row("cuMemPoolGetAttribute", "attribute 1000")
def attribute_beyond(cuda: Cuda) -> Said:
    value = Size()
    return cuda.cuMemPoolGetAttribute(cuda.made("cuMemPoolCreate", pool()), 1000, value), value


@scene.row("cuMemPoolGetAttribute", "NULL")
def attribute_nowhere(cuda: Cuda) -> Said:
    return cuda.cuMemPoolGetAttribute(cuda.made("cuMemPoolCreate", pool()), 4, None)


@scene.row("cuMemPoolGetAttribute", "NULL pool")
def attribute_no_pool(cuda: Cuda) -> Said:
    value = Size()
    return cuda.cuMemPoolGetAttribute(None, 4, value), value


@scene.row("cuMemPoolSetAttribute", "attribute 1000")
def set_attribute_beyond(cuda: Cuda) -> Said:
    return cuda.cuMemPoolSetAttribute(cuda.made("cuMemPoolCreate", pool()), 1000, Buffer())


@scene.row("cuMemPoolSetAttribute", "bytes in use, which is told")
def set_attribute_used(cuda: Cuda) -> Said:
    return cuda.cuMemPoolSetAttribute(cuda.made("cuMemPoolCreate", pool()), 7, Buffer())


@scene.row("cuMemPoolSetAttribute", "NULL value")
def set_attribute_nothing(cuda: Cuda) -> Said:
    return cuda.cuMemPoolSetAttribute(cuda.made("cuMemPoolCreate", pool()), 4, None)


@scene.row("cuMemPoolTrimTo", "NULL pool")
def trim_nothing(cuda: Cuda) -> Said:
    return cuda.cuMemPoolTrimTo(None, 0)


@scene.row("cuMemAllocAsync", "0 bytes")
def alloc_nothing(cuda: Cuda) -> Said:
    address = Handle()
    return cuda.cuMemAllocAsync(address, 0, None), address


@scene.row("cuMemAllocAsync", "NULL")
def alloc_nowhere(cuda: Cuda) -> Said:
    return cuda.cuMemAllocAsync(None, 4096, None)


@scene.row("cuMemAllocAsync", "1 PiB")
def alloc_too_much(cuda: Cuda) -> Said:
    address = Handle()
    return cuda.cuMemAllocAsync(address, 1 << 50, None), address


@scene.row("cuMemAllocFromPoolAsync", "NULL pool")
def from_nothing(cuda: Cuda) -> Said:
    address = Handle()
    return cuda.cuMemAllocFromPoolAsync(address, 4096, None, None), address


@scene.row("cuMemAllocFromPoolAsync", "a pool that was destroyed", alone=True)
def from_lost_pool(cuda: Cuda) -> Said:
    made, address = cuda.made("cuMemPoolCreate", pool()), Handle()
    cuda.need("cuMemPoolDestroy", made)
    return cuda.cuMemAllocFromPoolAsync(address, 4096, made, None), address


@scene.row("cuMemAllocFromPoolAsync", "more than the pool may have")
def from_full_pool(cuda: Cuda) -> Said:
    made, address = cuda.made("cuMemPoolCreate", pool(most=32 << 20)), Handle()
    return cuda.cuMemAllocFromPoolAsync(address, 256 << 20, made, None), address


@scene.row("cuMemFreeAsync", "NULL")
def free_null(cuda: Cuda) -> Said:
    return cuda.cuMemFreeAsync(0, None)


@scene.row("cuMemFreeAsync", "memory that was freed")
def free_twice(cuda: Cuda) -> Said:
    address = cuda.made("cuMemAllocAsync", 4096, None)
    cuda.need("cuMemFreeAsync", address, None)
    return cuda.cuMemFreeAsync(address, None)


@scene.row("cuMemFreeAsync", "an address within an allocation")
def free_interior(cuda: Cuda) -> Said:
    return cuda.cuMemFreeAsync(cuda.made("cuMemAllocAsync", 4096, None) + 256, None)


@scene.row("cuMemFreeAsync", "memory of cuMemAlloc")
def free_plain(cuda: Cuda) -> Said:
    return cuda.cuMemFreeAsync(cuda.memory(), None)


@scene.row("cuMemFreeAsync", "memory of the host")
def free_host(cuda: Cuda) -> Said:
    return cuda.cuMemFreeAsync(Buffer().address, None)


@scene.row("cuMemFree_v2", "memory of a pool")
def free_by_plain(cuda: Cuda) -> Said:
    return cuda.cuMemFree_v2(cuda.made("cuMemAllocAsync", 4096, None))


@scene.row("cuMemGetAddressRange_v2", "memory of a pool")
def range(cuda: Cuda) -> Said:
    base, size = Handle(), Size()
    return cuda.cuMemGetAddressRange_v2(base, size, cuda.made("cuMemAllocAsync", 4096, None)), base, size


@scene.row("cuMemPoolSetAccess", "NULL descriptor")
def access_nothing(cuda: Cuda) -> Said:
    return cuda.cuMemPoolSetAccess(cuda.made("cuMemPoolCreate", pool()), None, 1)


@scene.row("cuMemPoolGetAccess", "of the own device")
def get_access(cuda: Cuda) -> Said:
    flags = Int()
    return cuda.cuMemPoolGetAccess(flags, cuda.made("cuMemPoolCreate", pool()), Location(DEVICE, 0)), flags
