"""Asks the rows of a scene, from one on, in this process; says each on a descriptor before and after it is asked."""

from __future__ import annotations

import json
import os
import resource
import sys
from collections.abc import Sequence

from gpu_virt_bench.conform.driver import Cuda, Unprepared
from gpu_virt_bench.conform.scenes import scene
from gpu_virt_bench.conform.table import Row, Scene

PROBE = "cuMemAlloc_v2"
"""The file that serves it says whom this process asks."""


def main(name: str, first: str, descriptor: int) -> None:
    """The whole process."""
    os.sched_setaffinity(0, range(os.cpu_count() or 1))  # who started it may be kept on one processor
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # crashes are answers
    found = scene(name)
    rows = found.rows
    ask(found, rows[[row.id for row in rows].index(first) :], descriptor)


def ask(scene: Scene, rows: Sequence[Row], descriptor: int) -> None:
    """Row after row, while the process stays fit for the next one."""

    def tell(**message: str) -> None:
        os.write(descriptor, json.dumps(message).encode() + b"\n")

    cuda = Cuda()
    tell(served_by=cuda.served_by(PROBE))
    try:
        scene.prepare(cuda)
    except Unprepared as error:
        return tell(unprepared=str(error))
    for row, after in zip(rows, [*rows[1:], None], strict=True):
        tell(begins=row.id)
        answer = row.answered(cuda)
        tell(row=row.id, result=answer.result, wrote=answer.wrote)
        if row.alone or (after is not None and after.alone) or not scene.is_well(cuda):
            return None
    return None


main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
