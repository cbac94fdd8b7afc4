"""The emulated GPU from Python: its profiles, its keys, and the machine directory that its processes share."""

from __future__ import annotations

import ctypes
import itertools
import json
import math
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from gpu_virt_bench.model.text import closest, nearest

FOLDER = Path(__file__).parent
LIBRARIES = FOLDER / "lib"
PROGRAMS = FOLDER / "bin"
"""What comes first on PATH where the device is emulated: the control daemon of its MPS."""
PROFILES = FOLDER / "profiles"
DEFAULT = "h200"
"""The profile of a machine that none is named for."""
VARIABLE = "GVB_EMULATED"
FAMILIES = {
    "latency": "extra nanoseconds for each call of the API named after the dot: latency.cuMemAlloc_v2=50000",
    "fail": "n:code - the n-th call of that API in a process answers this CUresult; n+:code also all later ones",
    "sticky": "n:code - from the n-th call on every call of the process answers this CUresult, as after a fatal fault",
    "hang": "n - the n-th call of that API in a process never returns",
    "inject": "code=2 after_calls=10 probability=0.1 seed=7 sticky=1 - later calls answer the code, each with that "
    "probability; sticky=1: then every call of the process does",
}
"""Keys with an API's name after the dot."""
FORMS = {
    "latency": (r"\d{1,18}", "nanoseconds, such as 5000"),
    "fail": (r"\d{1,18}\+?:\d{1,9}", "n:code or n+:code, such as 3:719"),
    "sticky": (r"\d{1,18}\+?:\d{1,9}", "n:code, such as 3:719"),
    "hang": (r"\d{1,18}", "the number of a call, such as 3"),
    "inject": (r"[^\n\r]*=[^\n\r]*", "words such as code=2 after_calls=10 probability=0.1 seed=7 sticky=1"),
}
"""How a value of each family is written."""

Value = str | int | float


class EmulationError(Exception):
    """A profile or key that does not exist, or a value of the wrong kind."""


@dataclass(frozen=True)
class Key:
    """One thing that can be set about the emulated GPU."""

    name: str
    type: str
    default: Value
    range: str
    unit: str
    meaning: str


@cache
def driver() -> ctypes.CDLL:
    """The emulated driver's library, for what it says of itself."""
    path = LIBRARIES / "libcuda.so.1"
    if not path.exists():
        raise EmulationError(f"{path} is missing: build it with `python build_native.py`, or install a wheel")
    library = ctypes.CDLL(str(path), mode=ctypes.RTLD_LOCAL)
    for told in (library.gvb_emulated_keys, library.gvb_emulated_complaint, library.gvb_emulated_function):
        told.restype = ctypes.c_char_p
    library.gvb_emulated_complaint.argtypes = [ctypes.c_char_p]
    return library


@cache
def keys() -> Mapping[str, Key]:
    """All keys but those of a function, as the emulated driver itself declares them."""
    found = (Key(**entry) for entry in json.loads(driver().gvb_emulated_keys()))
    return {key.name: key for key in found if key.name.partition(".")[0] not in FAMILIES}


@cache
def functions() -> Sequence[str]:
    """The functions that the emulated driver exports."""
    names = itertools.takewhile(bool, map(driver().gvb_emulated_function, itertools.count()))
    return [name.decode() for name in names]


def profiles() -> list[str]:
    """Names of the shipped device profiles."""
    return sorted(path.stem for path in PROFILES.glob("*.toml"))


def machine(words: str) -> tuple[str, dict[str, str]]:
    """`PROFILE` or `PROFILExN`: the profile, and the setting that gives the machine N of it."""
    several = re.fullmatch(r"(.+)x(\d{1,3})", words)
    if several is None or words in profiles():
        return words, {}
    return several[1], {"devices": several[2]}


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
        return of_family(family, api, text)
    if name not in keys():
        near = nearest(name, [*keys(), *(f"{family}.API" for family in FAMILIES)], shown_by="list emulator")
        raise EmulationError(f"the emulated GPU has no key {name!r}{near}")
    kind = keys()[name].type
    kinds: dict[str, Callable[[str], Value]] = {"integer": int, "real": finite}
    expected = {"integer": "an integer", "real": "a number"}.get(kind, "text of one line")
    if kind not in kinds and not text.isprintable():
        raise EmulationError(f"{name} is {text!r}, expected {expected}")
    try:
        return kinds.get(kind, str)(text)
    except ValueError:
        raise EmulationError(f"{name} is {text!r}, expected {expected}") from None


def of_family(family: str, api: str, text: str) -> str:
    """What is to happen to one function of the driver, as the driver reads it."""
    if api not in functions():
        near = closest(api, functions(), least=0.0)
        raise EmulationError(f"{family}.{api}: the driver has no function {api!r}; the nearest is {near}")
    form, expected = FORMS[family]
    if not re.fullmatch(form, text):
        raise EmulationError(f"{family}.{api} is {text!r}, expected {expected}")
    return text


def finite(text: str) -> float:
    """A number with a value."""
    if not math.isfinite(value := float(text)):
        raise ValueError
    return value


def make_machine(folder: Path, values: Mapping[str, Value]) -> Path:
    """Writes the directory that makes processes share one emulated GPU; returns its path for GVB_EMULATED.

    Raises EmulationError about values that the driver does not take.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lines = [f"{name} {value}" for name, value in sorted(values.items())]
    (folder / "config").write_text("\n".join(lines) + "\n")
    if complaint := driver().gvb_emulated_complaint(str(folder).encode()).decode(errors="replace"):
        where = re.compile(re.escape(f"{folder}/config") + r"(:\d+)?: ")
        raise EmulationError(f"the emulated GPU cannot be so: {where.sub('', complaint)}")
    return folder


def faults(values: Mapping[str, Value]) -> dict[str, str]:
    """The settings that are about one function, with its name."""
    parts = {name: name.partition(".") for name in values}
    return {name: api for name, (family, _, api) in parts.items() if family in FAMILIES and api}


def uncalled(folder: Path, values: Mapping[str, Value]) -> list[str]:
    """Sentences on the settings whose function no process of that machine has called."""
    return [
        f"--emulate {name}: nothing called {api}{also(api)}"
        for name, api in faults(values).items()
        if not (folder / f"called.{api}").exists()
    ]


def also(api: str) -> str:
    """Other versions of a function: cuda.h may call one of them by this one's name."""
    bare = re.sub(r"_v\d+$", "", api)
    others = [name for name in functions() if name != api and re.fullmatch(rf"{bare}(_v\d+)?", name)]
    return f"; another exported function is {' and '.join(others)}" if others else ""


def is_emulated(driver: str) -> bool:
    """Whether a driver file is the emulated one: it says so itself."""
    try:
        return hasattr(ctypes.CDLL(driver, mode=ctypes.RTLD_LOCAL), "gvb_emulated_keys")
    except OSError:
        return False
