"""Memory of the host that the driver pins or knows."""

from __future__ import annotations

import ctypes
import mmap

from gpu_virt_bench.conform.cells import Handle, Int
from gpu_virt_bench.conform.driver import Cuda
from gpu_virt_bench.conform.table import Said, Scene, in_context

scene = Scene("host_memory", in_context)

PAGES: list[mmap.mmap] = []
"""Pages stay where they are until the process ends: the driver may still know them."""


def page() -> int:
    """The address of two fresh pages."""
    PAGES.append(mmap.mmap(-1, 8192))
    return ctypes.addressof(ctypes.c_char.from_buffer(PAGES[-1]))


def pinned(cuda: Cuda) -> int:
    """Memory that the driver has pinned."""
    return cuda.made("cuMemAllocHost_v2", 4096)


def registered(cuda: Cuda) -> int:
    """A page that was registered."""
    place = page()
    cuda.need("cuMemHostRegister_v2", place, 4096, 0)
    return place


@scene.row("cuMemAllocHost_v2", "0 bytes")
def alloc_nothing(cuda: Cuda) -> Said:
    address = Handle()
    return cuda.cuMemAllocHost_v2(address, 0), address


@scene.row("cuMemAllocHost_v2", "NULL")
def alloc_nowhere(cuda: Cuda) -> Said:
    return cuda.cuMemAllocHost_v2(None, 4096)


@scene.row("cuMemHostAlloc", "flags 0x100")
def alloc_flags(cuda: Cuda) -> Said:
    address = Handle()
    return cuda.cuMemHostAlloc(address, 4096, 0x100), address


@scene.row("cuMemHostAlloc", "portable, mapped and write-combined")
def alloc_all_flags(cuda: Cuda) -> Said:
    address = Handle()
    return cuda.cuMemHostAlloc(address, 4096, 7), address


@scene.row("cuMemHostAlloc", "0 bytes")
def host_alloc_nothing(cuda: Cuda) -> Said:
    address = Handle()
    return cuda.cuMemHostAlloc(address, 0, 0), address


@scene.row("cuMemHostAlloc", "NULL")
def host_alloc_nowhere(cuda: Cuda) -> Said:
    return cuda.cuMemHostAlloc(None, 4096, 0)


@scene.row("cuMemFreeHost", "NULL")
def free_nothing(cuda: Cuda) -> Said:
    return cuda.cuMemFreeHost(None)


@scene.row("cuMemFreeHost", "memory that was freed")
def free_twice(cuda: Cuda) -> Said:
    address = pinned(cuda)
    cuda.need("cuMemFreeHost", address)
    return cuda.cuMemFreeHost(address)


@scene.row("cuMemFreeHost", "an address within an allocation")
def free_interior(cuda: Cuda) -> Said:
    return cuda.cuMemFreeHost(pinned(cuda) + 64)


@scene.row("cuMemFreeHost", "memory that the driver has not allocated")
def free_unknown(cuda: Cuda) -> Said:
    return cuda.cuMemFreeHost(page())


@scene.row("cuMemFreeHost", "memory of the device")
def free_device(cuda: Cuda) -> Said:
    return cuda.cuMemFreeHost(cuda.memory())


@scene.row("cuMemFreeHost", "registered memory")
def free_registered(cuda: Cuda) -> Said:
    place = registered(cuda)
    return cuda.cuMemFreeHost(place)


@scene.row("cuMemHostRegister_v2", "a page")
def register(cuda: Cuda) -> Said:
    return cuda.cuMemHostRegister_v2(page(), 4096, 0)


@scene.row("cuMemHostRegister_v2", "registered already")
def register_twice(cuda: Cuda) -> Said:
    place = registered(cuda)
    return cuda.cuMemHostRegister_v2(place, 4096, 0)


@scene.row("cuMemHostRegister_v2", "a part of what is registered")
def register_part(cuda: Cuda) -> Said:
    place = registered(cuda)
    return cuda.cuMemHostRegister_v2(place + 64, 64, 0)


@scene.row("cuMemHostRegister_v2", "more than what is registered")
def register_more(cuda: Cuda) -> Said:
    place = registered(cuda)
    return cuda.cuMemHostRegister_v2(place, 8192, 0)


@scene.row("cuMemHostRegister_v2", "memory that the driver pinned")
def register_pinned(cuda: Cuda) -> Said:
    return cuda.cuMemHostRegister_v2(pinned(cuda), 4096, 0)


@scene.row("cuMemHostRegister_v2", "0 bytes")
def register_nothing(cuda: Cuda) -> Said:
    return cuda.cuMemHostRegister_v2(page(), 0, 0)


@scene.row("cuMemHostRegister_v2", "NULL")
def register_null(cuda: Cuda) -> Said:
    return cuda.cuMemHostRegister_v2(None, 4096, 0)


