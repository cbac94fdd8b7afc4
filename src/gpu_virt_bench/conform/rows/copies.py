"""Copies and fills."""

from __future__ import annotations

from gpu_virt_bench.conform.cells import Buffer, Size
from gpu_virt_bench.conform.driver import Cuda
from gpu_virt_bench.conform.table import Said, Scene, in_context

scene = Scene("copies", in_context)


@scene.row("cuMemcpyHtoD_v2", "0 bytes, NULL for both")
def up_nothing(cuda: Cuda) -> Said:
    return cuda.cuMemcpyHtoD_v2(0, None, 0)


@scene.row("cuMemcpyHtoD_v2", "from NULL")
def up_from_null(cuda: Cuda) -> Said:
    return cuda.cuMemcpyHtoD_v2(cuda.memory(), None, 64)


@scene.row("cuMemcpyHtoD_v2", "to NULL")
def up_to_null(cuda: Cuda) -> Said:
    return cuda.cuMemcpyHtoD_v2(0, Buffer(), 64)


@scene.row("cuMemcpyHtoD_v2", "into an allocation")
def up_interior(cuda: Cuda) -> Said:
    return cuda.cuMemcpyHtoD_v2(cuda.memory() + 100, Buffer(), 64)


@scene.row("cuMemcpyHtoD_v2", "to memory that was freed")
def up_freed(cuda: Cuda) -> Said:
    return cuda.cuMemcpyHtoD_v2(cuda.freed(64 << 20), Buffer(), 64)


@scene.row("cuMemcpyHtoD_v2", "past the end of an allocation of 2 MiB")
def up_beyond(cuda: Cuda) -> Said:
    return cuda.cuMemcpyHtoD_v2(cuda.memory(2 << 20) + (2 << 20) - 32, Buffer(), 64)


@scene.row("cuMemcpyHtoD_v2", "to memory of the host")
def up_host(cuda: Cuda) -> Said:
    return cuda.cuMemcpyHtoD_v2(Buffer().address, Buffer(), 64)


@scene.row("cuMemcpyHtoD_v2", "from memory of the device")
def up_from_device(cuda: Cuda) -> Said:
    return cuda.cuMemcpyHtoD_v2(cuda.memory(), cuda.memory(), 64)


@scene.row("cuMemcpyDtoH_v2", "to NULL")
def down_to_null(cuda: Cuda) -> Said:
    return cuda.cuMemcpyDtoH_v2(None, cuda.memory(), 64)


@scene.row("cuMemcpyDtoH_v2", "from NULL")
def down_from_null(cuda: Cuda) -> Said:
    place = Buffer()
    return cuda.cuMemcpyDtoH_v2(place, 0, 64), place


@scene.row("cuMemcpyDtoH_v2", "from memory that was freed")
def down_freed(cuda: Cuda) -> Said:
    place = Buffer()
    return cuda.cuMemcpyDtoH_v2(place, cuda.freed(64 << 20), 64), place


@scene.row("cuMemcpyDtoH_v2", "past the end of an allocation of 2 MiB")
def down_beyond(cuda: Cuda) -> Said:
    place = Buffer()
    return cuda.cuMemcpyDtoH_v2(place, cuda.memory(2 << 20) + (2 << 20) - 32, 64), place


@scene.row("cuMemcpyDtoH_v2", "from memory of the host")
def down_host(cuda: Cuda) -> Said:
    place, source = Buffer(), Size()
    return cuda.cuMemcpyDtoH_v2(place, source.address, 8), place


@scene.row("cuMemcpyDtoD_v2", "ranges that overlap")
def across_overlap(cuda: Cuda) -> Said:
    address = cuda.memory()
    return cuda.cuMemcpyDtoD_v2(address + 32, address, 64)


@scene.row("cuMemcpyDtoD_v2", "past the end of an allocation of 2 MiB")
def across_beyond(cuda: Cuda) -> Said:
    address = cuda.memory(2 << 20)
    return cuda.cuMemcpyDtoD_v2(address + (2 << 20) - 32, address, 64)


@scene.row("cuMemcpyDtoD_v2", "from memory of the host")
def across_host(cuda: Cuda) -> Said:
    return cuda.cuMemcpyDtoD_v2(cuda.memory(), Buffer().address, 64)


