"""What a system's definition asks of its tenants: the tables of checks, filled in, and the questions in them."""

from __future__ import annotations

from collections.abc import Iterator

from gpu_virt_bench.model.system import FEATURE_QUOTA, Amount, Checks, System
from gpu_virt_bench.systems.options import LOADER_VARIABLES
from gpu_virt_bench.systems.proof.evidence import MARGIN
from gpu_virt_bench.systems.variables import QUOTA, Values, expand, resolve
from gpu_virt_bench.systems.wellformed import OVERLAPS, SM_SETS, check_word

DRIVER = "libcuda.so.1"
"""How a definition names the driver's own file."""
Tables = dict[str, Checks]
"""Tables of checks by the feature they are about; "" is the activation's."""


def every(system: System) -> list[Checks]:
    """All tables of a definition."""
    return [system.proof, *system.proof.features.values()]


def symbols(system: System) -> list[str]:
    """Driver symbols whose file the proof asks for, `cuInit` always."""
    asked = [name for t in every(system) for name in (*t.served_by, *t.served_by_query, *t.served_by_any)]
    return list(dict.fromkeys(["cuInit", *asked]))


def variables(system: System) -> list[str]:
    """Environment variables that the proof asks for."""
    return list(dict.fromkeys(name for table in every(system) for name in table.env))


def needs_pair(system: System) -> bool:
    """Whether the proof asks how two tenants share the device."""
    return "concurrent-tenants" in system.features and any(table.overlap or table.sm_sets for table in every(system))


def filled(system: System, values: Values) -> Tables:
    """The tables for one tenant, with its values. A feature's is asked only of a system that lists the feature, and one
    that is about a quota only where that was asked for."""
    asked = {kind for name, kind in QUOTA.items() if values[name] is not None}
    wanted: Tables = {"": system.proof}
    for feature, table in system.proof.features.items():
        if feature in system.features and FEATURE_QUOTA.get(feature) in {None, *asked}:
            wanted[feature] = table
    found = {feature: resolve(table, values, system.id) for feature, table in wanted.items()}
    return {feature: table for feature, table in found.items() if table is not None}


def shares(system: System, tables: Tables) -> Iterator[tuple[str, Checks]]:
    """The tables that say how two tenants share the device; their words are known only now that they are filled in."""
    for feature, table in tables.items():
        check_word(table.overlap, OVERLAPS, f"{system.id}: proof.overlap")
        check_word(table.sm_sets, SM_SETS, f"{system.id}: proof.sm_sets")
        if table.overlap or table.sm_sets:
            yield feature, table


def probes(amount: Amount) -> tuple[int, int]:
    """The two sizes that show a limit: one that must be given, one that must be refused."""
    return int(amount) // 2, int(amount) + MARGIN


def sizes(tables: Tables) -> list[int]:
    """The allocations that the tables ask to try, in the tenant and in a native one."""
    limits = [table.refused_above for table in tables.values() if table.refused_above is not None]
    return [size for limit in limits for size in probes(limit)]


def own_files(system: System, values: Values) -> list[str]:
    """Files that the system itself puts into a tenant: what it preloads, and what its proof expects there, the driver
    aside."""
    texts = [system.requires.system_preload, *system.proof.mapped]
    texts += [system.tenant.env.get(name, "") for name in LOADER_VARIABLES]
    texts += [*system.proof.served_by.values(), *system.proof.served_by_query.values()]
    found = [expand(text, values, system.id) for text in texts]
    return [name for text in found if text for name in text.split(":") if name and name != DRIVER]
