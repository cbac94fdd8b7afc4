"""cuGetProcAddress, by version and flags."""

from __future__ import annotations

from gpu_virt_bench.conform.cells import Handle, Int
from gpu_virt_bench.conform.driver import Cuda
from gpu_virt_bench.conform.table import Said, Scene, initialized

scene = Scene("look_up", initialized, keeps_context=False)


@scene.row("cuGetProcAddress_v2", "cuMemAlloc of CUDA 12.0")
def v2_known(cuda: Cuda) -> Said:
    address, status = Handle(), Int()
    return cuda.cuGetProcAddress_v2(b"cuMemAlloc", address, 12000, 0, status), address, status


@scene.row("cuGetProcAddress_v2", "cuMemAlloc of CUDA 2.0")
def v2_oldest(cuda: Cuda) -> Said:
    address, status = Handle(), Int()
    return cuda.cuGetProcAddress_v2(b"cuMemAlloc", address, 2000, 0, status), address, status


@scene.row("cuGetProcAddress_v2", "cuMemAlloc of CUDA 1.0")
def v2_before(cuda: Cuda) -> Said:
    address, status = Handle(), Int()
    return cuda.cuGetProcAddress_v2(b"cuMemAlloc", address, 1000, 0, status), address, status


@scene.row("cuGetProcAddress_v2", "cuMemAlloc of version 0")
def v2_version_zero(cuda: Cuda) -> Said:
    address, status = Handle(), Int()
    return cuda.cuGetProcAddress_v2(b"cuMemAlloc", address, 0, 0, status), address, status


@scene.row("cuGetProcAddress_v2", "cuMemAlloc of version -1")
def v2_version_negative(cuda: Cuda) -> Said:
    address, status = Handle(), Int()
    return cuda.cuGetProcAddress_v2(b"cuMemAlloc", address, -1, 0, status), address, status


@scene.row("cuGetProcAddress_v2", "cuMemAlloc of CUDA 99.0")
def v2_version_beyond(cuda: Cuda) -> Said:
    address, status = Handle(), Int()
    return cuda.cuGetProcAddress_v2(b"cuMemAlloc", address, 99000, 0, status), address, status


@scene.row("cuGetProcAddress_v2", "cuMemAllocAsync of CUDA 10.0")
def v2_too_old(cuda: Cuda) -> Said:
    address, status = Handle(), Int()
    return cuda.cuGetProcAddress_v2(b"cuMemAllocAsync", address, 10000, 0, status), address, status


@scene.row("cuGetProcAddress_v2", "cuLaunchKernelEx of CUDA 11.0")
def v2_too_old_launch(cuda: Cuda) -> Said:
    address, status = Handle(), Int()
    return cuda.cuGetProcAddress_v2(b"cuLaunchKernelEx", address, 11000, 0, status), address, status


@scene.row("cuGetProcAddress_v2", "a function that there is not")
def v2_unknown(cuda: Cuda) -> Said:
    address, status = Handle(), Int()
    return cuda.cuGetProcAddress_v2(b"cuNobody", address, 12000, 0, status), address, status


@scene.row("cuGetProcAddress_v2", "an empty name")
def v2_empty(cuda: Cuda) -> Said:
    address, status = Handle(), Int()
    return cuda.cuGetProcAddress_v2(b"", address, 12000, 0, status), address, status


@scene.row("cuGetProcAddress_v2", "cuMemAlloc_v2")
def v2_suffix(cuda: Cuda) -> Said:
    address, status = Handle(), Int()
    return cuda.cuGetProcAddress_v2(b"cuMemAlloc_v2", address, 12000, 0, status), address, status


@scene.row("cuGetProcAddress_v2", "cumemalloc")
def v2_case(cuda: Cuda) -> Said:
    address, status = Handle(), Int()
    return cuda.cuGetProcAddress_v2(b"cumemalloc", address, 12000, 0, status), address, status


@scene.row("cuGetProcAddress_v2", "NULL name")
def v2_null(cuda: Cuda) -> Said:
    address, status = Handle(), Int()
    return cuda.cuGetProcAddress_v2(None, address, 12000, 0, status), address, status


@scene.row("cuGetProcAddress_v2", "flag of the legacy stream")
def v2_legacy(cuda: Cuda) -> Said:
    address, status = Handle(), Int()
    return cuda.cuGetProcAddress_v2(b"cuLaunchKernel", address, 12000, 1, status), address, status


@scene.row("cuGetProcAddress_v2", "flag of per-thread streams")
def v2_per_thread(cuda: Cuda) -> Said:
    address, status = Handle(), Int()
    return cuda.cuGetProcAddress_v2(b"cuLaunchKernel", address, 12000, 2, status), address, status


@scene.row("cuGetProcAddress_v2", "both flags")
def v2_both_flags(cuda: Cuda) -> Said:
    address, status = Handle(), Int()
    return cuda.cuGetProcAddress_v2(b"cuLaunchKernel", address, 12000, 3, status), address, status


@scene.row("cuGetProcAddress_v2", "flags 0x100")
def v2_flags_beyond(cuda: Cuda) -> Said:
    address, status = Handle(), Int()
    return cuda.cuGetProcAddress_v2(b"cuLaunchKernel", address, 12000, 0x100, status), address, status


@scene.row("cuGetProcAddress_v2", "cuGetProcAddress of CUDA 11.3")
def v2_itself(cuda: Cuda) -> Said:
    address, status = Handle(), Int()
    return cuda.cuGetProcAddress_v2(b"cuGetProcAddress", address, 11030, 0, status), address, status


