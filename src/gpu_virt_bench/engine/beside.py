"""What a session says of others that work on its host at the same time."""

from __future__ import annotations

import time

from gpu_virt_bench.engine.course import Course
from gpu_virt_bench.engine.folder import neighbors

BESIDE = (
    "another session worked on this host at the same time: they share its processors, and absolute values may be worse"
)
IN_ROUNDS = "; changes within rounds are not touched by it"


class Watch:
    """Says once, on the screen and in every file, that another session works on this host, or did since this one began.

    Those on one GPU refuse each other; those on several, or on emulated ones, share the processors. In virtual time
    nobody disturbs a sample.
    """

    def __init__(self, course: Course) -> None:
        self._course = course
        self._since = time.time()
        self._is_told = course.reference.devices[0].is_virtual

    def look(self) -> None:
        """Remarks it, if it is so and was not remarked before."""
        if self._is_told or not neighbors(self._since):
            return
        self._is_told = True
        sentences = {key: BESIDE + IN_ROUNDS * self._has_rounds(key) for key in self._course.records}
        self._course.progress.note(max(sentences.values(), key=len))
        for key, record in self._course.records.items():
            record.update(warnings=[*record.run.warnings, sentences[key]])

    def _has_rounds(self, key: str) -> bool:
        """Whether an entry's samples are taken in rounds with those of others."""
        return any(key in one.keys and len(one.keys) > 1 for one in self._course.companies)
