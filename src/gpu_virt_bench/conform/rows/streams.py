"""Streams."""

from __future__ import annotations

import ctypes

from gpu_virt_bench.conform.cells import Filled, Handle, Int
from gpu_virt_bench.conform.driver import Cuda
from gpu_virt_bench.conform.table import Said, Scene, in_context

scene = Scene("streams", in_context)

NOTHING = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(lambda _: None)
"""A function for the driver to call."""


@scene.row("cuStreamCreate", "NULL")
def create_nowhere(cuda: Cuda) -> Said:
    return cuda.cuStreamCreate(None, 0)


@scene.row("cuStreamCreate", "flags 4")
def create_flags(cuda: Cuda) -> Said:
    stream = Handle()
    return cuda.cuStreamCreate(stream, 4), stream


@scene.row("cuStreamGetFlags", "of one that waits for no other")
def flags(cuda: Cuda) -> Said:
    flags = Int()
    return cuda.cuStreamGetFlags(cuda.stream(), flags), flags


@scene.row("cuStreamGetFlags", "of the default stream")
def flags_default(cuda: Cuda) -> Said:
    flags = Int()
    return cuda.cuStreamGetFlags(None, flags), flags


@scene.row("cuStreamGetFlags", "NULL")
def flags_nowhere(cuda: Cuda) -> Said:
    return cuda.cuStreamGetFlags(cuda.stream(), None)


@scene.row("cuStreamGetPriority", "of one made with -100")
def priority_high(cuda: Cuda) -> Said:
    priority = Int()
    return cuda.cuStreamGetPriority(cuda.made("cuStreamCreateWithPriority", 1, -100), priority), priority


@scene.row("cuStreamGetPriority", "of one made with 100")
def priority_low(cuda: Cuda) -> Said:
    priority = Int()
    return cuda.cuStreamGetPriority(cuda.made("cuStreamCreateWithPriority", 1, 100), priority), priority


@scene.row("cuStreamGetPriority", "of the default stream")
def priority_default(cuda: Cuda) -> Said:
    priority = Int()
    return cuda.cuStreamGetPriority(None, priority), priority


@scene.row("cuStreamGetPriority", "NULL")
def priority_nowhere(cuda: Cuda) -> Said:
    return cuda.cuStreamGetPriority(cuda.stream(), None)


@scene.row("cuStreamCreateWithPriority", "flags 4")
def priority_flags(cuda: Cuda) -> Said:
    stream = Handle()
    return cuda.cuStreamCreateWithPriority(stream, 4, 0), stream


@scene.row("cuStreamDestroy_v2", "NULL")
def destroy_nothing(cuda: Cuda) -> Said:
    return cuda.cuStreamDestroy_v2(None)


@scene.row("cuStreamDestroy_v2", "the legacy stream")
def destroy_legacy(cuda: Cuda) -> Said:
    return cuda.cuStreamDestroy_v2(1)


@scene.row("cuStreamDestroy_v2", "the stream of the thread")
def destroy_per_thread(cuda: Cuda) -> Said:
    return cuda.cuStreamDestroy_v2(2)


@scene.row("cuStreamDestroy_v2", "one with work under way")
def destroy_busy(cuda: Cuda) -> Said:
    stream = cuda.stream()
    cuda.busy(stream)
    return cuda.cuStreamDestroy_v2(stream)


@scene.row("cuStreamSynchronize", "the stream of the thread")
def synchronize_per_thread(cuda: Cuda) -> Said:
    return cuda.cuStreamSynchronize(2)


@scene.row("cuStreamQuery", "nothing to do")
def query_idle(cuda: Cuda) -> Said:
    return cuda.cuStreamQuery(cuda.stream())


@scene.row("cuStreamQuery", "a kernel is under way")
def query_busy(cuda: Cuda) -> Said:
    stream = cuda.stream()
    cuda.busy(stream)
    return cuda.cuStreamQuery(stream)


@scene.row("cuStreamQuery", "the default one, work in one that waits for no other")
def query_default_beside(cuda: Cuda) -> Said:
    cuda.busy(cuda.stream())
    return cuda.cuStreamQuery(None)


@scene.row("cuStreamWaitEvent", "NULL event")
def wait_nothing(cuda: Cuda) -> Said:
    return cuda.cuStreamWaitEvent(cuda.stream(), None, 0)


@scene.row("cuStreamWaitEvent", "an event that nobody recorded")
def wait_unrecorded(cuda: Cuda) -> Said:
    return cuda.cuStreamWaitEvent(cuda.stream(), cuda.event(), 0)


@scene.row("cuStreamWaitEvent", "an event that was destroyed")
def wait_lost_event(cuda: Cuda) -> Said:
    return cuda.cuStreamWaitEvent(cuda.stream(), cuda.lost_event(), 0)


@scene.row("cuStreamWaitEvent", "flags 1")
def wait_external(cuda: Cuda) -> Said:
    return cuda.cuStreamWaitEvent(cuda.stream(), cuda.recorded(), 1)


@scene.row("cuStreamWaitEvent", "flags 0x100")
def wait_flags(cuda: Cuda) -> Said:
    return cuda.cuStreamWaitEvent(cuda.stream(), cuda.recorded(), 0x100)


@scene.row("cuStreamWaitEvent", "the default stream")
def wait_default(cuda: Cuda) -> Said:
    return cuda.cuStreamWaitEvent(None, cuda.recorded(), 0)


@scene.row("cuStreamGetCtx", "NULL")
def context_nowhere(cuda: Cuda) -> Said:
    return cuda.cuStreamGetCtx(cuda.stream(), None)


@scene.row("cuStreamGetCtx", "of the default stream: the current one?")
def context_default(cuda: Cuda) -> Said:
    context = Handle()
    code = cuda.cuStreamGetCtx(None, context)
    return code, context, "the same" if context.value == cuda.context else "another"


@scene.row("cuStreamIsCapturing", "none is")
def capturing(cuda: Cuda) -> Said:
    status = Int()
    return cuda.cuStreamIsCapturing(cuda.stream(), status), status


@scene.row("cuStreamIsCapturing", "the default stream")
def capturing_default(cuda: Cuda) -> Said:
    status = Int()
    return cuda.cuStreamIsCapturing(None, status), status


@scene.row("cuStreamIsCapturing", "NULL")
def capturing_nowhere(cuda: Cuda) -> Said:
    return cuda.cuStreamIsCapturing(cuda.stream(), None)


@scene.row("cuLaunchHostFunc", "NULL function")
def host_function_nothing(cuda: Cuda) -> Said:
    return cuda.cuLaunchHostFunc(cuda.stream(), None, None)


@scene.row("cuStreamBeginCapture_v2", "of a stream")
def capture(cuda: Cuda) -> Said:
    return cuda.cuStreamBeginCapture_v2(cuda.stream(), 0)


@scene.row("cuStreamBeginCapture_v2", "of the default stream")
def capture_default(cuda: Cuda) -> Said:
    return cuda.cuStreamBeginCapture_v2(None, 0)


@scene.row("cuStreamEndCapture", "none was begun")
def end_capture(cuda: Cuda) -> Said:
    graph = Handle()
    return cuda.cuStreamEndCapture(cuda.stream(), graph), graph


@scene.row("cuStreamWaitValue32_v2", "NULL address")
def wait_value(cuda: Cuda) -> Said:
    return cuda.cuStreamWaitValue32_v2(cuda.stream(), 0, 0, 0)


@scene.row("cuStreamGetId", "of a stream")
def stream_id(cuda: Cuda) -> Said:
    number = Filled()
    return cuda.cuStreamGetId(cuda.stream(), number), number
