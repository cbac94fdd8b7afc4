"""What a definition must keep to beyond its types: names in braces, regular expressions, steps, quotas and paths."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from math import inf

from gpu_virt_bench.model.system import FEATURES, Checks, Step, System
from gpu_virt_bench.systems.variables import (
    DefinitionError,
    captured,
    expand,
    named_groups,
    nearest,
    resolve,
    session_names,
    tenant_names,
)

OVERLAPS = ("always", "never", "any")
SM_SETS = ("disjoint", "any")
PRIVATE = ("{session_dir}/", "{tenant_dir}/")


def check_definition(system: System, where: str) -> None:
    """Raises a DefinitionError about the first thing that is wrong."""
    for feature in system.features:
        if feature not in FEATURES:
            raise DefinitionError(f"{where}: no feature {feature!r}{nearest(feature, FEATURES)}")
    for gap in system.known_gaps:
        if not gap.note.strip():
            raise DefinitionError(f"{where}: the known gap {gap.id!r} has no note: say in a sentence what it is")
    session, tenant = session_names(system), tenant_names(system)
    before_setup = [name for name in session if name not in captured(system.setup)]
    check_texts(system.env.values(), session, f"{where}: env")
    check_steps(system.setup, before_setup, f"{where}: setup")
    check_steps(system.teardown, session, f"{where}: teardown")
    check_steps(system.record, session, f"{where}: record")
    check_tenant(system, session, tenant, where)
    check_table(system.proof, [*tenant, "pid"], f"{where}: proof")
    for feature, checks in system.proof.features.items():
        check_table(checks, [*tenant, "pid"], f"{where}: proof.{feature}")
    check_cleanup(system.cleanup.remove, session, where)
    check_quotas(system, where)
    for wanted in filter(None, (system.requires.driver, system.requires.compute_capability)):
        check_version(wanted, f"{where}: requires")


def check_quotas(system: System, where: str) -> None:
    """A limit that is listed must say how it is expressed."""
    for feature, key, rule in (
        ("memory-limit", "memory", system.quota.memory),
        ("compute-limit", "compute", system.quota.compute),
    ):
        if feature in system.features and rule is None:
            raise DefinitionError(f"{where}: features lists {feature}, but the key 'quota.{key}' is missing")
        if rule is not None and not 0 < rule.step < inf:
            raise DefinitionError(f"{where}: quota.{key}.step is {rule.step}: expected more than 0")


def check_version(wanted: str, where: str) -> None:
    """A requirement of a version."""
    if not re.fullmatch(r"(>=|<=|==|>|<)\d+(\.\d+)*", wanted):
        raise DefinitionError(f"{where} has {wanted!r}: expected for example '>=550'")


def check_tenant(system: System, session: Sequence[str], tenant: Sequence[str], where: str) -> None:
    """The table of a tenant: its steps may use what earlier ones captured, the last ones also its pid."""
    start = system.tenant
    own = [name for name in tenant if name not in captured(start.before) or name in session]
    check_texts((*start.env.values(), *start.command, start.python), tenant, f"{where}: tenant")
    if start.shell and not start.command:
        raise DefinitionError(f"{where}: tenant.shell is true without tenant.command: there is no shell to pass")
    check_steps(start.before, own, f"{where}: tenant.before")
    check_steps(start.after, [*tenant, "pid"], f"{where}: tenant.after")
    if start.before_kill is not None:
        check_steps([start.before_kill], [*tenant, "pid"], f"{where}: tenant.before_kill")


def check_texts(texts: Iterable[str], known: Sequence[str], where: str) -> None:
    """Texts may use known variables alone."""
    for text in texts:
        expand(text, dict.fromkeys(known, "0"), where)


def check_steps(steps: Iterable[Step], known: Sequence[str], where: str) -> None:
    """Steps in their order: each may use what those before it captured."""
    names = list(known)
    for step in steps:
        if not step.run:
            raise DefinitionError(f"{where}: a step's run is empty; expected a program and its arguments")
        if not 0 < step.timeout < inf or not 0 <= step.retry_for < inf:
            raise DefinitionError(f"{where}: {step.title!r} has timeout {step.timeout} and retry_for {step.retry_for}: "
                                  "expected seconds, more than 0 and from 0 on")  # fmt: skip
        if step.background and (step.expect or step.retry_for or step.stdin):
            raise DefinitionError(f"{where}: {step.title!r} is a background step: expect, retry_for and stdin "
                                  "belong to a step after it")  # fmt: skip
        filled = resolve(step, dict.fromkeys(names, "0"), where)
        assert filled is not None
        check_pattern(filled.expect, where)
        names += named_groups(step.expect)


def check_pattern(pattern: str, where: str) -> None:
    """A regular expression must be one."""
    try:
        re.compile(pattern)
    except re.error as error:
        raise DefinitionError(f"{where}: {pattern!r} is not a regular expression: {error}") from None


def check_table(checks: Checks, known: Sequence[str], where: str) -> None:
    """A table of checks: known variables, regular expressions, numbers and words."""
    filled = resolve(checks, dict.fromkeys(known, "0"), where)
    assert filled is not None
    for part in fields(filled):
        if part.metadata.get("regex"):
            value = getattr(filled, part.name)
            for pattern in value.values() if isinstance(value, Mapping) else [value]:
                check_pattern(pattern, f"{where}.{part.name}")
    if checks.command is not None:
        check_steps([checks.command], known, f"{where}.command")
    amounts = {"memory_total": filled.memory_total, "refused_above": filled.refused_above}
    if filled.sm_count is not None:
        amounts |= {"sm_count.equals": filled.sm_count.equals, "sm_count.at_most": filled.sm_count.at_most}
    for name, entry in filled.file.items():
        amounts |= {f"file.{name}.{key}": getattr(entry, key) for key in ("equals", "min", "max")}
    for name, amount in amounts.items():
        if isinstance(amount, str) and not re.fullmatch(r"-?\d+", amount):
            raise DefinitionError(f"{where}.{name} is {amount!r}: expected a number, or a variable in braces")
    check_word(checks.overlap, OVERLAPS, f"{where}.overlap")
    check_word(checks.sm_sets, SM_SETS, f"{where}.sm_sets")


def check_word(word: str, known: Sequence[str], where: str) -> None:
    """One of a few words; one with a variable is checked when it has its value."""
    if word and "{" not in word and word not in known:
        raise DefinitionError(f"{where} is {word!r}: expected {', '.join(known)}")


def check_cleanup(paths: Iterable[str], known: Sequence[str], where: str) -> None:
    """Only what lies in our own directories may be removed."""
    for path in paths:
        expand(path, dict.fromkeys([*known, "tenant_dir"], "0"), f"{where}: cleanup.remove")
        if not path.startswith(PRIVATE) or ".." in path.split("/"):
            raise DefinitionError(f"{where}: cleanup.remove has {path!r}: expected a path under {PRIVATE[0]}")
