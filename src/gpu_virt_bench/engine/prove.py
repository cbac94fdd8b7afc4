"""Proofs alone: every system set up, a tenant asked for all that it can show, and nothing measured."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field

from gpu_virt_bench.engine.entry import Entry, entries
from gpu_virt_bench.engine.place import Place
from gpu_virt_bench.engine.proving import FeatureLost, ProofLost, Refused
from gpu_virt_bench.engine.quotas import too_small
from gpu_virt_bench.engine.request import Progress, Request
from gpu_virt_bench.engine.session import opened, places_of, referred, unavailable
from gpu_virt_bench.engine.stage import Stage
from gpu_virt_bench.engine.standing import settle
from gpu_virt_bench.engine.tenants import UNWELL, raise_lost
from gpu_virt_bench.model import evidence
from gpu_virt_bench.model.claims import NEAR, number, open_calls
from gpu_virt_bench.model.metric import Share
from gpu_virt_bench.model.run import Check
from gpu_virt_bench.systems.proof import tables, verdict
from gpu_virt_bench.systems.proof.doors import Door, doors, halves, is_one_of
from gpu_virt_bench.systems.quota import grants
from gpu_virt_bench.systems.variables import DefinitionError


@dataclass
class Proved:
    """What one system showed."""

    system: str
    device: str
    emulated: bool
    checks: list[Check] = field(default_factory=list)
    """Of a tenant, and of two at once; those of a feature under its name."""
    granted: dict[str, str] = field(default_factory=dict)
    doors: list[Door] = field(default_factory=list)
    half_doors: str = ""
    own: list[str] = field(default_factory=list)
    """Files of the layer."""
    refused: str = ""
    """Why it must not be measured, "" if it may be."""
    unlimited: list[str] = field(default_factory=list)
    """Limits that were asked for and that it does not have."""
    is_layer: bool = True
    sm_count: int = 0
    memory_bytes: int = 0

    @property
    def open(self) -> list[str]:
        """What is not as it is claimed, though the system may be measured."""
        failed = [item for item in self.checks if not item.passed]
        told = [verdict.explained(item) for item in failed if not self.refused]
        calls = [said for item in self.checks if item.name.endswith(".calls") for said in open_calls(item)]
        calls += [
            f"compute limit: granted {self.granted['compute_share']}, {item.found}"
            for item in self.checks
            if item.name.endswith(".slowed") and item.passed and self.binds_elsewhere(item)
        ]
        half = [f"half a door: {self.half_doors}"] if self.half_doors else []
        return list(dict.fromkeys([*self.unproven, *self.unlimited, *told, *calls, *half]))

    @property
    def unproven(self) -> list[str]:
        """Why what it claims is not shown; none of a system that is refused."""
        if self.refused:
            return []
        granted = frozenset(self.granted)
        return [
            *evidence.unproven(
                evidence.Shown(self.system, self.is_layer, self.sm_count, self.memory_bytes, self.checks, granted)
            )
        ]

    def binds_elsewhere(self, item: Check) -> bool:
        """Whether the probe of a compute limit ran at another rate than the share."""
        share, rate = number(self.granted.get("compute_share", "")), number(item.found)
        return share is not None and rate is not None and abs(rate - share) > NEAR

    def is_layers(self, file: str) -> bool:
        """Whether a file is the layer's."""
        return is_one_of(file, self.own)


def prove(request: Request, progress: Progress, each: Callable[[Proved], None]) -> list[Proved]:
    """Proves the systems of a request one after the other; `each` hears of one as soon as it is done."""
    with opened(request, progress) as (folder, target, throttle), closing(referred(target, folder)) as reference:
        whole = Entry(request.systems[0], request.memory_limit, request.compute_limit, request.tenants)
        places = places_of(request, folder, reference, throttle, entries(request.systems, whole, {}, False))
        found = []
        for place in places.values():
            found.append(of_system(place, progress))
            each(found[-1])
    return found


def of_system(place: Place, progress: Progress) -> Proved:
    """One system, set up and asked."""
    system, device = place.entry.system, place.device
    found = Proved(
        system.id,
        device.name,
        device.emulated,
        unlimited=[f"{lack}: proved without" for lack in place.entry.lacking],
        is_layer=system.mechanism != "none",
        sm_count=device.sm_count,
        memory_bytes=device.memory_bytes,
    )
    found.refused = unavailable(system, place.devices, place.options)
    if found.refused:
        return found
    progress.doing(f"{system.id}: set-up")
    try:
        grants(system, [place.entry.quota], place.devices, [0])
        with Stage(place, 0) as stage:
            try:
                ask(stage, found, progress)
            finally:
                keep(stage, found)
    except (Refused, ProofLost, FeatureLost, DefinitionError, *UNWELL) as error:
        found.refused = str(error) + too_small(place.entry, place.reference.context_bytes)
    return found


def ask(stage: Stage, found: Proved, progress: Progress) -> None:
    """Two tenants at once, then one with all that costs time, once more at its end."""
    name = found.system
    progress.doing(f"{name}: how two tenants share the device")
    stage.prove_pair()
    progress.doing(f"{name}: a tenant starts and settles")
    members = stage.start((Share(),), False)
    time.sleep(settle(stage, members))
    (member,) = members
    system = stage.place.entry.system
    facts = member.tenant.facts(tables.symbols(system))
    found.doors = doors(facts)
    found.own = tables.own_files(system, {**member.seat.values, "pid": str(member.pid)})
    found.half_doors = halves(found.doors, found.own)
    progress.doing(f"{name}: limits, through every call and in a second process")
    stage.prove(members)
    progress.doing(f"{name}: the same tenant once more, at its end")
    lost: list[str] = []
    stage.tenants.last(members, lost)
    raise_lost(lost)


def keep(stage: Stage, found: Proved) -> None:
    """The checks before the samples, each once."""
    records = [record for record in stage.tenants.proofs if record.when == "before"]
    found.checks = list({item.name: item for record in records for item in record.checks}.values())
    for record in records:
        found.granted.update(record.granted)
