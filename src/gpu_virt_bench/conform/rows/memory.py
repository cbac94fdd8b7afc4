"""Device memory."""

from __future__ import annotations

from gpu_virt_bench.conform.cells import Buffer, Filled, Handle, Size
from gpu_virt_bench.conform.driver import Cuda
from gpu_virt_bench.conform.structs import ArrayDescriptor
from gpu_virt_bench.conform.table import Said, Scene, in_context

scene = Scene("memory", in_context)


@scene.row("cuMemAlloc_v2", "0 bytes")
def alloc_nothing(cuda: Cuda) -> Said:
    address = Handle()
    return cuda.cuMemAlloc_v2(address, 0), address


@scene.row("cuMemAlloc_v2", "NULL")
def alloc_nowhere(cuda: Cuda) -> Said:
    return cuda.cuMemAlloc_v2(None, 4096)


@scene.row("cuMemAlloc_v2", "1 PiB")
def alloc_too_much(cuda: Cuda) -> Said:
    address = Handle()
    return cuda.cuMemAlloc_v2(address, 1 << 50), address


@scene.row("cuMemAlloc_v2", "2^64 - 1 bytes")
def alloc_all_there_is(cuda: Cuda) -> Said:
    address = Handle()
    return cuda.cuMemAlloc_v2(address, -1), address


@scene.row("cuMemAlloc_v2", "1 byte: aligned to 256?")
def alloc_one_byte(cuda: Cuda) -> Said:
    address = Handle()
    code = cuda.cuMemAlloc_v2(address, 1)
    return code, address, "unaligned" if address.value % 256 else "aligned"


@scene.row("cuMemFree_v2", "NULL")
def free_nothing(cuda: Cuda) -> Said:
    return cuda.cuMemFree_v2(0)


@scene.row("cuMemFree_v2", "memory that was freed")
def free_twice(cuda: Cuda) -> Said:
    return cuda.cuMemFree_v2(cuda.freed())


@scene.row("cuMemFree_v2", "an address within an allocation")
def free_interior(cuda: Cuda) -> Said:
    return cuda.cuMemFree_v2(cuda.memory() + 256)


@scene.row("cuMemFree_v2", "memory of the host")
def free_host(cuda: Cuda) -> Said:
    return cuda.cuMemFree_v2(Buffer().address)


@scene.row("cuMemFree_v2", "pinned memory of the host")
def free_pinned(cuda: Cuda) -> Said:
    return cuda.cuMemFree_v2(cuda.made("cuMemAllocHost_v2", 4096))


@scene.row("cuMemFree_v2", "no address of its")
def free_garbage(cuda: Cuda) -> Said:
    return cuda.cuMemFree_v2(0x1000)


@scene.row("cuMemAllocPitch_v2", "100 bytes wide")
def pitch(cuda: Cuda) -> Said:
    address, pitch = Handle(), Size()
    return cuda.cuMemAllocPitch_v2(address, pitch, 100, 4, 4), address, pitch


@scene.row("cuMemAllocPitch_v2", "elements of 3 bytes")
def pitch_element(cuda: Cuda) -> Said:
    address, pitch = Handle(), Size()
    return cuda.cuMemAllocPitch_v2(address, pitch, 100, 4, 3), address, pitch


@scene.row("cuMemAllocPitch_v2", "width 0")
def pitch_no_width(cuda: Cuda) -> Said:
    address, pitch = Handle(), Size()
    return cuda.cuMemAllocPitch_v2(address, pitch, 0, 4, 4), address, pitch


@scene.row("cuMemAllocPitch_v2", "height 0")
def pitch_no_height(cuda: Cuda) -> Said:
    address, pitch = Handle(), Size()
    return cuda.cuMemAllocPitch_v2(address, pitch, 100, 0, 4), address, pitch


@scene.row("cuMemAllocPitch_v2", "NULL for the pitch")
def pitch_nowhere(cuda: Cuda) -> Said:
    address = Handle()
    return cuda.cuMemAllocPitch_v2(address, None, 100, 4, 4), address


@scene.row("cuMemAllocPitch_v2", "1 PiB")
def pitch_too_much(cuda: Cuda) -> Said:
    address, pitch = Handle(), Size()
    return cuda.cuMemAllocPitch_v2(address, pitch, 1 << 25, 1 << 25, 4), address, pitch


@scene.row("cuMemAllocManaged", "attached to all")
def managed(cuda: Cuda) -> Said:
    address = Handle()
    return cuda.cuMemAllocManaged(address, 4096, 1), address


@scene.row("cuMemAllocManaged", "0 bytes")
def managed_nothing(cuda: Cuda) -> Said:
    address = Handle()
    return cuda.cuMemAllocManaged(address, 0, 1), address


@scene.row("cuMemAllocManaged", "flags 0")
def managed_no_flags(cuda: Cuda) -> Said:
    address = Handle()
    return cuda.cuMemAllocManaged(address, 4096, 0), address


@scene.row("cuMemAllocManaged", "flags 8")
def managed_garbage(cuda: Cuda) -> Said:
    address = Handle()
    return cuda.cuMemAllocManaged(address, 4096, 8), address


