"""What a system proved, for the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from rich.padding import Padding
from rich.text import Text

from gpu_virt_bench.model.run import Check
from gpu_virt_bench.report.grid import Grid
from gpu_virt_bench.report.text import console

DRIVER = "driver"
MIB = 1 << 20


class Door(Protocol):
    """A driver function and the files that serve it, by way."""

    @property
    def function(self) -> str:
        """Its name."""

    @property
    def files(self) -> Mapping[str, str]:
        """The file by way, "" where it is not found."""

    @property
    def variants(self) -> Mapping[str, str]:
        """The file by other ways, where it is another one."""


class Proved(Protocol):
    """What is shown of a system."""

    system: str
    device: str
    emulated: bool
    refused: str

    @property
    def checks(self) -> Sequence[Check]:
        """What was asked and found."""

    @property
    def doors(self) -> Sequence[Door]:
        """Who serves which function."""

    @property
    def granted(self) -> Mapping[str, str]:
        """The quota, and what the tenant sees of it."""

    @property
    def unproven(self) -> list[str]:
        """Why what it claims is not shown."""

    @property
    def open(self) -> list[str]:
        """What is not as it is claimed."""

    def is_layers(self, file: str) -> bool:
        """Whether a file is the layer's."""


def print_proof(proved: Proved, whole: bool) -> None:
    """The verdict first, then what it rests on; `whole`: every driver function."""
    out = console()
    verdict = "in force, with something open" if proved.open else "in force"
    verdict = "NOT in force" if proved.refused else "NOT proved" if proved.unproven else verdict
    out.print(Text(f"{proved.system} on {proved.device}: {verdict}", style="bold"))
    for line in [proved.refused] if proved.refused else proved.open:
        out.print(Padding(Text(line), (0, 0, 0, 2)), style="yellow")
    if proved.granted:
        out.print(Padding(Text(granted(proved.granted)), (0, 0, 0, 2)))
    if proved.checks:
        out.print(checks_table(proved.checks))
    served = [door for door in proved.doors if whole or is_served(proved, door)]
    if served:
        out.print(doors_table(proved, served))
    count = len(proved.doors)
    if count and not served:
        out.print(Text(f"doors: the driver serves all {count} functions, by dlsym and by cuGetProcAddress"))
    out.print()


def granted(found: Mapping[str, str]) -> str:
    """`a tenant is granted 8192 MiB of memory and 50 % of the compute, and sees 8192 MiB of memory and 132 SMs`."""
    memory, share = found.get("memory_bytes"), found.get("compute_share")
    seen, multiprocessors = found.get("memory_total"), found.get("sm_count")
    quota = [f"{mib(memory)} of memory"] if memory else []
    quota += [f"{100 * float(share):.4g} % of the compute"] if share else []
    sees = [*([f"{mib(seen)} of memory"] if seen else []), *([f"{multiprocessors} SMs"] if multiprocessors else [])]
    whole = ["is granted " + " and ".join(quota)] if quota else []
    return f"a tenant {', and '.join([*whole, *(['sees ' + ' and '.join(sees)] if sees else [])])}"


def mib(count: str) -> str:
    """Bytes in MiB: `8192 MiB`."""
    return f"{int(count) / MIB:.10g} MiB"


def is_served(proved: Proved, door: Door) -> bool:
    """Whether another file than the driver's serves a function in any way."""
    return any(who(proved, file) not in ("-", DRIVER) for file in (*door.files.values(), *door.variants.values()))


def checks_table(checks: Sequence[Check]) -> Grid:
    """What was asked and found."""
    table = Grid(title="checks", title_justify="left", expand=False)
    table.add_column("check", overflow="fold", ratio=3)
    table.add_column("found", overflow="fold", ratio=5)
    table.add_column("")
    for check in checks:
        told = check.found if check.passed else f"{check.found}; expected {check.expected}"
        table.add_row(Text(check.name), Text(told), Text("ok" if check.passed else "FAILED"))
    return table


def doors_table(proved: Proved, doors: Sequence[Door]) -> Grid:
    """Who serves which function, by way."""
    table = Grid(title=f"doors ({len(doors)} of {len(proved.doors)} functions)", title_justify="left", expand=False)
    table.add_column("function", overflow="fold")
    for way in doors[0].files:
        table.add_column(f"by {way}", overflow="fold")
    for door in doors:
        table.add_row(Text(door.function), *(Text(cell(proved, door, way)) for way in door.files))
    return table


def cell(proved: Proved, door: Door, way: str) -> str:
    """Who serves a function by one way, and who else where it is asked for otherwise."""
    others = {kind.removeprefix(f"{way} "): file for kind, file in door.variants.items() if kind.startswith(f"{way} ")}
    told = [f"{kind}: {who(proved, file)}" for kind, file in others.items()]
    return "; ".join([who(proved, door.files[way]), *told])


def who(proved: Proved, file: str) -> str:
    """The driver as such, any other file by its name."""
    name = Path(file).name or "-"
    return DRIVER if name.startswith("libcuda.so") and not proved.is_layers(file) else name
