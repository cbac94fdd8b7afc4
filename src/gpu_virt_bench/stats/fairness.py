"""How evenly something is shared."""

from __future__ import annotations

from collections.abc import Sequence


def jain(shares: Sequence[float]) -> float:
    """Jain's fairness index: 1 where all shares are equal, 1/n where one has everything.

    (sum x)^2 / (n sum x^2): Jain, Chiu and Hawe, A Quantitative Measure of Fairness and Discrimination for Resource
    Allocation in Shared Computer Systems, DEC Research Report TR-301, 1984. Undefined for no shares, for negative ones
    and where nobody has anything.
    """
    if not shares or min(shares) < 0 or max(shares) == 0:
        raise ValueError(f"Jain's index of {list(shares)}: expected shares of 0 or more, one of them above 0")
    largest = max(shares)  # a common factor changes nothing, and keeps squares in range
    scaled = [share / largest for share in shares]
    return sum(scaled) ** 2 / (len(scaled) * sum(share**2 for share in scaled))