@scene.row("cuMemAllocManaged", "attached to the host")
def managed_to_host(cuda: Cuda) -> Said:
    address = Handle()
    return cuda.cuMemAllocManaged(address, 4096, 2), address


@scene.row("cuMemAllocManaged", "attached to a single stream")
def managed_to_one(cuda: Cuda) -> Said:
    address = Handle()
    return cuda.cuMemAllocManaged(address, 4096, 4), address


@scene.row("cuMemAllocManaged", "NULL")
def managed_nowhere(cuda: Cuda) -> Said:
    return cuda.cuMemAllocManaged(None, 4096, 1)


@scene.row("cuMemFree_v2", "managed memory that was freed")
def managed_free_twice(cuda: Cuda) -> Said:
    address = cuda.made("cuMemAllocManaged", 4096, 1)
    cuda.need("cuMemFree_v2", address)
    return cuda.cuMemFree_v2(address)


@scene.row("cuMemGetInfo_v2", "NULL for both")
def info_nowhere(cuda: Cuda) -> Said:
    return cuda.cuMemGetInfo_v2(None, None)


@scene.row("cuMemGetInfo_v2", "NULL for the free bytes")
def info_half(cuda: Cuda) -> Said:
    total = Filled()
    return cuda.cuMemGetInfo_v2(None, total), total


@scene.row("cuMemGetAddressRange_v2", "the beginning of an allocation")
def range(cuda: Cuda) -> Said:
    base, size = Handle(), Size()
    return cuda.cuMemGetAddressRange_v2(base, size, cuda.memory()), base, size


@scene.row("cuMemGetAddressRange_v2", "an address within an allocation")
def range_interior(cuda: Cuda) -> Said:
    address, base, size = cuda.memory(), Handle(), Size()
    code = cuda.cuMemGetAddressRange_v2(base, size, address + 100)
    return code, base, size, "the same" if base.value == address else "another"


@scene.row("cuMemGetAddressRange_v2", "memory that was freed")
def range_freed(cuda: Cuda) -> Said:
    base, size = Handle(), Size()
    return cuda.cuMemGetAddressRange_v2(base, size, cuda.freed(64 << 20)), base, size


@scene.row("cuMemGetAddressRange_v2", "memory of the host")
def range_host(cuda: Cuda) -> Said:
    base, size = Handle(), Size()
    return cuda.cuMemGetAddressRange_v2(base, size, Buffer().address), base, size


@scene.row("cuMemGetAddressRange_v2", "pinned memory of the host")
def range_pinned(cuda: Cuda) -> Said:
    base, size = Handle(), Size()
    return cuda.cuMemGetAddressRange_v2(base, size, cuda.made("cuMemAllocHost_v2", 4096)), base, size


@scene.row("cuMemGetAddressRange_v2", "NULL")
def range_nothing(cuda: Cuda) -> Said:
    base, size = Handle(), Size()
    return cuda.cuMemGetAddressRange_v2(base, size, 0), base, size


@scene.row("cuMemGetAddressRange_v2", "NULL for both")
def range_nowhere(cuda: Cuda) -> Said:
    return cuda.cuMemGetAddressRange_v2(None, None, cuda.memory())


@scene.row("cuArrayCreate_v2", "16 by 16 floats")
def array(cuda: Cuda) -> Said:
    array = Handle()
    return cuda.cuArrayCreate_v2(array, ArrayDescriptor(16, 16, 32, 1)), array


@scene.row("cuArrayCreate_v2", "width 0")
def array_nothing(cuda: Cuda) -> Said:
    array = Handle()
    return cuda.cuArrayCreate_v2(array, ArrayDescriptor(0, 16, 32, 1)), array


@scene.row("cuArrayCreate_v2", "format 77")
def array_format(cuda: Cuda) -> Said:
    array = Handle()
    return cuda.cuArrayCreate_v2(array, ArrayDescriptor(16, 16, 77, 1)), array


@scene.row("cuArrayCreate_v2", "3 channels")
def array_channels(cuda: Cuda) -> Said:
    array = Handle()
    return cuda.cuArrayCreate_v2(array, ArrayDescriptor(16, 16, 32, 3)), array


@scene.row("cuArrayCreate_v2", "wider than any device allows")
def array_huge(cuda: Cuda) -> Said:
    array = Handle()
    return cuda.cuArrayCreate_v2(array, ArrayDescriptor(1 << 30, 16, 32, 1)), array


@scene.row("cuArrayCreate_v2", "NULL descriptor")
def array_no_shape(cuda: Cuda) -> Said:
    array = Handle()
    return cuda.cuArrayCreate_v2(array, None), array


@scene.row("cuArrayDestroy", "NULL")
def array_destroy_nothing(cuda: Cuda) -> Said:
    return cuda.cuArrayDestroy(None)


@scene.row("cuArrayDestroy", "one that was destroyed", alone=True)
def array_destroy_twice(cuda: Cuda) -> Said:
    array = cuda.made("cuArrayCreate_v2", ArrayDescriptor(16, 16, 32, 1))
    cuda.need("cuArrayDestroy", array)
    return cuda.cuArrayDestroy(array)
