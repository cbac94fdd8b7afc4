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


def asked(older: str, newest: str, per_thread: str) -> Door:
    """A launch that the layer serves, as cuGetProcAddress finds it when it is asked otherwise."""
    kinds = ("CUDA 11.3", "the driver's own CUDA", "per-thread streams")
    variants = {kind: {"cuLaunchKernel": file} for kind, file in zip(kinds, (older, newest, per_thread), strict=True)}
    both = {"cuLaunchKernel": LAYER}
    facts = {"functions": list(both), "served_by": both, "served_by_query": both, "served_by_variant": variants}
    (found,) = doors(facts)
    return found


def test_a_look_up_that_answers_alike_however_it_is_asked_is_no_half_door() -> None:
    found = asked(LAYER, LAYER, "")
    assert (found.variants, halves([found], OWN)) == ({}, "")


@pytest.mark.parametrize(
    ("files", "kind"),
    [((DRIVER, LAYER, LAYER), "CUDA 11.3"), ((LAYER, LAYER, DRIVER), "per-thread streams")],
)
def test_a_look_up_that_goes_past_the_layer_when_it_is_asked_otherwise_is_half_a_door(files, kind) -> None:
    assert halves([asked(*files)], OWN) == f"past the layer by cuGetProcAddress for {kind} cuLaunchKernel"


def test_a_stranger_may_serve_one_way_to_ask_alone() -> None:
    found = strangers([asked(LAYER, LAYER, OTHER)], lambda file: file in (DRIVER, LAYER))
    assert found == [f"{OTHER} (it serves cuLaunchKernel by cuGetProcAddress for per-thread streams)"]


@pytest.mark.parametrize(("way", "other"), [("dlsym", (OTHER, DRIVER)), ("cuGetProcAddress", (DRIVER, OTHER))])
def test_a_file_that_is_nobodys_is_a_stranger_in_any_way(way, other) -> None:
    found = strangers([WHOLE, door("cuMemFree_v2", *other)], lambda file: file in (DRIVER, LAYER))
    assert found == [f"{OTHER} (it serves cuMemFree_v2 by {way})"]
