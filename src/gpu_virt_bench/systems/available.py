"""Whether a system can be used here: what its definition requires, against what there is."""

from __future__ import annotations

import operator
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gpu_virt_bench.emulated import PROGRAMS
from gpu_virt_bench.model.run import Device
from gpu_virt_bench.model.system import System
from gpu_virt_bench.systems.options import LOADER_VARIABLES, missing
from gpu_virt_bench.systems.variables import expand

SYSTEM_PRELOAD = Path("/etc/ld.so.preload")
COMPARE = {">=": operator.ge, "<=": operator.le, "==": operator.eq, ">": operator.gt, "<": operator.lt}


FOLLOWS_MACHINE_CLOCK = b"\0gvb_follows_machine_clock\0"
"""The symbol that a library exports to say that it lives in virtual time, as a table of symbols holds it. That it knows
the driver's clock (`gvb_emulated_clock`) says nothing: it may pass the name on."""
SOCKET_ROOM = 107 - len("/control_privileged")
"""The longest private directory: a socket's path ends at 107 bytes, and the longest name we know of must fit."""


class Unavailable(Exception):
    """A system that cannot be used here; says why, and what would help."""


@dataclass(frozen=True)
class Here:
    """What is known of this place. `devices` are the session's; before they are chosen, nothing is said of them."""

    devices: Sequence[Device] = ()
    root: bool = os.geteuid() == 0
    path: str | None = None
    system_preload: Path = SYSTEM_PRELOAD


def availability(system: System, here: Here | None = None, options: Mapping[str, str] | None = None) -> str | None:
    """Why the system cannot be used here; None if it can."""
    here = here or Here()
    values = {name: str(o.default) for name, o in system.options.items() if o.default is not None}
    return (
        missing(system, {**values, **(options or {})})
        or unmet_host(system, here, {**values, **(options or {})})
        or unmet_device(system, here)
        or unmet_clock(system, here, {**values, **(options or {})})
        or unannounced_preload(system, here.system_preload)
    )


def tool_path(devices: Sequence[Device], path: str | None = None) -> str:
    """Where the programs of a system are looked for: in PATH, on the emulated GPU first among its own."""
    if any(device.emulated for device in devices):
        return with_programs(path)
    return os.environ.get("PATH", os.defpath) if path is None else path


def with_programs(path: str | None = None) -> str:
    """PATH, with the emulated GPU's programs first."""
    return f"{PROGRAMS}{os.pathsep}{os.environ.get('PATH', os.defpath) if path is None else path}"


def unmet_host(system: System, here: Here, options: Mapping[str, str]) -> str | None:
    """The first requirement of the machine that is not met."""
    requires = system.requires
    if requires.root and not here.root:
        return "needs root"
    for tool in requires.tools:
        if shutil.which(tool, path=tool_path(here.devices, here.path)) is None:
            return f"needs the program {tool}, which is not in PATH"
    for name in requires.files:
        file = expand(name, {**dict.fromkeys(system.options), **options}, f"{system.id}: requires.files")
        if file is not None and not Path(file).exists():
            return f"needs the file {file}, which does not exist"
    return None


def unmet_device(system: System, here: Here) -> str | None:
    """The first requirement that the session's devices do not meet."""
    if here.devices and len(here.devices) < system.requires.gpus:
        return f"needs {system.requires.gpus} GPUs, the session has {len(here.devices)}"
    return next(filter(None, (unfit(system, device) for device in here.devices)), None)


def unmet_clock(system: System, here: Here, options: Mapping[str, str]) -> str | None:
    """Why a system cannot live in virtual time: its library's own waits and computations do not exist there."""
    if not any(device.is_virtual for device in here.devices):
        return None
    for variable in LOADER_VARIABLES:
        text = system.tenant.env.get(variable, "")
        for library in re.split(r"[:\s]+", re.sub(r"{(\w+)}", lambda name: options.get(name[1], name[0]), text)):
            if library and FOLLOWS_MACHINE_CLOCK not in contents(Path(library)):
                return f"{library} does not follow the machine's clock: leave out --emulate clock=virtual"
    return None


def contents(library: Path) -> bytes:
    """What a library file holds; nothing if it cannot be read."""
    try:
        return library.read_bytes()
    except OSError:
        return b""


def unfit(system: System, device: Device) -> str | None:
    """The first requirement that one device does not meet."""
    requires = system.requires
    if requires.real_device and device.emulated:
        return "needs a real device: it cannot run on the emulated GPU"
    if requires.gpu_index is not None and device.index != requires.gpu_index:
        return f"runs on GPU {requires.gpu_index} alone, the device is GPU {device.index}"
    if requires.driver and not device.emulated and not satisfies(device.driver_version, requires.driver):
        return f"needs driver {requires.driver}, found {device.driver_version}"
    if requires.compute_capability and not satisfies(device.compute_capability, requires.compute_capability):
        return f"needs compute capability {requires.compute_capability}, found {device.compute_capability}"
    return None


def satisfies(found: str, wanted: str) -> bool:
    """Whether a version meets `>=550`; an unknown version does not."""
    comparison = wanted.rstrip("0123456789.")
    if not re.fullmatch(r"\d+(\.\d+)*", found):
        return False
    return bool(COMPARE[comparison](padded(found), padded(wanted.removeprefix(comparison))))


def padded(version: str) -> tuple[int, ...]:
    """A version's numbers, as many as any has."""
    numbers = [int(part) for part in version.split(".")]
    return tuple(numbers + [0] * (4 - len(numbers)))


def unannounced_preload(system: System, path: Path = SYSTEM_PRELOAD) -> str | None:
    """Why the system-wide preload list forbids this system: what it holds is in every process, so in every tenant."""
    try:
        listed = re.split(r"[\s:]+", re.sub(r"#.*", "", path.read_text()).strip())
    except OSError:
        listed = []
    wanted = system.requires.system_preload
    names = [name for name in listed if name]
    if wanted and not any(matches(name, wanted) for name in names):
        return f"needs {wanted} in {path}, which {'lists ' + ', '.join(names) if names else 'is empty'}"
    foreign = [name for name in names if not wanted or not matches(name, wanted)]
    if foreign:
        return f"{path} lists {', '.join(foreign)}, which {system.id} does not announce: remove it from there"
    return None


def matches(found: str, wanted: str) -> bool:
    """The same file by path, or by name where only a name is wanted."""
    return found == wanted or ("/" not in wanted and Path(found).name == wanted)


def check_room(env: Mapping[str, str], folder: Path) -> None:
    """Refuses a private directory so deep that a socket in it could not be made."""
    for name, value in env.items():
        if value.startswith(str(folder)) and len(os.fsencode(value)) > SOCKET_ROOM:
            raise Unavailable(
                f"the private path of {name}, {value}, has {len(os.fsencode(value))} bytes, and a socket in it needs "
                f"at most {SOCKET_ROOM}: set TMPDIR to a shorter directory"
            )
