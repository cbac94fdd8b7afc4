"""A report as a customer may get it, made by hand: every block, every figure, every tone."""

from __future__ import annotations

import math
from collections.abc import Sequence

from sample_figures import MARKS, SYSTEMS, figures

from gpu_virt_bench.report.blocks import (
    Axis,
    Block,
    Box,
    Bullets,
    Cell,
    Code,
    Column,
    Document,
    Fold,
    Heading,
    Intervals,
    Point,
    Remark,
    Row,
    Sentence,
    Strips,
    Table,
    Tone,
)

METRICS = (
    ("OH-001", "Kernel launch latency", "us", 3.261),
    ("OH-002", "Memory allocation latency", "us", 27.29),
    ("OH-003", "Memory free latency", "us", 32.68),
    ("OH-004", "Context creation overhead", "ms", 227.6),
    ("OH-005", "API interception overhead", "ns", 1495.0),
    ("IS-001", "Memory limit: given of what was granted, by allocation call", "share", 1.0),
    ("IS-009", "Noisy neighbor slowdown", "share", 0.07),
    ("BW-001", "Host to device bandwidth, pinned", "GB/s", 54.1),
    ("SCHED-002", "Latency of a short kernel beside a long one", "us", 181.0),
)
VERDICTS: Sequence[tuple[str, Tone]] = (
    ("same", "good"),
    ("worse", "bad"),
    ("slightly worse", "bad"),
    ("better", "good"),
    ("inconclusive", "unsure"),
    ("not comparable", "muted"),
)


def document(repeats: int = 1) -> Document:
    """The report, with its table of outcomes as often as asked."""
    blocks = [*first_screen(), *measured(), *outcomes(repeats), *figures(), *small_print()]
    files = ["results/native/2026-11-26T10-00.json", "results/mps/2026-11-26T10-00.json"]
    made = "made on 2026-11-27 by gpu-virt-bench 0.1.0 from 4 runs of one session"
    return Document("NVIDIA H100: MPS, HAMi-core and time slicing against native", blocks, made=made, files=files)


def first_screen() -> list[Block]:
    """Answers, a figure and what the page cannot tell."""
    return [
        Heading("In short", id="in-short"),
        Sentence(
            "mps keeps 97 % of the throughput of native (95 .. 99 %) and costs nothing that was found.",
            "good",
            lead=True,
        ),
        Sentence(
            "hami-core launches kernels 2.1 times as slowly (2.0 .. 2.3); its memory limit holds.", "bad", lead=True
        ),
        Sentence(
            "time-slicing: whether p99 holds beside a neighbor cannot be told yet.",
            "unsure",
            lead=True,
        ),
        Remark(
            "Everything on this page comes from an emulated GPU: it shows how a report reads, not what a card does.",
            "bad",
        ),
        kept(),
        Box(
            "What this page cannot tell you",
            [Bullets(CANNOT), Sentence("12 outcomes were skipped, 2 failed.")],
            "unsure",
        ),
    ]


CANNOT = [
    "Whether a limit holds for memory that a graph allocates: no call of that kind was made.",
    "Anything about two GPUs: the machine has one.",
    "What hami-core costs at 10 %: the run was unproven.",
]


def kept() -> Intervals:
    """Throughput kept by each system."""
    rows = [
        "Eight small inference tenants",
        "One latency-critical tenant beside a noisy neighbor",
        "Training beside inference",
    ]
    found: list[tuple[str, Sequence[Point | None]]] = []
    for place, name in enumerate(SYSTEMS[1:]):
        values = [0.97 - 0.11 * place - 0.06 * at for at in range(len(rows))]
        points: list[Point | None] = [
            Point(value, value - 0.03, value + 0.02, text=f"{100 * value:.0f} %", tone="bad" if value < 0.8 else "good")
            for value in values
        ]
        found.append((name, points))
    found[1][1][2] = None  # type: ignore[index]
    return Intervals("Throughput kept, of native", Axis("throughput kept, %", 100), rows, found, 1.0, MARKS)


