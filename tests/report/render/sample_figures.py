"""The figures of the sample report, one of each kind."""

from __future__ import annotations

import math

from gpu_virt_bench.report.blocks import Axis, Block, Curves, Heading, HeatMap, Point, Series, Strips

SYSTEMS = ("native", "mps", "hami-core", "time-slicing")
MARKS = ("EMULATED",)


def figures() -> list[Block]:
    """Each kind of figure."""
    asked = [0.1 * at for at in range(1, 11)]
    limit = [
        Series("mps", [Point(share * 0.98, share * 0.94, share * 1.02, share) for share in asked]),
        Series("hami-core", [Point(min(1.0, share * 1.3 + 0.1), x=share) for share in asked]),
    ]
    sizes = [1024.0 * 4**at for at in range(11)]
    bandwidth = [
        Series(name, [Point(5.4e10 * size / (size + 2e5 * (1 + place)), x=size) for size in sizes])
        for place, name in enumerate(SYSTEMS)
    ]
    tail = [
        Series(
            name,
            [Point((at + 1) / 2000, x=1e-6 * (3 + place + 40 * (at / 2000) ** (18 - 4 * place))) for at in range(2000)],
        )
        for place, name in enumerate(SYSTEMS)
    ]
    return [
        Heading("Figures", id="figures"),
        Curves(
            "Compute limit: asked against got",
            Axis("asked, %", 100),
            Axis("got, %", 100),
            limit,
            diagonal=True,
            marks=["EMULATED", "DERIVED"],
        ),
        Curves("Bandwidth over size", Axis("size, KiB", 1 / 1024, log=True), Axis("bandwidth, GB/s", 1e-9), bandwidth),
        Curves(
            "Launch latency: share of calls that are no slower",
            Axis("us", 1e6, log=True),
            Axis("share of calls, %", 100),
            tail,
            steps=True,
            marks=MARKS,
        ),
        noisy(),
        Strips(
            "Kernel launch latency, all samples",
            Axis("us", 1e6),
            [
                (name, [1e-6 * (3 + place + 0.4 * math.sin(3.1 * at) + 0.002 * at) for at in range(400)])
                for place, name in enumerate(SYSTEMS)
            ],
            MARKS,
        ),
    ]


def noisy() -> HeatMap:
    """Who disturbs whom."""
    kinds = ("idle", "compute", "dram", "l2", "pcie", "alloc")
    matrix: list[list[Point | None]] = []
    for row, _ in enumerate(kinds):
        values = [0.02 + 0.31 * ((row * 5 + at * 3) % 7) / 6 * (at > 0) for at in range(len(kinds))]
        matrix.append([Point(value, text=f"+{100 * value:.0f} %") for value in values])
    matrix[2][4] = None
    return HeatMap(
        "Slowdown of a victim by its neighbor: hami-core", "victim", "neighbor", kinds, kinds, matrix, 0.0, 0.35, MARKS
    )
