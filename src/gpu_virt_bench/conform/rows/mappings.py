"""Virtual memory: addresses, memory, and one mapped to the other."""

from __future__ import annotations

from gpu_virt_bench.conform.cells import Buffer, Handle, Int, Size
from gpu_virt_bench.conform.driver import Cuda
from gpu_virt_bench.conform.rows.reservations import SIZE, created, reserved
from gpu_virt_bench.conform.structs import DEVICE, Location, access
from gpu_virt_bench.conform.table import Said, Scene, in_context

scene = Scene("mappings", in_context)


def mapped(cuda: Cuda, size: int = SIZE) -> int:
    """Addresses with memory, which nobody may touch yet."""
    address = reserved(cuda, size)
    cuda.need("cuMemMap", address, size, 0, created(cuda, size), 0)
    return address


def accessible(cuda: Cuda) -> int:
    """Addresses with memory for the device."""
    address = mapped(cuda)
    cuda.need("cuMemSetAccess", address, SIZE, access(), 1)
    return address


@scene.row("cuMemAddressFree", "while memory is mapped there", alone=True)
def give_back_mapped(cuda: Cuda) -> Said:
    return cuda.cuMemAddressFree(mapped(cuda), SIZE)


@scene.row("cuMemMap", "memory to a reservation")
def map(cuda: Cuda) -> Said:
    return cuda.cuMemMap(reserved(cuda), SIZE, 0, created(cuda), 0)


@scene.row("cuMemMap", "where memory is mapped")
def map_twice(cuda: Cuda) -> Said:
    return cuda.cuMemMap(mapped(cuda), SIZE, 0, created(cuda), 0)


@scene.row("cuMemMap", "offset 4096")
def map_offset(cuda: Cuda) -> Said:
    return cuda.cuMemMap(reserved(cuda), SIZE, 4096, created(cuda), 0)


@scene.row("cuMemMap", "flags 1")
def map_flags(cuda: Cuda) -> Said:
    return cuda.cuMemMap(reserved(cuda), SIZE, 0, created(cuda), 1)


@scene.row("cuMemMap", "more than the memory has")
def map_more(cuda: Cuda) -> Said:
    return cuda.cuMemMap(reserved(cuda, 2 * SIZE), 2 * SIZE, 0, created(cuda), 0)


@scene.row("cuMemMap", "4096 bytes")
def map_odd(cuda: Cuda) -> Said:
    return cuda.cuMemMap(reserved(cuda), 4096, 0, created(cuda), 0)


@scene.row("cuMemMap", "handle 0")
def map_nothing(cuda: Cuda) -> Said:
    return cuda.cuMemMap(reserved(cuda), SIZE, 0, 0, 0)


@scene.row("cuMemMap", "where nothing is reserved")
def map_unreserved(cuda: Cuda) -> Said:
    address = reserved(cuda)
    cuda.need("cuMemAddressFree", address, SIZE)
    return cuda.cuMemMap(address, SIZE, 0, created(cuda), 0)


@scene.row("cuMemUnmap", "where nothing is mapped")
def unmap_unmapped(cuda: Cuda) -> Said:
    return cuda.cuMemUnmap(reserved(cuda), SIZE)


@scene.row("cuMemUnmap", "a second time")
def unmap_twice(cuda: Cuda) -> Said:
    address = mapped(cuda)
    cuda.need("cuMemUnmap", address, SIZE)
    return cuda.cuMemUnmap(address, SIZE)


@scene.row("cuMemUnmap", "half of a mapping")
def unmap_half(cuda: Cuda) -> Said:
    return cuda.cuMemUnmap(mapped(cuda, 2 * SIZE), SIZE)


@scene.row("cuMemUnmap", "NULL")
def unmap_null(cuda: Cuda) -> Said:
    return cuda.cuMemUnmap(0, SIZE)


@scene.row("cuMemSetAccess", "where nothing is mapped")
def access_unmapped(cuda: Cuda) -> Said:
    return cuda.cuMemSetAccess(reserved(cuda), SIZE, access(), 1)


@scene.row("cuMemSetAccess", "no descriptor")
def access_none(cuda: Cuda) -> Said:
    return cuda.cuMemSetAccess(mapped(cuda), SIZE, None, 0)


@scene.row("cuMemSetAccess", "NULL descriptor")
def access_nothing(cuda: Cuda) -> Said:
    return cuda.cuMemSetAccess(mapped(cuda), SIZE, None, 1)


@scene.row("cuMemSetAccess", "flags 7")
def access_flags(cuda: Cuda) -> Said:
    return cuda.cuMemSetAccess(mapped(cuda), SIZE, access(7), 1)


@scene.row("cuMemSetAccess", "device 1000")
def access_device(cuda: Cuda) -> Said:
    return cuda.cuMemSetAccess(mapped(cuda), SIZE, access(device=1000), 1)


@scene.row("cuMemSetAccess", "4096 bytes")
def access_odd(cuda: Cuda) -> Said:
    return cuda.cuMemSetAccess(mapped(cuda), 4096, access(), 1)


@scene.row("cuMemFree_v2", "a mapping", alone=True)
def free_mapped(cuda: Cuda) -> Said:
    return cuda.cuMemFree_v2(accessible(cuda))


@scene.row("cuMemGetAddressRange_v2", "a mapping")
def range(cuda: Cuda) -> Said:
    base, size = Handle(), Size()
    return cuda.cuMemGetAddressRange_v2(base, size, accessible(cuda)), base, size


@scene.row("cuPointerGetAttribute", "type of a mapping")
def pointer_type(cuda: Cuda) -> Said:
    value = Int()
    return cuda.cuPointerGetAttribute(value, 2, accessible(cuda)), value


@scene.row("cuPointerGetAttribute", "type of a reservation")
def pointer_type_reserved(cuda: Cuda) -> Said:
    value = Int()
    return cuda.cuPointerGetAttribute(value, 2, reserved(cuda)), value


@scene.row("cuMemsetD8_v2", "a mapping with access")
def fill(cuda: Cuda) -> Said:
    return cuda.cuMemsetD8_v2(accessible(cuda), 0, 64)


@scene.row("cuMemsetD8_v2", "a mapping without access", alone=True)
def fill_inaccessible(cuda: Cuda) -> Said:
    return cuda.cuMemsetD8_v2(mapped(cuda), 0, 64)


@scene.row("cuMemsetD8_v2", "a reservation", alone=True)
def fill_unmapped(cuda: Cuda) -> Said:
    return cuda.cuMemsetD8_v2(reserved(cuda), 0, 64)


@scene.row("cuMemcpyHtoD_v2", "to a mapping without access", alone=True)
def copy_inaccessible(cuda: Cuda) -> Said:
    return cuda.cuMemcpyHtoD_v2(mapped(cuda), Buffer(), 64)


@scene.row("cuMemcpyHtoD_v2", "to a reservation", alone=True)
def copy_unmapped(cuda: Cuda) -> Said:
    return cuda.cuMemcpyHtoD_v2(reserved(cuda), Buffer(), 64)


@scene.row("cuMemGetAccess", "of a mapping with access")
def get_access(cuda: Cuda) -> Said:
    flags = Size()
    return cuda.cuMemGetAccess(flags, Location(DEVICE, 0), accessible(cuda)), flags


@scene.row("cuMemRetainAllocationHandle", "of device memory")
def retain_handle(cuda: Cuda) -> Said:
    memory = Handle()
    return cuda.cuMemRetainAllocationHandle(memory, cuda.memory()), memory
