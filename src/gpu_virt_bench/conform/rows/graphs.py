"""Graphs."""

from __future__ import annotations

import ctypes

from gpu_virt_bench.conform.cells import Buffer, Handle, Size
from gpu_virt_bench.conform.driver import Cuda, Parameters
from gpu_virt_bench.conform.structs import KernelNode
from gpu_virt_bench.conform.table import Said, Scene, in_context

scene = Scene("graphs", in_context)

ARGUMENTS = Parameters(0)


def empty(cuda: Cuda) -> int:
    """A graph without nodes."""
    return cuda.made("cuGraphCreate", 0)


def work(cuda: Cuda, **changes: int) -> KernelNode:
    """What a node does: one thread of an empty kernel, with changes."""
    shape = {f"{of}_{axis}": 1 for of in ("grid", "block") for axis in "xyz"}
    return KernelNode(**{"function": cuda.kernel(), **shape, "parameters": ARGUMENTS.address, **changes})


def node(cuda: Cuda, graph: int) -> int:
    """A node of a graph."""
    return cuda.made("cuGraphAddKernelNode_v2", graph, None, 0, work(cuda))


def nodes(*found: int) -> ctypes.Array[ctypes.c_void_p]:
    """Nodes as C takes them."""
    return (ctypes.c_void_p * len(found))(*found)


def executable(cuda: Cuda) -> int:
    """An empty graph, ready to be launched."""
    return cuda.made("cuGraphInstantiateWithFlags", empty(cuda), 0)


@scene.row("cuGraphCreate", "NULL")
def create_nowhere(cuda: Cuda) -> Said:
    return cuda.cuGraphCreate(None, 0)


@scene.row("cuGraphCreate", "flags 1")
def create_flags(cuda: Cuda) -> Said:
    graph = Handle()
    return cuda.cuGraphCreate(graph, 1), graph


@scene.row("cuGraphDestroy", "NULL")
def destroy_nothing(cuda: Cuda) -> Said:
    return cuda.cuGraphDestroy(None)


@scene.row("cuGraphDestroy", "one that was destroyed")
def destroy_twice(cuda: Cuda) -> Said:
    graph = empty(cuda)
    cuda.need("cuGraphDestroy", graph)
    return cuda.cuGraphDestroy(graph)


@scene.row("cuGraphAddKernelNode_v2", "a kernel")
def add(cuda: Cuda) -> Said:
    made = Handle()
    return cuda.cuGraphAddKernelNode_v2(made, empty(cuda), None, 0, work(cuda)), made


@scene.row("cuGraphAddKernelNode_v2", "NULL")
def add_nowhere(cuda: Cuda) -> Said:
    return cuda.cuGraphAddKernelNode_v2(None, empty(cuda), None, 0, work(cuda))


@scene.row("cuGraphAddKernelNode_v2", "NULL graph")
def add_no_graph(cuda: Cuda) -> Said:
    made = Handle()
    return cuda.cuGraphAddKernelNode_v2(made, None, None, 0, work(cuda)), made


@scene.row("cuGraphAddKernelNode_v2", "NULL parameters")
def add_nothing(cuda: Cuda) -> Said:
    made = Handle()
    return cuda.cuGraphAddKernelNode_v2(made, empty(cuda), None, 0, None), made


@scene.row("cuGraphAddKernelNode_v2", "NULL function")
def add_no_function(cuda: Cuda) -> Said:
    made = Handle()
    return cuda.cuGraphAddKernelNode_v2(made, empty(cuda), None, 0, work(cuda, function=0)), made


@scene.row("cuGraphAddKernelNode_v2", "NULL arguments of a kernel that has one")
def add_no_arguments(cuda: Cuda) -> Said:
    made = Handle()
    return cuda.cuGraphAddKernelNode_v2(made, empty(cuda), None, 0, work(cuda, parameters=0)), made


@scene.row("cuGraphAddKernelNode_v2", "grid x 0")
def add_grid_zero(cuda: Cuda) -> Said:
    made = Handle()
    return cuda.cuGraphAddKernelNode_v2(made, empty(cuda), None, 0, work(cuda, grid_x=0)), made


@scene.row("cuGraphAddKernelNode_v2", "block x 1025")
def add_block_beyond(cuda: Cuda) -> Said:
    made = Handle()
    return cuda.cuGraphAddKernelNode_v2(made, empty(cuda), None, 0, work(cuda, block_x=1025)), made


@scene.row("cuGraphAddKernelNode_v2", "1 MiB of dynamic shared memory")
def add_shared(cuda: Cuda) -> Said:
    made = Handle()
    return cuda.cuGraphAddKernelNode_v2(made, empty(cuda), None, 0, work(cuda, shared=1 << 20)), made


@scene.row("cuGraphAddKernelNode_v2", "after one node, NULL")
def add_after_null(cuda: Cuda) -> Said:
    made = Handle()
    return cuda.cuGraphAddKernelNode_v2(made, empty(cuda), None, 1, work(cuda)), made


@scene.row("cuGraphAddKernelNode_v2", "after a node of another graph")
def add_after_foreign(cuda: Cuda) -> Said:
    made, foreign = Handle(), nodes(node(cuda, empty(cuda)))
    return cuda.cuGraphAddKernelNode_v2(made, empty(cuda), foreign, 1, work(cuda)), made


