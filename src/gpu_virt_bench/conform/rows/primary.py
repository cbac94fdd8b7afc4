"""Primary contexts: retained, released and reset."""

from __future__ import annotations

from gpu_virt_bench.conform.cells import Handle, Int
from gpu_virt_bench.conform.driver import Cuda
from gpu_virt_bench.conform.table import Said, Scene, in_context

scene = Scene("primary", in_context)


def released(cuda: Cuda) -> None:
    """The primary context is given back by the only one who has it."""
    cuda.need("cuDevicePrimaryCtxRelease_v2", 0)


@scene.row("cuDevicePrimaryCtxRetain", "a second time: the same?")
def retain_again(cuda: Cuda) -> Said:
    context = Handle()
    code = cuda.cuDevicePrimaryCtxRetain(context, 0)
    return code, context, "the same" if context.value == cuda.context else "another"


@scene.row("cuDevicePrimaryCtxGetState", "retained")
def state_active(cuda: Cuda) -> Said:
    flags, active = Int(), Int()
    return cuda.cuDevicePrimaryCtxGetState(0, flags, active), flags, active


@scene.row("cuDevicePrimaryCtxSetFlags_v2", "while it is active, then asked", alone=True)
def flags_active(cuda: Cuda) -> Said:
    cuda.need("cuDevicePrimaryCtxSetFlags_v2", 0, 4)
    flags = Int()
    return cuda.cuCtxGetFlags(flags), flags


@scene.row("cuDevicePrimaryCtxGetState", "after the last release", alone=True)
def released_state(cuda: Cuda) -> Said:
    released(cuda)
    flags, active = Int(), Int()
    return cuda.cuDevicePrimaryCtxGetState(0, flags, active), flags, active


@scene.row("cuDevicePrimaryCtxRelease_v2", "once more than it was retained", alone=True)
def released_below_zero(cuda: Cuda) -> Said:
    released(cuda)
    return cuda.cuDevicePrimaryCtxRelease_v2(0)


@scene.row("cuCtxGetCurrent", "after the last release", alone=True)
def released_current(cuda: Cuda) -> Said:
    released(cuda)
    context = Handle()
    return cuda.cuCtxGetCurrent(context), context


@scene.row("cuCtxGetDevice", "after the last release", alone=True)
def released_device(cuda: Cuda) -> Said:
    released(cuda)
    device = Int()
    return cuda.cuCtxGetDevice(device), device


@scene.row("cuCtxSynchronize", "after the last release", alone=True)
def released_synchronize(cuda: Cuda) -> Said:
    released(cuda)
    return cuda.cuCtxSynchronize()


@scene.row("cuMemAlloc_v2", "after the last release", alone=True)
def released_alloc(cuda: Cuda) -> Said:
    released(cuda)
    address = Handle()
    return cuda.cuMemAlloc_v2(address, 4096), address


@scene.row("cuStreamCreate", "after the last release", alone=True)
def released_stream(cuda: Cuda) -> Said:
    released(cuda)
    stream = Handle()
    return cuda.cuStreamCreate(stream, 0), stream


@scene.row("cuMemFree_v2", "memory of before the last release", alone=True)
def released_free(cuda: Cuda) -> Said:
    address = cuda.memory()
    released(cuda)
    return cuda.cuMemFree_v2(address)


@scene.row("cuMemAlloc_v2", "retained again after the last release", alone=True)
def released_retained(cuda: Cuda) -> Said:
    released(cuda)
    cuda.need("cuDevicePrimaryCtxRetain", Handle(), 0)
    address = Handle()
    return cuda.cuMemAlloc_v2(address, 4096), address


@scene.row("cuDevicePrimaryCtxReset_v2", "retained", alone=True)
def reset(cuda: Cuda) -> Said:
    return cuda.cuDevicePrimaryCtxReset_v2(0)


@scene.row("cuDevicePrimaryCtxGetState", "after a reset", alone=True)
def reset_state(cuda: Cuda) -> Said:
    cuda.need("cuDevicePrimaryCtxReset_v2", 0)
    flags, active = Int(), Int()
    return cuda.cuDevicePrimaryCtxGetState(0, flags, active), flags, active


@scene.row("cuMemAlloc_v2", "after a reset", alone=True)
def reset_alloc(cuda: Cuda) -> Said:
    cuda.need("cuDevicePrimaryCtxReset_v2", 0)
    address = Handle()
    return cuda.cuMemAlloc_v2(address, 4096), address


@scene.row("cuDevicePrimaryCtxRelease_v2", "after a reset", alone=True)
def reset_release(cuda: Cuda) -> Said:
    cuda.need("cuDevicePrimaryCtxReset_v2", 0)
    return cuda.cuDevicePrimaryCtxRelease_v2(0)
