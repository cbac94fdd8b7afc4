"""The conformance table, asked of the driver below and of systems over it in one session."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from functools import partial

from gpu_virt_bench.conform.compare import beside
from gpu_virt_bench.conform.scenes import FAMILIES, scene
from gpu_virt_bench.engine.entry import Entry, entries
from gpu_virt_bench.engine.place import Place
from gpu_virt_bench.engine.proving import FeatureLost, ProofLost, Refused
from gpu_virt_bench.engine.request import Progress, Request
from gpu_virt_bench.engine.session import opened, places_of, referred, unavailable
from gpu_virt_bench.engine.stage import Stage
from gpu_virt_bench.engine.tenants import UNWELL, raise_lost
from gpu_virt_bench.model.conformance import TABLE, Answer, Asked, Beside, Conformance
from gpu_virt_bench.model.metric import Share
from gpu_virt_bench.model.run import Device, now
from gpu_virt_bench.model.text import counted, told
from gpu_virt_bench.systems.quota import grants
from gpu_virt_bench.systems.variables import DefinitionError
from gpu_virt_bench.tenant import Tenant
from gpu_virt_bench.tenant.handle import conform as ask

TIMEOUT = 900.0
"""Seconds of one scene: many of its rows may hang."""
AT_ONCE = 4
"""Processes that ask at the same time, where a fault stays with its process."""
PROBE = "cuMemAlloc_v2"
SECONDS = (1.1, 1.7)
"""One scene of the emulated GPU natively and under a layer, on two processors."""
Answers = dict[str, Answer]


class Watched:
    """How far it is, for whoever watches: scenes are left as long as those before took."""

    def __init__(self, progress: Progress, families: Sequence[str], systems: int) -> None:
        self._progress, self._scenes = progress, len(families) * (1 + systems)
        self._seconds = len(families) * (SECONDS[0] + SECONDS[1] * systems)
        self._began, self._done = time.monotonic(), -1
        calls = counted(sum(len(scene(family).rows) for family in families), "call")
        where = f", natively and under {counted(systems, 'system')}" if systems else ""
        progress.note(f"{calls} in {counted(len(families), 'scene')}{where}: about {told(self._seconds)}")
        progress.began(1, 1, self.left)

    def scene(self, name: str, family: str, number: int, families: int) -> None:
        """The next scene begins."""
        self._done += 1
        self._progress.doing(f"{name}: {family}, {number} of {counted(families, 'scene')}")

    def system(self, name: str) -> None:
        """A system is set up."""
        self._progress.doing(f"{name}: a tenant starts and is proved")

    def left(self) -> tuple[float, float]:
        """Seconds."""
        past = time.monotonic() - self._began
        left = past / self._done * (self._scenes - self._done) if self._done > 0 else self._seconds - past
        return max(left, 0.0), max(left, 0.0)


def conform(
    request: Request, progress: Progress, reasons: Mapping[str, str], families: Sequence[str] = FAMILIES
) -> Conformance:
    """The driver's answers to those families, and beside them those of every system of the request."""
    with opened(request, progress) as (folder, target, throttle), closing(referred(target, folder)) as reference:
        with reference.native.tenant() as tenant:
            watched = Watched(progress, families, len(request.systems))
            answers, _ = asked(tenant, "the driver", families, AT_ONCE, watched)
        device = reference.devices[0]
        found = record(device, answers, families)
        if request.systems:
            whole = Entry(request.systems[0], request.memory_limit, request.compute_limit)
            places = places_of(request, folder, reference, throttle, entries(request.systems, whole, {}, False))
            found.compared.extend(
                of_system(place, found, partial(layered, families=families, watched=watched), reasons)
                for place in places.values()
            )
        return found


def record(device: Device, answers: Answers, families: Sequence[str]) -> Conformance:
    """The answers as they stand in a file."""
    rows = {
        row.id: Asked(row.function, row.case, answers[row.id].result, answers[row.id].wrote)
        for family in families
        for row in scene(family).rows
    }
    return Conformance(TABLE, device.name, device.emulated, version(device), now(), rows)


def version(device: Device) -> str:
    """`570.86.15, CUDA 12.8`."""
    major, rest = divmod(device.cuda_driver_version, 1000)
    return f"{device.driver_version}, CUDA {major}.{rest // 10}"


def asked(tenant: Tenant, name: str, families: Sequence[str], at_once: int, watched: Watched) -> tuple[Answers, str]:
    """Families of the table, asked by a tenant's processes; the file that serves them."""
    found: Answers = {}
    file = ""
    for number, family in enumerate(families, 1):
        watched.scene(name, family, number, len(families))
        answers, file = ask(tenant, family, at_once, TIMEOUT)
        found |= answers
    return found, file


def of_system(
    place: Place, driver: Conformance, answers: Callable[[Stage], Answers], reasons: Mapping[str, str]
) -> Beside:
    """One system, set up, proved and asked."""
    system = place.entry.system
    refused = unavailable(system, place.devices, place.options)
    if not refused:
        try:
            grants(system, [place.entry.quota], place.devices, [0])
            with Stage(place, 0) as stage:
                return beside(system.id, driver, answers(stage), reasons)
        except (Refused, ProofLost, FeatureLost, DefinitionError, *UNWELL) as error:
            refused = str(error)
    return Beside(system.id, driver.title, refused=refused)


def layered(stage: Stage, families: Sequence[str], watched: Watched) -> Answers:
    """The answers under a system that is in force, asked by a tenant without a context: no fault reaches it."""
    system = stage.place.entry.system
    watched.system(system.id)
    members = stage.start((Share(),), False)
    stage.prove(members)
    facts = members[0].tenant.facts([PROBE])
    raise_lost(stage.tenants.end(members))
    served = sorted({facts[way][PROBE] for way in ("served_by", "served_by_query")})
    with stage.fresh(Share()) as member:
        at_once = AT_ONCE if system.fault_domain == "process" else 1
        answers, file = asked(member.tenant, system.id, families, at_once, watched)
    if is_past(file, served, stage.place.reference.driver.path):
        raise Refused(f"{system.id}: its tenant is served by {', '.join(served)}, the processes it starts by {file}")
    return answers


def is_past(file: str, served: Sequence[str], driver: str) -> bool:
    """Whether processes came to the driver where their tenant comes to the layer: it does not follow into children."""
    return file == driver and driver not in served
