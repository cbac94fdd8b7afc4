"""All scenes of the conformance table."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

from gpu_virt_bench.conform.table import Row, Scene

FAMILIES = (
    "uninitialized",
    "device",
    "no_context",
    "contexts",
    "primary",
    "foreign",
    "memory",
    "host_memory",
    "pointers",
    "copies",
    "pools",
    "reservations",
    "mappings",
    "streams",
    "events",
    "modules",
    "functions",
    "launches",
    "graphs",
    "look_up",
    "faults",
    "sharing",
)
"""Modules of `rows`, in the order in which they are asked: each has one scene of its name."""


def scene(family: str) -> Scene:
    """One scene, with its rows."""
    found: Scene = import_module(f"gpu_virt_bench.conform.rows.{family}").scene
    return found


def scenes() -> Sequence[Scene]:
    """All of them."""
    return [scene(family) for family in FAMILIES]


def rows() -> dict[str, Row]:
    """The whole table, by id."""
    return {row.id: row for one in scenes() for row in one.rows}
