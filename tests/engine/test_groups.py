"""Which outcomes share tenants, and which entries stand beside each other."""

from dataclasses import replace

from gpu_virt_bench import metrics
from gpu_virt_bench.engine.entry import Entry
from gpu_virt_bench.engine.groups import companies, groups
from gpu_virt_bench.engine.plan import select
from gpu_virt_bench.systems.load import load
from gpu_virt_bench.testing import FakeDevice

GIB = 1 << 30
ENTRIES = [Entry(load(name)) for name in ("native", "mps", "time-slicing")]


def chosen(*words: str):
    """Outcomes by their words."""
    return select(metrics.load(), words, "headline", FakeDevice())


def test_outcomes_with_the_same_party_share_their_tenants() -> None:
    found = groups(chosen("OH-001", "OH-002", "OH-006", "OH-008"), "1")
    assert sorted(sorted(item.id for item in group.items) for group in found) == [
        *(["OH-001", "OH-002"], ["OH-006"], ["OH-008"])
    ]


def test_outcomes_that_are_alone_come_last_whatever_the_seed() -> None:
    orders = [[group.alone for group in groups(chosen("*"), str(seed))] for seed in range(20)]
    assert all(order == sorted(order) and order[-1] for order in orders)


def test_order_is_seeded() -> None:
    items = chosen("*")
    assert groups(items, "1") == groups(items, "1")
    assert len({tuple(item.id for group in groups(items, str(s)) for item in group.items) for s in range(20)}) > 1


def test_entries_stand_beside_each_other() -> None:
    (found,) = companies(ENTRIES, 1, GIB // 2, 80 * GIB, turns=False)
    assert (found.keys, found.why) == (("native", "mps", "time-slicing"), "")


def test_turns_that_were_asked_for_part_all() -> None:
    found = companies(ENTRIES, 1, GIB // 2, 80 * GIB, turns=True)
    assert [one.keys for one in found] == [("native",), ("mps",), ("time-slicing",)]
    assert {one.why for one in found} == {"turns were asked for"}


def test_contexts_take_a_quarter_of_the_memory_at_most_and_the_baseline_is_in_the_first_set() -> None:
    found = companies(ENTRIES, 4, GIB // 2, 16 * GIB, turns=False)
    assert [one.keys for one in found] == [("native", "mps"), ("time-slicing",)]
    assert (found[0].why, "would take more than a quarter" in found[1].why) == ("", True)


def test_a_system_that_cannot_stand_beside_others_takes_turns() -> None:
    alone = Entry(replace(load("mps"), beside=False))
    found = companies([ENTRIES[0], alone], 1, GIB // 2, 80 * GIB, turns=False)
    assert [one.keys for one in found] == [("native",), ("mps",)]
    assert {one.why for one in found} == {"mps cannot stand beside other systems"}
