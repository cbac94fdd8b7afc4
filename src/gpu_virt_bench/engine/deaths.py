"""Deaths that are wanted, and what follows a fault: the definition's recovery, a health probe, and a fresh party."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from gpu_virt_bench.engine.member import Member
from gpu_virt_bench.engine.stage import Stage
from gpu_virt_bench.engine.tenants import ContextLost, probe, raise_lost
from gpu_virt_bench.model.metric import Death, Share
from gpu_virt_bench.model.workload import TenantDied, TenantHung, WorkloadError

DEATH_SECONDS = 10.0
"""How long a death that is wanted may take after the block that brings it about."""


class NotDead(Exception):
    """A death that was wanted and did not happen: whatever was read beside it shows nothing."""


@contextmanager
def sacrifice(stage: Stage, victim: Share | Member, dies: Death) -> Iterator[Member]:
    """A tenant whose death is wanted: a member of the party, or one started for it. Its error ends the block."""
    member, code = victim if isinstance(victim, Member) else started(stage, victim), 0
    lost: list[str] = []
    try:
        try:
            yield member
        except WorkloadError as error:
            if error.code != dies.code or not dies.code:
                raise
            code = error.code
        except (TenantDied, TenantHung):
            if not dies.signal:
                raise
        check_death(member, dies, code)
        member.death = str(dies)
        stage.after = "fault" if dies.code else "kill"
    finally:  # one that did not die as it should must not stand beside the next sample either
        if isinstance(victim, Share):
            lost = stage.tenants.end([member])
    raise_lost(lost)


def started(stage: Stage, share: Share) -> Member:
    """A tenant of its own, proved like any other."""
    (member,) = stage.tenants.start((share,), False)
    stage.prove([member])
    return member


def check_death(member: Member, dies: Death, code: int) -> None:
    """Refuses another end than the one that was wanted."""
    if dies.code:
        if code != dies.code:
            raise NotDead(f"{dies} not raised: {member.tenant.name} has no such error")
        return
    until = time.monotonic() + DEATH_SECONDS
    while (status := member.tenant.status()) is None and time.monotonic() < until:
        time.sleep(0.01)
    if status != -dies.signal:
        how = "still runs" if status is None else f"ended with status {status}"
        raise NotDead(f"{dies} expected, but {member.tenant.name} {how}")


def recover(stage: Stage, members: Sequence[Member]) -> list[str]:
    """After a fault or a kill: what the definition says, a native health probe, and the party anew; what was lost, in
    sentences."""
    wanted, stage.after = stage.after, ""
    mark_reached(stage)
    lost = stage.tenants.end(list(stage.tenants.living))
    rule = stage.place.entry.system.recovery
    if (rule.after_fault if wanted == "fault" else rule.after_kill) == "restart":
        stage.restart()
    stage.place.reference.check_health()
    stage.renew(members)
    return lost


def mark_reached(stage: Stage) -> None:
    """Tenants that share a fault domain with the dead one may be lost with it: that is no lost proof."""
    if stage.place.entry.system.fault_domain == "process":
        return
    for member in stage.tenants.living:
        try:
            probe([member], stage.place.seed)
        except ContextLost:
            member.death = member.death or "a neighbor's fault"
