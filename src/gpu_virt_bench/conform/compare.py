"""Answers beside those of a driver: where they differ, and what is known about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gpu_virt_bench.conform.scenes import rows
from gpu_virt_bench.model.conformance import DIRECTIONS, Answer, Asked, Beside, Conformance, Difference

UNSUPPORTED = ("CUDA_ERROR_NOT_SUPPORTED", "absent")
"""What a reason by function explains."""


def beside(name: str, driver: Conformance, answers: Mapping[str, Answer], reasons: Mapping[str, str]) -> Beside:
    """Every row that both have answered, the most forgiving difference first; `reasons` are by row, or by function for
    what is not supported."""
    common = {row: asked for row, asked in driver.rows.items() if row in answers}
    differences = [
        difference(row, asked, answers[row], reasons) for row, asked in common.items() if answers[row] != asked.answer
    ]
    differences.sort(key=lambda one: DIRECTIONS.index(one.direction))
    return Beside(name, driver.title, dict(answers), differences, compared=len(common))


def difference(row: str, asked: Asked, found: Answer, reasons: Mapping[str, str]) -> Difference:
    """One row, with what is known about it."""
    reason = reasons.get(row, "")
    if found.result in UNSUPPORTED:
        reason = reason or reasons.get(asked.function, "")
    direction = found.beside(asked.answer)
    return Difference(row, asked.function, asked.case, asked.answer.words, found.words, direction, reason)


def stale(compared: Iterable[Beside], reasons: Iterable[str]) -> list[str]:
    """Of these rows and functions those that explain no difference, where everything they could explain was asked."""
    found = list(compared)
    asked = {row for one in found for row in one.answers}
    partly = {row.function for row in rows().values() if row.id not in asked}
    whole = {row.function for row in rows().values()} - partly
    needed = {name for one in found for name in explainable(one)}
    return [name for name in reasons if name not in needed and (name in asked or name in whole)]


def explainable(one: Beside) -> set[str]:
    """The rows and functions by which a reason explains a difference."""
    functions = {item.function for item in one.differences if one.answers[item.row].result in UNSUPPORTED}
    return {item.row for item in one.differences} | functions
