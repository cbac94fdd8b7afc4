"""Devices, without a context."""

from __future__ import annotations

from gpu_virt_bench.conform.cells import Buffer, Handle, Int, Size
from gpu_virt_bench.conform.driver import Cuda
from gpu_virt_bench.conform.table import Said, Scene, initialized

scene = Scene("device", initialized, keeps_context=False)


@scene.row("cuDeviceGetCount", "NULL")
def count_nowhere(cuda: Cuda) -> Said:
    return cuda.cuDeviceGetCount(None)


@scene.row("cuDeviceGet", "NULL")
def get_nowhere(cuda: Cuda) -> Said:
    return cuda.cuDeviceGet(None, 0)


@scene.row("cuDeviceGet", "ordinal -1")
def get_negative(cuda: Cuda) -> Said:
    device = Int()
    return cuda.cuDeviceGet(device, -1), device


@scene.row("cuDeviceGet", "ordinal 1000")
def get_beyond(cuda: Cuda) -> Said:
    device = Int()
    return cuda.cuDeviceGet(device, 1000), device


@scene.row("cuDeviceGetName", "NULL")
def name_nowhere(cuda: Cuda) -> Said:
    return cuda.cuDeviceGetName(None, 64, 0)


@scene.row("cuDeviceGetName", "length 0")
def name_no_room(cuda: Cuda) -> Said:
    text = Buffer()
    return cuda.cuDeviceGetName(text, 0, 0), text


@scene.row("cuDeviceGetName", "length 4")
def name_little_room(cuda: Cuda) -> Said:
    text = Buffer()
    return cuda.cuDeviceGetName(text, 4, 0), text


@scene.row("cuDeviceGetName", "device 1000")
def name_beyond(cuda: Cuda) -> Said:
    text = Buffer()
    return cuda.cuDeviceGetName(text, 64, 1000), text


@scene.row("cuDeviceGetUuid_v2", "NULL")
def uuid_nowhere(cuda: Cuda) -> Said:
    return cuda.cuDeviceGetUuid_v2(None, 0)


@scene.row("cuDeviceGetUuid_v2", "device 1000")
def uuid_beyond(cuda: Cuda) -> Said:
    uuid = Buffer()
    return cuda.cuDeviceGetUuid_v2(uuid, 1000), uuid


@scene.row("cuDeviceGetAttribute", "NULL")
def attribute_nowhere(cuda: Cuda) -> Said:
    return cuda.cuDeviceGetAttribute(None, 1, 0)


@scene.row("cuDeviceGetAttribute", "attribute 0")
def attribute_zero(cuda: Cuda) -> Said:
    value = Int()
    return cuda.cuDeviceGetAttribute(value, 0, 0), value


@scene.row("cuDeviceGetAttribute", "attribute -1")
def attribute_negative(cuda: Cuda) -> Said:
    value = Int()
    return cuda.cuDeviceGetAttribute(value, -1, 0), value


@scene.row("cuDeviceGetAttribute", "attribute 100000")
def attribute_beyond(cuda: Cuda) -> Said:
    value = Int()
    return cuda.cuDeviceGetAttribute(value, 100000, 0), value


@scene.row("cuDeviceGetAttribute", "device 1000")
def attribute_device_beyond(cuda: Cuda) -> Said:
    value = Int()
    return cuda.cuDeviceGetAttribute(value, 1, 1000), value


@scene.row("cuDeviceGetAttribute", "MAX_THREADS_PER_BLOCK")
def attribute_threads(cuda: Cuda) -> Said:
    value = Int()
    return cuda.cuDeviceGetAttribute(value, 1, 0), value


@scene.row("cuDeviceGetAttribute", "MAX_BLOCK_DIM_Z")
def attribute_block_z(cuda: Cuda) -> Said:
    value = Int()
    return cuda.cuDeviceGetAttribute(value, 4, 0), value


@scene.row("cuDeviceGetAttribute", "MAX_GRID_DIM_X")
def attribute_grid_x(cuda: Cuda) -> Said:
    value = Int()
    return cuda.cuDeviceGetAttribute(value, 5, 0), value


