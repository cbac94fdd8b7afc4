"""Modules."""

from __future__ import annotations

import ctypes

from gpu_virt_bench.conform.cells import Filled, Handle, Int, Size
from gpu_virt_bench.conform.driver import Cuda, Parameters, ptx
from gpu_virt_bench.conform.table import Said, Scene, in_context

scene = Scene("modules", in_context)


def changed(before: bytes, after: bytes) -> bytes:
    """The text of a module with other words in it."""
    return ptx("empty").replace(before, after)


@scene.row("cuModuleLoadData", "PTX")
def load(cuda: Cuda) -> Said:
    module = Handle()
    return cuda.cuModuleLoadData(module, ptx("empty")), module


@scene.row("cuModuleLoadData", "NULL image")
def load_nothing(cuda: Cuda) -> Said:
    module = Handle()
    return cuda.cuModuleLoadData(module, None), module


@scene.row("cuModuleLoadData", "NULL")
def load_nowhere(cuda: Cuda) -> Said:
    return cuda.cuModuleLoadData(None, ptx("empty"))


@scene.row("cuModuleLoadData", "text that is no PTX")
def load_garbage(cuda: Cuda) -> Said:
    module = Handle()
    return cuda.cuModuleLoadData(module, b"this is no image" * 8), module


@scene.row("cuModuleLoadData", "text without a letter")
def load_empty(cuda: Cuda) -> Said:
    module = Handle()
    return cuda.cuModuleLoadData(module, bytes(64)), module


@scene.row("cuModuleLoadData", "an ELF file without content")
def load_elf(cuda: Cuda) -> Said:
    module = Handle()
    return cuda.cuModuleLoadData(module, b"\x7fELF" + bytes(252)), module


@scene.row("cuModuleLoadData", "PTX without a target")
def load_no_target(cuda: Cuda) -> Said:
    module = Handle()
    return cuda.cuModuleLoadData(module, b".version 7.7\n"), module


@scene.row("cuModuleLoadData", "PTX of version 99.0")
def load_too_new(cuda: Cuda) -> Said:
    module = Handle()
    return cuda.cuModuleLoadData(module, changed(b".version 7.7", b".version 99.0")), module


@scene.row("cuModuleLoadData", "PTX for sm_999")
def load_other_device(cuda: Cuda) -> Said:
    module = Handle()
    return cuda.cuModuleLoadData(module, changed(b"sm_70", b"sm_999")), module


@scene.row("cuModuleLoadData", "PTX with an instruction that there is not")
def load_wrong(cuda: Cuda) -> Said:
    module = Handle()
    return cuda.cuModuleLoadData(module, changed(b"ret;", b"come.back;")), module


@scene.row("cuModuleLoadData", "PTX without a kernel")
def load_no_kernel(cuda: Cuda) -> Said:
    module = Handle()
    return cuda.cuModuleLoadData(module, b".version 7.7\n.target sm_70\n.address_size 64\n"), module


@scene.row("cuModuleLoadDataEx", "no options")
def load_no_options(cuda: Cuda) -> Said:
    module = Handle()
    return cuda.cuModuleLoadDataEx(module, ptx("empty"), 0, None, None), module


@scene.row("cuModuleLoadDataEx", "one option, NULL")
def load_null_options(cuda: Cuda) -> Said:
    module = Handle()
    return cuda.cuModuleLoadDataEx(module, ptx("empty"), 1, None, None), module


@scene.row("cuModuleLoadDataEx", "option 1000")
def load_unknown_option(cuda: Cuda) -> Said:
    module, option = Handle(), ctypes.c_int(1000)
    value = ctypes.c_void_p(0)
    return cuda.cuModuleLoadDataEx(module, ptx("empty"), 1, ctypes.byref(option), ctypes.byref(value)), module


@scene.row("cuModuleLoad", "a file that is not there")
def load_missing_file(cuda: Cuda) -> Said:
    module = Handle()
    return cuda.cuModuleLoad(module, b"/nowhere/at-all.ptx"), module


@scene.row("cuModuleLoad", "a directory")
def load_directory(cuda: Cuda) -> Said:
    module = Handle()
    return cuda.cuModuleLoad(module, b"/"), module


@scene.row("cuModuleLoad", "NULL path")
def load_null_file(cuda: Cuda) -> Said:
    module = Handle()
    return cuda.cuModuleLoad(module, None), module


