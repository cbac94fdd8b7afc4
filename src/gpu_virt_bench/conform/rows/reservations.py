"""Virtual memory: addresses without memory, and memory without addresses."""

from __future__ import annotations

from gpu_virt_bench.conform.cells import Handle, Size
from gpu_virt_bench.conform.driver import Cuda
from gpu_virt_bench.conform.structs import DEVICE, Location, allocation
from gpu_virt_bench.conform.table import Said, Scene, in_context

scene = Scene("reservations", in_context)

SIZE = 2 << 20
"""The granularity of today's devices."""


def created(cuda: Cuda, size: int = SIZE) -> int:
    """Memory without an address."""
    return cuda.made("cuMemCreate", size, allocation(), 0)


def reserved(cuda: Cuda, size: int = SIZE) -> int:
    """Addresses without memory."""
    return cuda.made("cuMemAddressReserve", size, 0, 0, 0)


@scene.row("cuMemGetAllocationGranularity", "the least")
def granularity(cuda: Cuda) -> Said:
    size = Size()
    return cuda.cuMemGetAllocationGranularity(size, allocation(), 0), size


@scene.row("cuMemGetAllocationGranularity", "the recommended one")
def granularity_recommended(cuda: Cuda) -> Said:
    size = Size()
    return cuda.cuMemGetAllocationGranularity(size, allocation(), 1), size


@scene.row("cuMemGetAllocationGranularity", "option 2")
def granularity_beyond(cuda: Cuda) -> Said:
    size = Size()
    return cuda.cuMemGetAllocationGranularity(size, allocation(), 2), size


@scene.row("cuMemGetAllocationGranularity", "NULL")
def granularity_nowhere(cuda: Cuda) -> Said:
    return cuda.cuMemGetAllocationGranularity(None, allocation(), 0)


@scene.row("cuMemGetAllocationGranularity", "NULL properties")
def granularity_no_properties(cuda: Cuda) -> Said:
    size = Size()
    return cuda.cuMemGetAllocationGranularity(size, None, 0), size


@scene.row("cuMemGetAllocationGranularity", "device 1000")
def granularity_device(cuda: Cuda) -> Said:
    size = Size()
    return cuda.cuMemGetAllocationGranularity(size, allocation(location=Location(DEVICE, 1000)), 0), size


@scene.row("cuMemGetAllocationGranularity", "memory of no kind")
def granularity_type(cuda: Cuda) -> Said:
    size = Size()
    return cuda.cuMemGetAllocationGranularity(size, allocation(type=0), 0), size


@scene.row("cuMemCreate", "1 byte")
def create_odd(cuda: Cuda) -> Said:
    memory = Handle()
    return cuda.cuMemCreate(memory, 1, allocation(), 0), memory


@scene.row("cuMemCreate", "0 bytes")
def create_nothing(cuda: Cuda) -> Said:
    memory = Handle()
    return cuda.cuMemCreate(memory, 0, allocation(), 0), memory


@scene.row("cuMemCreate", "NULL")
def create_nowhere(cuda: Cuda) -> Said:
    return cuda.cuMemCreate(None, SIZE, allocation(), 0)


@scene.row("cuMemCreate", "NULL properties")
def create_no_properties(cuda: Cuda) -> Said:
    memory = Handle()
    return cuda.cuMemCreate(memory, SIZE, None, 0), memory


@scene.row("cuMemCreate", "flags 1")
def create_flags(cuda: Cuda) -> Said:
    memory = Handle()
    return cuda.cuMemCreate(memory, SIZE, allocation(), 1), memory


@scene.row("cuMemCreate", "1 PiB")
def create_too_much(cuda: Cuda) -> Said:
    memory = Handle()
    return cuda.cuMemCreate(memory, 1 << 50, allocation(), 0), memory


@scene.row("cuMemCreate", "device 1000")
def create_device(cuda: Cuda) -> Said:
    memory = Handle()
    return cuda.cuMemCreate(memory, SIZE, allocation(location=Location(DEVICE, 1000)), 0), memory


@scene.row("cuMemRelease", "handle 0")
def release_nothing(cuda: Cuda) -> Said:
    return cuda.cuMemRelease(0)


@scene.row("cuMemRelease", "no handle of its")
def release_garbage(cuda: Cuda) -> Said:
    return cuda.cuMemRelease(0x1234)


@scene.row("cuMemRelease", "a second time")
def release_twice(cuda: Cuda) -> Said:
    memory = created(cuda)
    cuda.need("cuMemRelease", memory)
    return cuda.cuMemRelease(memory)


@scene.row("cuMemAddressReserve", "1 byte")
def reserve_odd(cuda: Cuda) -> Said:
    address = Handle()
    return cuda.cuMemAddressReserve(address, 1, 0, 0, 0), address


@scene.row("cuMemAddressReserve", "0 bytes")
def reserve_nothing(cuda: Cuda) -> Said:
    address = Handle()
    return cuda.cuMemAddressReserve(address, 0, 0, 0, 0), address


@scene.row("cuMemAddressReserve", "alignment 3")
def reserve_alignment(cuda: Cuda) -> Said:
    address = Handle()
    return cuda.cuMemAddressReserve(address, SIZE, 3, 0, 0), address


@scene.row("cuMemAddressReserve", "flags 1")
def reserve_flags(cuda: Cuda) -> Said:
    address = Handle()
    return cuda.cuMemAddressReserve(address, SIZE, 0, 0, 1), address


@scene.row("cuMemAddressReserve", "NULL")
def reserve_nowhere(cuda: Cuda) -> Said:
    return cuda.cuMemAddressReserve(None, SIZE, 0, 0, 0)


@scene.row("cuMemAddressReserve", "at an address that is taken")
def reserve_taken(cuda: Cuda) -> Said:
    address = Handle()
    return cuda.cuMemAddressReserve(address, SIZE, 0, reserved(cuda), 0), address


@scene.row("cuMemAddressFree", "half of a reservation")
def give_back_part(cuda: Cuda) -> Said:
    return cuda.cuMemAddressFree(reserved(cuda, 2 * SIZE), SIZE)


@scene.row("cuMemAddressFree", "NULL")
def give_back_nothing(cuda: Cuda) -> Said:
    return cuda.cuMemAddressFree(0, SIZE)


@scene.row("cuMemAddressFree", "a second time")
def give_back_twice(cuda: Cuda) -> Said:
    address = reserved(cuda)
    cuda.need("cuMemAddressFree", address, SIZE)
    return cuda.cuMemAddressFree(address, SIZE)
