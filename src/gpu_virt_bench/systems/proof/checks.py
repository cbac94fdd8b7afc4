"""The checks of a proof: what is expected, against what a tenant and the observer showed."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from gpu_virt_bench.model.run import Check
from gpu_virt_bench.model.system import Checks, FileField, SmCount
from gpu_virt_bench.systems.proof.evidence import OUT_OF_MEMORY, Attempt, Evidence
from gpu_virt_bench.systems.proof.limits import BY
from gpu_virt_bench.systems.proof.outside import observer_checks
from gpu_virt_bench.systems.proof.served import served_checks
from gpu_virt_bench.systems.proof.tables import probes

NEAR = 2 << 20
"""How far a memory total may be from what is expected."""
UNBOUND, LIMITING = 0.95, 0.9
"""A tenant that runs at that part of the native rate is not limited; a share above that need not show."""
FORMATS = {"i32": "<i", "u32": "<I", "i64": "<q", "u64": "<Q"}


def check(checks: Checks, evidence: Evidence, feature: str = "") -> list[Check]:
    """Every check of a table whose variables are filled in, except those that run a command or need two tenants.
    Under a feature, names begin with it: `memory-limit.refused_above`."""
    found = [*tenant_checks(checks, evidence), *file_checks(checks), *observer_checks(checks.observer, evidence.seen)]
    return [prefixed(item, feature) for item in found]


def prefixed(item: Check, feature: str) -> Check:
    """A check under a feature's name."""
    return Check(f"{feature}.{item.name}", item.expected, item.found, item.passed) if feature else item


def tenant_checks(checks: Checks, evidence: Evidence) -> Iterator[Check]:
    """What the tenant itself answers."""
    facts = evidence.facts
    yield from served_checks(checks, evidence)
    files = {Path(path).name for path in facts["mapped"]}
    for name in checks.mapped:
        yes = name in facts["mapped"] if "/" in name else name in files
        yield Check(f"mapped.{name}", "mapped", "mapped" if yes else "not mapped", yes)
    for name in checks.not_mapped:
        yield Check(f"not_mapped.{name}", "not mapped", word(name in files, "mapped"), name not in files)
    for name, pattern in checks.env.items():
        yield matched(f"env.{name}", pattern, facts["env"].get(name, ""))
    if checks.full_device:
        yield from full_device(facts, evidence.device_sm_count, evidence.device_memory_bytes)
    if checks.memory_total is not None:
        yield near("memory_total", int(checks.memory_total), facts["memory_total"])
    if checks.sm_count is not None:
        yield sm_count(checks.sm_count, facts["device"]["sm_count"])
    for name, pattern in (("device_uuid", checks.device_uuid), ("device_name", checks.device_name)):
        if pattern:
            yield matched(name, pattern, facts["device"][name.removeprefix("device_")])
    if checks.refused_above is not None:
        yield refused_above(int(checks.refused_above), evidence.attempts, evidence.control)
    if checks.stderr:
        last = evidence.stderr.strip().splitlines()[-1:] or ["nothing"]
        hit = re.search(checks.stderr, evidence.stderr)
        yield Check("stderr", checks.stderr, hit[0] if hit else last[0], bool(hit))
    if checks.slowed is not None and evidence.rate is not None:
        yield slowed(evidence.rate, evidence.compute_share)


def slowed(rate: float, share: float | None) -> Check:
    """Whether a compute limit binds at all; how well it does is what metrics measure."""
    limited = share is not None and share <= LIMITING
    expected = f"below {UNBOUND:g} of the native rate under a share of {share:g}" if limited else "evidence only"
    return Check("slowed", expected, f"{rate:.3f} of the native rate", not limited or rate < UNBOUND)


def word(condition: bool, text: str) -> str:
    """The word, or `not` and the word."""
    return text if condition else f"not {text}"


