"""Run files: saved whole or not at all, loaded with every field checked."""

from __future__ import annotations

import itertools
import json
import math
import os
import re
import stat
from collections import Counter
from datetime import datetime
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gpu_virt_bench.model import earlier
from gpu_virt_bench.model.metric import SHOWN
from gpu_virt_bench.model.run import SCHEMA_VERSION, Definition, Failed, Measured, Repetition, Run, Skipped
from gpu_virt_bench.model.shape import Misfit, build, printable, shown
from gpu_virt_bench.model.text import counted
from gpu_virt_bench.model.upgrade import as_written, upgraded

if TYPE_CHECKING:
    from pydantic import TypeAdapter


READABLE = (1, 2, SCHEMA_VERSION)
"""A file of an older version is read in the shape of the newest (model/upgrade.py), and keeps its number."""
MIB = 1 << 20
MOST_BYTES = 64 * MIB
MOST_VALUES = 4_000_000
"""Values of a file; 64 MiB of `{}` alone would take gigabytes as objects."""
MOST_INTEGER = (1 << 63) - 1
WAY_OUT = "measure fewer outcomes (--metrics) or take fewer samples (--iterations) per run"
SMALLEST, LARGEST = 1e-30, 1e30
"""Magnitudes of samples other than 0: their ratios, squares and sums stay finite."""


class RunFileError(Exception):
    """A run file that cannot be read; says in one line what was found and what is expected."""


class NoRunFile(Exception):
    """A content that cannot be a run file; says what was found and what is expected."""


@cache
def adapter() -> TypeAdapter[Run]:
    """The writer and the schema that belong to model/run.py."""
    from pydantic import TypeAdapter

    return TypeAdapter(Run)


def schema() -> dict[str, Any]:
    """The JSON Schema of a run file."""
    return {
        **adapter().json_schema(),
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"GPU-Virt-Bench run file, version {SCHEMA_VERSION}",
    }


def dump(run: Run) -> str:
    """The run as JSON text."""
    return adapter().dump_json(run, indent=1).decode() + "\n"


def save(run: Run, path: Path) -> None:
    """Writes the file beside its place and renames it: a reader never sees half of it, whatever ends the harness."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with fresh.open("w") as file:
            file.write(dump(run))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except BaseException as error:  # a full disk: half a file helps nobody
        fresh.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise unwritten(error, path) from None
        raise


def unwritten(error: OSError, path: Path) -> OSError:
    """The same error, about the file that was to be written and not about the one beside it."""
    said = "the file keeps what was written before, and lacks the newest" if path.exists() else "nothing was written"
    return OSError(error.errno, f"{error.strerror}, {said}", str(path))


def load(path: Path) -> Run:
    """The run in a file. Control characters in its texts are made visible, so that any of them may be printed."""
    name = printable(str(path))
    try:
        found = parsed(content(path))
    except OSError as error:
        raise RunFileError(f"cannot read {name}: {error.strerror}") from None
    except NoRunFile as error:
        raise RunFileError(f"{name} is no run file: {error}") from None
    version = found.get("schema_version")
    if version is None and earlier.wrote(found):
        raise RunFileError(
            f"{name} is a file of the earlier tool: it holds no samples and no proof, so nothing can be judged by it; "
            f"measure anew ({earlier.PAGE})"
        )
    if version not in READABLE:
        raise RunFileError(
            f"{name} has schema version {shown(version)}, this program reads {READABLE[0]} to {READABLE[-1]}"
        )
    try:
        return built(found, version)
    except Misfit as error:
        raise RunFileError(f"{name} is no valid run file: {error}") from None


def built(found: dict[str, Any], version: int) -> Run:
    """The run of a file's content; a Misfit names the place where the file has it."""
    if version == SCHEMA_VERSION:
        return checked(found)
    newest = upgraded(found)
    try:
        return checked(newest)
    except Misfit as error:
        error.place = as_written(error.place)
        raise


