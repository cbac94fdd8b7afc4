"""Doors: who serves which function, by which way."""

import pytest

from gpu_virt_bench.systems.proof.doors import Door, by_layer, doors, doors_check, halves, strangers

DRIVER, LAYER, OTHER = "/usr/lib/libcuda.so.580.65", "/opt/liblayer.so", "/opt/libother.so"
OWN = [LAYER]


def door(name: str, handle: str, query: str) -> Door:
    """One function."""
    return Door(name, {"dlsym": handle, "cuGetProcAddress": query})


WHOLE, HALF, PLAIN = (
    door("cuInit", LAYER, LAYER),
    door("cuLaunchKernel", DRIVER, LAYER),
    door("cuMemFree_v2", DRIVER, DRIVER),
)


def test_doors_are_read_from_a_tenants_facts() -> None:
    facts = {"functions": ["cuInit"], "served_by": {"cuInit": DRIVER}, "served_by_query": {"cuInit": LAYER}}
    assert doors(facts) == [door("cuInit", DRIVER, LAYER)]


def test_a_function_that_the_layer_serves_in_one_way_is_half_a_door() -> None:
    assert halves([WHOLE, HALF, PLAIN], OWN) == "by cuGetProcAddress alone cuLaunchKernel"


def test_a_function_that_one_way_does_not_find_at_all_is_no_half_door() -> None:
    assert halves([door("cuGraphLaunch", LAYER, "")], OWN) == ""


def test_what_the_layer_serves_is_counted_by_way() -> None:
    assert by_layer([WHOLE, HALF, PLAIN], OWN) == {
        "cuInit": ["dlsym", "cuGetProcAddress"],
        "cuLaunchKernel": ["cuGetProcAddress"],
    }
    found = doors_check([WHOLE, HALF, PLAIN], OWN)
    assert found is not None and found.found == (
        "the layer serves 1 by dlsym and 2 by cuGetProcAddress of 3 functions; "
        "half a door: by cuGetProcAddress alone cuLaunchKernel"
    )
    assert doors_check([PLAIN], OWN) is None


@pytest.mark.parametrize(("way", "other"), [("dlsym", (OTHER, DRIVER)), ("cuGetProcAddress", (DRIVER, OTHER))])
def test_a_file_that_is_nobodys_is_a_stranger_in_any_way(way, other) -> None:
    found = strangers([WHOLE, door("cuMemFree_v2", *other)], lambda file: file in (DRIVER, LAYER))
    assert found == [f"{OTHER} (it serves cuMemFree_v2 by {way})"]
