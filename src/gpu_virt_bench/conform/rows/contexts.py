"""Contexts: the stack, primary contexts, and what was destroyed."""

from __future__ import annotations

from gpu_virt_bench.conform.cells import Filled, Handle, Int, Size
from gpu_virt_bench.conform.driver import Cuda
from gpu_virt_bench.conform.table import Said, Scene, in_context

scene = Scene("contexts", in_context)


def lost(cuda: Cuda) -> int:
    """The handle of a context that was destroyed while it was not current."""
    context = cuda.made("cuCtxCreate_v2", 0, 0)
    cuda.need("cuCtxPopCurrent_v2", Handle())
    cuda.need("cuCtxDestroy_v2", context)
    return context


@scene.row("cuCtxGetDevice", "of the primary context")
def device(cuda: Cuda) -> Said:
    device = Int()
    return cuda.cuCtxGetDevice(device), device


@scene.row("cuCtxGetDevice", "NULL")
def device_nowhere(cuda: Cuda) -> Said:
    return cuda.cuCtxGetDevice(None)


@scene.row("cuCtxGetCurrent", "NULL")
def current_nowhere(cuda: Cuda) -> Said:
    return cuda.cuCtxGetCurrent(None)


@scene.row("cuCtxGetFlags", "NULL")
def flags_nowhere(cuda: Cuda) -> Said:
    return cuda.cuCtxGetFlags(None)


@scene.row("cuCtxGetFlags", "of a primary context without flags")
def flags(cuda: Cuda) -> Said:
    flags = Int()
    return cuda.cuCtxGetFlags(flags), flags


@scene.row("cuCtxGetApiVersion", "NULL")
def api_version_nowhere(cuda: Cuda) -> Said:
    return cuda.cuCtxGetApiVersion(cuda.context, None)


@scene.row("cuCtxGetApiVersion", "NULL context, one is current")
def api_version_current(cuda: Cuda) -> Said:
    version = Int()
    return cuda.cuCtxGetApiVersion(None, version), version


@scene.row("cuCtxGetId", "NULL")
def id_nowhere(cuda: Cuda) -> Said:
    return cuda.cuCtxGetId(cuda.context, None)


@scene.row("cuCtxGetId", "NULL context, one is current")
def id_current(cuda: Cuda) -> Said:
    number = Filled()
    return cuda.cuCtxGetId(None, number), number


@scene.row("cuCtxGetStreamPriorityRange", "both")
def priorities(cuda: Cuda) -> Said:
    least, greatest = Int(), Int()
    return cuda.cuCtxGetStreamPriorityRange(least, greatest), least, greatest


@scene.row("cuCtxGetStreamPriorityRange", "NULL for both")
def priorities_nowhere(cuda: Cuda) -> Said:
    return cuda.cuCtxGetStreamPriorityRange(None, None)


@scene.row("cuCtxGetLimit", "NULL")
def limit_nowhere(cuda: Cuda) -> Said:
    return cuda.cuCtxGetLimit(None, 0)


@scene.row("cuCtxGetLimit", "limit 1000")
def limit_beyond(cuda: Cuda) -> Said:
    size = Size()
    return cuda.cuCtxGetLimit(size, 1000), size


@scene.row("cuCtxGetLimit", "the stack")
def limit_stack(cuda: Cuda) -> Said:
    size = Size()
    return cuda.cuCtxGetLimit(size, 0), size


@scene.row("cuCtxSetLimit", "limit 1000")
def set_limit_beyond(cuda: Cuda) -> Said:
    return cuda.cuCtxSetLimit(1000, 0)


@scene.row("cuCtxSetLimit", "the stack, 2048, then asked", alone=True)
def set_limit_stack(cuda: Cuda) -> Said:
    cuda.need("cuCtxSetLimit", 0, 2048)
    size = Size()
    return cuda.cuCtxGetLimit(size, 0), size


@scene.row("cuCtxPopCurrent_v2", "NULL")
def pop_nowhere(cuda: Cuda) -> Said:
    return cuda.cuCtxPopCurrent_v2(None)


@scene.row("cuCtxPopCurrent_v2", "once more than there are")
def pop_twice(cuda: Cuda) -> Said:
    cuda.need("cuCtxPopCurrent_v2", Handle())
    context = Handle()
    return cuda.cuCtxPopCurrent_v2(context), context


@scene.row("cuCtxGetCurrent", "after the only one was popped")
def pop_current(cuda: Cuda) -> Said:
    cuda.need("cuCtxPopCurrent_v2", Handle())
    context = Handle()
    return cuda.cuCtxGetCurrent(context), context


@scene.row("cuCtxPushCurrent_v2", "the current one again", alone=True)
def push_twice(cuda: Cuda) -> Said:
    return cuda.cuCtxPushCurrent_v2(cuda.context)


@scene.row("cuCtxPushCurrent_v2", "NULL")
def push_nothing(cuda: Cuda) -> Said:
    return cuda.cuCtxPushCurrent_v2(None)


@scene.row("cuCtxSetCurrent", "NULL, then asked")
def set_nothing(cuda: Cuda) -> Said:
    cuda.need("cuCtxSetCurrent", None)
    context = Handle()
    return cuda.cuCtxGetCurrent(context), context


@scene.row("cuCtxDestroy_v2", "NULL")
def destroy_nothing(cuda: Cuda) -> Said:
    return cuda.cuCtxDestroy_v2(None)


@scene.row("cuCtxDestroy_v2", "a primary context", alone=True)
def destroy_primary(cuda: Cuda) -> Said:
    return cuda.cuCtxDestroy_v2(cuda.context)


@scene.row("cuCtxDestroy_v2", "one that was destroyed")
def destroy_twice(cuda: Cuda) -> Said:
    return cuda.cuCtxDestroy_v2(lost(cuda))


@scene.row("cuCtxGetCurrent", "after the current one was destroyed")
def destroyed_current(cuda: Cuda) -> Said:
    cuda.need("cuCtxDestroy_v2", cuda.made("cuCtxCreate_v2", 0, 0))
    context = Handle()
    code = cuda.cuCtxGetCurrent(context)
    return code, context, "the same" if context.value in (0, cuda.context) else "another"


@scene.row("cuCtxSetCurrent", "one that was destroyed")
def destroyed_set(cuda: Cuda) -> Said:
    return cuda.cuCtxSetCurrent(lost(cuda))


@scene.row("cuCtxPushCurrent_v2", "one that was destroyed")
def destroyed_push(cuda: Cuda) -> Said:
    return cuda.cuCtxPushCurrent_v2(lost(cuda))


@scene.row("cuCtxGetApiVersion", "one that was destroyed")
def destroyed_version(cuda: Cuda) -> Said:
    version = Int()
    return cuda.cuCtxGetApiVersion(lost(cuda), version), version
