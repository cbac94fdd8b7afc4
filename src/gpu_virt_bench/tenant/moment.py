"""How a tenant's runs take part in virtual time."""

from __future__ import annotations

import itertools
import zlib

from gpu_virt_bench.tenant.protocol import Message


class Moments:
    """One for each run of a tenant, in their order. What noise a run meets is a function of the tenant's `origin`, text
    that tells it from others, and of how many runs it had before."""

    def __init__(self, origin: str) -> None:
        self._origin = origin
        self._runs = itertools.count(1)

    def next(self, rank: int = 0, party: int = 1, *, follows: bool = False) -> Message:
        """Of a party that begins together, by rank; or of one that works beside others until it is stopped."""
        seed = zlib.crc32(f"{self._origin} {next(self._runs)}".encode())
        return {"party": party, "rank": rank, "follows": int(follows), "seed": seed}
