"""A cost that comes seldom: an outcome that is the same in the median and worse in its mean or in its tail."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gpu_virt_bench.model.comparison import Row

WORSE = ("worse", "slightly worse")
FIELD = "statistic="


def tails(rows: Sequence[Row]) -> Iterator[str]:
    """One sentence for each statistic of an outcome whose median says nothing of it."""
    by_id = {row.id: row for row in rows}
    for row in rows:
        name, statistic = without_statistic(row.id)
        median = by_id.get(name)
        if not statistic or median is None or row.verdict not in WORSE or median.verdict != "same":
            continue
        assert row.change is not None
        size = f"{row.change.interval.value:.4g}" + (" times" if row.change.kind == "ratio" else f" {row.unit}")
        yield f"{name}: same in the median, {row.verdict} in the {statistic} ({size}): a few calls cost much"


def without_statistic(name: str) -> tuple[str, str]:
    """`OH-001[path=start,statistic=mean]` as its outcome in the median, and the statistic; "" where it names none."""
    metric, bracket, rest = name.partition("[")
    words = rest.removesuffix("]").split(",") if bracket else []
    statistic = next((word.removeprefix(FIELD) for word in words if word.startswith(FIELD)), "")
    others = ",".join(word for word in words if not word.startswith(FIELD))
    return (f"{metric}[{others}]" if others else metric), statistic
