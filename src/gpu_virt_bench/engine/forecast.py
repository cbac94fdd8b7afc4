"""What a session would measure and about how long it would take; nothing is measured, and no file is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing

from gpu_virt_bench.engine.course import Course
from gpu_virt_bench.engine.duration import applies, expected
from gpu_virt_bench.engine.plan import Item
from gpu_virt_bench.engine.request import Progress, Request
from gpu_virt_bench.engine.session import check_available, opened, prepared, referred
from gpu_virt_bench.model.forecast import Forecast, PlannedRun, SideBySide
from gpu_virt_bench.model.run import Skipped


def forecast(request: Request, progress: Progress) -> Forecast:
    """Opens the device with one native tenant, whose start the estimate needs, and says what would follow."""
    with (
        opened(request, progress, only_ahead=True) as (folder, target, throttle),
        closing(referred(target, folder)) as reference,
    ):
        check_available(request, reference)
        course, items = prepared(request, progress, folder, reference, throttle, None)
        return of_course(course, items)


def of_course(course: Course, items: Mapping[str, Sequence[Item]]) -> Forecast:
    """What a session that is about to begin will do."""
    request, device = course.request, course.reference.devices[0]
    least, most = expected(course, items)
    return Forecast(
        device=device.name,
        emulated=device.emulated,
        suite=request.suite_name,
        repetitions=request.suite.repetitions,
        max_repetitions=request.suite.max_repetitions,
        seconds=round(least, 1),
        most_seconds=round(most, 1),
        time_budget_seconds=request.time_budget,
        runs=[of_entry(course, key, items[key]) for key in course.places],
        side_by_side=[SideBySide(list(one.keys), one.why) for one in course.companies],
    )


def of_entry(course: Course, key: str, items: Sequence[Item]) -> PlannedRun:
    """One run."""
    entry, record = course.places[key].entry, course.records[key]
    skipped = {name: one.reason for name, one in record.outcomes.items() if isinstance(one, Skipped)}
    return PlannedRun(
        name=key,
        folder=str(course.request.output / entry.system.id),
        memory_limit_bytes=entry.quota.memory_bytes,
        compute_limit=entry.quota.compute_share,
        compute_quota=list(entry.shares),
        unlimited=entry.lacking,
        outcomes=[item.id for item in items if applies(course, key, item)],
        skipped=skipped,
        refused=record.refused,
    )