@scene.row("cuModuleLoadFatBinary", "64 zero bytes")
def fat_binary_garbage(cuda: Cuda) -> Said:
    module = Handle()
    return cuda.cuModuleLoadFatBinary(module, bytes(64)), module


@scene.row("cuModuleGetFunction", "a kernel that it does not have")
def function_unknown(cuda: Cuda) -> Said:
    function = Handle()
    return cuda.cuModuleGetFunction(function, cuda.module(), b"nobody"), function


@scene.row("cuModuleGetFunction", "an empty name")
def function_empty_name(cuda: Cuda) -> Said:
    function = Handle()
    return cuda.cuModuleGetFunction(function, cuda.module(), b""), function


@scene.row("cuModuleGetFunction", "NULL name")
def function_null_name(cuda: Cuda) -> Said:
    function = Handle()
    return cuda.cuModuleGetFunction(function, cuda.module(), None), function


@scene.row("cuModuleGetFunction", "NULL module")
def function_no_module(cuda: Cuda) -> Said:
    function = Handle()
    return cuda.cuModuleGetFunction(function, None, b"gvb_empty"), function


@scene.row("cuModuleGetFunction", "NULL")
def function_nowhere(cuda: Cuda) -> Said:
    return cuda.cuModuleGetFunction(None, cuda.module(), b"gvb_empty")


@scene.row("cuModuleGetFunction", "a second time: the same?")
def function_twice(cuda: Cuda) -> Said:
    module, function = cuda.module(), Handle()
    first = cuda.made("cuModuleGetFunction", module, b"gvb_empty")
    code = cuda.cuModuleGetFunction(function, module, b"gvb_empty")
    return code, function, "the same" if function.value == first else "another"


@scene.row("cuModuleGetGlobal_v2", "a variable that it does not have")
def global_unknown(cuda: Cuda) -> Said:
    address, size = Handle(), Size()
    return cuda.cuModuleGetGlobal_v2(address, size, cuda.module(), b"nobody"), address, size


@scene.row("cuModuleGetGlobal_v2", "NULL name")
def global_null_name(cuda: Cuda) -> Said:
    address, size = Handle(), Size()
    return cuda.cuModuleGetGlobal_v2(address, size, cuda.module(), None), address, size


@scene.row("cuModuleUnload", "NULL")
def unload_nothing(cuda: Cuda) -> Said:
    return cuda.cuModuleUnload(None)


@scene.row("cuModuleUnload", "one that was unloaded")
def unload_twice(cuda: Cuda) -> Said:
    module = cuda.module()
    cuda.need("cuModuleUnload", module)
    return cuda.cuModuleUnload(module)


@scene.row("cuModuleGetFunction", "a module that was unloaded")
def function_unloaded(cuda: Cuda) -> Said:
    module, function = cuda.module(), Handle()
    cuda.need("cuModuleUnload", module)
    return cuda.cuModuleGetFunction(function, module, b"gvb_empty"), function


@scene.row("cuLaunchKernel", "a kernel that was unloaded")
def launch_unloaded(cuda: Cuda) -> Said:
    module = cuda.module()
    kernel = cuda.made("cuModuleGetFunction", module, b"gvb_empty")
    cuda.need("cuModuleUnload", module)
    return cuda.cuLaunchKernel(kernel, 1, 1, 1, 1, 1, 1, 0, None, Parameters(0), None)


@scene.row("cuLibraryLoadData", "NULL code")
def library_nothing(cuda: Cuda) -> Said:
    library = Handle()
    return cuda.cuLibraryLoadData(library, None, None, None, 0, None, None, 0), library


@scene.row("cuLibraryLoadData", "PTX")
def library(cuda: Cuda) -> Said:
    library = Handle()
    return cuda.cuLibraryLoadData(library, ptx("empty"), None, None, 0, None, None, 0), library


@scene.row("cuLinkCreate_v2", "no options")
def link(cuda: Cuda) -> Said:
    state = Handle()
    return cuda.cuLinkCreate_v2(0, None, None, state), state


@scene.row("cuModuleGetLoadingMode", "asked")
def loading_mode(cuda: Cuda) -> Said:
    mode = Filled()
    return cuda.cuModuleGetLoadingMode(mode), mode


@scene.row("cuModuleGetFunctionCount", "of a module with one")
def function_count(cuda: Cuda) -> Said:
    count = Int()
    return cuda.cuModuleGetFunctionCount(count, cuda.module()), count
