"""Launches, with everything that can be wrong about them."""

from __future__ import annotations

import ctypes

from gpu_virt_bench.conform.cells import Buffer, Handle
from gpu_virt_bench.conform.driver import Cuda, Parameters
from gpu_virt_bench.conform.structs import LaunchConfig
from gpu_virt_bench.conform.table import Said, Scene, in_context

scene = Scene("launches", in_context)

ARGUMENT = ctypes.create_string_buffer(8)
LENGTH = ctypes.c_size_t(8)
EXTRA = (ctypes.c_void_p * 5)(1, ctypes.addressof(ARGUMENT), 2, ctypes.addressof(LENGTH), 0)
"""The argument of the kernel as a buffer: CU_LAUNCH_PARAM_BUFFER_POINTER, _BUFFER_SIZE, _END."""


def astray(cuda: Cuda) -> None:
    """A kernel writes to the first page, which nobody has."""
    cuda.need("cuLaunchKernel", cuda.kernel(), 1, 1, 1, 1, 1, 1, 0, None, Parameters(8), None)


def launched(cuda: Cuda, grid: tuple[int, int, int], block: tuple[int, int, int], shared: int) -> int:
    """An empty kernel of that shape."""
    return cuda.cuLaunchKernel(cuda.kernel(), *grid, *block, shared, None, Parameters(0), None)


@scene.row("cuLaunchKernel", "one thread")
def good(cuda: Cuda) -> Said:
    return launched(cuda, (1, 1, 1), (1, 1, 1), 0)


@scene.row("cuLaunchKernel", "grid x 0")
def grid_x_zero(cuda: Cuda) -> Said:
    return launched(cuda, (0, 1, 1), (1, 1, 1), 0)


@scene.row("cuLaunchKernel", "grid y 0")
def grid_y_zero(cuda: Cuda) -> Said:
    return launched(cuda, (1, 0, 1), (1, 1, 1), 0)


@scene.row("cuLaunchKernel", "grid z 0")
def grid_z_zero(cuda: Cuda) -> Said:
    return launched(cuda, (1, 1, 0), (1, 1, 1), 0)


@scene.row("cuLaunchKernel", "block x 0")
def block_x_zero(cuda: Cuda) -> Said:
    return launched(cuda, (1, 1, 1), (0, 1, 1), 0)


@scene.row("cuLaunchKernel", "block y 0")
def block_y_zero(cuda: Cuda) -> Said:
    return launched(cuda, (1, 1, 1), (1, 0, 1), 0)


@scene.row("cuLaunchKernel", "block z 0")
def block_z_zero(cuda: Cuda) -> Said:
    return launched(cuda, (1, 1, 1), (1, 1, 0), 0)


@scene.row("cuLaunchKernel", "block x 1025")
def block_x_beyond(cuda: Cuda) -> Said:
    return launched(cuda, (1, 1, 1), (1025, 1, 1), 0)


@scene.row("cuLaunchKernel", "block y 1025")
def block_y_beyond(cuda: Cuda) -> Said:
    return launched(cuda, (1, 1, 1), (1, 1025, 1), 0)


@scene.row("cuLaunchKernel", "block z 65")
def block_z_beyond(cuda: Cuda) -> Said:
    return launched(cuda, (1, 1, 1), (1, 1, 65), 0)


@scene.row("cuLaunchKernel", "block z 64")
def block_z_most(cuda: Cuda) -> Said:
    return launched(cuda, (1, 1, 1), (1, 1, 64), 0)


@scene.row("cuLaunchKernel", "block 32 x 33 = 1056")
def block_too_large(cuda: Cuda) -> Said:
    return launched(cuda, (1, 1, 1), (32, 33, 1), 0)


@scene.row("cuLaunchKernel", "block of 1024")
def block_most(cuda: Cuda) -> Said:
    return launched(cuda, (1, 1, 1), (1024, 1, 1), 0)


@scene.row("cuLaunchKernel", "grid y 65535")
def grid_y_most(cuda: Cuda) -> Said:
    return launched(cuda, (1, 65535, 1), (1, 1, 1), 0)


@scene.row("cuLaunchKernel", "grid y 65536")
def grid_y_beyond(cuda: Cuda) -> Said:
    return launched(cuda, (1, 65536, 1), (1, 1, 1), 0)


@scene.row("cuLaunchKernel", "grid z 65536")
def grid_z_beyond(cuda: Cuda) -> Said:
    return launched(cuda, (1, 1, 65536), (1, 1, 1), 0)


@scene.row("cuLaunchKernel", "grid x 2^31")
def grid_x_beyond(cuda: Cuda) -> Said:
    return launched(cuda, (1 << 31, 1, 1), (1, 1, 1), 0)


@scene.row("cuLaunchKernel", "48 KiB of dynamic shared memory")
def shared_most(cuda: Cuda) -> Said:
    return launched(cuda, (1, 1, 1), (1, 1, 1), 49152)


@scene.row("cuLaunchKernel", "48 KiB + 1 of dynamic shared memory")
def shared_beyond(cuda: Cuda) -> Said:
    return launched(cuda, (1, 1, 1), (1, 1, 1), 49153)


