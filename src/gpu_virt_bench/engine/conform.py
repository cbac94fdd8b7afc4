"""The conformance table, asked of the driver below and of systems over it in one session."""

from __future__ import annotations

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
from gpu_virt_bench.model.text import counted
from gpu_virt_bench.systems.quota import grants
from gpu_virt_bench.systems.variables import DefinitionError
from gpu_virt_bench.tenant import Tenant
from gpu_virt_bench.tenant.handle import conform as ask

TIMEOUT = 900.0
"""Seconds of one scene: many of its rows may hang."""
AT_ONCE = 4
"""Processes that ask at the same time, where a fault stays with its process."""
PROBE = "cuMemAlloc_v2"
Answers = dict[str, Answer]


def conform(
    request: Request, progress: Progress, reasons: Mapping[str, str], families: Sequence[str] = FAMILIES
) -> Conformance:
    """The driver's answers to those families, and beside them those of every system of the request."""
    with opened(request, progress) as (folder, target, throttle), closing(referred(target, folder)) as reference:
        with reference.native.tenant() as tenant:
            answers, _ = asked(tenant, "the driver", families, AT_ONCE, progress)
        device = reference.devices[0]
        found = record(device, answers, families)
        if request.systems:
            whole = Entry(request.systems[0], request.memory_limit, request.compute_limit)
            places = places_of(request, folder, reference, throttle, entries(request.systems, whole, {}, False))
            found.compared.extend(
                of_system(place, found, partial(layered, families=families, progress=progress), reasons)
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


def asked(tenant: Tenant, name: str, families: Sequence[str], at_once: int, progress: Progress) -> tuple[Answers, str]:
    """Families of the table, asked by a tenant's processes; the file that serves them."""
    found: Answers = {}
    file = ""
    for number, family in enumerate(families, 1):
        progress.doing(f"{name}: {family}, {number} of {counted(len(families), 'scene')}")
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


def layered(stage: Stage, families: Sequence[str], progress: Progress) -> Answers:
    """The answers under a system that is in force, asked by a tenant without a context: no fault reaches it."""
    system = stage.place.entry.system
    progress.doing(f"{system.id}: a tenant starts and is proved")
    members = stage.start((Share(),), False)
    stage.prove(members)
    facts = members[0].tenant.facts([PROBE])
    raise_lost(stage.tenants.end(members))
    served = sorted({facts[way][PROBE] for way in ("served_by", "served_by_query")})
    with stage.fresh(Share()) as member:
        at_once = AT_ONCE if system.fault_domain == "process" else 1
        answers, file = asked(member.tenant, system.id, families, at_once, progress)
    if is_past(file, served, stage.place.reference.driver.path):
        raise Refused(f"{system.id}: its tenant is served by {', '.join(served)}, the processes it starts by {file}")
    return answers


def is_past(file: str, served: Sequence[str], driver: str) -> bool:
    """Whether processes came to the driver where their tenant comes to the layer: it does not follow into children."""
    return file == driver and driver not in served
