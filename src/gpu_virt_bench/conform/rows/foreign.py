"""What belongs to another context than the current one."""

from __future__ import annotations

from gpu_virt_bench.conform.cells import Buffer, Float, Handle, Int, Size
from gpu_virt_bench.conform.driver import Cuda, Parameters
from gpu_virt_bench.conform.table import Said, Scene, in_context


def beside_another(cuda: Cuda) -> None:
    """The primary context is current, and another context has one of everything."""
    in_context(cuda)
    cuda.kept["context"] = cuda.made("cuCtxCreate_v2", 0, 0)
    cuda.kept["module"] = cuda.module()
    cuda.kept["kernel"] = cuda.made("cuModuleGetFunction", cuda.kept["module"], b"gvb_empty")
    cuda.kept |= {"stream": cuda.stream(), "event": cuda.recorded(), "memory": cuda.memory()}
    cuda.need("cuCtxSynchronize")
    cuda.need("cuCtxPopCurrent_v2", Handle())


scene = Scene("foreign", beside_another)


def gone(cuda: Cuda) -> None:
    """The other context is destroyed."""
    cuda.need("cuCtxDestroy_v2", cuda.kept["context"])


@scene.row("cuLaunchKernel", "a stream of another context")
def stream_launch(cuda: Cuda) -> Said:
    kernel, stream = cuda.kernel(), cuda.kept["stream"]
    return cuda.cuLaunchKernel(kernel, 1, 1, 1, 1, 1, 1, 0, stream, Parameters(0), None)


@scene.row("cuLaunchKernel", "a kernel of another context")
def kernel_launch(cuda: Cuda) -> Said:
    return cuda.cuLaunchKernel(cuda.kept["kernel"], 1, 1, 1, 1, 1, 1, 0, None, Parameters(0), None)


@scene.row("cuStreamQuery", "a stream of another context")
def stream_query(cuda: Cuda) -> Said:
    return cuda.cuStreamQuery(cuda.kept["stream"])


@scene.row("cuStreamSynchronize", "a stream of another context")
def stream_synchronize(cuda: Cuda) -> Said:
    return cuda.cuStreamSynchronize(cuda.kept["stream"])


@scene.row("cuStreamGetCtx", "a stream of another context: whose?")
def stream_context(cuda: Cuda) -> Said:
    context = Handle()
    code = cuda.cuStreamGetCtx(cuda.kept["stream"], context)
    return code, context, "the same" if context.value == cuda.kept["context"] else "another"


@scene.row("cuEventRecord", "an event of another context")
def event_record(cuda: Cuda) -> Said:
    return cuda.cuEventRecord(cuda.kept["event"], None)


@scene.row("cuEventRecord", "an event of this context, a stream of another")
def event_record_there(cuda: Cuda) -> Said:
    return cuda.cuEventRecord(cuda.event(), cuda.kept["stream"])


@scene.row("cuEventQuery", "an event of another context")
def event_query(cuda: Cuda) -> Said:
    return cuda.cuEventQuery(cuda.kept["event"])


@scene.row("cuEventSynchronize", "an event of another context")
def event_synchronize(cuda: Cuda) -> Said:
    return cuda.cuEventSynchronize(cuda.kept["event"])


@scene.row("cuEventElapsedTime", "events of two contexts")
def event_elapsed(cuda: Cuda) -> Said:
    event, time = cuda.recorded(), Float()
    cuda.need("cuEventSynchronize", event)
    return cuda.cuEventElapsedTime(time, cuda.kept["event"], event), time


@scene.row("cuStreamWaitEvent", "an event of another context")
def wait(cuda: Cuda) -> Said:
    return cuda.cuStreamWaitEvent(cuda.stream(), cuda.kept["event"], 0)


@scene.row("cuStreamWaitEvent", "a stream of another context")
def wait_there(cuda: Cuda) -> Said:
    return cuda.cuStreamWaitEvent(cuda.kept["stream"], cuda.recorded(), 0)


