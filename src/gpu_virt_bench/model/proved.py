"""What `prove` says of one system, as plain data."""

from __future__ import annotations

from dataclasses import dataclass

from gpu_virt_bench.model.run import Check


@dataclass(frozen=True)
class ProvedRecord:
    """One system. `doors`: for every driver function the file that serves it, by each way to find it."""

    system: str
    device: str
    emulated: bool
    in_force: bool
    refused: str
    """Why it must not be measured, "" if it may be."""
    open: list[str]
    """What is not as it is claimed, though the system may be measured."""
    granted: dict[str, str]
    checks: list[Check]
    doors: dict[str, dict[str, str]]
    half_doors: str
    own: list[str]
    """Files of the layer."""
