"""What the driver says of addresses."""

from __future__ import annotations

import ctypes

from gpu_virt_bench.conform.cells import Buffer, Cell, Filled, Handle, Int, Size, Truth
from gpu_virt_bench.conform.driver import Cuda
from gpu_virt_bench.conform.table import Said, Scene, in_context

scene = Scene("pointers", in_context)

CONTEXT, TYPE, DEVICE_POINTER, HOST_POINTER, BUFFER_ID, MANAGED, ORDINAL = 1, 2, 3, 4, 7, 8, 9
RANGE_START, RANGE_SIZE, MAPPED = 11, 12, 13
"""CUpointer_attribute."""


def several(cuda: Cuda, address: int, *wanted: tuple[int, Cell]) -> int:
    """cuPointerGetAttributes with attributes and the places for them."""
    attributes = (ctypes.c_int * len(wanted))(*(attribute for attribute, _ in wanted))
    places = (ctypes.c_void_p * len(wanted))(*(cell.address for _, cell in wanted))
    return cuda.cuPointerGetAttributes(len(wanted), attributes, places, address)


@scene.row("cuPointerGetAttribute", "NULL")
def nowhere(cuda: Cuda) -> Said:
    return cuda.cuPointerGetAttribute(None, TYPE, cuda.memory())


@scene.row("cuPointerGetAttribute", "attribute 0")
def attribute_zero(cuda: Cuda) -> Said:
    value = Size()
    return cuda.cuPointerGetAttribute(value, 0, cuda.memory()), value


@scene.row("cuPointerGetAttribute", "attribute 1000")
def attribute_beyond(cuda: Cuda) -> Said:
    value = Size()
    return cuda.cuPointerGetAttribute(value, 1000, cuda.memory()), value


@scene.row("cuPointerGetAttribute", "type of device memory")
def type_device(cuda: Cuda) -> Said:
    value = Int()
    return cuda.cuPointerGetAttribute(value, TYPE, cuda.memory()), value


@scene.row("cuPointerGetAttribute", "type of an address within device memory")
def type_interior(cuda: Cuda) -> Said:
    value = Int()
    return cuda.cuPointerGetAttribute(value, TYPE, cuda.memory() + 100), value


@scene.row("cuPointerGetAttribute", "type of memory that was freed")
def type_freed(cuda: Cuda) -> Said:
    value = Int()
    return cuda.cuPointerGetAttribute(value, TYPE, cuda.freed(64 << 20)), value


@scene.row("cuPointerGetAttribute", "type of memory of the host")
def type_host(cuda: Cuda) -> Said:
    value = Int()
    return cuda.cuPointerGetAttribute(value, TYPE, Buffer().address), value


@scene.row("cuPointerGetAttribute", "type of pinned memory")
def type_pinned(cuda: Cuda) -> Said:
    value = Int()
    return cuda.cuPointerGetAttribute(value, TYPE, cuda.made("cuMemAllocHost_v2", 4096)), value


@scene.row("cuPointerGetAttribute", "type of managed memory")
def type_managed(cuda: Cuda) -> Said:
    value = Int()
    return cuda.cuPointerGetAttribute(value, TYPE, cuda.made("cuMemAllocManaged", 4096, 1)), value


@scene.row("cuPointerGetAttribute", "type of memory of a pool")
def type_pool(cuda: Cuda) -> Said:
    value = Int()
    return cuda.cuPointerGetAttribute(value, TYPE, cuda.made("cuMemAllocAsync", 4096, None)), value


@scene.row("cuPointerGetAttribute", "type of NULL")
def type_null(cuda: Cuda) -> Said:
    value = Int()
    return cuda.cuPointerGetAttribute(value, TYPE, 0), value


@scene.row("cuPointerGetAttribute", "context of device memory")
def context(cuda: Cuda) -> Said:
    value = Handle()
    code = cuda.cuPointerGetAttribute(value, CONTEXT, cuda.memory())
    return code, value, "the same" if value.value == cuda.context else "another"


@scene.row("cuPointerGetAttribute", "context of memory of a pool")
def context_pool(cuda: Cuda) -> Said:
    value = Handle()
    return cuda.cuPointerGetAttribute(value, CONTEXT, cuda.made("cuMemAllocAsync", 4096, None)), value


@scene.row("cuPointerGetAttribute", "context of memory of the host")
def context_host(cuda: Cuda) -> Said:
    value = Handle()
    return cuda.cuPointerGetAttribute(value, CONTEXT, Buffer().address), value


@scene.row("cuPointerGetAttribute", "device of device memory")
def ordinal(cuda: Cuda) -> Said:
    value = Int()
    return cuda.cuPointerGetAttribute(value, ORDINAL, cuda.memory()), value


@scene.row("cuPointerGetAttribute", "device of memory of the host")
def ordinal_host(cuda: Cuda) -> Said:
    value = Int()
    return cuda.cuPointerGetAttribute(value, ORDINAL, Buffer().address), value