@scene.row("cuMemsetD8_v2", "memory of another context")
def fill(cuda: Cuda) -> Said:
    return cuda.cuMemsetD8_v2(cuda.kept["memory"], 0, 64)


@scene.row("cuMemcpyHtoD_v2", "memory of another context")
def copy(cuda: Cuda) -> Said:
    return cuda.cuMemcpyHtoD_v2(cuda.kept["memory"], Buffer(), 64)


@scene.row("cuMemcpyHtoDAsync_v2", "a stream of another context")
def copy_there(cuda: Cuda) -> Said:
    return cuda.cuMemcpyHtoDAsync_v2(cuda.memory(), Buffer(), 64, cuda.kept["stream"])


@scene.row("cuMemGetAddressRange_v2", "memory of another context")
def address_range(cuda: Cuda) -> Said:
    base, size = Handle(), Size()
    return cuda.cuMemGetAddressRange_v2(base, size, cuda.kept["memory"]), base, size


@scene.row("cuModuleGetFunction", "a module of another context")
def function(cuda: Cuda) -> Said:
    function = Handle()
    return cuda.cuModuleGetFunction(function, cuda.kept["module"], b"gvb_empty"), function


@scene.row("cuFuncGetAttribute", "a kernel of another context")
def attribute(cuda: Cuda) -> Said:
    value = Int()
    return cuda.cuFuncGetAttribute(value, 0, cuda.kept["kernel"]), value


@scene.row("cuMemAllocAsync", "a stream of another context")
def alloc_there(cuda: Cuda) -> Said:
    address = Handle()
    return cuda.cuMemAllocAsync(address, 4096, cuda.kept["stream"]), address


@scene.row("cuGraphLaunch", "an empty graph, a stream of another context")
def graph_there(cuda: Cuda) -> Said:
    graph = cuda.made("cuGraphCreate", 0)
    exec_graph = cuda.made("cuGraphInstantiateWithFlags", graph, 0)
    return cuda.cuGraphLaunch(exec_graph, cuda.kept["stream"])


@scene.row("cuMemFree_v2", "memory of another context", alone=True)
def free(cuda: Cuda) -> Said:
    return cuda.cuMemFree_v2(cuda.kept["memory"])


@scene.row("cuModuleUnload", "a module of another context", alone=True)
def unload(cuda: Cuda) -> Said:
    return cuda.cuModuleUnload(cuda.kept["module"])


@scene.row("cuStreamDestroy_v2", "a stream of another context", alone=True)
def destroy_stream(cuda: Cuda) -> Said:
    return cuda.cuStreamDestroy_v2(cuda.kept["stream"])


@scene.row("cuEventDestroy_v2", "an event of another context", alone=True)
def destroy_event(cuda: Cuda) -> Said:
    return cuda.cuEventDestroy_v2(cuda.kept["event"])


@scene.row("cuStreamSynchronize", "a stream whose context was destroyed", alone=True)
def gone_stream(cuda: Cuda) -> Said:
    gone(cuda)
    return cuda.cuStreamSynchronize(cuda.kept["stream"])


@scene.row("cuEventQuery", "an event whose context was destroyed", alone=True)
def gone_event(cuda: Cuda) -> Said:
    gone(cuda)
    return cuda.cuEventQuery(cuda.kept["event"])


@scene.row("cuMemFree_v2", "memory whose context was destroyed", alone=True)
def gone_memory(cuda: Cuda) -> Said:
    gone(cuda)
    return cuda.cuMemFree_v2(cuda.kept["memory"])


@scene.row("cuModuleUnload", "a module whose context was destroyed", alone=True)
def gone_module(cuda: Cuda) -> Said:
    gone(cuda)
    return cuda.cuModuleUnload(cuda.kept["module"])


@scene.row("cuLaunchKernel", "a kernel whose context was destroyed", alone=True)
def gone_launch(cuda: Cuda) -> Said:
    gone(cuda)
    return cuda.cuLaunchKernel(cuda.kept["kernel"], 1, 1, 1, 1, 1, 1, 0, None, Parameters(0), None)
