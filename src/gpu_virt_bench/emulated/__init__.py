"""The emulated GPU from Python: its profiles, its keys, and the machine directory that its processes share."""

from __future__ import annotations

import ctypes
import difflib
import json
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent
LIBRARIES = FOLDER / "lib"
PROGRAMS = FOLDER / "bin"
"""What comes first on PATH where the device is emulated: the control daemon of its MPS."""
PROFILES = FOLDER / "profiles"
VARIABLE = "GVB_EMULATED"
FAMILIES = {
    "latency": "extra nanoseconds for each call of the API named after the dot: latency.cuMemAlloc_v2=50000",
    "fail": "n:code - the n-th call of that API in a process answers this CUresult; n+:code also all later ones",
    "sticky": "n:code - from the n-th call on every call of the process answers this CUresult, as after a fatal fault",
    "hang": "n - the n-th call of that API in a process never returns",
}
"""Keys with an API's name after the dot."""

Value = str | int | float


class EmulationError(Exception):
    """A profile or key that does not exist, or a value of the wrong kind."""


@dataclass(frozen=True)
class Key:
    """One thing that can be set about the emulated GPU."""

    name: str
    type: str
    default: Value
    unit: str
    meaning: str


@cache
def keys() -> Mapping[str, Key]:
    """All keys, as the emulated driver itself declares them."""
    path = LIBRARIES / "libcuda.so.1"
    if not path.exists():
        raise EmulationError(f"{path} is missing: build it with `python build_native.py`, or install a wheel")
    library = ctypes.CDLL(str(path), mode=ctypes.RTLD_LOCAL)
    library.gvb_emulated_keys.restype = ctypes.c_char_p
    return {entry["name"]: Key(**entry) for entry in json.loads(library.gvb_emulated_keys())}


def profiles() -> list[str]:
    """Names of the shipped device profiles."""
    return sorted(path.stem for path in PROFILES.glob("*.toml"))


def configuration(profile: str, settings: Mapping[str, str]) -> dict[str, Value]:
    """A profile with the user's settings on top, every name and value checked."""
    path = PROFILES / f"{profile}.toml"
    if not path.exists():
        raise EmulationError(f"no emulated device {profile!r}; there are {', '.join(profiles())}")
    values: dict[str, Value] = tomllib.loads(path.read_text())
    for name, text in settings.items():
        values[name] = parsed(name, text)
    return values


def parsed(name: str, text: str) -> Value:
    """The value of one `--emulate name=text`."""
    family, dot, api = name.partition(".")
    if dot and family in FAMILIES and api:
        return text
    if name not in keys():
        near = difflib.get_close_matches(name, [*keys(), *(f"{family}.API" for family in FAMILIES)], n=1)
        hint = f"; did you mean {near[0]}?" if near else "; `gpu-virt-bench list emulator` shows all keys"
        raise EmulationError(f"the emulated GPU has no key {name!r}{hint}")
    kind = keys()[name].type
    kinds: dict[str, Callable[[str], Value]] = {"integer": int, "real": float}
    try:
        return kinds.get(kind, str)(text)
    except ValueError:
        raise EmulationError(
            f"{name} is {text!r}, expected {'an integer' if kind == 'integer' else 'a number'}"
        ) from None


def make_machine(folder: Path, values: Mapping[str, Value]) -> Path:
    """Writes the directory that makes processes share one emulated GPU; returns its path for GVB_EMULATED."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [f"{name} {value}" for name, value in sorted(values.items())]
    (folder / "config").write_text("\n".join(lines) + "\n")
    return folder


def is_emulated(driver: str) -> bool:
    """Whether a driver file is the emulated one: it says so itself."""
    try:
        return hasattr(ctypes.CDLL(driver, mode=ctypes.RTLD_LOCAL), "gvb_emulated_keys")
    except OSError:
        return False