def matched(name: str, pattern: str, found: str) -> Check:
    """Whether a text matches."""
    return Check(name, pattern, found or "nothing", bool(re.search(pattern, found)))


def near(name: str, expected: int, found: int) -> Check:
    """Whether a size is what it should be."""
    return Check(name, str(expected), str(found), abs(found - expected) <= NEAR)


def full_device(facts: Mapping[str, Any], sms: int, memory: int) -> list[Check]:
    """Whether the tenant sees the device whole: as many SMs and as much memory as were read at the start."""
    found = facts["device"]["sm_count"]
    return [Check("sm_count", str(sms), str(found), found == sms), near("memory_total", memory, facts["memory_total"])]


def sm_count(rule: SmCount, found: int) -> Check:
    """Whether the tenant sees as many multiprocessors as it should."""
    slack = f" +-{rule.slack}" if rule.slack else ""
    if rule.equals is not None:
        return Check("sm_count", f"{rule.equals}{slack}", str(found), abs(found - int(rule.equals)) <= rule.slack)
    most = int(rule.at_most or 0)
    extra = f" + {rule.slack}" if rule.slack else ""
    return Check("sm_count", f"at most {most}{extra}", str(found), 0 < found <= most + rule.slack)


def refused_above(limit: int, attempts: Sequence[Attempt], control: Sequence[Attempt]) -> Check:
    """Whether a tenant gets half of its quota and not more than it, and a native tenant does get that much."""
    half, above = probes(limit)
    codes, native = ({attempt.bytes: attempt.code for attempt in tried} for tried in (attempts, control))
    asked = [attempt for attempt in attempts if attempt.bytes == above]
    given = [BY[attempt.way] for attempt in asked if attempt.code == 0]
    expected = f"{half} bytes given, {above} refused; given to a native tenant"
    if half not in codes or above not in codes:
        return Check("refused_above", expected, "cuMemAlloc was not tried", False)
    if codes[half] != 0:
        return Check("refused_above", expected, f"cuMemAlloc of half the quota failed with {codes[half]}", False)
    if given:
        how = f" when found by {given[0]}" if len(given) < len(asked) else ""
        return Check("refused_above", expected, f"cuMemAlloc of quota + 256 MiB succeeded{how}", False)
    if above not in native:
        return Check("refused_above", expected, "refused, but no native tenant tried the same", False)
    if native[above] != 0:
        return Check("refused_above", expected, f"a native tenant is refused too, with {native[above]}", False)
    note = "" if codes[above] == OUT_OF_MEMORY else f" with {codes[above]} instead of CUDA_ERROR_OUT_OF_MEMORY"
    return Check("refused_above", expected, f"refused{note}", True)


def file_checks(checks: Checks) -> list[Check]:
    """Binary fields of the layer's state files, read on the host."""
    return [file_check(f"file.{name}", entry) for name, entry in checks.file.items()]


def file_check(name: str, entry: FileField) -> Check:
    """Whether a field holds what it should."""
    rules = [("", entry.equals), ("at least ", entry.min), ("at most ", entry.max)]
    expected = ", ".join(f"{how}{amount}" for how, amount in rules if amount is not None) or "readable"
    try:
        value = read_field(Path(entry.path), entry.offset, entry.type)
    except OSError as error:
        return Check(name, expected, f"{entry.path}: {error.strerror}", False)
    except struct.error:
        return Check(name, expected, f"{entry.path} ends before byte {entry.offset}", False)
    passed = (
        (entry.equals is None or value == int(entry.equals))
        and (entry.min is None or value >= int(entry.min))
        and (entry.max is None or value <= int(entry.max))
    )
    return Check(name, expected, str(value), passed)


def read_field(path: Path, offset: int, type: str) -> int:
    """A little-endian integer in a file."""
    form = FORMATS[type]
    with path.open("rb") as file:
        file.seek(offset)
        return int(struct.unpack(form, file.read(struct.calcsize(form)))[0])
