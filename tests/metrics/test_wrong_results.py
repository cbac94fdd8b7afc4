"""Layers that lose work or spoil it: the outcome fails, and its sentence says what was done and what was found."""

import re

import pytest


def test_a_bit_that_flips_in_a_large_copy_fails_the_cycle(layered) -> None:
    """In the middle of a page, in the third copy of a process: all before it is right."""
    error = layered("OH-010", {"FLIP": "3"}).outcomes["OH-010"].error
    assert re.search(r"copied back wrong: 1 of 2097152 words, the first at 1048833 is 0x\w+, expected 0x\w+", error)
    assert error.endswith("the device's own sum of them was right")


def test_launches_that_never_ran_are_counted(layered) -> None:
    error = layered("OH-001", {"LOSE": "150"}).outcomes["OH-001"].error
    assert "1 of 200 launches of gvb_empty never ran: each was accepted, and waited for" in error


@pytest.mark.host_time
def test_lost_launches_of_a_cycle_are_named_by_their_kernel(layered) -> None:
    error = layered("OH-009[load=busy]", {"LOSE": "2"}).outcomes["OH-009[load=busy]"].error
    assert re.search(r"\d+ of \d+ launches of gvb_fma never ran", error)
