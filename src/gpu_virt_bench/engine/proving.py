"""Proofs of tenants: what follows from them, before the first sample and after the last."""

from __future__ import annotations

from typing import Literal

from gpu_virt_bench.engine.member import Member
from gpu_virt_bench.engine.place import Place
from gpu_virt_bench.model.run import Check, ProofRecord
from gpu_virt_bench.systems.proof import verdict

When = Literal["before", "after"]


class Refused(Exception):
    """The run must not exist: the layer is not in force, or the device is not ours alone."""


class ProofLost(Exception):
    """The proof held before the first sample and not after the last."""


class FeatureLost(Exception):
    """A feature that the system lists is not in force for a tenant that asked for it."""


def asked(place: Place, member: Member, repetition: int, when: When) -> ProofRecord:
    """What a living tenant shows. The costly evidence is taken once for each quota of an entry, before samples; once it
    was had: a tenant that died of being asked has given none."""
    quota = tuple(sorted((name, value) for name, value in member.values.items() if value is not None))
    key = (place.entry.key, quota)
    costly = when == "before" and not place.prover.is_known(key)
    found = place.prover.ask(member.seat, member.tenant, place.outside(member.share.gpu), costly)
    if costly:
        place.prover.know(key)
    return record(member, repetition, when, found.checks, found.granted)


def dead(member: Member, repetition: int) -> ProofRecord:
    """The record of a tenant that cannot be asked any more: its death was wanted, or it is a failed check."""
    status = member.tenant.status()
    how = f"ended by signal {-status}" if status is not None and status < 0 else f"exited with status {status}"
    check = Check("death", member.death, f"as wanted: {how}", True) if member.death else None
    return record(member, repetition, "after", [check or Check("alive", "alive at its end", how, False)], {})


def unanswered(member: Member, repetition: int, error: str) -> ProofRecord:
    """The record of a tenant that was asked and did not answer."""
    return record(member, repetition, "after", [Check("alive", "an answer", error, False)], {})


def record(member: Member, repetition: int, when: When, checks: list[Check], granted: dict[str, str]) -> ProofRecord:
    """A record of the run file."""
    return ProofRecord(repetition, member.index, when, checks, granted, member.serial, member.process)


def judge(place: Place, checks: list[Check], when: When) -> None:
    """A proof that fails refuses the run, loses the samples or withdraws a feature. A compute limit that does not bind
    is a result, and measured all the same: the remarks begin with it."""
    system = place.entry.system
    if not verdict.activated(checks):
        sentence = verdict.refusal(system, checks)
        raise Refused(sentence) if when == "before" else ProofLost(f"proof lost: {sentence}")
    for feature, sentence in verdict.withdrawn(checks).items():
        if not verdict.only_unbound(checks, feature):
            withdraw(place, feature, sentence, when)


def withdraw(place: Place, feature: str, sentence: str, when: When) -> None:
    """A feature that is not in force: the run is refused if the user asked for it, else outcomes that use it fail."""
    quota = place.entry.quota
    session = {"memory-limit": quota.memory_bytes, "compute-limit": quota.compute_share or place.entry.shares or None}
    if when == "before" and session.get(feature) is not None:
        raise Refused(f"{place.entry.system.id}: {sentence}")
    raise FeatureLost(sentence)