def measured() -> list[Block]:
    """Where, and with which proof."""
    columns = [Column("system"), Column("limit"), Column("proof"), Column("repetitions", numeric=True)]
    rows = [
        Row([Cell("native"), Cell("none"), Cell("nothing to prove", tone="muted"), Cell("5", 5)]),
        Row([Cell("mps"), Cell("50 % compute"), Cell("in force, by effect", tone="good"), Cell("5", 5)]),
        Row(
            [
                Cell("hami-core"),
                Cell("50 % compute, 8 GiB"),
                Cell("limit does not bind", tone="bad", below=["asked 50 %, got 81 %"]),
                Cell("5", 5),
            ]
        ),
        Row([Cell("time-slicing"), Cell("none"), Cell("unproven", tone="unsure"), Cell("3", 3)]),
    ]
    return [
        Heading("What was measured, and how it was proved", id="measured"),
        Sentence(
            "One NVIDIA H100 80GB HBM3, driver 580.159.04, Linux 6.8, 16 processors of an Intel Xeon Platinum 8481C."
        ),
        Table(columns, rows),
    ]


def outcomes(repeats: int) -> list[Block]:
    """A table that is sorted, searched and opened."""
    columns = [
        Column("outcome"),
        Column("system"),
        Column("native", "seconds", numeric=True),
        Column("candidate", "seconds", numeric=True),
        Column("change", "ratio", numeric=True),
        Column("margin", numeric=True),
        Column("verdict"),
    ]
    rows = [row for turn in range(repeats) for row in outcome_rows(turn)]
    return [
        Heading("Outcomes", id="outcomes"),
        Heading("Overhead", 3),
        Table(columns, rows, "All outcomes", filters=True),
    ]


def outcome_rows(turn: int) -> list[Row]:
    """A row for each metric and system."""
    rows = []
    for at, (name, title, unit, value) in enumerate(METRICS):
        for place, system in enumerate(SYSTEMS[1:]):
            word, tone = VERDICTS[(at + 2 * place + turn) % len(VERDICTS)]
            change = 1 + 0.37 * ((at * 7 + place * 5 + turn) % 11 - 4) / 4
            id_ = f"{name}-{system}" + (f"-{turn}" if turn else "")
            rows.append(
                Row(cells(name, title, unit, value, system, change, word, tone), id_, opened(name, title, value))
            )
    return rows


def cells(
    name: str, title: str, unit: str, value: float, system: str, change: float, word: str, tone: Tone
) -> list[Cell]:
    """One row's cells."""
    first = Cell(f"{name} {title}")
    if tone == "muted":
        reason = "skipped in the baseline: native has no compute-limit, concurrent-tenants"
        return [
            first,
            Cell(system),
            Cell("-"),
            Cell("-"),
            Cell("-"),
            Cell("2 %", 0.02),
            Cell(word, tone=tone, below=[reason]),
        ]
    return [
        first,
        Cell(system),
        Cell(f"{value:,.4g} {unit}", value, below=[f"{value * 0.97:,.4g} .. {value * 1.04:,.4g}"]),
        Cell(
            f"{value * change:,.4g} {unit}",
            value * change,
            below=[f"{value * change * 0.95:,.4g} .. {value * change * 1.1:,.4g}"],
        ),
        Cell(f"{100 * (change - 1):+.1f} %", change, tone, below=["± 3.1 %"]),
        Cell("2 %", 0.02),
        Cell(word, tone=tone),
    ]


def opened(name: str, title: str, value: float) -> list[Block]:
    """What a row unfolds."""
    series = [(system, [value * (1 + 0.1 * place + 0.03 * math.sin(7.0 * at * (place + 1))) for at in range(60)])
              for place, system in enumerate(SYSTEMS[:2])]  # fmt: skip
    return [
        Sentence(f"{title}: from the call to its return, on a warm context. sample = median of 1,000 calls."),
        Table(
            [Column("condition"), Column("value")],
            [Row([Cell("resolution"), Cell("query")]), Row([Cell("stream"), Cell("own")])],
        ),
        Strips("Samples", Axis("us"), series, MARKS),
        Code(f"gpu-virt-bench run --metrics {name} --system hami-core --compute-limit 50 --memory-limit 8GiB --seed 7"),
    ]


def small_print() -> list[Block]:
    """What a reader opens who wants to know everything."""
    return [
        Heading("Methods", id="methods"),
        Fold(
            "How verdicts come about",
            [
                Sentence("A change is worse when its interval lies wholly beyond the margin."),
                Bullets(
                    ["95 % order-statistic intervals over repetitions", "Holm's correction over the headline outcomes"]
                ),
            ],
        ),
        Fold(
            "How to repeat this",
            [Code("gpu-virt-bench run --suite standard --system mps\ngpu-virt-bench report results/ -o report.html")],
        ),
    ]