@scene.row("cuLaunchKernel", "1 MiB of dynamic shared memory")
def shared_too_much(cuda: Cuda) -> Said:
    return launched(cuda, (1, 1, 1), (1, 1, 1), 1 << 20)


@scene.row("cuLaunchKernel", "64 KiB of dynamic shared memory, allowed before")
def shared_opted(cuda: Cuda) -> Said:
    kernel = cuda.kernel()
    cuda.need("cuFuncSetAttribute", kernel, 8, 65536)
    return cuda.cuLaunchKernel(kernel, 1, 1, 1, 1, 1, 1, 65536, None, Parameters(0), None)


@scene.row("cuLaunchKernel", "NULL function")
def no_function(cuda: Cuda) -> Said:
    return cuda.cuLaunchKernel(None, 1, 1, 1, 1, 1, 1, 0, None, Parameters(0), None)


@scene.row("cuLaunchKernel", "NULL parameters of a kernel that has one")
def no_parameters(cuda: Cuda) -> Said:
    return cuda.cuLaunchKernel(cuda.kernel(), 1, 1, 1, 1, 1, 1, 0, None, None, None)


@scene.row("cuLaunchKernel", "parameters and extra")
def both(cuda: Cuda) -> Said:
    return cuda.cuLaunchKernel(cuda.kernel(), 1, 1, 1, 1, 1, 1, 0, None, Parameters(0), EXTRA)


@scene.row("cuLaunchKernel", "extra alone")
def extra(cuda: Cuda) -> Said:
    return cuda.cuLaunchKernel(cuda.kernel(), 1, 1, 1, 1, 1, 1, 0, None, None, EXTRA)


@scene.row("cuLaunchKernel", "the legacy stream")
def legacy(cuda: Cuda) -> Said:
    return cuda.cuLaunchKernel(cuda.kernel(), 1, 1, 1, 1, 1, 1, 0, 1, Parameters(0), None)


@scene.row("cuLaunchKernel", "the stream of the thread")
def per_thread(cuda: Cuda) -> Said:
    return cuda.cuLaunchKernel(cuda.kernel(), 1, 1, 1, 1, 1, 1, 0, 2, Parameters(0), None)


@scene.row("cuLaunchKernelEx", "NULL configuration")
def ex_nothing(cuda: Cuda) -> Said:
    return cuda.cuLaunchKernelEx(None, cuda.kernel(), Parameters(0), None)


@scene.row("cuLaunchKernelEx", "one thread")
def ex(cuda: Cuda) -> Said:
    return cuda.cuLaunchKernelEx(LaunchConfig(1, 1, 1, 1, 1, 1), cuda.kernel(), Parameters(0), None)


@scene.row("cuLaunchKernelEx", "grid x 0")
def ex_grid_zero(cuda: Cuda) -> Said:
    return cuda.cuLaunchKernelEx(LaunchConfig(0, 1, 1, 1, 1, 1), cuda.kernel(), Parameters(0), None)


@scene.row("cuLaunchKernelEx", "block x 1025")
def ex_block_beyond(cuda: Cuda) -> Said:
    return cuda.cuLaunchKernelEx(LaunchConfig(1, 1, 1, 1025, 1, 1), cuda.kernel(), Parameters(0), None)


@scene.row("cuLaunchKernelEx", "one attribute, NULL")
def ex_null_attributes(cuda: Cuda) -> Said:
    return cuda.cuLaunchKernelEx(LaunchConfig(1, 1, 1, 1, 1, 1, 0, None, None, 1), cuda.kernel(), Parameters(0), None)


@scene.row("cuLaunchKernelEx", "NULL function")
def ex_no_function(cuda: Cuda) -> Said:
    return cuda.cuLaunchKernelEx(LaunchConfig(1, 1, 1, 1, 1, 1), None, Parameters(0), None)


@scene.row("cuLaunchCooperativeKernel", "one thread")
def cooperative(cuda: Cuda) -> Said:
    return cuda.cuLaunchCooperativeKernel(cuda.kernel(), 1, 1, 1, 1, 1, 1, 0, None, Parameters(0))


@scene.row("cuProfilerStop", "not started")
def profiler_stop(cuda: Cuda) -> Said:
    return cuda.cuProfilerStop()


@scene.row("cuCtxSynchronize", "waits for a kernel with an illegal address")
def illegal_synchronize(cuda: Cuda) -> Said:
    astray(cuda)
    return cuda.cuCtxSynchronize()


@scene.row("cuMemcpyDtoH_v2", "waits for a kernel with an illegal address")
def illegal_copy(cuda: Cuda) -> Said:
    place, memory = Buffer(), cuda.memory()
    astray(cuda)
    return cuda.cuMemcpyDtoH_v2(place, memory, 64), place


@scene.row("cuMemAlloc_v2", "after a fault in another context, which was destroyed", alone=True)
def illegal_elsewhere(cuda: Cuda) -> Said:
    other = cuda.made("cuCtxCreate_v2", 0, 0)
    astray(cuda)
    cuda.cuCtxSynchronize()
    cuda.cuCtxDestroy_v2(other)
    cuda.need("cuCtxSetCurrent", cuda.context)
    address = Handle()
    return cuda.cuMemAlloc_v2(address, 4096), address