@scene.row("cuMemcpy", "from the host to the host")
def any_within_host(cuda: Cuda) -> Said:
    place, source = Buffer(), Size()
    return cuda.cuMemcpy(place.address, source.address, 8), place


@scene.row("cuMemcpy", "from the host to the device")
def any_up(cuda: Cuda) -> Said:
    return cuda.cuMemcpy(cuda.memory(), Buffer().address, 64)


@scene.row("cuMemcpy", "from NULL")
def any_null(cuda: Cuda) -> Said:
    return cuda.cuMemcpy(cuda.memory(), 0, 64)


@scene.row("cuMemcpyAsync", "from NULL")
def any_async_null(cuda: Cuda) -> Said:
    return cuda.cuMemcpyAsync(cuda.memory(), 0, 64, None)


@scene.row("cuMemcpyHtoDAsync_v2", "0 bytes, NULL for both")
def up_async_nothing(cuda: Cuda) -> Said:
    return cuda.cuMemcpyHtoDAsync_v2(0, None, 0, None)


@scene.row("cuMemcpyDtoHAsync_v2", "from memory that was freed")
def down_async_freed(cuda: Cuda) -> Said:
    place = Buffer()
    return cuda.cuMemcpyDtoHAsync_v2(place, cuda.freed(64 << 20), 64, None), place


@scene.row("cuMemcpyDtoDAsync_v2", "to NULL")
def across_async_null(cuda: Cuda) -> Said:
    return cuda.cuMemcpyDtoDAsync_v2(0, cuda.memory(), 64, None)


@scene.row("cuMemsetD8_v2", "0 bytes")
def fill_nothing(cuda: Cuda) -> Said:
    return cuda.cuMemsetD8_v2(cuda.memory(), 0, 0)


@scene.row("cuMemsetD8_v2", "0 bytes at NULL")
def fill_nothing_null(cuda: Cuda) -> Said:
    return cuda.cuMemsetD8_v2(0, 0, 0)


@scene.row("cuMemsetD8_v2", "NULL")
def fill_null(cuda: Cuda) -> Said:
    return cuda.cuMemsetD8_v2(0, 0, 64)


@scene.row("cuMemsetD8_v2", "memory that was freed")
def fill_freed(cuda: Cuda) -> Said:
    return cuda.cuMemsetD8_v2(cuda.freed(64 << 20), 0, 64)


@scene.row("cuMemsetD8_v2", "past the end of an allocation of 2 MiB")
def fill_beyond(cuda: Cuda) -> Said:
    return cuda.cuMemsetD8_v2(cuda.memory(2 << 20), 0, (2 << 20) + 64)


@scene.row("cuMemsetD8_v2", "memory of the host")
def fill_host(cuda: Cuda) -> Said:
    place = Buffer()
    return cuda.cuMemsetD8_v2(place.address, 0, 64), place


@scene.row("cuMemsetD8_v2", "pinned memory of the host")
def fill_pinned(cuda: Cuda) -> Said:
    return cuda.cuMemsetD8_v2(cuda.made("cuMemAllocHost_v2", 4096), 0, 64)


@scene.row("cuMemsetD32_v2", "an address that is no multiple of 4")
def fill_words_unaligned(cuda: Cuda) -> Said:
    return cuda.cuMemsetD32_v2(cuda.memory() + 2, 0, 4)


@scene.row("cuMemsetD32_v2", "past the end of an allocation of 2 MiB")
def fill_words_beyond(cuda: Cuda) -> Said:
    return cuda.cuMemsetD32_v2(cuda.memory(2 << 20), 0, (1 << 19) + 16)


@scene.row("cuMemsetD32Async", "an address that is no multiple of 4")
def fill_words_async_unaligned(cuda: Cuda) -> Said:
    return cuda.cuMemsetD32Async(cuda.memory() + 2, 0, 4, None)


@scene.row("cuMemsetD16_v2", "an address that is no multiple of 2")
def fill_halves_unaligned(cuda: Cuda) -> Said:
    return cuda.cuMemsetD16_v2(cuda.memory() + 1, 0, 4)


@scene.row("cuMemcpyPeer", "from a context to itself")
def peer_itself(cuda: Cuda) -> Said:
    return cuda.cuMemcpyPeer(cuda.memory(), cuda.context, cuda.memory(), cuda.context, 64)
