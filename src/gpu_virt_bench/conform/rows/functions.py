"""What the driver says of kernels."""

from __future__ import annotations

from gpu_virt_bench.conform.cells import Filled, Handle, Int, Text
from gpu_virt_bench.conform.driver import Cuda
from gpu_virt_bench.conform.table import Said, Scene, in_context

scene = Scene("functions", in_context)


@scene.row("cuFuncGetAttribute", "most threads of a block")
def threads(cuda: Cuda) -> Said:
    value = Int()
    return cuda.cuFuncGetAttribute(value, 0, cuda.kernel()), value


@scene.row("cuFuncGetAttribute", "its own shared memory")
def shared(cuda: Cuda) -> Said:
    value = Int()
    return cuda.cuFuncGetAttribute(value, 1, cuda.kernel()), value


@scene.row("cuFuncGetAttribute", "its local memory")
def local(cuda: Cuda) -> Said:
    value = Int()
    return cuda.cuFuncGetAttribute(value, 3, cuda.kernel()), value


@scene.row("cuFuncGetAttribute", "most dynamic shared memory")
def dynamic(cuda: Cuda) -> Said:
    value = Int()
    return cuda.cuFuncGetAttribute(value, 8, cuda.kernel()), value


@scene.row("cuFuncGetAttribute", "preferred carveout of shared memory")
def carveout(cuda: Cuda) -> Said:
    value = Int()
    return cuda.cuFuncGetAttribute(value, 9, cuda.kernel()), value


@scene.row("cuFuncGetAttribute", "version of its PTX")
def ptx_version(cuda: Cuda) -> Said:
    value = Int()
    return cuda.cuFuncGetAttribute(value, 5, cuda.kernel()), value


@scene.row("cuFuncGetAttribute", "registers")
def registers(cuda: Cuda) -> Said:
    value = Filled()
    return cuda.cuFuncGetAttribute(value, 4, cuda.kernel()), value


@scene.row("cuFuncGetAttribute", "attribute 1000")
def attribute_beyond(cuda: Cuda) -> Said:
    value = Int()
    return cuda.cuFuncGetAttribute(value, 1000, cuda.kernel()), value


@scene.row("cuFuncGetAttribute", "attribute -1")
def attribute_negative(cuda: Cuda) -> Said:
    value = Int()
    return cuda.cuFuncGetAttribute(value, -1, cuda.kernel()), value


@scene.row("cuFuncGetAttribute", "NULL")
def attribute_nowhere(cuda: Cuda) -> Said:
    return cuda.cuFuncGetAttribute(None, 0, cuda.kernel())


@scene.row("cuFuncGetAttribute", "NULL function")
def attribute_nothing(cuda: Cuda) -> Said:
    value = Int()
    return cuda.cuFuncGetAttribute(value, 0, None), value


@scene.row("cuFuncSetAttribute", "most threads, which is told")
def set_told(cuda: Cuda) -> Said:
    return cuda.cuFuncSetAttribute(cuda.kernel(), 0, 512)


@scene.row("cuFuncSetAttribute", "64 KiB of dynamic shared memory, then asked")
def set_dynamic(cuda: Cuda) -> Said:
    kernel, value = cuda.kernel(), Int()
    cuda.need("cuFuncSetAttribute", kernel, 8, 65536)
    return cuda.cuFuncGetAttribute(value, 8, kernel), value


@scene.row("cuFuncSetAttribute", "1 MiB of dynamic shared memory")
def set_dynamic_too_much(cuda: Cuda) -> Said:
    return cuda.cuFuncSetAttribute(cuda.kernel(), 8, 1 << 20)


@scene.row("cuFuncSetAttribute", "-1 bytes of dynamic shared memory")
def set_dynamic_negative(cuda: Cuda) -> Said:
    return cuda.cuFuncSetAttribute(cuda.kernel(), 8, -1)


@scene.row("cuFuncSetAttribute", "attribute 1000")
def set_beyond(cuda: Cuda) -> Said:
    return cuda.cuFuncSetAttribute(cuda.kernel(), 1000, 1)


@scene.row("cuFuncSetAttribute", "NULL function")
def set_nothing(cuda: Cuda) -> Said:
    return cuda.cuFuncSetAttribute(None, 8, 1024)