def checked(found: dict[str, Any]) -> Run:
    """The run, once everything about it holds."""
    run: Run = build(Run, found)
    check(run)
    return run


def file_name(system: str, began: str) -> str:
    """`native_20261121T130501Z.json` from the system and the UTC time of a run."""
    stamp = re.sub(r"[-:]|\.\d+", "", began).replace("+0000", "Z")
    return f"{system}_{stamp}.json"


def create(run: Run, folder: Path, *marks: str) -> Path:
    """Writes a new run to a path of its own: <folder>/<system>/<system>_<UTC time>[_mark].json.

    Two sessions of the same second get two names. The path appears with a whole file; until then, `.new` holds it.
    """
    stem = "_".join([Path(file_name(run.system.id, run.began)).stem, *marks])
    parent = folder / run.system.id
    parent.mkdir(parents=True, exist_ok=True)
    for number in itertools.count(1):
        path = parent / (f"{stem}.json" if number == 1 else f"{stem}-{number}.json")
        taken = path.with_name(f".{path.name}.new")
        try:
            taken.open("x").close()
        except FileExistsError:
            continue
        except OSError as error:
            raise unwritten(error, path) from None
        try:
            if not path.exists():
                save(run, path)
                return path
        finally:
            taken.unlink()
    raise AssertionError("itertools.count ended")


# -- the text of a file


def content(path: Path) -> bytes:
    """The bytes of a regular file of at most 64 MiB. Nothing else is opened: a FIFO would block, a device may act."""
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode):
        kind = "a directory" if stat.S_ISDIR(mode) else "a device, a pipe or a socket"
        raise NoRunFile(f"it is {kind}, expected a file")
    # not blocking: the path may have become a FIFO since
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        found = file.read(MOST_BYTES + 1) or b""
    if len(found) > MOST_BYTES:
        raise NoRunFile(f"it has more than {MOST_BYTES // MIB} MiB, the most that is read; {WAY_OUT}")
    return found


def parsed(found: bytes) -> dict[str, Any]:
    """The JSON object, without what JSON allows and a run file never has."""
    try:
        text = found.decode()
    except UnicodeDecodeError as error:
        raise NoRunFile(f"byte {error.start} is 0x{found[error.start]:02x}, expected UTF-8 text") from None
    if not text.strip():
        raise NoRunFile("it is empty")
    if text.count(",") + text.count("[") + text.count("{") > MOST_VALUES:
        raise NoRunFile(f"it has more than {MOST_VALUES:,} values, the most that is read; {WAY_OUT}")
    try:
        value = json.loads(
            text, parse_int=integer, parse_float=finite, parse_constant=constant, object_pairs_hook=without_repetition
        )
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise NoRunFile(f"it is not a JSON object: {error.msg} at {place}") from None
    except RecursionError:
        raise NoRunFile("it is not a JSON object that can be read: it is nested too deeply") from None
    if not isinstance(value, dict):
        raise NoRunFile("it is not a JSON object")
    return value


def integer(digits: str) -> int:
    """An integer of 64 bits."""
    if len(digits) > 20 or abs(int(digits)) > MOST_INTEGER:
        raise NoRunFile(f"{digits[:20]}... is too large, expected integers of 64 bits")
    return int(digits)


def finite(digits: str) -> float:
    """A number with a value."""
    value = float(digits)
    if math.isinf(value):
        raise NoRunFile(f"{digits[:20]} is too large, expected finite numbers")
    return value


def constant(name: str) -> float:
    """Refuses NaN and the infinities, which JSON does not have either."""
    raise NoRunFile(f"it has the value {name}; what was not measured has no number")


