"""The machine around the device, from /proc and /sys."""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from gpu_virt_bench.model.run import Host, Library


def read(path: str, default: str = "") -> str:
    """A small text file, the default where it does not exist."""
    try:
        return Path(path).read_text(errors="replace").strip()
    except OSError:
        return default


def cpu_name() -> str:
    """The processor's name."""
    lines = [line for line in read("/proc/cpuinfo").splitlines() if line.startswith(("model name", "Model"))]
    return lines[0].partition(":")[2].strip() if lines else platform.processor() or platform.machine()


def hypervisor() -> str | None:
    """What this machine runs under, None on bare metal; "unknown" where only the CPU's hypervisor bit says so."""
    flags = next((line for line in read("/proc/cpuinfo").splitlines() if line.startswith("flags")), "")
    if " hypervisor" not in flags:
        return None
    product, vendor = read("/sys/class/dmi/id/product_name"), read("/sys/class/dmi/id/sys_vendor")
    return read("/sys/hypervisor/type") or " ".join(filter(None, (vendor, product))) or "unknown"


def distribution() -> str:
    """PRETTY_NAME of os-release."""
    for line in read("/etc/os-release").splitlines():
        if line.startswith("PRETTY_NAME="):
            return line.partition("=")[2].strip('"')
    return ""


def host() -> Host:
    """The host's record."""
    return Host(
        cpu=cpu_name(),
        cpu_count=os.cpu_count() or 1,
        allowed_cpus=sorted(os.sched_getaffinity(0)),
        memory_bytes=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        kernel=platform.release(),
        distribution=distribution(),
        hypervisor=hypervisor(),
        python=platform.python_version(),
        boot_id=read("/proc/sys/kernel/random/boot_id"),
        container=Path("/.dockerenv").exists() or "container=" in read("/proc/1/environ"),
    )


def numa_node(pci_bus: str) -> int | None:
    """The device's NUMA node, None where the machine has none."""
    node = read(f"/sys/bus/pci/devices/{pci_bus}/numa_node", "-1")
    return int(node) if node.lstrip("-").isdigit() and int(node) >= 0 else None


def node_cpus(node: int | None) -> set[int]:
    """Processors of a NUMA node that this process may use; all that it may use where the node is unknown."""
    allowed = os.sched_getaffinity(0)
    if node is None:
        return allowed
    listed = read(f"/sys/devices/system/node/node{node}/cpulist")
    cpus: set[int] = set()
    for part in filter(None, listed.split(",")):
        first, _, last = part.partition("-")
        cpus |= set(range(int(first), int(last or first) + 1))
    return cpus & allowed or allowed


def share_cpus(available: Sequence[int], tenants: int, each: int = 2) -> list[tuple[int, ...]] | None:
    """Processors of each tenant, one pair left to the harness; None if there are too few."""
    ordered = sorted(available)
    if len(ordered) < each * (tenants + 1):
        return None
    return [tuple(ordered[each * (i + 1) : each * (i + 2)]) for i in range(tenants)]


def cpus_of(node: int | None, index: int, of: int) -> tuple[int, ...]:
    """Processors of one of `of` tenants on a NUMA node; none where there are too few to part."""
    shares = share_cpus(sorted(node_cpus(node)), of)
    return () if shares is None else shares[index]


@cache
def library(path: str) -> Library:
    """A file that took part, with its hash."""
    digest, size = hashlib.sha256(), 0
    with Path(path).open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
            size += len(block)
    return Library(path, size, digest.hexdigest())