@scene.row("cuFuncSetAttribute", "carveout of 200 %")
def set_carveout(cuda: Cuda) -> Said:
    return cuda.cuFuncSetAttribute(cuda.kernel(), 9, 200)


@scene.row("cuFuncGetName", "of a kernel")
def name(cuda: Cuda) -> Said:
    text = Text()
    return cuda.cuFuncGetName(text, cuda.kernel()), text


@scene.row("cuFuncGetName", "NULL")
def name_nowhere(cuda: Cuda) -> Said:
    return cuda.cuFuncGetName(None, cuda.kernel())


@scene.row("cuFuncGetName", "NULL function")
def name_nothing(cuda: Cuda) -> Said:
    text = Text()
    return cuda.cuFuncGetName(text, None), text


@scene.row("cuFuncGetModule", "the one that it was found in?")
def module(cuda: Cuda) -> Said:
    owner, module = Handle(), cuda.module()
    kernel = cuda.made("cuModuleGetFunction", module, b"gvb_empty")
    code = cuda.cuFuncGetModule(owner, kernel)
    return code, owner, "the same" if owner.value == module else "another"


@scene.row("cuFuncGetModule", "NULL")
def module_nowhere(cuda: Cuda) -> Said:
    return cuda.cuFuncGetModule(None, cuda.kernel())


@scene.row("cuFuncGetModule", "NULL function")
def module_nothing(cuda: Cuda) -> Said:
    owner = Handle()
    return cuda.cuFuncGetModule(owner, None), owner


@scene.row("cuOccupancyMaxActiveBlocksPerMultiprocessor", "blocks of 1024")
def blocks(cuda: Cuda) -> Said:
    blocks = Int()
    return cuda.cuOccupancyMaxActiveBlocksPerMultiprocessor(blocks, cuda.kernel(), 1024, 0), blocks


@scene.row("cuOccupancyMaxActiveBlocksPerMultiprocessor", "blocks of 0")
def blocks_of_none(cuda: Cuda) -> Said:
    blocks = Int()
    return cuda.cuOccupancyMaxActiveBlocksPerMultiprocessor(blocks, cuda.kernel(), 0, 0), blocks


@scene.row("cuOccupancyMaxActiveBlocksPerMultiprocessor", "blocks of -1")
def blocks_negative(cuda: Cuda) -> Said:
    blocks = Int()
    return cuda.cuOccupancyMaxActiveBlocksPerMultiprocessor(blocks, cuda.kernel(), -1, 0), blocks


@scene.row("cuOccupancyMaxActiveBlocksPerMultiprocessor", "blocks of 1025")
def blocks_too_large(cuda: Cuda) -> Said:
    blocks = Int()
    return cuda.cuOccupancyMaxActiveBlocksPerMultiprocessor(blocks, cuda.kernel(), 1025, 0), blocks


@scene.row("cuOccupancyMaxActiveBlocksPerMultiprocessor", "48 KiB of shared memory each")
def blocks_shared(cuda: Cuda) -> Said:
    blocks = Filled()
    return cuda.cuOccupancyMaxActiveBlocksPerMultiprocessor(blocks, cuda.kernel(), 32, 49152), blocks


@scene.row("cuOccupancyMaxActiveBlocksPerMultiprocessor", "1 MiB of shared memory each")
def blocks_shared_too_much(cuda: Cuda) -> Said:
    blocks = Int()
    return cuda.cuOccupancyMaxActiveBlocksPerMultiprocessor(blocks, cuda.kernel(), 32, 1 << 20), blocks


@scene.row("cuOccupancyMaxActiveBlocksPerMultiprocessor", "NULL")
def blocks_nowhere(cuda: Cuda) -> Said:
    return cuda.cuOccupancyMaxActiveBlocksPerMultiprocessor(None, cuda.kernel(), 32, 0)


@scene.row("cuOccupancyMaxActiveBlocksPerMultiprocessor", "NULL function")
def blocks_nothing(cuda: Cuda) -> Said:
    blocks = Int()
    return cuda.cuOccupancyMaxActiveBlocksPerMultiprocessor(blocks, None, 32, 0), blocks


@scene.row("cuFuncSetCacheConfig", "prefer shared memory")
def cache(cuda: Cuda) -> Said:
    return cuda.cuFuncSetCacheConfig(cuda.kernel(), 1)
