"""Documents that every renderer is tried with."""

import math

from gpu_virt_bench.report.blocks import (
    Axis,
    Block,
    Box,
    Bullets,
    Cell,
    Code,
    Column,
    Curves,
    Document,
    Figure,
    Fold,
    Heading,
    HeatMap,
    Intervals,
    Point,
    Remark,
    Row,
    Sentence,
    Series,
    Strips,
    Table,
)

HOSTILE = (
    "a|b <script>alert(1)</script> \x1b[31m\x07 \\ % $x$ _ & # {} ~ ^ `c` ``` \\end{document} @me\r\n::y ±ü↓猫\u202e"
)
"""What means something to some format, or to a terminal."""

TABLE = Table(
    [Column("outcome"), Column("value", "s", numeric=True), Column("verdict")],
    [
        Row(
            [
                Cell("OH-001 Launch"),
                Cell("2.000 us", 2.0000000000000003e-06, below=["1.9 .. 2.1"]),
                Cell("worse", tone="bad"),
            ],
            "oh-001",
            [Sentence("How long a launch takes."), Code("gpu-virt-bench run --metric OH-001")],
        ),
        Row([Cell("OH-002 Switch"), Cell("-"), Cell("skipped", tone="muted", below=["needs 2 GPUs"])]),
    ],
    "Overhead",
)


def matrix(systems: int) -> Table:
    """A table with a column for each system."""
    columns = [Column("outcome"), Column("native", numeric=True), *(Column(f"system-{i}") for i in range(systems))]
    cells = [Cell("OH-001 Kernel launch latency"), Cell("2.000 us")]
    cells += [Cell("worse", tone="bad", below=["+200.0 ±3.5 %"])] * systems
    return Table(columns, [Row(cells)], "Matrix", splits_after=2)


INTERVALS = Intervals(
    "Launch",
    Axis("us", 1e6),
    ["OH-001", "OH-002"],
    [("native", [Point(2e-6, 1e-6, 3e-6), None]), ("mps", [Point(4e-6, 3e-6, 5e-6, tone="bad"), Point(math.nan)])],
    reference=2e-6,
    marks=["EMULATED"],
)
LIMITS = Curves(
    "Limits",
    Axis("asked, %", 100),
    Axis("got, %", 100),
    [Series("mps", [Point(0.3, 0.2, 0.4, x=0.25), Point(0.5, x=0.5), Point(math.inf, x=1.0)])],
    diagonal=True,
    marks=["EMULATED", "UNPROVEN"],
)
LATENCIES = Curves(
    "Latencies",
    Axis("us", 1e6, log=True),
    Axis("share, %", 100),
    [
        Series(name, [Point(i / 99, x=start * 1.05**i) for i in range(100)])
        for name, start in (("a", 1e-6), ("b", 2e-6))
    ],
    steps=True,
)
STRIPS = Strips("Samples", Axis("us", 1e6), [("native", [1e-6, 2e-6, 3e-6]), ("mps", [math.nan]), ("none", [])])
HEAT = HeatMap(
    "Neighbors",
    "victim",
    "aggressor",
    ["dram", "compute"],
    ["l2", "pcie"],
    [[Point(1.0, text="1.0 x"), None], [Point(2.0, text="2.0 x"), Point(math.nan)]],
    best=1.0,
    worst=2.0,
    marks=["DERIVED"],
)
FIGURES: list[Figure] = [INTERVALS, LIMITS, LATENCIES, STRIPS, HEAT]

BLOCKS: list[Block] = [
    Heading("First"),
    Sentence("mps against native: worse.", lead=True),
    Remark("the clock fell"),
    TABLE,
    Bullets(["margins: 2 %", "- no list"]),
    Box("Not told", [Bullets(["skipped: IS-001"])]),
    Fold("Raw", [Code("gpu-virt-bench show run.json")]),
    *FIGURES,
    Sentence("How to read it.", tone="muted"),
]
DOCUMENT = Document("A report", BLOCKS, made="2026-11-27", files=["results/a_b.json"])


def hostile(text: str = HOSTILE, code: str = HOSTILE) -> Document:
    """A document with a text in every place that has one."""
    cell = Cell(text, math.nan, "bad", [text])
    axis, point = Axis(text), Point(math.nan, math.nan, math.inf, text=text)
    inner: list[Block] = [Sentence(text), Sentence(text, "muted"), Remark(text), Bullets([text], "good"), Code(code)]
    blocks: list[Block] = [
        Heading(text),
        Sentence(text, lead=True),
        *inner,
        Table([Column(text, text), Column(text)], [Row([cell, Cell(text)], text, inner)], text),
        Box(text, inner),
        Fold(text, inner),
        Intervals(text, axis, [text], [(text, [point])], math.nan, [text]),
        Curves(text, axis, axis, [Series(text, [point])], marks=[text]),
        Strips(text, axis, [(text, [math.nan, math.inf, 1.0])], [text]),
        HeatMap(text, text, text, [text], [text], [[point]], math.nan, math.inf, [text]),
    ]
    return Document(text, blocks, made=text, files=[text])


def empty() -> Document:
    """Tables and figures of nothing."""
    axis = Axis("us", 1e6)
    figures: list[Block] = [
        Intervals("", axis, [], []),
        Curves("", axis, axis, []),
        Curves("", axis, axis, [Series("mps", [])]),
        Strips("", axis, []),
        HeatMap("", "", "", [], [], [], 0.0, 0.0),
    ]
    return Document("", [Table([Column("a")], []), Table([], []), Bullets([]), Box("", []), *figures])
