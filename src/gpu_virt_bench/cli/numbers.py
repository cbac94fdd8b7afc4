"""Numbers of the command line, each with its unit, which is not written: an error names it."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

import click

UNITS: Mapping[str, Mapping[str, float]] = {
    "MiB": {"b": 2**-20, "kib": 2**-10, "mib": 1, "gib": 2**10, "tib": 2**20},
    "per cent": {"%": 1, "percent": 1},
    "seconds": {"ms": 0.001, "s": 1, "sec": 1, "min": 60, "m": 60, "h": 3600},
}
"""What people write after a number, and how much of the option's unit it is; `GB` may be either of two."""
WRITTEN = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(\S+)\s*")


def meant(text: str, unit: str) -> str:
    """`; did you mean 204800?` of `200GiB` where the unit is MiB, "" where that cannot be known."""
    found = WRITTEN.fullmatch(text)
    factor = UNITS.get(unit, {}).get(found[2].lower()) if found else None
    if found is None or factor is None:
        return ""
    value = float(found[1]) * factor
    return f"; did you mean {value:.15g}?" if unit == "seconds" or value == int(value) else ""


def numbers_of(unit: str) -> str:
    """` of MiB`, "" for what is counted."""
    return f" of {unit}" if unit else ""


class Whole(click.IntRange):
    """A whole number within bounds."""

    name = "whole number"

    def __init__(self, least: int, most: int, unit: str = "") -> None:
        super().__init__(least, most)
        self.least, self.most, self.unit = least, most, unit

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:  # noqa: ANN401
        """The number, or what was expected."""
        try:
            found = int(value)
        except ValueError:
            self.fail(f"{value!r} is not a whole number{numbers_of(self.unit)}{meant(value, self.unit)}", param, ctx)
        if not self.least <= found <= self.most:
            unit = f" {self.unit}" if self.unit else ""
            self.fail(f"{found} is not in the range {self.least} to {self.most}{unit}", param, ctx)
        return found


class Seconds(click.FloatRange):
    """A time above 0 that ends."""

    name = "seconds"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:  # noqa: ANN401
        """Its number; comparisons let what is no number pass."""
        try:
            found = float(value)
        except ValueError:
            self.fail(f"{value!r} is not a number of seconds{meant(value, 'seconds')}", param, ctx)
        if not math.isfinite(found) or found <= 0:
            self.fail(f"{value} is not a number of seconds above 0", param, ctx)
        return found