@scene.row("cuDeviceGetAttribute", "MAX_GRID_DIM_Y")
def attribute_grid_y(cuda: Cuda) -> Said:
    value = Int()
    return cuda.cuDeviceGetAttribute(value, 6, 0), value


@scene.row("cuDeviceGetAttribute", "WARP_SIZE")
def attribute_warp(cuda: Cuda) -> Said:
    value = Int()
    return cuda.cuDeviceGetAttribute(value, 10, 0), value


@scene.row("cuDeviceGetAttribute", "MAX_SHARED_MEMORY_PER_BLOCK")
def attribute_shared(cuda: Cuda) -> Said:
    value = Int()
    return cuda.cuDeviceGetAttribute(value, 8, 0), value


@scene.row("cuDeviceGetPCIBusId", "NULL")
def pci_nowhere(cuda: Cuda) -> Said:
    return cuda.cuDeviceGetPCIBusId(None, 64, 0)


@scene.row("cuDeviceGetPCIBusId", "length 4")
def pci_little_room(cuda: Cuda) -> Said:
    text = Buffer()
    return cuda.cuDeviceGetPCIBusId(text, 4, 0), text


@scene.row("cuDeviceGetByPCIBusId", "NULL text")
def by_pci_nothing(cuda: Cuda) -> Said:
    device = Int()
    return cuda.cuDeviceGetByPCIBusId(device, None), device


@scene.row("cuDeviceGetByPCIBusId", "no bus id")
def by_pci_garbage(cuda: Cuda) -> Said:
    device = Int()
    return cuda.cuDeviceGetByPCIBusId(device, b"somewhere"), device


@scene.row("cuDeviceGetByPCIBusId", "where no device is")
def by_pci_nobody(cuda: Cuda) -> Said:
    device = Int()
    return cuda.cuDeviceGetByPCIBusId(device, b"ffff:ff:1f.0"), device


@scene.row("cuDeviceTotalMem_v2", "NULL")
def total_nowhere(cuda: Cuda) -> Said:
    return cuda.cuDeviceTotalMem_v2(None, 0)


@scene.row("cuDeviceTotalMem_v2", "device 1000")
def total_beyond(cuda: Cuda) -> Said:
    size = Size()
    return cuda.cuDeviceTotalMem_v2(size, 1000), size


@scene.row("cuDeviceComputeCapability", "NULL")
def capability_nowhere(cuda: Cuda) -> Said:
    return cuda.cuDeviceComputeCapability(None, None, 0)


@scene.row("cuDeviceComputeCapability", "device 1000")
def capability_beyond(cuda: Cuda) -> Said:
    major, minor = Int(), Int()
    return cuda.cuDeviceComputeCapability(major, minor, 1000), major, minor


@scene.row("cuDeviceCanAccessPeer", "a device and itself")
def peer_itself(cuda: Cuda) -> Said:
    can = Int()
    return cuda.cuDeviceCanAccessPeer(can, 0, 0), can


@scene.row("cuDeviceCanAccessPeer", "device 1000")
def peer_beyond(cuda: Cuda) -> Said:
    can = Int()
    return cuda.cuDeviceCanAccessPeer(can, 0, 1000), can


@scene.row("cuDeviceCanAccessPeer", "NULL")
def peer_nowhere(cuda: Cuda) -> Said:
    return cuda.cuDeviceCanAccessPeer(None, 0, 0)


@scene.row("cuGetExportTable", "NULL id")
def export_table_nothing(cuda: Cuda) -> Said:
    table = Handle()
    return cuda.cuGetExportTable(table, None), table


@scene.row("cuGetExportTable", "an id that nobody has")
def export_table_unknown(cuda: Cuda) -> Said:
    table = Handle()
    return cuda.cuGetExportTable(table, Buffer()), table


@scene.row("cuDeviceGetP2PAttribute", "device 1000")
def peer_attribute_beyond(cuda: Cuda) -> Said:
    value = Int()
    return cuda.cuDeviceGetP2PAttribute(value, 1, 0, 1000), value
