"""Which outcomes share tenants, and which entries stand beside each other."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gpu_virt_bench.engine.entry import Entry
from gpu_virt_bench.engine.plan import Item
from gpu_virt_bench.model.metric import Party

MEMORY_SHARE = 0.25
"""Contexts of all entries may take this part of the device's memory."""


@dataclass(frozen=True)
class Group:
    """Outcomes that work with the same party; those that need the device to themselves are `alone`."""

    party: Party
    in_turn: bool
    alone: bool
    items: tuple[Item, ...]


def groups(items: Iterable[Item], seed: str) -> list[Group]:
    """The outcomes of one repetition by their parties, in seeded order; those that are alone come last."""
    found: dict[tuple[bool, Party, bool], list[Item]] = {}
    for item in items:
        key = (item.metric.alone, item.party, item.metric.in_turn)
        found.setdefault(key, []).append(item)
    order = list(found)
    chance = random.Random(seed)
    chance.shuffle(order)
    made = []
    for alone, party, in_turn in sorted(order, key=lambda key: key[0]):
        members = found[alone, party, in_turn]
        chance.shuffle(members)
        made.append(Group(party, in_turn, alone, tuple(members)))
    return made


@dataclass(frozen=True)
class Company:
    """Entries that stand beside each other, and why not beside the session's baseline."""

    keys: tuple[str, ...]
    why: str = ""


def companies(
    entries: Sequence[Entry], tenants: int, context_bytes: int, memory_bytes: int, turns: bool
) -> list[Company]:
    """The session's entries in the sets that are measured in rounds; one set where nothing forbids it.

    The baseline stands in the first; what stands in another is compared with it by turns, and says why. `tenants` is
    the largest party, `context_bytes` what an idle tenant takes of the device.
    """
    if turns:
        return [Company((entry.key,), "turns were asked for") for entry in entries]
    apart = [entry for entry in entries if not entry.system.beside]
    beside = [entry for entry in entries if entry.system.beside]
    fit = max(1, int(MEMORY_SHARE * memory_bytes / max(1, tenants * context_bytes)))
    sets = [beside[i : i + fit] for i in range(0, len(beside), fit)]
    small = f"the contexts of {len(beside)} entries would take more than a quarter of the device's memory"
    found = [Company(tuple(one.key for one in part), small if index else "") for index, part in enumerate(sets)]
    found += [Company((one.key,), f"{one.system.id} cannot stand beside other systems") for one in apart]
    if len(found) > 1 and len(found[0].keys) == 1:  # the baseline stands by itself, for the reason of the next one
        found[0] = Company(found[0].keys, found[1].why)
    return found
