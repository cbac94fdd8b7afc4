"""What a device's clocks did meanwhile: whether it was slowed down, and how fast its SMs ran."""

from __future__ import annotations

import threading
import time
from bisect import bisect_right
from statistics import fmean

from gpu_virt_bench.engine.observer import REASONS, Observer

SLOWDOWNS = 0x8 | 0x20 | 0x40 | 0x80
"""Reasons that reject a sample. The ordinary power cap is part of the load."""


class Throttle:
    """Reads throttle reasons and SM clock each 100 ms, and answers for any window since it began."""

    PERIOD = 0.1

    def __init__(self, observer: Observer | None) -> None:
        self._observer = observer
        self._times: list[float] = []
        self._masks: list[int] = []
        self._clocks: list[int | None] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Throttle:
        if self._observer is not None:
            self._poll(self._observer)
            self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=5)

    def _watch(self) -> None:
        assert self._observer is not None
        while not self._stop.wait(self.PERIOD):
            self._poll(self._observer)

    def _poll(self, observer: Observer) -> None:
        mask, clock = observer.throttle_mask(), observer.sm_clock()
        self._masks.append(0 if mask is None else mask)
        self._clocks.append(clock)
        self._times.append(time.monotonic())  # last: a reader finds whole polls alone

    def _polls(self, begin: float, end: float) -> range:
        """The polls that speak of a window: those within, and the last one before it, since what it saw went on."""
        return range(max(0, bisect_right(self._times, begin) - 1), bisect_right(self._times, end))

    def reason(self, begin: float, end: float) -> str:
        """Why a window (time.monotonic) does not count, "" if the clocks were free."""
        masks = [self._masks[i] & SLOWDOWNS for i in self._polls(begin, end)]
        seen = sorted({name for mask in masks for bit, name in REASONS.items() if mask & bit})
        return f"throttled: {', '.join(seen)}" if seen else ""

    def clock(self, begin: float, end: float) -> float | None:
        """Mean SM clock over a window, Hz; None where NVML does not say."""
        clocks = [clock for i in self._polls(begin, end) if (clock := self._clocks[i]) is not None]
        return fmean(clocks) if clocks else None