@scene.row("cuMemHostRegister_v2", "flags 0x100")
def register_flags(cuda: Cuda) -> Said:
    return cuda.cuMemHostRegister_v2(page(), 4096, 0x100)


@scene.row("cuMemHostRegister_v2", "100 bytes from the middle of a page")
def register_unaligned(cuda: Cuda) -> Said:
    return cuda.cuMemHostRegister_v2(page() + 100, 100, 0)


@scene.row("cuMemHostRegister_v2", "where no memory is")
def register_unmapped(cuda: Cuda) -> Said:
    return cuda.cuMemHostRegister_v2(0x1000, 4096, 0)


@scene.row("cuMemHostRegister_v2", "memory of the device")
def register_device(cuda: Cuda) -> Said:
    return cuda.cuMemHostRegister_v2(cuda.memory(), 4096, 0)


@scene.row("cuMemHostUnregister", "not registered")
def unregister_unknown(cuda: Cuda) -> Said:
    return cuda.cuMemHostUnregister(page())


@scene.row("cuMemHostUnregister", "NULL")
def unregister_null(cuda: Cuda) -> Said:
    return cuda.cuMemHostUnregister(None)


@scene.row("cuMemHostUnregister", "an address within what is registered")
def unregister_interior(cuda: Cuda) -> Said:
    place = registered(cuda)
    return cuda.cuMemHostUnregister(place + 64)


@scene.row("cuMemHostUnregister", "a second time")
def unregister_twice(cuda: Cuda) -> Said:
    place = registered(cuda)
    cuda.need("cuMemHostUnregister", place)
    return cuda.cuMemHostUnregister(place)


@scene.row("cuMemHostUnregister", "memory that the driver pinned")
def unregister_pinned(cuda: Cuda) -> Said:
    return cuda.cuMemHostUnregister(pinned(cuda))


@scene.row("cuMemHostGetDevicePointer_v2", "pinned: the same address?")
def device_pointer(cuda: Cuda) -> Said:
    place, address = pinned(cuda), Handle()
    code = cuda.cuMemHostGetDevicePointer_v2(address, place, 0)
    return code, address, "the same" if address.value == place else "another"


@scene.row("cuMemHostGetDevicePointer_v2", "an address within an allocation")
def device_pointer_interior(cuda: Cuda) -> Said:
    address = Handle()
    return cuda.cuMemHostGetDevicePointer_v2(address, pinned(cuda) + 64, 0), address


@scene.row("cuMemHostGetDevicePointer_v2", "registered, not as mapped")
def device_pointer_registered(cuda: Cuda) -> Said:
    address = Handle()
    return cuda.cuMemHostGetDevicePointer_v2(address, registered(cuda), 0), address


@scene.row("cuMemHostGetDevicePointer_v2", "memory that the driver does not know")
def device_pointer_unknown(cuda: Cuda) -> Said:
    address = Handle()
    return cuda.cuMemHostGetDevicePointer_v2(address, page(), 0), address


@scene.row("cuMemHostGetDevicePointer_v2", "NULL memory")
def device_pointer_null(cuda: Cuda) -> Said:
    address = Handle()
    return cuda.cuMemHostGetDevicePointer_v2(address, None, 0), address


@scene.row("cuMemHostGetDevicePointer_v2", "NULL")
def device_pointer_nowhere(cuda: Cuda) -> Said:
    return cuda.cuMemHostGetDevicePointer_v2(None, pinned(cuda), 0)


@scene.row("cuMemHostGetDevicePointer_v2", "flags 1")
def device_pointer_flags(cuda: Cuda) -> Said:
    address = Handle()
    return cuda.cuMemHostGetDevicePointer_v2(address, pinned(cuda), 1), address


@scene.row("cuMemHostGetFlags", "pinned, write-combined")
def flags(cuda: Cuda) -> Said:
    flags = Int()
    return cuda.cuMemHostGetFlags(flags, cuda.made("cuMemHostAlloc", 4096, 4)), flags


@scene.row("cuMemHostGetFlags", "pinned by cuMemAllocHost")
def flags_plain(cuda: Cuda) -> Said:
    flags = Int()
    return cuda.cuMemHostGetFlags(flags, pinned(cuda)), flags


@scene.row("cuMemHostGetFlags", "registered")
def flags_registered(cuda: Cuda) -> Said:
    flags = Int()
    return cuda.cuMemHostGetFlags(flags, registered(cuda)), flags


@scene.row("cuMemHostGetFlags", "memory that the driver does not know")
def flags_unknown(cuda: Cuda) -> Said:
    flags = Int()
    return cuda.cuMemHostGetFlags(flags, page()), flags


@scene.row("cuMemHostGetFlags", "NULL")
def flags_nowhere(cuda: Cuda) -> Said:
    return cuda.cuMemHostGetFlags(None, pinned(cuda))
