"""Answers beside those of a driver: where they differ, and what is known about it."""

from __future__ import annotations

from collections.abc import Mapping

from gpu_virt_bench.model.conformance import Answer, Asked, Beside, Conformance, Difference


def beside(name: str, driver: Conformance, answers: Mapping[str, Answer], reasons: Mapping[str, str]) -> Beside:
    """Every row that both have answered; `reasons` are by row, or by function for what is not supported."""
    common = {row: asked for row, asked in driver.rows.items() if row in answers}
    differences = [
        difference(row, asked, answers[row], reasons) for row, asked in common.items() if answers[row] != asked.answer
    ]
    return Beside(name, driver.title, dict(answers), differences, compared=len(common))


def difference(row: str, asked: Asked, found: Answer, reasons: Mapping[str, str]) -> Difference:
    """One row, with what is known about it."""
    reason = reasons.get(row, "")
    if found.result in ("CUDA_ERROR_NOT_SUPPORTED", "absent"):
        reason = reason or reasons.get(asked.function, "")
    return Difference(row, asked.function, asked.case, asked.answer.words, found.words, reason)