@scene.row("cuGraphAddKernelNode_v2", "after the same node twice")
def add_after_twice(cuda: Cuda) -> Said:
    graph, made = empty(cuda), Handle()
    first = node(cuda, graph)
    return cuda.cuGraphAddKernelNode_v2(made, graph, nodes(first, first), 2, work(cuda)), made


@scene.row("cuGraphGetNodes", "of an empty graph")
def nodes_of_none(cuda: Cuda) -> Said:
    count = Size()
    return cuda.cuGraphGetNodes(empty(cuda), None, count), count


@scene.row("cuGraphGetNodes", "NULL for both")
def nodes_nowhere(cuda: Cuda) -> Said:
    return cuda.cuGraphGetNodes(empty(cuda), None, None)


@scene.row("cuGraphGetNodes", "NULL graph")
def nodes_no_graph(cuda: Cuda) -> Said:
    count = Size()
    return cuda.cuGraphGetNodes(None, None, count), count


@scene.row("cuGraphInstantiateWithFlags", "an empty graph")
def instantiate_empty(cuda: Cuda) -> Said:
    made = Handle()
    return cuda.cuGraphInstantiateWithFlags(made, empty(cuda), 0), made


@scene.row("cuGraphInstantiateWithFlags", "NULL graph")
def instantiate_nothing(cuda: Cuda) -> Said:
    made = Handle()
    return cuda.cuGraphInstantiateWithFlags(made, None, 0), made


@scene.row("cuGraphInstantiateWithFlags", "NULL")
def instantiate_nowhere(cuda: Cuda) -> Said:
    return cuda.cuGraphInstantiateWithFlags(None, empty(cuda), 0)


@scene.row("cuGraphInstantiateWithFlags", "flags 0x100")
def instantiate_flags(cuda: Cuda) -> Said:
    made = Handle()
    return cuda.cuGraphInstantiateWithFlags(made, empty(cuda), 0x100), made


@scene.row("cuGraphInstantiate_v2", "an empty graph")
def instantiate_v2(cuda: Cuda) -> Said:
    made, failed = Handle(), Handle()
    return cuda.cuGraphInstantiate_v2(made, empty(cuda), failed, None, 0), made, failed


@scene.row("cuGraphLaunch", "an empty graph")
def launch_empty(cuda: Cuda) -> Said:
    return cuda.cuGraphLaunch(executable(cuda), None)


@scene.row("cuGraphLaunch", "NULL")
def launch_nothing(cuda: Cuda) -> Said:
    return cuda.cuGraphLaunch(None, None)


@scene.row("cuGraphLaunch", "one that was destroyed")
def launch_lost(cuda: Cuda) -> Said:
    made = executable(cuda)
    cuda.need("cuGraphExecDestroy", made)
    return cuda.cuGraphLaunch(made, None)


@scene.row("cuGraphLaunch", "after its graph was destroyed")
def launch_template_gone(cuda: Cuda) -> Said:
    graph = empty(cuda)
    node(cuda, graph)
    made = cuda.made("cuGraphInstantiateWithFlags", graph, 0)
    cuda.need("cuGraphDestroy", graph)
    return cuda.cuGraphLaunch(made, None)


@scene.row("cuGraphUpload", "NULL")
def upload_nothing(cuda: Cuda) -> Said:
    return cuda.cuGraphUpload(None, None)


@scene.row("cuGraphExecDestroy", "NULL")
def exec_destroy_nothing(cuda: Cuda) -> Said:
    return cuda.cuGraphExecDestroy(None)


@scene.row("cuGraphExecDestroy", "one that was destroyed")
def exec_destroy_twice(cuda: Cuda) -> Said:
    made = executable(cuda)
    cuda.need("cuGraphExecDestroy", made)
    return cuda.cuGraphExecDestroy(made)


@scene.row("cuGraphAddDependencies", "of a node on itself")
def cycle(cuda: Cuda) -> Said:
    graph = empty(cuda)
    first = nodes(node(cuda, graph))
    return cuda.cuGraphAddDependencies(graph, first, first, 1)


@scene.row("cuGraphAddEmptyNode", "an empty node")
def empty_node(cuda: Cuda) -> Said:
    made = Handle()
    return cuda.cuGraphAddEmptyNode(made, empty(cuda), None, 0), made


@scene.row("cuGraphClone", "an empty graph")
def clone(cuda: Cuda) -> Said:
    made = Handle()
    return cuda.cuGraphClone(made, empty(cuda)), made


@scene.row("cuGraphExecUpdate_v2", "NULL graph")
def update_nothing(cuda: Cuda) -> Said:
    told = Buffer()
    return cuda.cuGraphExecUpdate_v2(executable(cuda), None, told), told


@scene.row("cuGraphExecUpdate_v2", "a graph with one node more")
def update_changed(cuda: Cuda) -> Said:
    graph, told = empty(cuda), Buffer()
    node(cuda, graph)
    return cuda.cuGraphExecUpdate_v2(executable(cuda), graph, told), told