@scene.row("cuPointerGetAttribute", "device of pinned memory")
def ordinal_pinned(cuda: Cuda) -> Said:
    value = Int()
    return cuda.cuPointerGetAttribute(value, ORDINAL, cuda.made("cuMemAllocHost_v2", 4096)), value


@scene.row("cuPointerGetAttribute", "is device memory managed?")
def managed_device(cuda: Cuda) -> Said:
    value = Truth()
    return cuda.cuPointerGetAttribute(value, MANAGED, cuda.memory()), value


@scene.row("cuPointerGetAttribute", "is memory of the host managed?")
def managed_host(cuda: Cuda) -> Said:
    value = Truth()
    return cuda.cuPointerGetAttribute(value, MANAGED, Buffer().address), value


@scene.row("cuPointerGetAttribute", "device address of pinned memory")
def device_pointer_pinned(cuda: Cuda) -> Said:
    place, value = cuda.made("cuMemAllocHost_v2", 4096), Handle()
    code = cuda.cuPointerGetAttribute(value, DEVICE_POINTER, place)
    return code, value, "the same" if value.value == place else "another"


@scene.row("cuPointerGetAttribute", "device address of memory of the host")
def device_pointer_host(cuda: Cuda) -> Said:
    value = Handle()
    return cuda.cuPointerGetAttribute(value, DEVICE_POINTER, Buffer().address), value


@scene.row("cuPointerGetAttribute", "host address of device memory")
def host_pointer_device(cuda: Cuda) -> Said:
    value = Handle()
    return cuda.cuPointerGetAttribute(value, HOST_POINTER, cuda.memory()), value


@scene.row("cuPointerGetAttribute", "host address of pinned memory")
def host_pointer_pinned(cuda: Cuda) -> Said:
    value = Handle()
    return cuda.cuPointerGetAttribute(value, HOST_POINTER, cuda.made("cuMemAllocHost_v2", 4096)), value


@scene.row("cuPointerGetAttribute", "size of the allocation, from within")
def range_size(cuda: Cuda) -> Said:
    value = Size()
    return cuda.cuPointerGetAttribute(value, RANGE_SIZE, cuda.memory(8192) + 100), value


@scene.row("cuPointerGetAttribute", "start of the allocation, from within")
def range_start(cuda: Cuda) -> Said:
    address, value = cuda.memory(8192), Handle()
    code = cuda.cuPointerGetAttribute(value, RANGE_START, address + 100)
    return code, value, "the same" if value.value == address else "another"


@scene.row("cuPointerGetAttribute", "size of memory of the host")
def range_size_host(cuda: Cuda) -> Said:
    value = Size()
    return cuda.cuPointerGetAttribute(value, RANGE_SIZE, Buffer().address), value


@scene.row("cuPointerGetAttribute", "number of an allocation")
def buffer_id(cuda: Cuda) -> Said:
    value = Filled()
    return cuda.cuPointerGetAttribute(value, BUFFER_ID, cuda.memory()), value


@scene.row("cuPointerGetAttribute", "is device memory mapped?")
def mapped(cuda: Cuda) -> Said:
    value = Int()
    return cuda.cuPointerGetAttribute(value, MAPPED, cuda.memory()), value


@scene.row("cuPointerGetAttributes", "type and device of device memory")
def several_device(cuda: Cuda) -> Said:
    kind, ordinal = Int(), Int()
    said = several(cuda, cuda.memory(), (TYPE, kind), (ORDINAL, ordinal))
    return said, kind, ordinal


@scene.row("cuPointerGetAttributes", "type and device of memory of the host")
def several_host(cuda: Cuda) -> Said:
    kind, ordinal = Int(), Int()
    said = several(cuda, Buffer().address, (TYPE, kind), (ORDINAL, ordinal))
    return said, kind, ordinal


@scene.row("cuPointerGetAttributes", "type and context of memory that was freed")
def several_freed(cuda: Cuda) -> Said:
    kind, context = Int(), Handle()
    said = several(cuda, cuda.freed(64 << 20), (TYPE, kind), (CONTEXT, context))
    return said, kind, context


@scene.row("cuPointerGetAttributes", "attribute 1000 among them")
def several_beyond(cuda: Cuda) -> Said:
    kind, other = Int(), Size()
    said = several(cuda, cuda.memory(), (TYPE, kind), (1000, other))
    return said, kind, other


@scene.row("cuPointerGetAttributes", "none")
def several_none(cuda: Cuda) -> Said:
    return cuda.cuPointerGetAttributes(0, None, None, cuda.memory())


@scene.row("cuPointerGetAttributes", "one, NULL")
def several_nowhere(cuda: Cuda) -> Said:
    return cuda.cuPointerGetAttributes(1, None, None, cuda.memory())


@scene.row("cuPointerSetAttribute", "synchronous copies, device memory")
def set_sync(cuda: Cuda) -> Said:
    return cuda.cuPointerSetAttribute(Buffer(), 6, cuda.memory())
