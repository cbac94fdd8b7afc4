"""Keys of the emulated GPU, for the terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence

from rich.text import Text

from gpu_virt_bench.report.text import console


def print_keys(rows: Sequence[Mapping[str, str]]) -> None:
    """A line for each key, as `--emulate` sets it, with its meaning and unit; long ones go on below."""
    out = console()
    for one in rows:
        unit = f" [{one['unit']}]" if one["unit"] else ""
        line = f"{one['key']}={one['default']}  {one['meaning']}{unit}"
        lines = textwrap.wrap(line, out.width, subsequent_indent=" " * 4, break_on_hyphens=False)
        out.print(Text("\n".join(lines)))
