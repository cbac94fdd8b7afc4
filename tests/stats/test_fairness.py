"""Jain's index."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpu_virt_bench.stats.fairness import jain


@pytest.mark.parametrize(("shares", "index"), [([3, 3, 3], 1), ([1, 0, 0, 0], 0.25), ([2, 1], 0.9), ([1e300, 0], 0.5)])
def test_index_of_round_shares(shares, index: float) -> None:
    assert jain(shares) == index


@given(st.lists(st.floats(0.001, 1000), min_size=1, max_size=20))
def test_the_index_lies_between_one_share_of_all_and_one(shares) -> None:
    assert 1 / len(shares) - 1e-9 <= jain(shares) <= 1 + 1e-9


@pytest.mark.parametrize("shares", [[], [0, 0], [1, -1]])
def test_what_has_no_index_is_an_error(shares) -> None:
    with pytest.raises(ValueError, match="expected shares of 0 or more"):
        jain(shares)