def without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys differ: readers disagree on which of two equal keys counts."""
    made = dict(pairs)
    if len(made) < len(pairs):
        twice = next(key for key, times in Counter(key for key, _ in pairs).items() if times > 1)
        raise NoRunFile(f"the key {json.dumps(twice[:60])} stands twice in one object")
    return made


# -- what the types of a run cannot say


def check(run: Run) -> None:
    """Raises a Misfit at the first thing that a reader of the run would stumble over."""
    moment(run.began)
    if not run.devices:
        raise Misfit("holds no device, expected at least one", "devices")
    for name, definition in run.metrics.items():
        check_unit(name, definition)
    for name, outcome in run.outcomes.items():
        check_outcome(name, outcome, run.metrics)


def moment(text: str) -> datetime:
    """A time with its offset from UTC."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None or not 1970 < found.year < 9999:
        raise Misfit(f"is {shown(text)}, expected a time such as 2026-11-21T14:38:01+00:00", "began")
    return found


def check_unit(name: str, definition: Definition) -> None:
    """Samples and reports use units that belong together."""
    if definition.shown_unit not in SHOWN:
        raise Misfit(
            f"is {shown(definition.shown_unit)}, known units are {', '.join(SHOWN)}", "metrics", name, "shown_unit"
        )
    expected = SHOWN[definition.shown_unit][0]
    if definition.unit != expected:
        raise Misfit(f"is {shown(definition.unit)}, expected {expected}", "metrics", name, "unit")


def check_outcome(name: str, outcome: Measured | Skipped | Failed, metrics: dict[str, Definition]) -> None:
    """An outcome belongs to a metric of the file, and stands under its name."""
    if outcome.metric not in metrics:
        raise Misfit(f"is {shown(outcome.metric)}, which `metrics` does not define", "outcomes", name, "metric")
    if not re.fullmatch(re.escape(outcome.metric) + r"(\[.*\])?", name, re.DOTALL):
        raise Misfit(
            f"is {shown(outcome.metric)}, expected the metric that its name begins with", "outcomes", name, "metric"
        )
    if isinstance(outcome, Measured):
        check_samples(name, outcome, metrics[outcome.metric].unit)


def check_samples(name: str, outcome: Measured, unit: str) -> None:
    """What counts as measured has samples, each of a size that occurs."""
    indices = [repetition.index for repetition in outcome.repetitions]
    if len(set(indices)) < len(indices):
        raise Misfit("holds two repetitions of the same index", "outcomes", name, "repetitions")
    if not any(repetition.samples for repetition in outcome.repetitions):
        raise Misfit("holds no samples, expected some or a skipped outcome", "outcomes", name, "repetitions")
    for position, repetition in enumerate(outcome.repetitions):
        try:
            check_sizes("samples", repetition.samples, unit)
            check_beside(repetition)
        except Misfit as error:
            error.place = ["outcomes", name, "repetitions", position, *error.place]
            raise


def check_sizes(name: str, values: list[float], unit: str = "") -> None:
    """Every value of a list can be reckoned with."""
    for index, value in enumerate(values):
        if not fits(value, unit):
            expected = "0 or 1" if unit == "pass" else f"0 or a size from {SMALLEST:g} to {LARGEST:g}"
            raise Misfit(f"is {value!r}, expected {expected}", name, index)


def check_beside(repetition: Repetition) -> None:
    """What is told of each sample is told of all or of none, and rounds follow each other."""
    for name in ("rounds", "begins", "paces", "clocks_hz"):
        values = getattr(repetition, name)
        if values and len(values) != len(repetition.samples):
            count = counted(len(values), "entry", "entries")
            raise Misfit(f"has {count}, expected none or {len(repetition.samples)}, as `samples`", name)
        if name != "rounds":
            check_sizes(name, values)
    for index, (before, after) in enumerate(pairwise(repetition.rounds), start=1):
        if after <= before:
            raise Misfit(f"is {after}, expected more than {before}: rounds increase", "rounds", index)


def fits(sample: float, unit: str) -> bool:
    """Whether a sample of that unit can be reckoned with."""
    return sample in (0.0, 1.0) if unit == "pass" else sample == 0 or SMALLEST <= abs(sample) <= LARGEST