@scene.row("cuGetProcAddress", "cuMemAlloc of CUDA 12.0")
def v1_known(cuda: Cuda) -> Said:
    address = Handle()
    return cuda.cuGetProcAddress(b"cuMemAlloc", address, 12000, 0), address


@scene.row("cuGetProcAddress", "cuMemAlloc of CUDA 2.0")
def v1_oldest(cuda: Cuda) -> Said:
    address = Handle()
    return cuda.cuGetProcAddress(b"cuMemAlloc", address, 2000, 0), address


@scene.row("cuGetProcAddress", "cuMemAlloc of CUDA 1.0")
def v1_before(cuda: Cuda) -> Said:
    address = Handle()
    return cuda.cuGetProcAddress(b"cuMemAlloc", address, 1000, 0), address


@scene.row("cuGetProcAddress", "cuMemAlloc of version 0")
def v1_version_zero(cuda: Cuda) -> Said:
    address = Handle()
    return cuda.cuGetProcAddress(b"cuMemAlloc", address, 0, 0), address


@scene.row("cuGetProcAddress", "cuMemAlloc of version -1")
def v1_version_negative(cuda: Cuda) -> Said:
    address = Handle()
    return cuda.cuGetProcAddress(b"cuMemAlloc", address, -1, 0), address


@scene.row("cuGetProcAddress", "cuMemAlloc of CUDA 99.0")
def v1_version_beyond(cuda: Cuda) -> Said:
    address = Handle()
    return cuda.cuGetProcAddress(b"cuMemAlloc", address, 99000, 0), address


@scene.row("cuGetProcAddress", "cuMemAllocAsync of CUDA 10.0")
def v1_too_old(cuda: Cuda) -> Said:
    address = Handle()
    return cuda.cuGetProcAddress(b"cuMemAllocAsync", address, 10000, 0), address


@scene.row("cuGetProcAddress", "cuLaunchKernelEx of CUDA 11.0")
def v1_too_old_launch(cuda: Cuda) -> Said:
    address = Handle()
    return cuda.cuGetProcAddress(b"cuLaunchKernelEx", address, 11000, 0), address


@scene.row("cuGetProcAddress", "a function that there is not")
def v1_unknown(cuda: Cuda) -> Said:
    address = Handle()
    return cuda.cuGetProcAddress(b"cuNobody", address, 12000, 0), address


@scene.row("cuGetProcAddress", "an empty name")
def v1_empty(cuda: Cuda) -> Said:
    address = Handle()
    return cuda.cuGetProcAddress(b"", address, 12000, 0), address


@scene.row("cuGetProcAddress", "cuMemAlloc_v2")
def v1_suffix(cuda: Cuda) -> Said:
    address = Handle()
    return cuda.cuGetProcAddress(b"cuMemAlloc_v2", address, 12000, 0), address


@scene.row("cuGetProcAddress", "cumemalloc")
def v1_case(cuda: Cuda) -> Said:
    address = Handle()
    return cuda.cuGetProcAddress(b"cumemalloc", address, 12000, 0), address


@scene.row("cuGetProcAddress", "NULL name")
def v1_null(cuda: Cuda) -> Said:
    address = Handle()
    return cuda.cuGetProcAddress(None, address, 12000, 0), address


@scene.row("cuGetProcAddress", "flag of the legacy stream")
def v1_legacy(cuda: Cuda) -> Said:
    address = Handle()
    return cuda.cuGetProcAddress(b"cuLaunchKernel", address, 12000, 1), address


@scene.row("cuGetProcAddress", "flag of per-thread streams")
def v1_per_thread(cuda: Cuda) -> Said:
    address = Handle()
    return cuda.cuGetProcAddress(b"cuLaunchKernel", address, 12000, 2), address


@scene.row("cuGetProcAddress", "both flags")
def v1_both_flags(cuda: Cuda) -> Said:
    address = Handle()
    return cuda.cuGetProcAddress(b"cuLaunchKernel", address, 12000, 3), address


@scene.row("cuGetProcAddress", "flags 0x100")
def v1_flags_beyond(cuda: Cuda) -> Said:
    address = Handle()
    return cuda.cuGetProcAddress(b"cuLaunchKernel", address, 12000, 0x100), address


@scene.row("cuGetProcAddress", "cuGetProcAddress of CUDA 11.3")
def v1_itself(cuda: Cuda) -> Said:
    address = Handle()
    return cuda.cuGetProcAddress(b"cuGetProcAddress", address, 11030, 0), address


@scene.row("cuGetProcAddress_v2", "NULL")
def v2_nowhere(cuda: Cuda) -> Said:
    status = Int()
    return cuda.cuGetProcAddress_v2(b"cuMemAlloc", None, 12000, 0, status), status


@scene.row("cuGetProcAddress_v2", "NULL status")
def v2_no_status(cuda: Cuda) -> Said:
    address = Handle()
    return cuda.cuGetProcAddress_v2(b"cuMemAlloc", address, 12000, 0, None), address


@scene.row("cuGetProcAddress_v2", "NULL status, a function that there is not")
def v2_no_status_unknown(cuda: Cuda) -> Said:
    address = Handle()
    return cuda.cuGetProcAddress_v2(b"cuNobody", address, 12000, 0, None), address


@scene.row("cuGetProcAddress", "NULL")
def v1_nowhere(cuda: Cuda) -> Said:
    return cuda.cuGetProcAddress(b"cuMemAlloc", None, 12000, 0)
