"""Events."""

from __future__ import annotations

from gpu_virt_bench.conform.cells import Float, Handle
from gpu_virt_bench.conform.driver import Cuda
from gpu_virt_bench.conform.table import Said, Scene, in_context

scene = Scene("events", in_context)


def done(cuda: Cuda, flags: int = 0) -> int:
    """An event whose work is done."""
    event = cuda.recorded(flags=flags)
    cuda.need("cuEventSynchronize", event)
    return event


@scene.row("cuEventCreate", "NULL")
def create_nowhere(cuda: Cuda) -> Said:
    return cuda.cuEventCreate(None, 0)


@scene.row("cuEventCreate", "flags 0x100")
def create_flags(cuda: Cuda) -> Said:
    event = Handle()
    return cuda.cuEventCreate(event, 0x100), event


@scene.row("cuEventCreate", "for other processes, with timing")
def create_shared_timed(cuda: Cuda) -> Said:
    event = Handle()
    return cuda.cuEventCreate(event, 4), event


@scene.row("cuEventCreate", "for other processes, without timing")
def create_shared(cuda: Cuda) -> Said:
    event = Handle()
    return cuda.cuEventCreate(event, 6), event


@scene.row("cuEventDestroy_v2", "NULL")
def destroy_nothing(cuda: Cuda) -> Said:
    return cuda.cuEventDestroy_v2(None)


@scene.row("cuEventDestroy_v2", "one that was destroyed")
def destroy_twice(cuda: Cuda) -> Said:
    return cuda.cuEventDestroy_v2(cuda.lost_event())


@scene.row("cuEventDestroy_v2", "one whose work is under way")
def destroy_busy(cuda: Cuda) -> Said:
    stream = cuda.stream()
    cuda.busy(stream)
    return cuda.cuEventDestroy_v2(cuda.recorded(stream))


@scene.row("cuEventRecord", "NULL")
def record_nothing(cuda: Cuda) -> Said:
    return cuda.cuEventRecord(None, None)


@scene.row("cuEventRecord", "one that was destroyed")
def record_lost(cuda: Cuda) -> Said:
    return cuda.cuEventRecord(cuda.lost_event(), None)


@scene.row("cuEventRecordWithFlags", "flags 0x100")
def record_flags(cuda: Cuda) -> Said:
    return cuda.cuEventRecordWithFlags(cuda.event(), None, 0x100)


@scene.row("cuEventRecordWithFlags", "flags 1")
def record_external(cuda: Cuda) -> Said:
    return cuda.cuEventRecordWithFlags(cuda.event(), cuda.stream(), 1)


@scene.row("cuEventQuery", "nobody has recorded it")
def query_unrecorded(cuda: Cuda) -> Said:
    return cuda.cuEventQuery(cuda.event())


@scene.row("cuEventQuery", "its work is under way")
def query_busy(cuda: Cuda) -> Said:
    stream = cuda.stream()
    cuda.busy(stream)
    return cuda.cuEventQuery(cuda.recorded(stream))


@scene.row("cuEventQuery", "NULL")
def query_nothing(cuda: Cuda) -> Said:
    return cuda.cuEventQuery(None)


@scene.row("cuEventQuery", "one that was destroyed")
def query_lost(cuda: Cuda) -> Said:
    return cuda.cuEventQuery(cuda.lost_event())


@scene.row("cuEventSynchronize", "nobody has recorded it")
def synchronize_unrecorded(cuda: Cuda) -> Said:
    return cuda.cuEventSynchronize(cuda.event())


@scene.row("cuEventSynchronize", "NULL")
def synchronize_nothing(cuda: Cuda) -> Said:
    return cuda.cuEventSynchronize(None)


@scene.row("cuEventSynchronize", "one that was destroyed")
def synchronize_lost(cuda: Cuda) -> Said:
    return cuda.cuEventSynchronize(cuda.lost_event())


@scene.row("cuEventElapsedTime", "an event and itself")
def elapsed_itself(cuda: Cuda) -> Said:
    event, time = done(cuda), Float()
    return cuda.cuEventElapsedTime(time, event, event), time


@scene.row("cuEventElapsedTime", "NULL")
def elapsed_nowhere(cuda: Cuda) -> Said:
    event = done(cuda)
    return cuda.cuEventElapsedTime(None, event, event)


@scene.row("cuEventElapsedTime", "nobody has recorded the first")
def elapsed_unrecorded_begin(cuda: Cuda) -> Said:
    time = Float()
    return cuda.cuEventElapsedTime(time, cuda.event(), done(cuda)), time


@scene.row("cuEventElapsedTime", "nobody has recorded the second")
def elapsed_unrecorded_end(cuda: Cuda) -> Said:
    time = Float()
    return cuda.cuEventElapsedTime(time, done(cuda), cuda.event()), time


@scene.row("cuEventElapsedTime", "the work of the second is under way")
def elapsed_busy_end(cuda: Cuda) -> Said:
    stream, begin, time = cuda.stream(), done(cuda), Float()
    cuda.busy(stream)
    return cuda.cuEventElapsedTime(time, begin, cuda.recorded(stream)), time


@scene.row("cuEventElapsedTime", "the work of the first is under way")
def elapsed_busy_begin(cuda: Cuda) -> Said:
    stream, end, time = cuda.stream(), done(cuda), Float()
    cuda.busy(stream)
    return cuda.cuEventElapsedTime(time, cuda.recorded(stream), end), time


@scene.row("cuEventElapsedTime", "without timing")
def elapsed_untimed(cuda: Cuda) -> Said:
    time = Float()
    return cuda.cuEventElapsedTime(time, done(cuda, 2), done(cuda, 2)), time


@scene.row("cuEventElapsedTime", "the second without timing")
def elapsed_untimed_end(cuda: Cuda) -> Said:
    time = Float()
    return cuda.cuEventElapsedTime(time, done(cuda), done(cuda, 2)), time


@scene.row("cuEventElapsedTime", "NULL events")
def elapsed_nothing(cuda: Cuda) -> Said:
    time = Float()
    return cuda.cuEventElapsedTime(time, None, None), time


@scene.row("cuEventElapsedTime", "the first was destroyed")
def elapsed_lost(cuda: Cuda) -> Said:
    time = Float()
    return cuda.cuEventElapsedTime(time, cuda.lost_event(), done(cuda)), time


@scene.row("cuEventElapsedTime_v2", "nobody has recorded the first")
def elapsed_v2_unrecorded(cuda: Cuda) -> Said:
    time = Float()
    return cuda.cuEventElapsedTime_v2(time, cuda.event(), done(cuda)), time


@scene.row("cuEventElapsedTime_v2", "the work of the second is under way")
def elapsed_v2_busy_end(cuda: Cuda) -> Said:
    stream, begin, time = cuda.stream(), done(cuda), Float()
    cuda.busy(stream)
    return cuda.cuEventElapsedTime_v2(time, begin, cuda.recorded(stream)), time


@scene.row("cuEventElapsedTime_v2", "without timing")
def elapsed_v2_untimed(cuda: Cuda) -> Said:
    time = Float()
    return cuda.cuEventElapsedTime_v2(time, done(cuda, 2), done(cuda, 2)), time
